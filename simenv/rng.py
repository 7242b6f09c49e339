"""Luck: random numbers that belong to events, not to the order of calls.

A draw is a pure function of a key and an event: "the skip of listener 7 in session 3 at position 2" is the
same number in every run that shares a seed, whatever else was drawn, in which order, on which thread or by
which recommender. Two agents compared under one seed therefore meet the same listeners with the same luck
(common random numbers; Klein et al., arXiv:2409.02086; Buffalo et al., arXiv:2603.11084).

Two faces of one function, equal bit for bit: `Key`, over NumPy arrays, and the scalars `fold`, `uniform`,
`exponential`, `bell` and `below` for compiled kernels. The mixer is the finaliser of SplitMix64
(Steele, Lea & Flood, OOPSLA 2014). This is the only module that may touch `np.random`.

>>> key = Key.root(7) / "listener"
>>> bool(key.uniform(3, 5) == key.uniform(np.arange(4), 5)[3])
True
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from simenv.floats import F32, f32, log32, log_array, scalar

U64 = NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX1, _MIX2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S27, _S30, _S31 = np.uint64(27), np.uint64(30), np.uint64(31)
_S16, _S32, _S41, _S48 = np.uint64(16), np.uint64(32), np.uint64(41), np.uint64(48)
_LOW16 = np.uint64(0xFFFF)
_STEP, _MIDDLE = f32(2**-23), f32(0.5)
_BELL_SCALE, _BELL_MEAN = f32(np.sqrt(3.0) / 65536.0), np.int64(2 * 65535)


def stream(name: str) -> np.uint64:
    """The number of the stream called `name`: the last part of an event, so a kernel mixes once a draw."""
    return np.uint64(int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big"))


@dataclass(frozen=True, slots=True)
class Key:
    """A place in the tree of random streams. Holds no state and never advances."""

    word: int

    @classmethod
    def root(cls, seed: int) -> Key:
        """The key of a seed (any integer)."""
        return cls(0) / str(int(seed))

    def __truediv__(self, name: str) -> Key:
        """The child called `name`: ``key / "listener" / "taste"``."""
        digest = hashlib.blake2b(name.encode(), digest_size=8, key=self.word.to_bytes(8, "big"))
        return Key(int.from_bytes(digest.digest(), "big"))

    def bits(self, *event: ArrayLike) -> U64:
        """64 random bits for each event; the integer arrays in `event` broadcast together."""
        h: U64 = np.asarray(self.word, np.uint64)
        with np.errstate(over="ignore"):  # wrapping is what a hash is made of
            for part in event:
                h = _mix_array((h + _GOLDEN) ^ (np.asarray(part).astype(np.uint64) * _GOLDEN))
        return h

    def uniform(self, *event: ArrayLike) -> F32:
        """U(0, 1), open at both ends, in steps of 2^-23."""
        return ((self.bits(*event) >> _S41).astype(f32) + _MIDDLE) * _STEP

    def exponential(self, *event: ArrayLike) -> F32:
        """Exp(1)."""
        return -log_array(self.uniform(*event))

    def bell(self, *event: ArrayLike) -> F32:
        """Mean 0, sd 1: the sum of four uniforms. A normal law to the eye, cut at 3.46 sd."""
        h = self.bits(*event)
        total = (h & _LOW16) + ((h >> _S16) & _LOW16) + ((h >> _S32) & _LOW16) + (h >> _S48)
        return (total.astype(np.int64) - _BELL_MEAN).astype(f32) * _BELL_SCALE

    def normal(self, *event: ArrayLike) -> F32:
        """N(0, 1), by the inverse of its distribution function; arrays only."""
        return special.ndtri(self.uniform(*event).astype(np.float64)).astype(f32)

    def below(self, n: ArrayLike, *event: ArrayLike) -> NDArray[np.int32]:
        """Integers in [0, n), n under 2^31; the bias, n / 2^32, is beneath notice."""
        high = self.bits(*event) >> _S32
        return ((high * np.asarray(n).astype(np.uint64)) >> _S32).astype(np.int32)

    def seed32(self) -> int:
        """A 32-bit seed for a library that insists on a generator of its own (torch, implicit)."""
        return self.word >> 32

    def generator(self) -> np.random.Generator:
        """A NumPy generator for bulk draws that no comparison is paired on."""
        return np.random.Generator(np.random.Philox(key=self.word))


def _mix_array(z: U64) -> U64:
    z = (z ^ (z >> _S30)) * _MIX1
    z = (z ^ (z >> _S27)) * _MIX2
    return z ^ (z >> _S31)


@scalar
def fold(h, part):
    """The hash `h` with one more part of the event, an integer, folded in."""
    z = (h + _GOLDEN) ^ (np.uint64(part) * _GOLDEN)
    z = (z ^ (z >> _S30)) * _MIX1
    z = (z ^ (z >> _S27)) * _MIX2
    return z ^ (z >> _S31)


@scalar
def uniform(h):
    """U(0, 1) of a finished hash."""
    return (f32(h >> _S41) + _MIDDLE) * _STEP


@scalar
def exponential(h):
    """Exp(1) of a finished hash."""
    return -log32(uniform(h))


@scalar
def bell(h):
    """Mean 0, sd 1 of a finished hash: the sum of four uniforms."""
    total = (h & _LOW16) + ((h >> _S16) & _LOW16) + ((h >> _S32) & _LOW16) + (h >> _S48)
    return f32(np.int64(total) - _BELL_MEAN) * _BELL_SCALE


@scalar
def below(n, h):
    """An integer in [0, n) of a finished hash."""
    return np.int64(((h >> _S32) * np.uint64(n)) >> _S32)
