"""Compiled drivers kept on disk between runs, and compiled anew when any source they inline has changed.

Numba's own disk cache looks only at the file of the cached function: after an edit of something that it
inlines a stale kernel would be loaded. So each set of sources gets a cache folder of its own, named by their
hash.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numba
import numpy as np


def cache_folder(sources: Iterable[Path]) -> Path:
    """Where kernels made of `sources` are kept: the user's cache, or a temporary folder if it is locked."""
    h = hashlib.blake2b(f"{numba.__version__} {np.__version__}".encode(), digest_size=8)
    for path in sorted(sources):
        h.update(path.read_bytes())
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    for base in (home, Path(tempfile.gettempdir()) / f"cache-{os.getuid()}"):
        folder = base / "simenv" / h.hexdigest()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return Path(tempfile.mkdtemp(prefix="simenv-"))


def driver(sources: Iterable[Path]) -> Callable[[Callable[..., Any]], Any]:
    """Decorates a loop over listeners: compiled without the GIL, cached under the hash of `sources`."""
    folder = str(cache_folder(sources))

    def decorate(function: Callable[..., Any]) -> Any:
        before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, folder
        try:
            compiler = numba.njit(nogil=True, cache=True, error_model="numpy", boundscheck=False, _nrt=False)
            return compiler(function)
        finally:
            numba.config.CACHE_DIR = before

    return decorate
