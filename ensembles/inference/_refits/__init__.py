"""Scores of estimators that are fitted anew, on resamples or folds.

`_score` is the bootstrap estimate of a score with its standard error, made from the
out-of-bag records of `_recorded`; `_compare_models` compares two estimators on the same
folds by the tests of `_paired_tests`.
"""
