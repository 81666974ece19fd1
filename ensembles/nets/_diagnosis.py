"""What a loss curve says, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, final

from ensembles._typing import FloatArray
from ensembles.nets._loss_curve import LossCurve, curve_of
from ensembles.nets._loss_rules import RULES

__all__ = ["Diagnosis", "Finding", "diagnose"]


class Finding(NamedTuple):
    """One thing that stands out.

    Attributes
    ----------
    name : str
        In a word.
    sentence : str
        What was seen, and what to try.
    """

    name: str
    sentence: str


@final
@dataclass(frozen=True, eq=False)
class Diagnosis:
    """What stands out in a loss curve.

    Attributes
    ----------
    train_loss : ndarray of shape (n_epochs,)
        Losses that it was made of.
    valid_loss : ndarray of shape (n_epochs,) or None
        Those of rows set aside.
    findings : tuple of Finding
        In the order in which to look into them; empty where nothing stands out.

    See Also
    --------
    diagnose : Makes it.

    References
    ----------
    .. [1] A. Karpathy, "CS231n: Convolutional neural networks for visual recognition",
       Stanford University, 2016, notes on neural networks 3.

    Examples
    --------
    >>> from ensembles.nets import diagnose
    >>> curve = [{"train_loss": 1.0 / epoch} for epoch in range(1, 30)]
    >>> print(diagnose(curve))
    Nothing stands out in 29 epochs. No rows were set aside, so that nothing can be \
said about overfitting: pass train_split=ValidSplit(5).
    """

    train_loss: FloatArray
    valid_loss: FloatArray | None
    findings: tuple[Finding, ...]

    def __contains__(self, name: object) -> bool:
        return any(finding.name == name for finding in self.findings)

    def __str__(self) -> str:
        lines = [f"{one.name}: {one.sentence}" for one in self.findings]
        if not lines:
            lines = [f"Nothing stands out in {len(self.train_loss)} epochs."]
        if self.valid_loss is None:
            lines[-1] += (
                " No rows were set aside, so that nothing can be said about "
                "overfitting: pass train_split=ValidSplit(5)."
            )
        return "\n".join(lines)


def diagnose(net: Any) -> Diagnosis:
    """Read a loss curve as a teacher would, and say in words what to try.

    Use it where training disappoints, before a search over everything: most of what
    goes wrong shows in the losses. It knows rules of thumb and no more; what it does
    not mention may still be wrong, and two learning rates on a validation curve say
    more than any rule.

    Parameters
    ----------
    net : skorch net, History, list of dict, ensemble of nets or Pipeline
        Fitted. Of an ensemble of several runs the mean of their losses is looked at, up
        to the end of the shortest.

    Returns
    -------
    Diagnosis
        Findings, which print as sentences. Their names:

        - "diverged": losses are no numbers, or end above where they began;
        - "first loss": the first batch has another loss than log C of C classes, which
          is that of a net that knows nothing (only of skorch nets of one's own, since
          ensembles do not keep what batches had);
        - "not learning": the loss does not fall;
        - "learning rate too high": it jumps up and down;
        - "learning rate too low": it falls at the end as fast as ever;
        - "bad initialisation": it is flat at first, and then falls;
        - "plateau": it came to rest long before the end;
        - "overfitting": the held-out loss rises again, or is far above;
        - "underfitting": both losses are close, and high.

    Raises
    ------
    TypeError
        If there are no losses in what is given.
    ValueError
        If there are no epochs.

    See Also
    --------
    LossCurveDisplay : The curve as a picture.
    ensembles.nets.callbacks.UpdateRatioMonitor : Lengths of steps.
    ensembles.nets.callbacks.LRFinder : Looks for a learning rate.

    References
    ----------
    .. [1] A. Karpathy, "CS231n: Convolutional neural networks for visual recognition",
       Stanford University, 2016, notes on neural networks 3.

    Examples
    --------
    >>> from ensembles.nets import diagnose
    >>> from ensembles.nets.modules import MLP
    >>> from sklearn.datasets import load_digits
    >>> from skorch import NeuralNetClassifier
    >>> from torch import nn
    >>> X, y = load_digits(return_X_y=True)
    >>> net = NeuralNetClassifier(
    ...     MLP,
    ...     module__n_features=64,
    ...     module__n_outputs=10,
    ...     verbose=0,
    ...     criterion=nn.CrossEntropyLoss,
    ...     lr=1e-4,
    ...     max_epochs=10,
    ... ).fit((X / 16).astype("float32"), y)
    >>> [finding.name for finding in diagnose(net).findings]
    ['not learning']
    """
    curve = curve_of(net)
    return Diagnosis(curve.train, curve.valid, tuple(_findings(curve)))


def _findings(curve: LossCurve) -> Iterator[Finding]:
    """All that stands out and that nothing before it explains."""
    found: set[str] = set()
    for rule in RULES:
        sentence = None if found & rule.unless else rule.look(curve)
        if sentence is not None:
            found.add(rule.name)
            yield Finding(rule.name, sentence)
