"""The compiled loops under the neighbours' agents: who or what is nearest, and the votes of the nearest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy import sparse

from simenv import _cache
from simenv.types import F32, I32

driver = _cache.driver([Path(__file__)])


def nearest(
    m: sparse.csr_array,
    neighbours: int,
    shrink: float = 0.0,
    overlap: int = 1,
    significance: float = 0.0,
    centred: bool = False,
) -> sparse.csr_array:
    """(c, c) sparse: of every column its `neighbours` most alike, from m (r, c); rows share columns.

    s_ij = m_i.m_j / (|m_i| |m_j| + shrink) * shared / (shared + significance), for pairs
    that at least `overlap` rows share; only what is above 0 is kept. Never more than one dense row is held.

    Args:
        m: whose columns are compared, listeners by tracks or the other way round.
        neighbours: kept a column.
        shrink: pulls short columns to 0.
        overlap: rows that two columns must share.
        significance: shared rows at which a likeness counts for half.
        centred: take the mean over all r rows off every column first, without making it dense.
    """
    columns = sparse.csr_array(m.T)
    columns.sort_indices()
    squares = np.bincount(m.indices, m.data.astype(np.float64) ** 2, m.shape[1])
    offset = np.zeros(m.shape[1])  # (c,) sqrt(r) times the mean: what centring takes off is offset_i offset_j
    if centred:
        offset = np.bincount(m.indices, m.data.astype(np.float64), m.shape[1]) / np.sqrt(max(m.shape[0], 1))
    norm = np.sqrt(np.maximum(squares - offset**2, 1e-12 * squares))
    size = min(neighbours, m.shape[1])
    indices, data = np.zeros((m.shape[1], size), np.int32), np.zeros((m.shape[1], size), np.float32)
    found = np.zeros(m.shape[1], np.int64)
    _nearest(
        m.indptr.astype(np.int64),
        m.indices.astype(np.int32),
        m.data.astype(np.float32),
        columns.indptr.astype(np.int64),
        columns.indices.astype(np.int32),
        columns.data.astype(np.float32),
        norm,
        offset,
        float(shrink),
        overlap,
        float(significance),
        indices,
        data,
        found,
        np.zeros(m.shape[1], np.float32),
        np.zeros(m.shape[1], np.int32),
        np.empty(m.shape[1], np.int32),
    )
    kept = np.arange(size) < found[:, None]
    indptr = np.append(0, np.cumsum(found))
    out = sparse.csr_array((data[kept], indices[kept], indptr), shape=(m.shape[1], m.shape[1]))
    out.sort_indices()
    return out


def rarity(m: sparse.csr_array) -> F32:
    """(c,) ln(rows / rows that have it) + 1 of each column of m (r, c): high for what few have."""
    rows = np.bincount(m.indices, minlength=m.shape[1])
    return (np.log(m.shape[0] / np.maximum(rows, 1)) + 1).astype(np.float32)


def damping(m: sparse.csr_array, penalty: float) -> F32:
    """(c,) 1 / rows^penalty, `rows` being those that have something above 0 in each column of m (r, c)."""
    rows = np.bincount(m.indices[m.data > 0], minlength=m.shape[1])
    return (np.maximum(rows, 1) ** -penalty).astype(np.float32)


def votes(weights: sparse.csr_array, rows: I32, alike: sparse.csr_array) -> F32:
    """(m, T) sum over j of weights_uj s_ji for each u of `rows`, `alike` holding s by rows j."""
    out = np.zeros((len(rows), alike.shape[1]), np.float32)
    _vote(
        weights.indptr.astype(np.int64),
        weights.indices.astype(np.int32),
        weights.data,
        np.ascontiguousarray(rows),
        alike.indptr.astype(np.int64),
        alike.indices.astype(np.int32),
        alike.data,
        out,
    )
    return out


@driver
def _nearest(
    row_start,
    row_column,
    row_value,
    start,
    row,
    value,
    norm,
    offset,
    shrink,
    overlap,
    significance,
    indices,
    data,
    found,
    total,
    shared,
    met,
):
    n_columns, size = data.shape
    for i in range(n_columns):
        n_met = 0
        for a in range(start[i], start[i + 1]):
            r = row[a]
            for b in range(row_start[r], row_start[r + 1]):
                j = row_column[b]
                if shared[j] == 0:
                    met[n_met] = j
                    n_met += 1
                total[j] += value[a] * row_value[b]
                shared[j] += 1
        n = 0
        for a in range(n_met):
            j = met[a]
            s = (total[j] - offset[i] * offset[j]) / (norm[i] * norm[j] + shrink)
            s = np.float32(s * shared[j] / (shared[j] + significance))
            if j != i and shared[j] >= overlap and s > 0 and (n < size or s > data[i, n - 1]):
                at = min(n, size - 1)
                n = min(n + 1, size)
                while at > 0 and data[i, at - 1] < s:
                    data[i, at], indices[i, at] = data[i, at - 1], indices[i, at - 1]
                    at -= 1
                data[i, at], indices[i, at] = s, j
            total[j], shared[j] = 0, 0
        found[i] = n


@driver
def _vote(start, track, weight, rows, near_start, near, alike, out):
    for r in range(len(rows)):
        for a in range(start[rows[r]], start[rows[r] + 1]):
            j = track[a]
            for b in range(near_start[j], near_start[j + 1]):
                out[r, near[b]] += weight[a] * alike[b]
