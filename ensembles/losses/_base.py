"""What a booster asks of a loss."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from ensembles._typing import FloatArray, IntArray

__all__ = ["Loss"]


class Loss(ABC):
    """A loss that trees are boosted for, by its gradient and hessian.

    Take one of :mod:`ensembles.losses`, or derive your own: `value`, `gradient_hessian`
    and `initial_value` are all that it needs. Raw predictions are what trees add up to;
    `prediction` makes of them what users see.

    Attributes
    ----------
    n_raw : int
        Raw predictions of each row: one, or one for each class. Where it is one, all
        arrays have the shape (n_samples,), else raw predictions, gradients and hessians
        have the shape (n_samples, n_raw), column by column in memory.
    has_constant_hessian : bool
        Whether the hessian is one for every row whatever the predictions, so that
        `gradient_hessian` leaves it alone. Boosting is faster then.
    renews_leaves : bool
        Whether leaves predict `leaf_value` in place of a Newton step, as losses must
        that are not smooth.

    Raises
    ------
    NotImplementedError
        From `leaf_value`, if a loss renews leaves and does not say by what.

    See Also
    --------
    HistBoostingRegressor : Takes a loss by its name or as an object.

    References
    ----------
    .. [1] J. H. Friedman, "Greedy function approximation: a gradient boosting machine",
       Annals of Statistics 29(5), 2001, section 4.

    Examples
    --------
    >>> import numpy as np
    >>> from ensembles.losses import Loss
    >>> class LogCosh(Loss):
    ...     def value(self, y, raw):
    ...         return np.logaddexp(raw - y, y - raw) - np.log(2.0)
    ...
    ...     def gradient_hessian(self, y, raw, gradient, hessian):
    ...         gradient[:] = np.tanh(raw - y)
    ...         hessian[:] = 1.0 - gradient**2
    ...
    ...     def initial_value(self, y, sample_weight):
    ...         return np.median(y)
    >>> round(LogCosh().mean(np.array([0.0, 1.0]), np.array([0.0, 3.0])), 3)
    0.663
    """

    n_raw: int = 1
    has_constant_hessian: bool = False
    renews_leaves: bool = False

    @abstractmethod
    def value(self, y: FloatArray, raw: FloatArray) -> FloatArray:
        """Loss of each row.

        Parameters
        ----------
        y : ndarray of shape (n_samples,)
            Targets; of classifiers the numbers of the classes, as floats.
        raw : ndarray of shape (n_samples,) or (n_samples, n_raw)
            Raw predictions.

        Returns
        -------
        ndarray of shape (n_samples,)
            Not weighted.
        """

    @abstractmethod
    def gradient_hessian(
        self, y: FloatArray, raw: FloatArray, gradient: FloatArray, hessian: FloatArray
    ) -> None:
        """Write the first and second derivative of `value` by the raw prediction.

        Parameters
        ----------
        y : ndarray of shape (n_samples,)
            Targets.
        raw : ndarray of shape (n_samples,) or (n_samples, n_raw)
            Raw predictions.
        gradient, hessian : ndarray of the shape of `raw`
            To be written to. A hessian may not be negative.

        Returns
        -------
        None
            The arrays have the results.

        Raises
        ------
        ValueError
            If shapes do not fit together.
        """

    @abstractmethod
    def initial_value(self, y: FloatArray, sample_weight: FloatArray | None) -> Any:
        """Raw prediction that is best for all rows.

        Parameters
        ----------
        y : ndarray of shape (n_samples,)
            Targets.
        sample_weight : ndarray of shape (n_samples,) or None
            How much each row counts.

        Returns
        -------
        float or ndarray of shape (n_raw,)
            Where boosting starts.
        """

    def prediction(self, raw: FloatArray) -> FloatArray:
        """What users see of raw predictions: here, themselves.

        Parameters
        ----------
        raw : ndarray of shape (n_samples,) or (n_samples, n_raw)
            Raw predictions.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_raw)
            Values for regressors; for classifiers probabilities of classes, of two
            classes that of the second.
        """
        return raw

    def link(self, prediction: FloatArray) -> FloatArray:
        """Raw predictions that `prediction` makes these of: here, themselves.

        Parameters
        ----------
        prediction : ndarray of shape (n_samples,) or (n_samples, n_raw)
            What users see.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_raw)
            Finite for shares of zero and one, too.
        """
        return prediction

    def check_range(self, y: FloatArray) -> None:
        """Raise where the loss is not defined for a target.

        Parameters
        ----------
        y : ndarray of shape (n_samples,)
            Targets.

        Returns
        -------
        None
            If all are in range.

        Raises
        ------
        ValueError
            If a target is out of range.
        """
        del y  # every value is allowed

    def check_target(self, y: FloatArray) -> None:
        """Raise where nothing can be learned from targets; here, `check_range`.

        Parameters
        ----------
        y : ndarray of shape (n_samples,)
            Targets to learn from.

        Returns
        -------
        None
            If they can be learned from.

        Raises
        ------
        ValueError
            If a target is out of range, or all together have no best prediction.
        """
        self.check_range(y)

    def leaf_value(
        self, y: FloatArray, raw: FloatArray, sample_weight: FloatArray | None
    ) -> float:
        """What is best added to the raw predictions of a leaf's rows.

        Parameters
        ----------
        y : ndarray of shape (n_leaf,)
            Targets of the rows.
        raw : ndarray of shape (n_leaf,)
            Raw predictions.
        sample_weight : ndarray of shape (n_leaf,) or None
            How much each row counts.

        Returns
        -------
        float
            Asked for only where `renews_leaves`.

        Raises
        ------
        NotImplementedError
            If a loss renews leaves and does not define this.
        """
        raise NotImplementedError(
            f"{type(self).__name__} sets renews_leaves and does not define leaf_value."
        )

    def leaf_values(
        self,
        y: FloatArray,
        raw: FloatArray,
        sample_weight: FloatArray | None,
        order: IntArray,
        bounds: IntArray,
    ) -> FloatArray:
        """`leaf_value` of several leaves.

        Parameters
        ----------
        y, raw : ndarray of shape (n_samples,)
            Targets and raw predictions of all rows.
        sample_weight : ndarray of shape (n_samples,) or None
            How much each row counts.
        order : ndarray of shape (n_samples,)
            Numbers of rows, leaf by leaf.
        bounds : ndarray of shape (n_leaves, 2)
            Where the rows of each leaf begin in `order`, and where they end.

        Returns
        -------
        ndarray of shape (n_leaves,)
            What is best in each.
        """
        weights = sample_weight
        rows = [order[start:end] for start, end in bounds.tolist()]
        return np.array(
            [
                self.leaf_value(y[r], raw[r], None if weights is None else weights[r])
                for r in rows
            ]
        )

    def adapted(
        self, y: FloatArray, raw: FloatArray, sample_weight: FloatArray | None
    ) -> Loss:
        """The loss for one round, where it depends on the residuals; here, itself.

        Parameters
        ----------
        y : ndarray of shape (n_samples,)
            Targets.
        raw : ndarray of shape (n_samples,) or (n_samples, n_raw)
            Raw predictions.
        sample_weight : ndarray of shape (n_samples,) or None
            How much each row counts.

        Returns
        -------
        Loss
            With what was computed from the residuals. Ask the loss that was given for
            it in each round: what it returns stays as it is.
        """
        del y, raw, sample_weight
        return self

    def mean(
        self, y: FloatArray, raw: FloatArray, sample_weight: FloatArray | None = None
    ) -> float:
        """Mean loss of rows.

        Parameters
        ----------
        y : ndarray of shape (n_samples,)
            Targets.
        raw : ndarray of shape (n_samples,) or (n_samples, n_raw)
            Raw predictions.
        sample_weight : ndarray of shape (n_samples,) or None, default=None
            How much each row counts.

        Returns
        -------
        float
            Weighted mean of `value`, of the loss `adapted` to these rows.
        """
        loss = self.adapted(y, raw, sample_weight)
        return float(np.average(loss.value(y, raw), weights=sample_weight))
