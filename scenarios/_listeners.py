"""`--listeners-from`: a population from a file or preset, over which `--listener.x` options still win."""

from __future__ import annotations

from collections.abc import Sequence

from simenv.errors import UsageError
from simenv.users.params import ListenerParams
from simenv.users.presets import load_listeners

_OPTION = "--listeners-from"


def listeners_of(words: Sequence[str], usual: ListenerParams) -> ListenerParams:
    """What all listeners have in common before single options are looked at: of a file, or `usual`.

    Looked up before the words are parsed as a whole: the file gives the defaults of the other options.

    Args:
        words: of the command line.
        usual: what the file leaves open.

    Raises:
        UsageError: if the file or preset cannot be used, or none is named.
    """
    named = None
    for word, after in zip(words, [*words[1:], ""], strict=True):
        option, equals, value = word.partition("=")
        if option.replace("_", "-") == _OPTION:
            named = value if equals else after
            if not named or named.startswith("--"):
                raise UsageError(f"{_OPTION}: name a preset or a file of listeners")
    return usual if named is None else load_listeners(named, usual)
