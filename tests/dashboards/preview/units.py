"""Numbers as a dashboard writes them, near enough to judge it by."""

from __future__ import annotations

import time
from collections.abc import Callable


def plain(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.3g}"


def short(value: float) -> str:
    return _scaled(value, 1000, ("", " K", " Mil", " Bil"))


def size(value: float) -> str:
    return _scaled(value, 1024, (" B", " KiB", " MiB", " GiB"))


def duration(value: float) -> str:
    for unit, seconds in (("day", 86400), ("hour", 3600), ("min", 60), ("s", 1), ("ms", 0.001)):
        if abs(value) >= seconds:
            return f"{plain(round(value / seconds, 2))} {unit}"
    return "0 s" if value == 0 else f"{value * 1e6:.0f} µs"


def _scaled(value: float, base: int, names: tuple[str, ...]) -> str:
    power = 0
    while abs(value) >= base and power < len(names) - 1:
        value, power = value / base, power + 1
    return plain(round(value, 1)) + names[power]


def written(unit: str, value: float, decimals: int | None = None) -> str:
    """decimals: of the number in its unit, if it is not scaled."""
    return UNITS[unit](value if decimals is None or unit == "percentunit" else round(value, decimals))


UNITS: dict[str, Callable[[float], str]] = {
    "none": plain,
    "short": short,
    "percentunit": lambda value: f"{100 * value:.1f}%",
    "s": duration,
    "bytes": size,
    "cpm": lambda value: f"{plain(round(value, 2))} c/m",
    "cps": lambda value: f"{plain(round(value, 2))} c/s",
    "reqps": lambda value: f"{plain(round(value, 2))} req/s",
    "dateTimeFromNow": lambda value: f"{duration(time.time() - value / 1000)} ago",
}
"""Only those that the dashboards use: another one fails."""
