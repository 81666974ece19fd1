"""Rows that streams hold."""

import pytest

from ensembles.inference._large._row_numbers import RowNumbers


def rows(*ranges):
    return RowNumbers(ranges)


def test_neighbours_are_joined_in_any_order():
    parts = [rows((7, 0, 5)), rows((7, 9, 12)), rows((7, 5, 9))]
    whole = rows((7, 0, 12))
    assert parts[0].plus(parts[1]).plus(parts[2]) == whole
    assert parts[2].plus(parts[1]).plus(parts[0]) == whole


def test_gaps_stay():
    assert rows((7, 0, 5)).plus(rows((7, 6, 9))) == rows((7, 0, 5), (7, 6, 9))


def test_the_same_numbers_of_other_entropies_are_other_rows():
    assert rows((7, 0, 5)).plus(rows((8, 3, 9))) == rows((7, 0, 5), (8, 3, 9))


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ((7, 4, 6), "Rows 4 to 4"),
        ((7, 0, 5), "Rows 0 to 4"),
        ((7, 2, 3), "Rows 2 to 2"),
        ((7, 0, 9), "Rows 0 to 4"),
    ],
)
def test_a_row_is_not_in_two_parts(other, said):
    with pytest.raises(ValueError, match=f"{said} are in both parts.*first_row"):
        rows((7, 0, 5)).plus(rows(other))


@pytest.mark.parametrize(("number", "expected"), [(3, 5), (0, 5), (5, 5), (8, 8)])
def test_the_next_row_is_the_first_that_is_not_there(number, expected):
    assert rows((6, 0, 99), (7, 0, 5), (7, 9, 12)).next_to(7, number) == expected
