"""How many members are enough: a rule that a fit asks as it goes."""

from __future__ import annotations

from typing import Any, final

from sklearn.base import BaseEstimator

from ensembles._validation import check_count, check_positive, invalid_parameter

__all__ = ["UntilSettled", "check_size", "rule_of_size", "wanted_size"]

# Of each of the groups that members are dealt to by turns there are two at first.
FEWEST = 32


@final
class UntilSettled(BaseEstimator):
    """Members are added until the out-of-bag score no longer depends on their number.

    Give it as `n_estimators` of a bag or forest where you do not want to guess it;
    ``n_estimators="auto"`` is the rule with its defaults. Enough members are there when
    the score would differ little with other random numbers: when its Monte-Carlo error
    is at most `tol` times its sampling error, that of having these rows and no others.
    Both come from the one fit, by scores of halves of the members and of halves of the
    rows, groups or blocks, as the scheme draws them. More members are added by about a
    quarter of their number at a time. Where members are costly and few, as nets are, or
    few rows are left out, give a number.

    Parameters
    ----------
    tol : float, default=0.25
        Monte-Carlo error that is small enough, as a share of the sampling error. Of
        mean squared errors about ``tol ** 2 / 2`` is then left to gain for
        out-of-bag predictions, and a third of that for those of all members. 0 goes on
        to `at_most`, or until time is up.
    at_most : int, default=1000
        Members at which it ends in any case, 32 or more. It warns if the score has not
        settled.
    max_seconds : float or None, default=None
        Seconds since the beginning of the fit after which no member is waited for; one
        at least. How many there are then depends on the machine; which they are, not.
        Scoring at a stage is not cut short, and workers that are processes take
        seconds to start and end.

    Raises
    ------
    InvalidParameterError
        From the fit of the ensemble, if a parameter is not allowed.

    See Also
    --------
    ensembles.inspection.StagedScoreDisplay : Draws scores by numbers of members.

    Notes
    -----
    Members are dealt to 16 groups by turns, rows at random within their class. A
    Hadamard matrix gives 15 halves of eight groups that are orthogonal, so that the
    variance of a mean among halves estimates that of the whole without bias [1]_.
    Halves do for scores that are no smooth function of the members, such as accuracy
    [2]_.

    References
    ----------
    .. [1] P. J. McCarthy, "Pseudo-replication: half samples", Review of the
       International Statistical Institute 37(3), 239-264, 1969.
    .. [2] J. Shao, C. F. J. Wu, "A general theory for jackknife variance estimation",
       Annals of Statistics 17(3), 1176-1197, 1989.

    Examples
    --------
    Members that differ much, as deep trees do, are needed in numbers; of those that
    hardly differ few are enough:

    >>> from sklearn.datasets import make_friedman1
    >>> from sklearn.linear_model import Ridge
    >>> from ensembles import BaggingRegressor, UntilSettled
    >>> X, y = make_friedman1(300, noise=1.0, random_state=0)
    >>> enough = UntilSettled(tol=0.3)
    >>> trees = BaggingRegressor(n_estimators=enough, random_state=0).fit(X, y)
    >>> len(trees.estimators_), round(trees.oob_score_, 2)
    (64, 0.77)
    >>> lines = BaggingRegressor(Ridge(), enough, random_state=0).fit(X, y)
    >>> len(lines.estimators_), round(lines.oob_score_, 2)
    (32, 0.69)
    """

    def __init__(
        self,
        tol: float = 0.25,
        *,
        at_most: int = 1000,
        max_seconds: float | None = None,
    ) -> None:
        self.tol = tol
        self.at_most = at_most
        self.max_seconds = max_seconds

    def _check(self) -> None:
        """Raise for a parameter that is not allowed."""
        check_positive(self, "tol", self.tol, zero=True)
        check_count(self, "at_most", self.at_most, low=FEWEST)
        check_positive(self, "max_seconds", self.max_seconds, none=True)


def rule_of_size(n_estimators: Any) -> UntilSettled | None:
    """The rule that `n_estimators` asks for; None for a number."""
    if isinstance(n_estimators, str) and n_estimators == "auto":
        return UntilSettled()
    return n_estimators if isinstance(n_estimators, UntilSettled) else None


def wanted_size(n_estimators: Any) -> int:
    """How many members there are to be, or may be."""
    rule = rule_of_size(n_estimators)
    return int(n_estimators) if rule is None else int(rule.at_most)


def check_size(owner: object, n_estimators: Any) -> None:
    """Raise unless it says how many members there are to be.

    Raises
    ------
    InvalidParameterError
        If it is neither a number nor a rule.
    """
    rule = rule_of_size(n_estimators)
    if rule is not None:
        rule._check()
    elif isinstance(n_estimators, str):
        raise invalid_parameter(
            owner,
            "n_estimators",
            n_estimators,
            "an int in the range [1, inf), 'auto' or an UntilSettled",
        )
    else:
        check_count(owner, "n_estimators", n_estimators)
