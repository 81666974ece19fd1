"""Standard error and skewness of a function of means, from moments alone.

With gradient g of the formula, row i has the influence

    l_i = sum over terms t of g_t (t_i - mean t)

on its value. The square and the cube of l are sums of products of terms, so that their
means over rows follow from the means of these products, and with them

    standard error = sqrt(mean l^2 / n),  acceleration = mean l^3 / (6 sqrt(n) s^3)

where s^2 = mean l^2: the delta method (Davison & Hinkley 1997, sections 2.7.2, 5.3.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement, product
from typing import final

import numpy as np

from ensembles._typing import FloatArray, IntArray
from ensembles.inference._large._moments import StreamedStatistic
from ensembles.inference._large._monomials import Monomial, Monomials, times

__all__ = ["Influence", "products_of_terms"]

# Of the spread of a term: the cube root of the precision of a float.
_STEP = 6e-6
# Numbers that moments of one batch of replicates may take.
_BATCH_SIZE = 2**21


def products_of_terms(statistic: StreamedStatistic, degree: int) -> set[Monomial]:
    """Products of up to so many terms of one group."""
    return {
        times(*factors)
        for group in statistic.terms
        for factors in combinations_with_replacement([(), *group], degree)
    }


@final
@dataclass(frozen=True)
class Influence:
    """A formula, to be expanded at the means of the data or of replicates.

    Attributes
    ----------
    statistic : StreamedStatistic
        The formula.
    origin : ndarray of shape (n_columns,)
        What columns are measured from in all means.
    spreads : ndarray of shape (n_groups, n_terms)
        Standard deviation of each term over all rows.
    """

    statistic: StreamedStatistic
    origin: FloatArray
    spreads: FloatArray

    def errors(
        self, monomials: Monomials, means: FloatArray, n: FloatArray
    ) -> FloatArray:
        """Standard errors, shape (n_replicates, n_components).

        `means`, of shape (n_replicates, n_monomials), are over `n` rows each, and of
        products of two terms too.
        """
        pairs = _numbers(monomials, self.statistic, 2)
        size = max(1, _BATCH_SIZE // pairs.size)
        parts = []
        for start in range(0, len(means), size):
            some, n_some = means[start : start + size], n[start : start + size]
            g = self._gradients(some[:, pairs[:, 0, 1:]], n_some)
            squares = np.einsum("rguk,rgvk,rguv->rgk", g, g, some[:, pairs])
            parts.append(np.maximum(squares, 0.0) / n_some[:, None, None])
        squared = np.concatenate(parts).reshape(len(means), -1)
        return np.asarray(np.sqrt(squared))

    def acceleration(
        self, monomials: Monomials, means: FloatArray, n: float
    ) -> FloatArray:
        """Of each component, shape (n_components,); nan where no row has influence.

        `means`, of shape (n_monomials,), are those of the data, and of products of
        three terms too.
        """
        triples = _numbers(monomials, self.statistic, 3)
        m = means[None, triples[:, 0, 0, 1:]]
        (g,) = self._gradients(m, np.array([n]))
        squares = np.einsum("guk,gvk,guv->gk", g, g, means[triples[:, 0]])
        by_two = np.einsum("gwk,guvw->guvk", g, means[triples])
        cubes = np.einsum("guk,gvk,guvk->gk", g, g, by_two)
        return np.asarray(cubes / (6 * np.sqrt(n) * squares**1.5)).ravel()

    def _gradients(self, m: FloatArray, n: FloatArray) -> FloatArray:
        """Coefficients of 1 and of each term in the influence of a row.

        `m` has shape (n_replicates, n_groups, n_terms) and the result
        (n_replicates, n_groups, 1 + n_terms, n_values).
        """
        steps = _STEP * np.where(self.spreads > 0, self.spreads, 1.0)
        slopes = []
        for term in range(m.shape[-1]):
            step = np.zeros_like(steps)
            step[:, term] = steps[:, term]
            ahead, behind = (
                self.statistic.finish(m + by, n, self.origin) for by in (step, -step)
            )
            slopes.append((ahead - behind) / (2 * steps[:, term, None]))
        g = np.stack(slopes, axis=2)
        constants = -(g * m[..., None]).sum(axis=2, keepdims=True)
        return np.concatenate([constants, g], axis=2)


def _numbers(
    monomials: Monomials, statistic: StreamedStatistic, degree: int
) -> IntArray:
    """Positions of products of terms of each group, the first factor being 1.

    Shape (n_groups, 1 + n_terms, ...), with an axis for each of `degree` factors.
    """
    groups = [[(), *group] for group in statistic.terms]
    numbers = [
        monomials.number_of(times(*factors))
        for group in groups
        for factors in product(group, repeat=degree)
    ]
    return np.reshape(numbers, (len(groups), *[len(groups[0])] * degree))
