"""The compiled loops under `itemknn.py`: the nearest tracks of every track, and the votes of a listener's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy import sparse

from simenv import _cache
from simenv.types import F32, I32

driver = _cache.driver([Path(__file__)])


def nearest(
    m: sparse.csr_array, neighbours: int, shrink: float, overlap: int, penalty: float
) -> sparse.csr_array:
    """(T, T) sparse: of every track its `neighbours` most alike, from m (n, T), listeners by tracks.

    s_ij = m_i.m_j / (|m_i| |m_j| + shrink) / listeners_j^penalty, for pairs that at least `overlap` listeners
    share; only what is above 0 is kept. Never more than one dense row is held.
    """
    columns = sparse.csr_array(m.T)
    columns.sort_indices()
    norm = np.sqrt(np.bincount(m.indices, m.data.astype(np.float64) ** 2, m.shape[1]))
    listeners = np.diff(columns.indptr)
    damp = np.maximum(listeners, 1) ** -float(penalty)
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
        damp,
        float(shrink),
        overlap,
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


def votes(weights: sparse.csr_array, rows: I32, alike: sparse.csr_array) -> F32:
    """(m, T) sum over each listener's tracks j of weight_j s_ij, `alike` holding s by rows j."""
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
    row_track,
    row_value,
    start,
    listener,
    value,
    norm,
    damp,
    shrink,
    overlap,
    indices,
    data,
    found,
    total,
    shared,
    met,
):
    n_tracks, size = data.shape
    for i in range(n_tracks):
        n_met = 0
        for a in range(start[i], start[i + 1]):
            u = listener[a]
            for b in range(row_start[u], row_start[u + 1]):
                j = row_track[b]
                if shared[j] == 0:
                    met[n_met] = j
                    n_met += 1
                total[j] += value[a] * row_value[b]
                shared[j] += 1
        n = 0
        for a in range(n_met):
            j = met[a]
            s = np.float32(damp[j] * total[j] / (norm[i] * norm[j] + shrink))
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
