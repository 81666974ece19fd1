"""Products of columns, and how their sums move with the origin of the columns.

A monomial is a sorted tuple of column numbers: () is 1 and (0, 0, 2) is z0 z0 z2. If
the columns z become z + d, each product multiplies out,

    sum prod (z_i + d_i) = sum over parts of the product: (sum of the part) prod d_rest

so that sums about one origin give those about another, exactly but for rounding, where
every divisor of every monomial is there (Chan, Golub & LeVeque 1983 for the variance,
Pébay 2008 for higher moments).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import TypeAlias, final

import numpy as np
from scipy.sparse import csr_array

from ensembles._typing import FloatArray, IntArray

__all__ = ["Monomial", "Monomials", "times"]

Monomial: TypeAlias = tuple[int, ...]


def times(*monomials: Monomial) -> Monomial:
    """The product of monomials."""
    return tuple(sorted(sum(monomials, ())))


@final
class Monomials:
    """Monomials with all their divisors, ascending by degree.

    Parameters
    ----------
    wanted : iterable of monomials
        Which to hold at least.

    Attributes
    ----------
    members : list of monomials
        The first one is 1.
    """

    def __init__(self, wanted: Iterable[Monomial]) -> None:
        closed = {divisor for monomial in wanted for divisor in _divisors(monomial)}
        self.members = sorted(closed | {()}, key=lambda one: (len(one), one))
        self._numbers = {one: number for number, one in enumerate(self.members)}

    def __len__(self) -> int:
        return len(self.members)

    def number_of(self, monomial: Monomial) -> int:
        """Position of a monomial among the members."""
        return self._numbers[monomial]

    def numbers_of(self, monomials: Iterable[Monomial]) -> IntArray:
        """Positions of monomials among the members."""
        return np.array([self._numbers[one] for one in monomials], dtype=np.intp)

    def values(self, z: FloatArray) -> FloatArray:
        """Monomials of columns z of shape (n_columns, n_rows), a row for each."""
        values = np.empty((len(self.members), z.shape[1]))
        values[0] = 1.0
        for number, one in enumerate(self.members[1:], start=1):
            divisor = values[self._numbers[one[:-1]]]
            np.multiply(divisor, z[one[-1]], out=values[number])
        return values

    def moved(self, sums: FloatArray, by: FloatArray) -> FloatArray:
        """Sums of monomials of z + by, from those of z, of shape (..., n_members)."""
        distances = by.tolist()
        to, of, coefficients = [], [], []
        for number, one in enumerate(self.members):
            for part, rest in _parts(one):
                to.append(number)
                of.append(self._numbers[part])
                coefficients.append(math.prod(distances[i] for i in rest))
        matrix = csr_array((coefficients, (to, of)), shape=(len(self), len(self)))
        return np.asarray((matrix @ sums.T).T)


def _divisors(monomial: Monomial) -> set[Monomial]:
    """All divisors, 1 and the monomial itself among them."""
    return {
        part
        for degree in range(len(monomial) + 1)
        for part in combinations(monomial, degree)
    }


def _parts(monomial: Monomial) -> Iterator[tuple[Monomial, Monomial]]:
    """Yield each choice of factors, with the factors not chosen."""
    places = range(len(monomial))
    for degree in range(len(monomial) + 1):
        for chosen in combinations(places, degree):
            part = tuple(monomial[at] for at in chosen)
            yield part, tuple(monomial[at] for at in places if at not in chosen)
