"""The command `simenv`: its verbs, and what they print."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence

from simenv.errors import UsageError

VERBS: Mapping[str, tuple[str, str, str]] = {
    "list": ("simenv.scenarios._list", "main", "scenarios and agents"),
    "run": ("simenv.scenarios._run", "run", "run a scenario and compare its agents"),
    "report": ("simenv.scenarios._run", "report", "write the report of a run again, as far as it has got"),
    "simulate": ("simenv.scenarios._simulate", "main", "a log of plays, without an experiment"),
    "train": ("simenv.scenarios._train", "main", "a policy by reinforcement learning, for sb3(model=...)"),
    "facts": ("simenv.scenarios._facts", "main", "published facts of music listening beside our listeners"),
    "calibrate": (
        "simenv.scenarios._calibrate",
        "main",
        "listeners who do what a log, or facts, say of people",
    ),
    "evaluate": ("simenv.scenarios._evaluate", "main", "on a log of your own, which recommender is best"),
    "ask": ("simenv.scenarios._ask", "main", "what a recommender shows somebody, and why"),
    "export": ("simenv.scenarios._export", "main", "the logs of a run in the formats of other libraries"),
    "bench": ("simenv.scenarios._bench", "bench", "plays a second, on this machine"),
}
"""Every verb: the module and the function that take the words after it; what it does."""

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the verb that `arguments` begin with; say how it ended.

    Returns:
        0: all well. 1: something that it checks failed, a cell for example. 2: bad usage. 130: interrupted.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help", "help"):
        print(_help())
        return 0 if words else 2
    if words[0] == "--version":
        from importlib.metadata import version

        print(f"simenv {version('simenv-music')}")
        return 0
    try:
        return _verb(words[0])(words[1:])
    except UsageError as error:
        print(f"simenv: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("simenv: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has seen enough
        sys.stderr.close()
        return 0


def _verb(word: str) -> Callable[[Sequence[str]], int]:
    if word not in VERBS:
        from simenv.scenarios._registry import did_you_mean

        known = tuple(VERBS)
        raise UsageError(f"no verb {word!r}{did_you_mean(word, known)}\nThere are {', '.join(known)}")
    module, function, _ = VERBS[word]
    return getattr(importlib.import_module(module), function)


def _help() -> str:
    verbs = "\n".join(f"  {name:10} {about}" for name, (_, _, about) in VERBS.items())
    return (
        "usage: simenv VERB [OPTIONS]\n\n"
        "Listeners with hidden tastes, recommenders, and what becomes of both.\n\n"
        f"verbs:\n{verbs}\n\n"
        "simenv VERB --help says more; simenv --version says which simenv this is."
    )


if __name__ == "__main__":
    sys.exit(main())
