"""What people say, found: tracks by title or id, genres by name, moments of the week."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Sequence

import numpy as np

from simenv.catalogue import Catalogue
from simenv.errors import UsageError
from simenv.types import F64, I32

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_PARTS = ((5, "night"), (12, "morning"), (18, "afternoon"), (22, "evening"), (24, "night"))
_MOST = 6  # suggestions


def folded(text: str) -> str:
    """Text without case, accents and signs.

    >>> folded("Beyoncé - Don't (feat. Jay-Z)")
    'beyonce dont feat jay z'
    """
    plain = re.sub("['\u2019`]", "", unicodedata.normalize("NFKD", text.casefold()))
    return " ".join(re.findall(r"\w+", "".join(c for c in plain if not unicodedata.combining(c))))


def find_track(asked: str, catalogue: Catalogue, plays: F64) -> int:
    """The track that is called so: an id, a title, or a title and its artist in any order.

    Of tracks with the same title and artist, the one played most, then the first.

    Args:
        asked: what was typed.
        catalogue: where to look.
        plays: (T,) of each track.

    Raises:
        UsageError: if there is none, or several artists have one; it names those that come near.
    """
    names = catalogue.names
    if asked in (ids := list(names.ids)):
        return ids.index(asked)
    if not ids and asked.isdecimal() and int(asked) < len(catalogue):
        return int(asked)
    titles = [folded(names.track(i)) for i in range(len(catalogue))]
    artists = [folded(names.artist(a)) for a in catalogue.artist.tolist()]
    want = folded(asked)
    found = [i for i, title in enumerate(titles) if title == want]
    if not found:
        both = [{f"{t} {a}", f"{t} by {a}", f"{a} {t}"} for t, a in zip(titles, artists, strict=True)]
        found = [i for i, ways in enumerate(both) if want in ways]
    if len({artists[i] for i in found}) > 1:
        some = "\n".join(f"  {title_of(i, catalogue)}" for i in _first_of_each(found, artists)[:_MOST])
        raise UsageError(f"several artists have a track called {asked!r}: say which one, such as\n{some}")
    if found:
        return max(found, key=lambda i: (plays[i], -i))
    near = [i for i, title in enumerate(titles) if want and want in title]
    if len(near) < _MOST:
        close = difflib.get_close_matches(want, sorted(set(titles)), _MOST, 0.7)
        near += [i for title in close for i, own in enumerate(titles) if own == title]
    named = list(dict.fromkeys(title_of(i, catalogue) for i in near))[:_MOST]
    hint = "; did you mean\n" + "\n".join(f"  {name}" for name in named) if named else ""
    raise UsageError(f"no track called {asked!r} among {len(catalogue):,}{hint}")


def find_genres(asked: Sequence[str], catalogue: Catalogue) -> list[int]:
    """Numbers of the genres that are called so.

    Raises:
        UsageError: if the catalogue has no such genre.
    """
    known = [catalogue.names.genre(g) for g in range(catalogue.n_genres)]
    plain = [folded(name) for name in known]
    found = []
    for name in asked:
        if folded(name) not in plain:
            close = difflib.get_close_matches(folded(name), plain, 1)
            meant = f"; did you mean {known[plain.index(close[0])]!r}?" if close else ""
            there = f"\nThere are {', '.join(known)}" if known else ": nothing is known of genres here"
            raise UsageError(f"no genre called {name!r}{meant}{there}")
        found.append(plain.index(folded(name)))
    return found


def of_genres(genres: Sequence[int], catalogue: Catalogue, plays: F64, most: int) -> I32:
    """Of each genre up to `most` of its tracks, those played most first, then by number; each once."""
    matrix = catalogue.genre_matrix().tocsc()
    chosen: list[int] = []
    for genre in genres:
        tracks = np.sort(matrix[:, [genre]].nonzero()[0])
        chosen += tracks[np.argsort(-plays[tracks], kind="stable")][:most].tolist()
    return np.array(list(dict.fromkeys(chosen)), np.int32)


def moment(text: str, now: float) -> tuple[float, str]:
    """The first such moment from `now` on, in days, and its name.

    It is a weekday, an hour or both: `Friday 22:00`, `Fri 22`, `22:00`, `Friday`. A day without an hour means
    its noon.

    >>> moment("fri 22", 0.0)
    (4.916666666666667, 'Friday 22:00, Friday night')

    Raises:
        UsageError: if it is none.
    """
    said = re.fullmatch(r"\s*([^\W\d]+)?\.?\s*(?:(\d{1,2})(?:[:.h](\d\d))?)?\s*", text)
    name, hour, minute = said.groups() if said else (None, None, None)
    days = [
        i for i, day in enumerate(WEEKDAYS) if name and len(name) > 1 and day.lower().startswith(name.lower())
    ]
    clock = int(hour or 12) + int(minute or 0) / 60
    if not (name or hour) or (name and len(days) != 1) or clock >= 24 or int(minute or 0) > 59:
        raise UsageError(f"--at {text!r}: expected a weekday, an hour or both, such as 'Friday 22:00'")
    date = int(now)
    while date + clock / 24 < now or (days and date % 7 != days[0]):
        date += 1
    day = WEEKDAYS[date % 7]
    part = next(word for end, word in _PARTS if clock < end)
    return date + clock / 24, f"{day} {int(clock):02}:{int(minute or 0):02}, {day} {part}"


def title_of(track: int, catalogue: Catalogue) -> str:
    """A track and its artist; its title alone where nothing is known of artists."""
    names = catalogue.names
    artist = names.artist(int(catalogue.artist[track]))
    known = len(names.artists) or not len(names.tracks)
    return f"{names.track(track)} by {artist}" if known else names.track(track)


def _first_of_each(found: Sequence[int], artists: Sequence[str]) -> list[int]:
    return list({artists[i]: i for i in reversed(found)}.values())[::-1]
