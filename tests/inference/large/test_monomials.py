"""Monomials: all divisors are there, and sums move with the origin."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from ensembles.inference._large._monomials import Monomials, times

by_property = settings(max_examples=100, deadline=None, derandomize=True)
monomials = st.lists(st.integers(0, 2), max_size=5).map(lambda one: times(tuple(one)))


def test_divisors_are_members_ascending_by_degree():
    members = Monomials([(0, 0, 2)]).members
    assert members == [(), (0,), (2,), (0, 0), (0, 2), (0, 0, 2)]


def test_a_product_is_sorted():
    assert times((0, 2), (), (1,)) == (0, 1, 2)


@by_property
@given(st.lists(monomials, min_size=1, max_size=4))
def test_values_are_products_of_columns(wanted):
    z = np.random.default_rng(0).normal(size=(3, 5))
    monomials = Monomials(wanted)
    values = monomials.values(z)
    assert len(values) == len(monomials)
    for one in wanted:
        expected = np.prod(z[list(one)], axis=0)
        assert_allclose(values[monomials.number_of(one)], expected, rtol=1e-13)


@by_property
@given(st.lists(monomials, min_size=1, max_size=4), st.integers(0, 2**32))
def test_sums_about_another_origin_follow_from_those_about_one(wanted, seed):
    rng = np.random.default_rng(seed)
    z, by = rng.normal(size=(3, 20)), rng.normal(size=3)
    monomials = Monomials(wanted)
    moved = monomials.moved(monomials.values(z).sum(axis=1)[None], by)
    direct = monomials.values(z + by[:, None]).sum(axis=1)
    assert_allclose(moved[0], direct, rtol=1e-9, atol=1e-9)
