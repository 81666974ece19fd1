"""Tests of many models on one matrix of losses, over any scheme of rows.

`_losses` makes replicates of their means; `_confidence_set` (with the rules of
`_elimination`), `_multiple_testing` and `_overfitting` are the tests.
"""
