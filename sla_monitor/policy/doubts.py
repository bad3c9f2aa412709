"""What a policy file says that is most likely not meant: no mistakes, but warnings of `sla-monitor check`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from sla_monitor.documents import parse, read_text, validate
from sla_monitor.errors import Problem

from .hours import regional_holidays
from .model import PolicyFile

REGION = "has no default_region: numbers without a country code match nothing; name its country, such as RU"


def doubts(path: Path, today: date) -> list[Problem]:
    """Of a policy file that has no mistakes."""
    document = parse(read_text(path), str(path))
    file, _ = validate(document, PolicyFile)
    found = (*_holidays(file, today), *_regions(file))
    return [document.problem(keys, message) for keys, message in found]


def _holidays(file: PolicyFile, today: date) -> Iterator[tuple[tuple[str, ...], str]]:
    """A calendar of a whole country, most of whose regions are closed on days that it does not know."""
    for name, calendar in file.calendars.items():
        days = calendar.holidays
        if days is None or days.subdiv:
            continue
        missing = regional_holidays(days.country, today)
        if missing:
            day, what = missing[0]
            message = (
                f"leave out {len(missing)} days on which most of {days.country} is closed, such as {day} ({what}); "
                "name a `subdiv`, or list them in `dates`"
            )
            yield ("calendars", name, "holidays"), message


def _regions(file: PolicyFile) -> Iterator[tuple[tuple[str, ...], str]]:
    for name, source in file.sources.items():
        if source.default_region is None and not source.international_without_plus:
            yield ("sources", name), REGION
