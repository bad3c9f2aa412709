"""The kinds of value that events are made of."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

VISIBLE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$"
"""No control characters and no line separators: ids end in logs, topics and HTML."""

RFC3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})")
LEAP = re.compile(r"(.+[Tt][0-9]{2}:[0-9]{2}):60(?:\.[0-9]+)?(.*)")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST = datetime(9000, 1, 1, tzinfo=UTC) - EPOCH
PLACE = re.compile(r"https://(?:\[([^\]]*)\]|([^:/?#\[\]]*))(?::([0-9]{0,5}))?(?=[/?#]|$)")
HOST = re.compile(r"[a-z0-9_.-]+", re.IGNORECASE)
NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*", re.IGNORECASE)
LAST_PORT = 65535
LONGEST_SECONDS = 7 * 24 * 3600
LONGEST_ATTRIBUTE = 1024


def to_instant(value: object) -> int:
    """RFC 3339 with an offset -> ms since the epoch, rounded down (R3); a leap second is the next second (R32)."""
    if not isinstance(value, str):
        raise PydanticCustomError("instant", "must be a string with a date and time")
    if not RFC3339.fullmatch(value):
        raise PydanticCustomError("instant", "must be RFC 3339 with an offset, like 2026-11-22T10:00:00+03:00")
    leap = LEAP.fullmatch(value)
    try:
        since = datetime.fromisoformat((leap.expand(r"\1:59\2") if leap else value).upper()) - EPOCH
        since = timedelta(since.days, since.seconds + 1) if leap else since
    except ValueError:
        raise PydanticCustomError("instant", "is not a date and time that exists") from None
    if since.days < 0:
        raise PydanticCustomError("instant", "must not be before 1970")
    if since >= LAST:
        raise PydanticCustomError("instant", "must be before the year 9000")
    return since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000


def to_span(value: object) -> int:
    """Seconds, whole or decimal -> ms, rounded down."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("span", "must be a number of seconds")
    if not 0 <= value <= LONGEST_SECONDS:
        raise PydanticCustomError("span", f"must be between 0 and {LONGEST_SECONDS}")
    return round(value * 1_000_000) // 1000  # by way of microseconds, so that 1.001 is 1001 ms


def to_scalar(value: object) -> object:
    if isinstance(value, dict | list):
        raise PydanticCustomError("scalar", "must be a string, number, boolean or null")
    if isinstance(value, str) and len(value) > LONGEST_ATTRIBUTE:
        raise PydanticCustomError("scalar", f"must have at most {LONGEST_ATTRIBUTE} characters")
    return value


def to_place(url: str) -> str:
    """An address, of a host and a port that can be: no browser opens any other."""
    place = PLACE.match(url)
    if place is None or int(place[3] or 0) > LAST_PORT or not _is_host(place[1], place[2]):
        raise PydanticCustomError("place", "must name a host that can be, and a port up to 65535 if any")
    return url


def _is_host(v6: str | None, name: str) -> bool:
    try:
        if v6 is not None:
            return bool(IPv6Address(v6))
        plain = name.encode("idna").decode().removesuffix(".")
        if NUMERIC.fullmatch(plain.rpartition(".")[2]):
            return bool(IPv4Address(plain))
    except (AddressValueError, UnicodeError):
        return False
    return HOST.fullmatch(plain) is not None


Id = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=VISIBLE)]
LongId = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=VISIBLE)]
Uri = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=r"^[^\s\x00-\x20\x7f-\x9f]+$")]
Word = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=VISIBLE)]
Text = Annotated[str, StringConstraints(max_length=256)]
Link = Annotated[
    str,
    StringConstraints(
        max_length=1024, pattern=r"^https://[^\s/?#@\x00-\x20\x7f-\x9f]+([/?#][^\s\x00-\x20\x7f-\x9f]*)?$"
    ),
    AfterValidator(to_place),
]
"""A page of another system. Nobody is named before its host, so that it leads where it seems to."""
Number = Annotated[str, StringConstraints(max_length=64)]
Email = Annotated[str, StringConstraints(min_length=1, max_length=254)]
Instant = Annotated[int, BeforeValidator(to_instant), WithJsonSchema({"type": "string", "format": "date-time"})]
Span = Annotated[
    int,
    BeforeValidator(to_span),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": LONGEST_SECONDS}),
]
Phones = Annotated[list[Number], Field(max_length=20)]
Emails = Annotated[list[Email], Field(max_length=20)]
Words = Annotated[list[Word], Field(max_length=32)]
Scalar = Annotated[
    object,
    BeforeValidator(to_scalar),
    WithJsonSchema({"type": ["string", "number", "boolean", "null"], "maxLength": LONGEST_ATTRIBUTE}),
]
Attributes = Annotated[dict[Word, Scalar], Field(max_length=32)]
