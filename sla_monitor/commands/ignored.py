"""`sla-monitor ignored`: a sample of the events that had no effect, or less than was meant."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import asdict

import typer

from sla_monitor.codec import rfc3339
from sla_monitor.core.effects import Log
from sla_monitor.core.events import Noticed
from sla_monitor.logs import existing
from sla_monitor.noted import KEY, read_noted
from sla_monitor.settings import Settings, read_settings

from .options import FINDINGS, DataDir, Json, moment, show

MEANT: Mapping[str, str] = {
    "bad_number": "a number that cannot be one, or lacks its country: `sources.{source}.default_region`, "
    "or `international_without_plus`",
    "own_number": "a lead with a number of the company or of a manager, which is left out: it is no customer's",
    "withheld_number": "a lead in which a word stands where its number should be: nothing to do, unless there was one",
    "no_lead_no_number": "a call or contact with neither a lead nor a usable number: nobody's",
    "unknown_manager": "nobody of the roster: `managers.ID.ids.{source}`",
    "unknown_owner": "nobody of the roster, so the lead counts as unowned: `managers.ID.ids.{source}`",
    "conflict": "an `id` of this `source` that came before with other data: the first stands; send a new `id`",
}
"""What each reason means, and what to write into the policy."""


def ignored(data_dir: DataDir = None, as_json: Json = None) -> None:
    """Show events that were accepted and then had no effect, or less than was meant; a few of each source and kind.

    Without personal data: the event is named by its `source` and `id`. Exit code 1 if there are any.
    """
    samples = asyncio.run(_read(read_settings({"data_dir": data_dir})))
    show(as_json, [_value(sample) for sample in samples], _lines(samples))
    if samples:
        raise typer.Exit(FINDINGS)


async def _read(settings: Settings) -> list[Noticed]:
    async with existing(settings, [Log.DESK], [KEY]) as logs:
        return (await read_noted(logs.reader, logs.topic(Log.DESK))).samples


def _value(sample: Noticed) -> dict[str, str]:
    return asdict(sample) | {"at": rfc3339(sample.at), "remedy": _meant(sample)}


def _lines(samples: list[Noticed]) -> Iterator[str]:
    if not samples:
        yield "Nothing has been ignored."
    for sample in samples:
        who = f", {sample.who}" if sample.who else ""
        yield f"{moment(rfc3339(sample.at))}  {sample.source}  {sample.kind} {sample.uri} {sample.id}"
        yield f"    {sample.reason}{who}: {_meant(sample)}"


def _meant(sample: Noticed) -> str:
    return MEANT.get(sample.reason, sample.reason).format(source=sample.source)
