"""Values as people write them in settings and files, and as they are inside: spans in ms, sizes in bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import tzinfo
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, core_schema

from .core.instants import in_utc
from .core.rules import DAY, HOUR, MINUTE, SECOND

PATTERN = r"^(?=[0-9])([0-9]{1,9}d)?([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?$"
UNITS = (("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND))
LONGEST = 3650 * DAY

SPOKEN_UNITS = {"en": ("d", "h", "min", "s"), "ru": ("д", "ч", "мин", "с")}
"""Days, hours, minutes, seconds, by language."""

SIZE_UNITS = (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024), ("B", 1), ("", 1))


def parse_duration(text: object) -> int:
    """Milliseconds. A number passes as milliseconds already. Raises ValueError, with the remedy."""
    if isinstance(text, int) and not isinstance(text, bool):
        return text
    match = re.fullmatch(PATTERN, text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError("must be a duration with its units, such as 90s, 10m, 1h30m or 7d")
    span = sum(int(part[:-1]) * ms for part, (_, ms) in zip(match.groups(), UNITS, strict=True) if part)
    if span > LONGEST:
        raise ValueError("must be at most 3650d")
    return span


def duration_text(ms: int) -> str:
    """The shortest form that `parse_duration` reads back: 5_400_000 is `1h30m`. Parts of a second are left out."""
    text, left = "", ms
    for unit, size in UNITS:
        count, left = divmod(left, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def local_text(at: Any, now: int, where: tzinfo) -> str:
    """The time of an instant, ms, with its date if that is not today's. Raises TypeError for what is none."""
    if not isinstance(at, int):
        raise TypeError
    local, today = (in_utc(instant).astimezone(where) for instant in (at, now))
    return f"{local:%H:%M %Z}" if local.date() == today.date() else f"{local:%Y-%m-%d %H:%M %Z}"


def span_text(ms: int, language: str) -> str:
    """`45 s`, `4 min`, `1 h 5 min`, `2 d 3 h`: what matters of a span, rounded down."""
    days, hours, minutes, seconds = SPOKEN_UNITS[language]
    if ms < 2 * MINUTE:
        return f"{ms // SECOND} {seconds}"
    if ms < HOUR:
        return f"{ms // MINUTE} {minutes}"
    if ms < DAY:
        return f"{ms // HOUR} {hours} {ms % HOUR // MINUTE} {minutes}"
    return f"{ms // DAY} {days} {ms % DAY // HOUR} {hours}"


def _positive(ms: int) -> int:
    if ms <= 0:
        raise ValueError("must be longer than 0s")
    return ms


Duration = Annotated[
    int,
    BeforeValidator(parse_duration),
    PlainSerializer(duration_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": PATTERN, "examples": ["90s", "10m", "1h30m", "7d"]}),
]
"""A span of zero or more, in ms once validated."""

Span = Annotated[Duration, AfterValidator(_positive)]
"""A span of more than zero, in ms once validated."""


def parse_size(text: object) -> int:
    """Bytes. A number passes as bytes already. Raises ValueError, with the remedy."""
    if isinstance(text, int) and not isinstance(text, bool):
        return text
    match = re.fullmatch(r"([0-9]{1,12}) ?([A-Za-z]*)", text) if isinstance(text, str) else None
    unit = dict(SIZE_UNITS).get(match[2]) if match else None
    if match is None or unit is None:
        raise ValueError("must be a size, such as 64KiB, 1MiB or 65536")
    return int(match[1]) * unit


def size_text(size: int) -> str:
    """In the largest unit that has no remainder: 65536 is `64KiB`."""
    unit, factor = next((unit, factor) for unit, factor in SIZE_UNITS if size % factor == 0)
    return f"{size // factor}{unit}"


Size = Annotated[int, BeforeValidator(parse_size), PlainSerializer(size_text, return_type=str)]
"""In bytes once validated."""


@dataclass(frozen=True, slots=True)
class Matching:
    """A text must match the pattern, else the message says what it must be. For `Annotated[str, Matching(...)]`."""

    pattern: str
    message: str

    def check(self, text: str) -> str:
        if not re.fullmatch(self.pattern, text):
            raise ValueError(self.message)
        return text

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return handler(schema) | {"pattern": self.pattern}


def clock_text(minutes: int) -> str:
    """`1260` -> `21:00`: minutes after midnight, of this day or the next."""
    return f"{minutes % 1440 // 60:02}:{minutes % 60:02}"
