"""How a policy that was trained to choose s of c candidates fills a slate of k tracks.

It decides k / s times, each time among c candidates of their own, as in the face that it was trained in,
where every decision has others; no candidate comes twice. Within a decision of several tracks, those left
share what the chosen ones had, which is the Plackett-Luce law of its logits. Where none is left, the other
open tracks follow, most played first, and then those in cooldown, oldest play first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simenv.agents._model import Model
from simenv.agents._ranking import among, forced, in_cooldown
from simenv.observe import MATCH, Observer
from simenv.retrieve import Nearby
from simenv.types import F32, I32, Bool, Request, Setting


@dataclass(frozen=True, slots=True)
class Panel:
    """What a policy sees of m listeners: candidates for each of r decisions, and what shows of them.

    Args:
        tracks: (m, c, r) candidates; -1: none.
        shown: (m, c, r, w) what shows of each.
        situation: (m, v) what shows of the listener.
    """

    tracks: I32
    shown: F32
    situation: F32

    def left(self, decision: int, given: I32) -> Bool:
        """(m, c) which candidates of a decision can be chosen after `given` (m, j)."""
        tracks = self.tracks[:, :, decision]
        return (tracks >= 0) & ~among(tracks, given)

    def observed(self, decision: int) -> F32:
        """(m, v + c w) the flat observation."""
        shown = self.shown[:, :, decision]
        return np.concatenate([self.situation, shown.reshape(len(shown), -1)], axis=1)


def decisions(model: Model, slots: int) -> int:
    """r, how often `model` decides to fill so many slots."""
    return -(-slots // model.slate_size)


def panel_of(request: Request, retriever: Nearby, observer: Observer, candidates: int) -> Panel:
    """The panel of those who ask, by a retriever of `candidates` x r tracks.

    Candidates of one origin (near, charts, any) stand in the places where the face has them.
    """
    found = retriever.of(request, observer.last_finished(request.listeners))
    shown = observer.of_candidates(request, found)
    parts = (len(request), candidates, -1) if len(request) else (0, candidates, 1)
    return Panel(
        found.reshape(parts),
        shown.reshape(*found.reshape(parts).shape, shown.shape[2]),
        observer.of(request),
    )


def worth(model: Model, panel: Panel, slot: int) -> F32:
    """(m, c) what `model` makes of the candidates for a slot: logits, worth, or sums of weighted columns."""
    decision, place = divmod(slot, model.slate_size)
    said = model.network(panel.observed(decision))
    if model.head != "weights":
        return said[:, place * model.candidates :][:, : model.candidates]
    shown = panel.shown[:, :, decision]
    columns = shown[:, :, : -len(MATCH)] if model.actions == "query" else shown[:, :, -len(MATCH) :]
    return (columns.astype(np.float64) * said[:, None, :]).sum(axis=2).astype(np.float32)


def law(value: F32, there: Bool, temperature: float) -> F32:
    """(m, c) chance of each place: softmax(value / temperature) over those there; at 0 all on the best."""
    value = np.where(there, value.astype(np.float64), -np.inf)
    if temperature == 0:
        best = value.argmax(axis=1)
        return ((np.arange(value.shape[1]) == best[:, None]) & there).astype(np.float32)
    most = np.where(there.any(axis=1), value.max(axis=1), 0.0)
    p = np.exp((value - most[:, None]) / temperature)
    return (p / np.maximum(p.sum(axis=1, keepdims=True), 1e-300)).astype(np.float32)


def drawn(p: F32, u: F32) -> NDArray[np.int64]:
    """(m, 1) the place where the running sum of `p` (m, c) passes `u` (m,) of its whole."""
    total = np.cumsum(p.astype(np.float64), axis=1)
    place = (total <= (u.astype(np.float64) * total[:, -1])[:, None]).sum(axis=1)
    return place[:, None]


def next_without(request: Request, row: int, given: I32, popularity: F32, setting: Setting) -> int:
    """The track that follows when no candidate is left."""
    start, barred = in_cooldown(request, setting)
    free = setting.catalogue.released <= request.time[row]
    free[barred[start[row] : start[row + 1]]] = False
    free[given] = False
    if free.any():
        return int(np.where(free, popularity, -np.inf).argmax())
    return int(forced(request, row, given, setting)[0])
