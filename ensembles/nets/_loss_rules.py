"""Rules of thumb about loss curves: each a formula, and what to say and to try."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ensembles._typing import FloatArray
from ensembles.nets._loss_curve import LossCurve

__all__ = ["RULES"]

# Shares of the fall of the training loss, from where a net that knows nothing would be,
# unless it is said otherwise.
_NOTHING = 0.02  # of the first loss: no fall at all
_JUMPS = 0.03  # by which epochs of the second half differ at random
_BEGUN = 0.1  # after which a beginning is not flat any more
_REST = 0.01  # in the last third of a run that has come to rest
_RISE = 0.1  # of the held-out loss, which it loses again
_GAP = 0.25  # from the training loss up to the held-out loss
_SPEED = 0.5  # at the end, of the mean speed: a fall that is not over
_BLOWN = 0.15  # of the first loss, by which the first epoch is above it
_HIGH = 0.5  # of the loss of a net that knows nothing: little has been learned
_FIRST = 1.5  # of log C: a first loss that is not one of equal probabilities
_FEWEST = 5  # epochs that say something about a course


def _diverged(curve: LossCurve) -> str | None:
    """Losses are no numbers, or end above where they began."""
    train = curve.train
    begun = _begun(curve)
    lost = np.flatnonzero(~np.isfinite(train))
    valid = train if curve.valid is None else curve.valid
    lost_aside = np.flatnonzero(~np.isfinite(valid))
    if len(lost):
        seen = f"The training loss is no number from epoch {lost[0] + 1} on."
    elif len(lost_aside):
        seen = f"The held-out loss is no number in epoch {lost_aside[0] + 1}."
    elif train[-1] - begun > _RISE * abs(begun):
        seen = (
            f"The training loss ends at {train[-1]:.3g}, above the {begun:.3g} from "
            "which it began."
        )
    else:
        return None
    return (
        f"{seen} Divide the learning rate by ten; scale X, and look for values in it "
        "that are no numbers or far away; clip gradients with GradientNormClipping."
    )


def _first_loss(curve: LossCurve) -> str | None:
    """The first loss is not that of equal probabilities."""
    if curve.first is None or curve.unknowing is None:
        return None
    if not curve.first <= _FIRST * curve.unknowing:
        return (
            f"The first batch has a loss of {curve.first:.3g}, and a net that knows "
            f"nothing has {curve.unknowing:.3g}: it is sure of itself before it has "
            "seen anything. Scale X, and draw smaller weights for the last layer."
        )
    if curve.first < curve.unknowing / _FIRST:
        return (
            f"The first batch has a loss of {curve.first:.3g}, and a net that knows "
            f"nothing has {curve.unknowing:.3g}: its weights have been trained before, "
            "or labels are in X."
        )
    return None


def _too_high(curve: LossCurve) -> str | None:
    """The loss jumps up at first, or up and down."""
    begun = _begun(curve)
    if curve.train[0] - begun > _BLOWN * abs(begun):
        return (
            f"The training loss is {curve.train[0]:.3g} over the first epoch, and was "
            f"{begun:.3g} before: the first steps went too far, and what they did to "
            "the weights may stay. Divide the learning rate by ten."
        )
    jumps = _jumps(curve.train[len(curve.train) // 2 :])
    is_steady = curve.is_corrected or jumps <= _JUMPS * _fall(curve)
    if len(curve.train) < _FEWEST or not _falls(curve) or is_steady:
        return None
    return (
        f"The training loss goes up and down by {jumps:.2g} from epoch to epoch, where "
        f"it has fallen by {_fall(curve):.2g} in all. Divide the learning rate by "
        "three to ten, let it fall with CyclicCosine(1), or take larger batches."
    )


def _not_learning(curve: LossCurve) -> str | None:
    """The loss does not fall."""
    if _falls(curve) or len(curve.train) < _FEWEST:
        return None
    return (
        f"The training loss is {curve.train.min():.3f} in the best epoch, and "
        f"{_beginning(curve)}. Multiply the learning rate by "
        "ten, or by a hundred, or let LRFinder look for it; if that does not help, "
        "gradients do not arrive: look at UpdateRatioMonitor, draw weights for the "
        "activation, and scale X."
    )


def _overfitting(curve: LossCurve) -> str | None:
    """The held-out loss rises again, or is far above."""
    if curve.valid is None or not _falls(curve):
        return None
    valid, train = curve.valid, curve.train
    width = max(1, len(valid) // 10)
    best, end = int(valid.argmin()), valid[-width:].mean()
    learned = train[-width:].mean()
    cures = (
        "Stop early (EarlyStopping(load_best=True)), use weight decay, dropout or "
        "Mixup, get more rows, or average several nets."
    )
    lost = end - valid[best]
    is_rise = lost > _RISE * (_start(curve) - valid[best]) and lost > 3 * _jumps(valid)
    if is_rise and train[-1] < train[best]:
        return (
            f"The held-out loss is lowest in epoch {best + 1}, {valid[best]:.3g}, and "
            f"{end:.3g} at the end, while the training loss goes on falling. {cures}"
        )
    if end - learned > _GAP * (_start(curve) - learned):
        return (
            f"The held-out loss ends at {end:.3g}, and the training loss at "
            f"{learned:.3g}: rows are learned by heart. {cures}"
        )
    return None


def _too_low(curve: LossCurve) -> str | None:
    """The loss falls at the end as fast as ever."""
    train = curve.train
    if len(train) < _FEWEST:
        return None
    width = max(1, len(train) // 10)
    at_end = (train[-2 * width : -width].mean() - train[-width:].mean()) / width
    on_average = (train[0] - train[-1]) / (len(train) - 1)
    if not at_end > _SPEED * on_average > 0:
        return None
    return (
        f"The training loss still falls by {at_end:.2g} an epoch at the end, and by "
        f"{on_average:.2g} on average. Multiply the learning rate by three to ten, or "
        "train for more epochs."
    )


def _flat_at_first(curve: LossCurve) -> str | None:
    """The loss is flat at first, and then falls."""
    train = curve.train
    begun = int(np.argmax(train[0] - train >= _BEGUN * (train[0] - train.min())))
    if begun < max(3, len(train) // 5):
        return None
    return (
        f"The training loss hardly moves for {begun} epochs, and falls then: the first "
        "weights are in a place that is hard to leave. Draw them for the activation "
        "(MLP(init=...)), put norms between layers, or scale X."
    )


def _plateau(curve: LossCurve) -> str | None:
    """The loss came to rest long before the end."""
    third = len(curve.train) // 3
    is_done = abs(curve.train.min()) < _REST * abs(_start(curve))
    if third < 3 or is_done:
        return None
    gained = curve.train[:-third].min() - curve.train[-third:].min()
    if gained >= _REST * _fall(curve):
        return None
    return (
        f"The last {third} of {len(curve.train)} epochs gain nothing on the training "
        "rows. Let the learning rate fall with CyclicCosine(1), which often gains some "
        "more, or train for fewer epochs."
    )


def _underfitting(curve: LossCurve) -> str | None:
    """The loss stays high, and no rule above says why."""
    is_known = curve.unknowing is not None or curve.first is not None
    is_low = curve.train[-1] <= _HIGH * _start(curve)
    if len(curve.train) < _FEWEST or not is_known or is_low:
        return None
    return (
        f"The training loss ends at {curve.train[-1]:.3f}, and {_beginning(curve)}. "
        "Take a larger net and less that holds it back (dropout, weight decay), or "
        "better features; there may be little in X to learn."
    )


def _start(curve: LossCurve) -> float:
    """The loss of a net that knows nothing, as far as that is known."""
    if curve.unknowing is not None:
        return curve.unknowing
    return float(curve.train[0]) if curve.first is None else curve.first


def _beginning(curve: LossCurve) -> str:
    """The same in words."""
    if curve.unknowing is None:
        return f"it began at {_start(curve):.3f}"
    return f"that of a net that knows nothing is {curve.unknowing:.3f}"


def _begun(curve: LossCurve) -> float:
    """The loss before the first step, as far as that is known."""
    start = _start(curve)
    return start if curve.first is None else max(start, curve.first)


def _fall(curve: LossCurve) -> float:
    return _start(curve) - float(curve.train.min())


def _falls(curve: LossCurve) -> bool:
    """Whether anything is learned at all."""
    return bool(_fall(curve) >= _NOTHING * abs(_start(curve)))


def _jumps(losses: FloatArray) -> float:
    """What losses differ by at random.

    To second differences a straight line adds nothing, and what is independent from
    epoch to epoch has six times its variance in them.
    """
    if len(losses) < 3:
        return 0.0
    return float(np.sqrt(np.mean(np.diff(losses, 2) ** 2) / 6))


class Rule(NamedTuple):
    """Something that a curve may show."""

    name: str
    """In a word."""
    look: Callable[[LossCurve], str | None]
    """What to say of a curve; None where it does not show it."""
    unless: frozenset[str] = frozenset()
    """What explains it, or makes its advice wrong."""


_AMISS = frozenset({"diverged", "learning rate too high", "not learning"})
_KNOWN = _AMISS | {"overfitting", "learning rate too low"}

# What to look into first comes first.
RULES = (
    Rule("diverged", _diverged),
    Rule("first loss", _first_loss, _AMISS),
    Rule("learning rate too high", _too_high, _AMISS),
    Rule("not learning", _not_learning, _AMISS),
    Rule("overfitting", _overfitting, frozenset({"diverged"})),
    Rule("learning rate too low", _too_low, _KNOWN),
    Rule("bad initialisation", _flat_at_first, _KNOWN),
    Rule("plateau", _plateau, _AMISS | {"overfitting"}),
    Rule("underfitting", _underfitting, _KNOWN),
)
