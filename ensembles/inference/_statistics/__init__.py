"""Statistics and where their replicates come from.

`_base` says what a statistic is; `_moments`, `_order_statistics`, `_gini` and
`_callables` are its kinds, `_named` the way to them. `_sources` makes replicates of
data, and `_evaluation` puts a statistic and a source together.
"""
