"""Metrics of predictions as statistics of weighted rows.

`_confusion`, `_row_means` and `_ranking` hold those that need no call of the metric;
`_measures` finds the one that a metric of scikit-learn's stands for. `_interval` and
`_comparison` are what users call.
"""
