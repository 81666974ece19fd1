"""What happens to a round that is no better than chance."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import final

from ensembles._validation import warn_user

__all__ = ["CHOICES", "NoHelp"]

CHOICES = ("stop", "skip", "raise")


@final
@dataclass
class NoHelp:
    """Decides after each such round, and says at the end what was left out."""

    choice: str
    """One of `CHOICES`."""
    n_estimators: int
    owner: str
    """Name of the class that boosts."""
    skipped: list[int] = field(default_factory=list)
    """Numbers of the rounds that were left out."""

    def goes_on(self, number: int, n_members: int, *, is_fixed: bool) -> bool:
        """Whether boosting goes on without this round.

        Parameters
        ----------
        number : int
            Of the round, from zero.
        n_members : int
            Members so far.
        is_fixed : bool
            Whether another try would give the same member.

        Raises
        ------
        ValueError
            If that is what was chosen, or there is no member yet to stop with.
        """
        if self.choice == "raise":
            kept = f"{n_members} members were fitted before. " if n_members else ""
            raise ValueError(
                f"The member of round {number + 1} is no better than chance on the "
                f"weighted rows. {kept}on_worse_than_chance='stop' ends with those; "
                "'skip' tries again with other random numbers."
            )
        is_last = number + 1 == self.n_estimators
        if self.choice == "skip" and not is_fixed:
            self.skipped.append(number)
            if not is_last or n_members:
                return True
        if not n_members:
            base = self.owner.replace("AdaBoost", "Base")
            raise ValueError(
                f"{base} in {self.owner} ensemble is worse than random, ensemble can "
                "not be fit."
            )
        return False

    def tell(self) -> None:
        """Warn of rounds that were left out."""
        if self.skipped:
            warn_user(
                f"{len(self.skipped)} of {self.n_estimators} rounds were no better "
                "than chance and were left out."
            )
