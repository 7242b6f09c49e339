"""Why a track is in a list, in words: what agents say of their scores, and what two tracks have in common."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from simenv.agents.base import Agent
from simenv.catalogue import Catalogue
from simenv.log import Log
from simenv.scenarios._ask_find import title_of

FALLBACKS = ({"plays by everyone"}, {"what is usual"}, {"rates", "plays by everyone"})
"""All parts of a score of agents that know nothing of a listener and show what everybody plays."""

_WORDS: Mapping[str, str] = {
    "plays by everyone": "popular with everyone",
    "plays by everyone lately": "popular lately",
    "artist": "an artist like yours",
    "taste": "your taste",
    "liked by everyone": "liked by everyone",
    "a track of their own": "a favourite of yours",
    "chance": "chance",
    "not yet settled": "",
    "days since": "",
    "usual": "",
    "listener": "",
    "plays": "you play it often",
    "everyone": "liked by everyone",
    "what is usual": "liked by everyone",
    "the track itself": "you finish it",
    "album": "its album",
    "genres": "its genres",
}
_MIXED = ("listening", "sound", "charts", "habit")  # parts of mixtures: their shares of the score tell most
_CLOSE = 0.35  # standard deviations within which two tracks are close in a feature
_TOLD = 3  # reasons


def reason(agent: Agent, listener: int, track: int, catalogue: Catalogue) -> str:
    """Why `agent` shows a track to a listener.

    What raises its score most, in words; where the agent has an explanation of its own, what that adds.
    """
    parts = agent.parts(listener, track)
    own = agent.explain(listener, track)
    usual = Agent.explain(agent, listener, track)
    more = own.removeprefix(usual) if own.startswith(usual) else own.partition(": ")[2]
    more = more.replace("(", "; ").replace(")", "").strip(" ;")
    extra = _named(more, catalogue).replace("their", "your") if own != usual else ""
    said = ("because of listener",) if "nearest" in extra else ()  # the same, neighbour by neighbour
    parts = {name: parts[name] for name in parts if name not in extra and not name.startswith(said)}
    return "; ".join(filter(None, (_told(parts, catalogue), extra))) or "no reason is known"


def common(catalogue: Catalogue, log: Log, track: int, other: int) -> str:
    """What two tracks have in common: artist, album, genres, sound, listeners."""
    said = []
    if catalogue.artist[track] == catalogue.artist[other] and _artists_known(catalogue):
        said.append("same artist")
    album = int(catalogue.album[track])
    if album == catalogue.album[other] and catalogue.names.album(album) != "unknown":
        said.append("same album")
    genres = set(catalogue.genres_of(track).tolist()) & set(catalogue.genres_of(other).tolist())
    said += ["both " + ", ".join(catalogue.names.genre(g) for g in sorted(genres))] if genres else []
    said += [f"close {name}" for name in _close(catalogue, track, other)]
    if len(log):
        heard = log.matrix()[:, [track, other]].toarray() > 0  # (n, 2)
        fans, both = int(heard[:, 0].sum()), int(heard.all(axis=1).sum())
        said += [f"played by {both} of its {fans} listeners"] if both else []
    return ", ".join(said) or "little in common that shows"


def _told(parts: Mapping[str, float], catalogue: Catalogue) -> str:
    """The parts that raise a score most, those of a kind brought together."""
    most = sorted((name for name in parts if parts[name] > 0), key=lambda name: -parts[name])
    tracks = [name for name in most if name.startswith("because of track ")][:2]
    listeners = [name.rpartition(" ")[2] for name in most if name.startswith("because of listener ")][:3]
    total = sum(parts[name] for name in most)
    said = []
    for name in most:
        if name in tracks and name == tracks[0]:
            played = [title_of(int(name.rpartition(" ")[2]), catalogue) for name in tracks]
            said.append(f"you played {' and '.join(played)}")
        elif name.startswith("because of listener ") and name.endswith(f" {listeners[0]}"):
            said.append(f"played by listeners like you ({', '.join(listeners)})")
        elif name in catalogue.features:
            said.append(f"your kind of {name}")
        elif name in _MIXED:
            said.append(f"{parts[name] / total:.0%} {name}".replace("%", " %"))
        elif not name.startswith("because of "):
            said.append(_WORDS.get(name, name.removeprefix("genre ")))
    return ", ".join([words for words in said if words][:_TOLD])


def _named(text: str, catalogue: Catalogue) -> str:
    """Text in which tracks have names."""

    def name(found: re.Match) -> str:
        track = int(found[1])
        return title_of(track, catalogue) if track < len(catalogue) else found[0]

    return re.sub(r"\btrack (\d+)\b", name, text)


def _close(catalogue: Catalogue, track: int, other: int) -> Sequence[str]:
    """Names of up to two features in which two tracks are closest, of those that tell tracks apart."""
    if not catalogue.audio.shape[1]:
        return ()
    spread = catalogue.audio.std(axis=0)
    apart = np.abs(catalogue.audio[track] - catalogue.audio[other]) / np.where(spread > 0, spread, np.inf)
    telling = [j for j, name in enumerate(catalogue.features) if spread[j] > 0 and name not in _SHARED]
    closest = sorted((j for j in telling if apart[j] < _CLOSE), key=lambda j: apart[j])[:2]
    return [catalogue.features[j] for j in closest]


_SHARED = ("instrumentalness", "liveness", "speechiness")
"""Features that are low in nearly all tracks: to be alike in them says nothing."""


def _artists_known(catalogue: Catalogue) -> bool:
    return bool(len(catalogue.features) or len(catalogue.names.artists))
