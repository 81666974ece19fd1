"""What bootstraps of more rows than fit into memory are made of.

Streams: `_monomials` and `_moments` say which sums a statistic is a function of,
`_sums` keeps them for the data and for every replicate, `_influence` takes errors and
skewness from them, and `_row_numbers` knows which rows they hold. Subsets: `_subsets`
picks rows and draws n of them from few. `_kernels` is compiled, `_kernels_plain` its
twin.
"""
