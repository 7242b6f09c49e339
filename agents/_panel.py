"""How a policy that chooses one of c candidates fills a slate of k tracks.

A listener's candidates lie in c stacks, one for each place of the face that the policy was trained in, and a
place shows the top of its stack. What is chosen for a slot is taken off, and the policy looks again at what
then lies on top. Where 2 k <= c a stack is one track, and the policy looks once: those places left share what
the chosen ones had, which is the Plackett-Luce law of its logits. When all stacks are empty, the other open
tracks follow, most played first, and then those in cooldown, oldest play first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simenv.agents._model import Model
from simenv.agents._ranking import among, forced, in_cooldown
from simenv.observe import MATCH, Observer
from simenv.retrieve import Nearby
from simenv.types import F32, I32, Bool, Request, Setting


@dataclass(frozen=True, slots=True)
class Panel:
    """What a policy sees of m listeners: candidates, and what shows of them.

    Args:
        tracks: (m, c, r) stacks, the top first; -1: none.
        shown: (m, c, r, w) what shows of each candidate.
        situation: (m, v) what shows of the listener.
    """

    tracks: I32
    shown: F32
    situation: F32

    @property
    def single(self) -> bool:
        """Whether a stack is one track, so that a look is enough for all slots."""
        return self.tracks.shape[2] == 1

    def tops(self, given: I32) -> tuple[I32, I32, Bool]:
        """(m, c) the places of the tops in their stacks after `given` (m, j); tracks; which can be chosen.

        An empty stack shows what it showed last.
        """
        m, c, r = self.tracks.shape
        flat = self.tracks.reshape(m, c * r)
        left = ((flat >= 0) & ~among(flat, given)).reshape(m, c, r)
        there: Bool = np.asarray(left.any(axis=2))
        top = np.where(there, left.argmax(axis=2), r - 1)
        return top, np.take_along_axis(self.tracks, top[:, :, None], axis=2)[:, :, 0], there

    def observed(self, top: I32) -> F32:
        """(m, v + c w) the flat observation when these tops show."""
        shown = np.take_along_axis(self.shown, top[:, :, None, None], axis=2)[:, :, 0]
        return np.concatenate([self.situation, shown.reshape(len(shown), -1)], axis=1)


def depth(candidates: int, slots: int) -> int:
    """r, tracks a stack: so many that there are twice as many candidates as slots; 1 for a slate of one."""
    return 1 if slots == 1 else -(-2 * slots // candidates)


def panel_of(request: Request, retriever: Nearby, observer: Observer, candidates: int) -> Panel:
    """The panel of those who ask, by a retriever of `candidates` x r tracks."""
    found = retriever.of(request, observer.last_finished(request.listeners))
    shown = observer.of_candidates(request, found)
    stacks = (len(request), candidates, -1) if len(request) else (0, candidates, 1)
    return Panel(
        found.reshape(stacks),
        shown.reshape(*found.reshape(stacks).shape, shown.shape[2]),
        observer.of(request),
    )


def worth(model: Model, panel: Panel, top: I32, slot: int) -> F32:
    """(m, c) what `model` makes of the tops for a slot: logits, worth, or the sum of weighted columns."""
    said = model.network(panel.observed(top))
    if model.head != "weights":
        at = min(slot, model.slate_size - 1) * model.candidates
        return said[:, at : at + model.candidates]
    shown = np.take_along_axis(panel.shown, top[:, :, None, None], axis=2)[:, :, 0]
    columns = shown[:, :, : -len(MATCH)] if model.actions == "query" else shown[:, :, -len(MATCH) :]
    total = (columns.astype(np.float64) * said[:, None, :]).sum(axis=2)  # in order, as rows come alone or not
    return total.astype(np.float32)


def law(value: F32, there: Bool, temperature: float) -> F32:
    """(m, c) chance of each place: softmax(value / temperature) over those there; at 0 all on the best."""
    value = np.where(there, value.astype(np.float64), -np.inf)
    if temperature == 0:
        best = value.argmax(axis=1)
        return ((np.arange(value.shape[1]) == best[:, None]) & there).astype(np.float32)
    most = np.where(there.any(axis=1), value.max(axis=1), 0.0)
    p = np.exp((value - most[:, None]) / temperature)
    return (p / np.maximum(p.sum(axis=1, keepdims=True), 1e-300)).astype(np.float32)


def next_without(request: Request, row: int, given: I32, popularity: F32, setting: Setting) -> int:
    """The track that follows when a listener's stacks are empty."""
    start, barred = in_cooldown(request, setting)
    free = setting.catalogue.released <= request.time[row]
    free[barred[start[row] : start[row + 1]]] = False
    free[given] = False
    if free.any():
        return int(np.where(free, popularity, -np.inf).argmax())
    return int(forced(request, row, given, setting)[0])
