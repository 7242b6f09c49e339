"""Music for the moment: the same listener is answered otherwise on a Friday night."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from simenv.agents._machine import descend
from simenv.agents._mixing import Blend, asks, levelled
from simenv.agents._moments import (
    N_CELLS,
    cell_of,
    columns,
    energy_by_hour,
    hour_of,
    in_words,
    split_by_week,
)
from simenv.agents._ranking import all_open
from simenv.agents._supervised import moments
from simenv.agents.base import Agent, Count, Days, Number, Weight
from simenv.context import COLUMNS
from simenv.log import Log
from simenv.types import F32, HEARD_SECONDS, Day, Exchange, Request, Setting


@dataclass
class Context(Blend):
    """Show what is liked, and fits the moment.

    - model: a factorisation machine, s = b_i + y_i.x_u + y_i.sum_c m_c z_c, m being the hour and the weekday
      as sine and cosine, the activity and the device; trained to put played tracks before others.
    - prefilter: `of` learns one profile of all a listener's plays and one of each part of the week (working
      days and weekends, by day and by night); a track scores level(whole) + strength level(part).
    - postfilter: a track scores level(`of`) + strength r, r = (e - mu / 2) mu being by how much its energy e
      is likelier at this hour than at any: mu is the mean energy of what is heard at the hour, both counted
      in standard deviations from the mean of all that is heard, which is normal, of one spread.

    Levels are scores of mean 0 and sd 1 over the open tracks. A new listener gets what everybody plays at
    such a moment; a new track waits for a play, but for postfilter, where it is as `of` has it. Explanations
    are of the moment at which the log ends, in no particular activity, on no particular device.

    Args:
        of: the agent that the filters stand before or behind; model does not read it.
        mode: where the moment comes in.
        strength: weight of the moment where it is a filter.
        factors: length of x, y and z.
        learning_rate: length of a step.
        reg: weight of the penalty on long factors.
        rows: plays that the model learns from, the newest.
        half_life: days after which a play counts for half in the model; inf: all count alike.
        epochs: steps of the first fit over the plays; a third of them in later ones, which go on from there.

    Source: Adomavicius & Tuzhilin, Recommender Systems Handbook 2011 (the three ways); profiles by time:
        Baltrunas & Amatriain, CARS 2009; model: Rendle, ICDM 2010, trained as in Rendle et al., UAI 2009.
    Departs:
        1. the model has no pairs of listener and moment, which do not change an order (theirs: all pairs).
        2. a profile by time is added to the whole one (theirs: alone).
    """

    of: Agent | str = "als"
    mode: Literal["prefilter", "postfilter", "model"] = "model"
    strength: Weight = 0.5
    factors: Count = 32
    learning_rate: Weight = 0.05
    reg: Weight = 0.01
    rows: Count = 300_000
    half_life: Days = np.inf
    epochs: Count = 15
    fit_every: Number = field(default=7, kw_only=True)

    def begin(self, setting: Setting) -> None:
        of = self.mixed["of"]
        inner = replace(setting, key=setting.key / "of")
        if self.mode == "prefilter":
            profiles = setting.n_listeners * (N_CELLS + 1)
            inner = replace(inner, n_listeners=profiles, heard=None, cooldown=0.0)
        of.begin(inner)
        self.setting_ = setting
        self.now_ = 0.0  # days
        n_tracks = len(setting.catalogue)
        self.wanted_, self.energy_ = np.zeros(48, np.float32), np.zeros(n_tracks, np.float32)
        self.x_ = np.zeros((setting.n_listeners, self.factors), np.float32)
        self.y_ = self._noise("tracks", n_tracks)
        self.z_ = self._noise("moments", len(COLUMNS))
        self.bias_ = np.zeros(n_tracks, np.float32)
        self.fits_ = 0

    def update(self, exchange: Exchange) -> None:
        """`of` learns online behind a postfilter only: its listeners are others else."""
        if self.mode == "postfilter":
            super().update(exchange)

    def hear(self, news: Day) -> None:
        if self.mode == "postfilter":
            super().hear(news)

    def fit(self, log: Log) -> None:
        self.now_ = log.now
        if self.mode == "model":
            self._train(log)
            return
        self.mixed["of"].fit(split_by_week(log) if self.mode == "prefilter" else log)
        self.wanted_, self.energy_ = energy_by_hour(log, self.setting_.catalogue, smoothing=100.0)

    def parts(self, listener: int, track: int) -> dict[str, float]:
        """As of the end of the log."""
        request = asks(np.array([listener], np.int32), self.now_)
        taste, moment = (float(x[0, track]) for x in self._taste_and_moment(request))
        parts = {"taste": taste, in_words(self.now_): moment}
        if self.mode == "model":
            everyone = float(self.bias_[track])
            parts |= {"taste": taste - everyone, "liked by everyone": everyone}
        return parts

    def likeness(self, track: int) -> F32:
        if self.mode != "model":
            return super().likeness(track)
        length = np.linalg.norm(self.y_, axis=1)
        return self.y_ @ self.y_[track] / np.maximum(length * length[track], 1e-12)

    def scores(self, request: Request) -> F32:
        taste, moment = self._taste_and_moment(request)
        taste += moment
        return taste

    def _taste_and_moment(self, request: Request) -> tuple[F32, F32]:
        """(m, T) what each track scores at any time, and what the moment adds."""
        if self.mode == "model":
            anytime = self.x_[request.listeners] @ self.y_.T + self.bias_
            return anytime, np.asarray(columns(request) @ (self.z_ @ self.y_.T), np.float32)
        of, is_open = self.mixed["of"], all_open(request, self.setting_)
        if self.mode == "postfilter":
            mu = self.wanted_[hour_of(request.time), None]
            fits = (self.energy_ - mu / 2) * mu * (self.energy_ != 0)
            fits = (self.strength * fits).astype(np.float32)
            return levelled(self.whole(of, request), is_open, "z"), fits
        whole = request.listeners * np.int32(N_CELLS + 1)
        profiles = (whole, whole + 1 + cell_of(request.time))
        taste, now = (
            levelled(self.whole(of, replace(request, listeners=rows)), is_open, "z") for rows in profiles
        )
        now *= np.float32(self.strength)
        return taste, now

    def _train(self, log: Log) -> None:
        plays = log.plays()
        plays = plays.rows(plays.seconds >= HEARD_SECONDS)
        plays = plays.rows(np.sort(np.argsort(-plays.time, kind="stable")[: self.rows]))
        if not len(plays):
            return
        epochs = max(self.epochs // 3, 1) if self.fits_ else self.epochs
        descend(
            plays.listener,
            plays.track,
            moments(plays),
            np.exp2((plays.time - log.now) / self.half_life).astype(np.float32),
            self.x_,
            self.y_,
            self.bias_,
            self.z_,
            np.empty(self.factors, np.float32),
            np.float32(self.learning_rate),
            np.float32(self.reg),
            (self.setting_.key / "pairs").bits(self.fits_),
            epochs * len(plays),
        )
        self.fits_ += 1

    def _noise(self, name: str, rows: int) -> F32:
        """(rows, f) small factors to start from."""
        bell = (self.setting_.key / name).bell(np.arange(rows)[:, None], np.arange(self.factors))
        return np.float32(0.1 / np.sqrt(self.factors)) * bell
