"""Codes of the rows that a histogram booster learns from."""

from __future__ import annotations

from typing import Any

import numpy as np

from ensembles._typing import Table
from ensembles._validation import warn_user
from ensembles.boosting._samples import Sample
from ensembles.trees import BinnedMatrix, Binner
from ensembles.trees._binned import binned_by
from ensembles.trees._categories import name_of_column, too_many_categories
from ensembles.trees._layout import MISSING

__all__ = ["binned_by_booster"]


def binned_by_booster(booster: Any, train: Sample, binner: Any) -> BinnedMatrix:
    """Bin training rows, and note what is known of their columns.

    Parameters
    ----------
    booster : booster
        Gets `binner_` and what follows from it.
    train : Sample
        Rows to learn from.
    binner : Binner or None
        Of the fits before; None to make one.

    Returns
    -------
    BinnedMatrix
        Codes.

    Raises
    ------
    ValueError
        If rows have other columns than those before, or one has too many categories.
    """
    X = train.X
    if not isinstance(X, BinnedMatrix):
        X = _binned(booster, train, binner)
    elif binner is not None:
        binned_by(binner, X)
    booster.binner_ = X.binner
    booster.n_features_in_ = X.binner.n_features_in_
    mask = X.binner.is_categorical_
    booster.is_categorical_ = mask if mask.any() else None
    booster.__dict__.pop("feature_names_in_", None)
    if hasattr(X.binner, "feature_names_in_"):
        booster.feature_names_in_ = X.binner.feature_names_in_
    return X


def _binned(booster: Any, train: Sample, binner: Any) -> BinnedMatrix:
    """Codes of a table, by a binner made for it if there is none."""
    X = train.X
    if binner is None:
        binner = Binner(
            booster.max_bins,
            categorical_features=booster.categorical_features,
            random_state=booster._split_seed,
        )
        binner._ensure_all_finite = False
        binner.fit(X, sample_weight=train.weights)
        _check_categories(X, binner, booster.max_bins)
    else:
        booster._check_rows(X)
    binned: BinnedMatrix = binner._bin_columns(X)
    _warn_of_empty(X, binned)
    return binned


def _check_categories(X: Table, binner: Binner, max_bins: int) -> None:
    """Raise for a column of too many categories."""
    for j, categories in enumerate(binner.categories_):
        if categories is not None and len(categories) > max_bins:
            raise too_many_categories(name_of_column(X, j), max_bins, len(categories))


def _warn_of_empty(X: Table, binned: BinnedMatrix) -> None:
    """Warn of columns without any value, which no split can use."""
    constant = np.flatnonzero(binned.binner.n_bins_ == 1).tolist()
    empty = [j for j in constant if (binned.columns[j] == MISSING).all()]
    if empty:
        names = ", ".join(name_of_column(X, j) for j in empty)
        warn_user(
            f"Features without any value in the rows to learn from: {names}. They "
            "are not used; leave them out, or pass rows that have values."
        )
