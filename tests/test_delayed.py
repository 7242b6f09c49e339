"""Late lessons: nothing is lost, nothing comes early, and what was in the post survives a restart."""

from dataclasses import dataclass

import numpy as np
import pytest
from tiny import Tiny, checkerboard, plays, request

from simenv.agents import parse, restore
from simenv.agents._pending import AsOf
from simenv.agents.base import Agent
from simenv.agents.delayed import Delayed
from simenv.log import Log
from simenv.types import Day, Late


@dataclass
class Diary(Agent):
    """Writes down what it is told."""

    def begin(self, setting):
        self.setting_, self.read_ = setting, []

    def recommend(self, request):
        raise AssertionError("it only listens")

    def update(self, exchange):
        self.read_.append(("update", float(exchange.request.time[0])))

    def hear(self, news):
        self.read_.append(("hear", news.time))

    def fit(self, log):
        self.read_.append(("fit", len(log), len(log.plays()), log.now))


def live(world, agents, days, each=lambda day: None):
    """The loop of an experiment in which all agents are told of the slates of the first."""
    for agent in agents:
        agent.begin(world.setting)
        agent.fit(world.log)
    first = agents[0].update
    agents[0].update = lambda exchange: ([a.update(exchange) for a in agents[1:]], first(exchange))
    for day in range(days):
        world.wave(agents[0])
        world.wave(agents[0])
        own = world.organic()
        world.day += 1
        charts = np.bincount(own.track, minlength=len(world.catalogue)).astype(np.float32)
        for agent in agents:
            agent.hear(Day(own, Late.concat([]), charts, np.empty(0, np.int32), float(world.day)))
            if agent.fit_every and (day + 1) % agent.fit_every == 0:
                agent.fit(world.log)
        each(day + 1)


def learned(agent):
    return {name: np.array(value) for name, value in agent.state().items()}


def equal(a, b):
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)


ONLINE, BATCH = "epsgreedy(explore=.3)", "als(factors=4, fit_every=2, explore=.3)"
BOTH = "epsgreedy(explore=.3, fit_every=1)"


@pytest.mark.parametrize("inner", [ONLINE, BATCH, BOTH, "explore(of=popular, slots=2)"])
def test_no_delay_is_the_agent_itself_bit_for_bit(inner):
    alone, told = parse(inner), parse(f"delayed(of={inner}, days=0)")

    def check(day):
        asked = request(np.arange(24), world.day + 0.5, np.arange(24))
        a, b = alone.recommend(asked), told.recommend(asked)
        np.testing.assert_array_equal(a.tracks, b.tracks)
        np.testing.assert_array_equal(a.propensity, b.propensity)
        everything = np.tile(np.arange(48, dtype=np.int32), (24, 1))
        np.testing.assert_array_equal(alone.score(asked, everything), told.score(asked, everything))
        given = a.tracks[:, :2]
        p, q = (agent.probability(asked, everything, given) for agent in (alone, told))
        np.testing.assert_array_equal(p, q)
        equal(learned(alone), learned(told.inner))

    world = Tiny(checkerboard()).warm_up()
    live(world, [alone, told], 5, check)


@pytest.mark.parametrize("inner", [ONLINE, BATCH, BOTH])
@pytest.mark.parametrize("days", [1, 3, 7])
def test_it_knows_what_it_would_have_known_so_many_days_ago(inner, days):
    alone, told = parse(inner), parse(f"delayed(of={inner}, days={days})")
    then = {}

    def check(day):
        then[day] = learned(alone)
        equal(then[max(day - days, 0)], learned(told.inner))

    world = Tiny(checkerboard()).warm_up()
    alone.begin(world.setting)
    alone.fit(world.log)
    then[0] = learned(alone)
    live(world, [alone, told], days + 5, check)


def test_batches_come_whole_and_in_order():
    diary, at_once = Diary(), Diary()
    world = Tiny(checkerboard()).warm_up()
    told = Delayed(of=diary, days=2, batch=3)
    seen = []
    live(world, [parse("popular"), at_once, told], 9, lambda day: seen.append(len(diary.read_)))
    known = [sum(1 for kind, *_ in diary.read_[:n] if kind == "hear") for n in seen]
    assert known == [0, 0, 1, 1, 1, 4, 4, 4, 7]  # days heard of, delivered on days 3, 6, 9
    order = [line for line in diary.read_ if line[0] != "fit"]
    assert order == [line for line in at_once.read_ if line[0] != "fit"][: len(order)]
    fits, all_fits = ([line for line in one.read_ if line[0] == "fit"] for one in (diary, at_once))
    assert fits == [all_fits[day] for day in (0, 1, 4, 7)]


def test_what_is_pending_survives_a_restart(tmp_path):
    world = Tiny(checkerboard()).warm_up()
    agent = parse(f"delayed(of={BOTH}, days=2)")
    live(world, [parse("random"), agent], 4)
    other = restore(agent.save(tmp_path / "saved"), world.setting)
    equal(learned(agent), learned(other))
    assert sum(isinstance(lesson, Day) for _, lesson in other.pending_) == 2
    before = learned(agent.inner)
    for _ in range(2):
        own = world.organic()
        world.day += 1
        charts = np.zeros(48, np.float32)
        for one in (agent, other):
            one.hear(Day(own, Late.concat([]), charts, np.empty(0, np.int32), float(world.day)))
            one.fit(world.log)
        equal(learned(agent.inner), learned(other.inner))
    assert (learned(agent.inner)["plays_"] != before["plays_"]).any()  # the pending days were learned


def test_a_log_as_it_was(tmp_path):
    log, now = Log(6, 10, keep=2, spill=tmp_path), Log(6, 10)
    i = np.arange(30)
    for day in range(4):
        part = plays(i % 6, (i + day) % 10, day + i / 40, i % 4 > 0)
        log.append(part)
        if day < 3:
            now.append(part)
        log.forget_before(day)
    as_of = AsOf(log, len(now), 0, now.now)
    assert len(as_of) == len(as_of.plays()) == 90
    np.testing.assert_array_equal(as_of.plays().time, now.plays().time)
    np.testing.assert_array_equal(as_of.matrix(5).toarray(), now.matrix(5).toarray())
    np.testing.assert_array_equal(as_of.counts(), now.counts())
    assert [len(part) for part in as_of.since(80)] == [10]
    assert not list(as_of.since(100))
