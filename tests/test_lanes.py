"""Rows in lanes of eight: what they come to, in the written order; nothing beside a row is touched."""

import numpy as np
import pytest
from numba import njit

from simenv import _lanes as lanes
from simenv.rng import Key

WIDTHS = (1, 3, 7, 8, 9, 15, 16, 17, 24, 31, 40)


def row(name, d):
    return (Key.root(1) / name).normal(np.arange(d))


def in_order(a, b):
    """What `dot` says of itself, in float32."""
    total, d = np.float32(0), len(a)
    e = 0
    while d - e >= 8:
        size = 16 if d - e >= 16 else 8
        v = a[e : e + 8] * b[e : e + 8]
        if size == 16:
            v = v + a[e + 8 : e + 16] * b[e + 8 : e + 16]
        total += ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]))
        e += size
    for i in range(e, d):
        total += a[i] * b[i]
    return total


@njit
def dot(a, b):
    return lanes.dot(a, b)


@njit
def copy_and_two_dots(row, a, b, into, to):
    return lanes.copy_and_two_dots(row, a, b, into, to)


@njit
def lean(row, target, share):
    lanes.lean(row, target, share)


@njit
def scale(row, by):
    lanes.scale(row, by)


@njit
def copy(source, width, into, to):
    lanes.copy(source, width, into, to)


@pytest.mark.parametrize("d", WIDTHS)
def test_a_dot_product_is_summed_as_written(d):
    a, b = row("a", d), row("b", d)
    found = dot(a, b)
    assert found == in_order(a, b)
    np.testing.assert_allclose(found, a.astype(np.float64) @ b, atol=1e-5)


@pytest.mark.parametrize("d", [0, 8, 16, 24, 40])
def test_two_dot_products_at_once_are_summed_as_written_and_the_row_is_copied(d):
    own, a, b, into = row("own", d), row("a", d), row("b", d), np.full(d + 5, 7, np.float32)
    found_both = copy_and_two_dots(own, a, b, into, 3)
    np.testing.assert_array_equal(into[3 : 3 + d], own)
    assert (into[:3] == 7).all()
    assert (into[3 + d :] == 7).all()
    for found, other in zip(found_both, (a, b), strict=True):
        v = np.zeros(8, np.float32)
        for products in (own * other).reshape(-1, 8):
            v += products
        assert found == ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]))


@pytest.mark.parametrize("d", WIDTHS)
def test_leaning_and_scaling_change_a_row_and_nothing_else(d):
    table, target = np.stack([row(name, d) for name in "abc"]), row("t", d)
    before, share = table.copy(), np.float32(0.3)
    lean(table[1], target, share)
    np.testing.assert_array_equal(table[1], before[1] + share * (target - before[1]))
    scale(table[1], np.float32(2))
    np.testing.assert_array_equal(table[1], np.float32(2) * (before[1] + share * (target - before[1])))
    np.testing.assert_array_equal(table[[0, 2]], before[[0, 2]])


@pytest.mark.parametrize("width", WIDTHS)
def test_a_copy_is_as_wide_as_was_asked(width):
    source, into = row("a", 40), np.full(50, 7, np.float32)
    copy(source, width, into, 4)
    np.testing.assert_array_equal(into[4 : 4 + width], source[:width])
    assert (into[:4] == 7).all()
    assert (into[4 + width :] == 7).all()


def test_what_is_padded_has_zeros_behind():
    rows = np.stack([row("a", 17), row("b", 17)])
    wide = lanes.padded(rows)
    assert wide.shape == (2, 24)
    np.testing.assert_array_equal(wide[:, :17], rows)
    assert not wide[:, 17:].any()
    assert lanes.padded(wide).shape == (2, 24)
