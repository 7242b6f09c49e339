"""The loop that every experiment runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from simenv.agents.base import Agent
from simenv.scenarios.metrics.base import Metric, Start
from simenv.types import Setting
from simenv.world import World


def live(
    world: World,
    agent: Agent,
    setting: Setting,
    days: int,
    metrics: Sequence[Metric] = (),
    another: Callable[[], Agent | None] = lambda: None,
    logger: Callable[[], Agent | None] = lambda: None,
) -> Iterator[dict[str, float]]:
    """Let `agent`, which has begun, serve `world` for `days` days; yield what the metrics say of each.

    Args:
        world: warmed up.
        agent: who serves.
        setting: that it has begun with.
        days: that it serves.
        metrics: that watch.
        another: makes a new agent like it, for metrics that try it on a log; None if no log could teach it.
        logger: makes the agent that writes a log for off-policy work; None if none does.
    """
    log = world.log
    assert log is not None, "an experiment keeps every play"
    for metric in metrics:
        start = Start(setting, log, world.truth, world.today, another, logger, world.copy, days)
        metric.begin(start)
    agent.fit(log)
    for day in range(days):
        while (request := world.waiting()) is not None:  # who opens the app before midnight, a wave at a time
            slate = agent.recommend(request)
            exchange = world.play(slate)  # hidden state moves on
            agent.update(exchange)  # online learners learn here
            for metric in metrics:
                metric.see(exchange, world.truth)
        news = world.turn()  # organic plays, late likes, charts, releases
        agent.hear(news)
        yield {name: value for metric in metrics for name, value in metric.day(news, world.truth).items()}
        if agent.fit_every and (day + 1) % agent.fit_every == 0:
            agent.fit(log)  # batch learners retrain here: the feedback loop
