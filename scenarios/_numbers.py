"""Numbers as a report says them."""

from __future__ import annotations

import math

from simenv.scenarios._stats import Interval


def number(value: float, sign: bool = False) -> str:
    """Three digits or so, never in powers of ten.

    >>> number(12345.6), number(12.345), number(0.01234), number(float("nan"))
    ('12,346', '12.3', '0.0123', '-')
    """
    if not math.isfinite(value):
        return "-"
    size = abs(value)
    places = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3 if size >= 0.1 else 4
    return f"{value:{'+' if sign else ''},.{places}f}"


def spanned(span: Interval, sign: bool = False) -> str:
    """A mean and its interval in brackets, where there is one."""
    if not math.isfinite(span.low):
        return number(span.mean, sign)
    return f"{number(span.mean, sign)} [{number(span.low, sign)}, {number(span.high, sign)}]"
