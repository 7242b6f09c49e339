"""A decision in words: who, when, what was played and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simenv.context import ACTIVITIES, COLUMNS, DEVICES

if TYPE_CHECKING:
    from simenv.crowd import Crowd

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def story(crowd: Crowd, row: int) -> str:
    """The last decision about one listener, on one line; before the first, who and when."""
    exchange = crowd.exchange
    if crowd.request is None:
        return ""
    if exchange is None:
        return f"{_who(crowd, row)}: nothing played yet"
    slate, feedback, catalogue = exchange.slate, exchange.feedback, crowd.stage.catalogue
    request = exchange.request
    time = float(request.time[row])
    hour, minute = divmod(int(time % 1 * 1440), 60)
    context = request.context[row]
    activity = ACTIVITIES[int(np.argmax(context[_starts("activity")]))]
    device = DEVICES[int(np.argmax(context[_starts("device")]))]
    parts = []
    for track, reached, seconds, skipped in zip(
        slate.tracks[row], feedback.reached[row], feedback.seconds[row], feedback.skipped[row], strict=True
    ):
        if track < 0:
            parts.append("nothing")
        elif reached:
            names = catalogue.names
            title = f"{names.track(track)} by {names.artist(catalogue.artist[track])}"
            how = "skipped" if skipped else "finished"
            parts.append(f"{title}, {how} after {seconds:.0f} of {catalogue.seconds[track]:.0f} s")
    end = "; the session is over" if feedback.left[row] else ""
    when = f"{_DAYS[int(time) % 7]} {hour:02}:{minute:02}, {activity} on {device}"
    return f"{_who(crowd, row)}: {when}: {'; '.join(parts)}{end}"


def _who(crowd: Crowd, row: int) -> str:
    return f"listener {crowd.who[row]}"


def _starts(kind: str) -> list[int]:
    return [place for place, name in enumerate(COLUMNS) if name.startswith(f"{kind}_")]
