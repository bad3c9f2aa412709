"""One phone, several spellings: the key under which everything about a number comes together (R24)."""

from __future__ import annotations

import re

_SPELLINGS = {
    "+22": (re.compile(r"\+229([0-9]{8})"), r"+22901\1"),
    "+52": (re.compile(r"\+521([0-9]{10})"), r"+52\1"),
    "+54": (re.compile(r"\+549([0-9]{10})"), r"+54\1"),
    "+55": (re.compile(r"\+55([0-9]{2})([6-9][0-9]{7})"), r"+55\g<1>9\2"),
}
"""Benin: the 01 that all numbers got in 2024. Mexico: the 1 that mobiles had until 2019 and messengers still write.
Argentina: the 9 of mobiles, which only callers from abroad dial. Brazil: the ninth digit, which mobiles got until 2016
and old records have not."""


def key(number: str) -> str:
    """The same for all spellings of one E.164 number."""
    pattern, modern = _SPELLINGS.get(number[:3], (None, ""))
    spelled = pattern.fullmatch(number) if pattern else None
    return spelled.expand(modern) if spelled else number
