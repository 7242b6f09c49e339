"""What `simenv bench --cases year` times: how long a simulated year of a whole population takes."""

from __future__ import annotations

from simenv.agents import load
from simenv.scenarios._bench_memory import bytes_a_listener
from simenv.scenarios._bench_world import SLATE, TRACKS, Done, Task, settled
from simenv.scenarios._loop import live
from simenv.scenarios.build import make_world
from simenv.users.params import ListenerParams

COOLDOWN = 30.0


def year(listeners: int, threads: int, days: int, who: ListenerParams | None = None) -> Task:
    """So many days of the experiments' loop with `popular`, births and the log of every play included."""

    def work() -> Done:
        return _lived(listeners, threads, days, who)

    _lived(50, 1, 2, who)  # compiles
    return Task(work, bytes_a_listener(lambda n: settled(n, COOLDOWN)), once=True)


def _lived(listeners: int, threads: int, days: int, who: ListenerParams | None) -> Done:
    world = make_world(listeners, TRACKS, listener=who, cooldown=COOLDOWN, threads=threads)
    setting = world.setting(SLATE, COOLDOWN)
    agent = load("popular")
    agent.begin(setting)
    for _ in live(world, agent, setting, days):
        pass
    assert world.log is not None
    return Done(len(world.log))
