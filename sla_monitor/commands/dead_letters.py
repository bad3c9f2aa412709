"""`sla-monitor dead-letters`: events that could not be used, and how to try them again."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any

import typer

from sla_monitor import codec
from sla_monitor.bootstrap import domain_clock
from sla_monitor.core.effects import Log
from sla_monitor.logs import KEYED, Logs, existing
from sla_monitor.records import Record
from sla_monitor.settings import Settings, read_settings

from .options import FINDINGS, DataDir, Json, moment, show

CHUNK = 500
"""Records appended at once."""

app = typer.Typer(help="Events that could not be used: list them, or try them again.", no_args_is_help=True)

Reason = Annotated[str | None, typer.Option(help="Only those of this reason.")]


@dataclass(frozen=True, slots=True)
class Kept:
    """A dead letter in its log. buried_at: ms."""

    offset: int
    buried_at: int
    letter: codec.DeadLetter

    @property
    def kind(self) -> str:
        """The name of the fact, without its content."""
        name = (self.letter.value or b"").partition(b" ")[0].decode("utf-8", "replace")
        return name if name.isidentifier() else "-"

    def value(self) -> dict[str, Any]:
        """Its fields as JSON. from_offset: where the record lay in its topic."""
        fields = codec.legible_letter(self.letter)
        return {
            "offset": self.offset,
            "buried_at": codec.rfc3339(self.buried_at),
            "reason": fields["reason"],
            "topic": fields["topic"],
            "from_offset": fields["offset"],
            "received_at": codec.rfc3339(self.letter.received),
            "key": fields["key"],
            "value": fields["value"],
        }

    def line(self) -> str:
        key = (self.letter.key or b"-").decode("utf-8", "replace")
        buried = moment(codec.rfc3339(self.buried_at))
        return f"{self.offset:>8}  {buried}  {self.letter.reason:<20}  {self.letter.topic:<18}  {key}  {self.kind}"


async def letters(logs: Logs, reason: str | None = None) -> AsyncIterator[Kept]:
    """Those that are kept, oldest first."""
    async for record in logs.records(Log.DEAD_LETTERS):
        letter = codec.decode_dead_letter(record.value or b"")
        if reason in (None, letter.reason):
            yield Kept(record.offset, record.timestamp, letter)


@app.command("list")
def list_(
    reason: Reason = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 100,
    data_dir: DataDir = None,
    as_json: Json = None,
) -> None:
    """List dead letters, oldest first; as JSON with the events themselves."""
    newest = asyncio.run(_newest(read_settings({"data_dir": data_dir}), reason, limit))
    lines = (kept.line() for kept in newest) if newest else ["No dead letters."]
    show(as_json, [kept.value() for kept in newest], lines)


async def _newest(settings: Settings, reason: str | None, limit: int) -> deque[Kept]:
    newest: deque[Kept] = deque(maxlen=limit)
    async with existing(settings) as logs:
        async for kept in letters(logs, reason):
            newest.append(kept)
    return newest


@app.command()
def replay(
    offsets: Annotated[list[int] | None, typer.Argument(metavar="OFFSET", help="Which, as `list` shows.")] = None,
    reason: Reason = None,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    data_dir: DataDir = None,
    as_json: Json = None,
) -> None:
    """Append the original records again to the logs they came from.

    What was applied meanwhile is known as a duplicate and changes nothing. A dead letter stays listed until its
    retention ends, replayed or not.
    """
    if sum((bool(offsets), reason is not None, every)) != 1:
        raise typer.BadParameter("name offsets, or a --reason, or --all")
    settings = read_settings({"data_dir": data_dir})
    usable, refused = asyncio.run(_replay(settings, frozenset(offsets or ()), reason))
    _report(as_json, usable, refused)


async def _replay(settings: Settings, offsets: frozenset[int], reason: str | None) -> tuple[list[Kept], dict[int, str]]:
    """(what was appended again, why the others were not). offsets: the only ones that are meant; none: all."""
    async with existing(settings) as logs:
        chosen = [kept async for kept in letters(logs, reason) if not offsets or kept.offset in offsets]
        refused = {kept.offset: why for kept in chosen if (why := unusable(logs, kept.letter))}
        refused |= dict.fromkeys(offsets - {kept.offset for kept in chosen}, "is no dead letter")
        usable = [kept for kept in chosen if kept.offset not in refused]
        await _append(logs, usable, domain_clock(settings).now())
    return usable, refused


def unusable(logs: Logs, letter: codec.DeadLetter) -> str | None:
    """Why a dead letter cannot be replayed; None if it can."""
    if letter.key is None or letter.value is None:
        return "has no data any more"
    if letter.topic not in {logs.topic(log) for log in KEYED}:
        return f"came from {letter.topic}, which is no log of this program"
    try:
        codec.decode_record(letter.value)
    except codec.Undecodable:
        return "holds no event that this version can read"
    return None


async def _append(logs: Logs, chosen: list[Kept], now: int) -> None:
    records = (Record(kept.letter.topic, kept.letter.key or b"", kept.letter.value or b"", now) for kept in chosen)
    while chunk := list(islice(records, CHUNK)):
        await logs.inbox.append(chunk)


def _report(as_json: bool | None, usable: list[Kept], refused: dict[int, str]) -> None:
    value = {
        "replayed": [kept.offset for kept in usable],
        "refused": [{"offset": offset, "reason": why} for offset, why in sorted(refused.items())],
    }
    lines = [f"{len(usable)} replayed; they stay listed until their retention ends."]
    show(as_json, value, lines + [f"{offset} {why}: not replayed" for offset, why in sorted(refused.items())])
    if refused:
        raise typer.Exit(FINDINGS)
