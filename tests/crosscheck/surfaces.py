"""What the product says on each of its surfaces, held against the reckoning, cell by cell."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from io import StringIO
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from tests.crosscheck.promises import Promise
from tests.crosscheck.reckoning import BY, Outcome, Reckoning, clocks, decisions, holders

ABOUT = {"name", "made_at", "whole_from", "unreadable"}
"""What a line of a report has beside its key and its figures."""


class Watched(Protocol):
    """A program, or the processes of one, of which everything can be asked. env: of commands beside it."""

    env: dict[str, str]

    def get(self, path: str, **headers: str) -> Any:
        """What HTTP answers, JSON decoded."""

    def stream(self, path: str) -> AbstractContextManager[Iterable[bytes]]:
        """The lines that HTTP answers."""

    def metrics(self) -> str:
        """Of the process that decides."""

    def ledger(self) -> dict[str, int] | None:
        """The counts of the row; None where it does not lie in a file."""


def report_faults(monitor: Watched, outcomes: list[Outcome], zone: str, first: str, last: str) -> Iterator[str]:
    """`/v1/report`, which the page shows too, as JSON and CSV, and the sheets, over the days from first to last."""
    reckoning = _reckoning(outcomes, zone, first, last)
    for by in BY:
        asked = f"by={by}&from={first}&to={last}&timezone={zone}"
        rows = reckoning.rows(by)
        said = monitor.get(f"/v1/report?{asked}")
        yield from _lines(f"/v1/report?{asked}", by, said["rows"], rows)
        yield from _cells(f"/v1/report?{asked} total", said["total"], reckoning.total())
        yield from _adds_up(f"/v1/report?{asked}", [*said["rows"], said["total"]])
        told = csv.DictReader(StringIO(monitor.get(f"/v1/report?{asked}", Accept="text/csv")))
        yield from _lines(f"/v1/report?{asked} CSV", by, list(told), rows)
    yield from _sheet_faults(monitor, reckoning, f"from={first}&to={last}&timezone={zone}")


def command_faults(monitor: Watched, outcomes: list[Outcome], zone: str, first: str, last: str) -> Iterator[str]:
    """`sla-monitor report` as JSON and CSV."""
    reckoning, days = _reckoning(outcomes, zone, first, last), ("--from", first, "--to", last, "--timezone", zone)
    made = json.loads(_command(monitor, "--by", "manager", *days, "--format", "json"))
    yield from _lines("report --by manager --format json", "manager", made["rows"], reckoning.rows("manager"))
    yield from _cells("report --by manager --format json total", made["total"], reckoning.total())
    table = csv.DictReader(StringIO(_command(monitor, "--by", "team", *days, "--format", "csv")))
    yield from _lines("report --by team --format csv", "team", list(table), reckoning.rows("team"))


def _reckoning(outcomes: list[Outcome], zone: str, first: str, last: str) -> Reckoning:
    """Of the days from first to last."""
    named = ZoneInfo(zone)
    begin, end = (datetime.fromisoformat(day).replace(tzinfo=named) for day in (first, last))
    return Reckoning(outcomes, begin, end + timedelta(days=1), named)


def _command(monitor: Watched, *args: str) -> str:
    command = [sys.executable, "-m", "sla_monitor", "report", *args]
    return subprocess.run(command, env=monitor.env, capture_output=True, text=True, check=True).stdout


def _lines(where: str, by: str, said: list[dict[str, Any]], rows: dict[str, dict[str, Any]]) -> Iterator[str]:
    told = {(line[by] or "").removeprefix("'"): line for line in said}
    empty = {key for key, line in told.items() if not any(_number(v) for n, v in line.items() if n not in {by, *ABOUT})}
    for key in sorted({*told, *rows} - (empty - set(rows))):
        if key not in told:
            yield f"{where}: no line for {key!r}, which has {rows[key]}"
        else:
            figures = {name: value for name, value in told[key].items() if name not in {by, *ABOUT}}
            yield from _cells(f"{where} {key!r}", figures, rows.get(key, {}))


def _cells(where: str, said: dict[str, Any], reckoned: dict[str, Any]) -> Iterator[str]:
    for name in {*said, *reckoned}:
        found = _number(said.get(name))
        due = reckoned.get(name)
        wanted = None if name.endswith("_seconds") or name == "share_in_time" else 0
        due = wanted if due is None else due
        if name not in said:
            yield f"{where}: has no {name}; reckoned {due}"
        elif found != due and not (isinstance(due, float) and found is not None and abs(found - due) < 1e-6):
            yield f"{where}: {name} is {found}; reckoned {due}"


def _number(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    return float(cell) if cell else None


def _adds_up(where: str, lines: list[dict[str, Any]]) -> Iterator[str]:
    """received = decided + undecided + ended + joined, and what ended has its reasons."""
    for line in lines:
        parts = sum(line[name] for name in ("decided", "undecided", "ended_undecided", "joined"))
        reasons = sum(value for name, value in line.items() if name.startswith("ended_undecided_"))
        if (parts, reasons) != (line["received"], line["ended_undecided"]):
            yield f"{where}: columns do not add up in {line}"


def _sheet_faults(monitor: Watched, reckoning: Reckoning, asked: str) -> Iterator[str]:
    for manager, figures in reckoning.rows("manager").items():
        if not manager:
            continue
        page = monitor.get(f"/report/sheet?manager={manager}&language=en&{asked}")
        found = re.search(r"<td>(\d+)% \((\d+) of (\d+)\)</td>", page)
        kept, decided = figures.get("in_time", 0), figures.get("decided", 0)
        wanted = (str(kept * 100 // decided), str(kept), str(decided)) if decided else None
        if wanted is None:
            found = None if "no data" in page else found
        if (found and found.groups()) != wanted:
            yield f"sheet of {manager}: {found and found.groups()}; reckoned {wanted}"


def board_faults(monitor: Watched, outcomes: list[Outcome]) -> Iterator[str]:
    """Who holds what now, on the board and at `/v1/managers`, and today's shares in the board's stream."""
    held = holders(outcomes)
    board = monitor.get("/v1/board")
    shown = {line["lead_id"]: line["holder_id"] or "" for line in board["leads"]}
    for lead_id in sorted({*shown, *held}):
        wanted = held[lead_id].by if lead_id in held else None
        if shown.get(lead_id) != wanted:
            yield f"/v1/board: {lead_id} is held by {shown.get(lead_id)!r}; reckoned {wanted!r}"
    if board["open"] != len(held):
        yield f"/v1/board: {board['open']} open; reckoned {len(held)}"
    loads = Counter(one.by for one in held.values() if not one.escalated)  # those take nobody's capacity
    for who in monitor.get("/v1/managers")["managers"]:
        if who["open_leads"] != loads[who["manager_id"]]:
            yield f"/v1/managers: {who['manager_id']} has {who['open_leads']}; reckoned {loads[who['manager_id']]}"
    hello, people = _stream(monitor)
    zone = ZoneInfo(hello["zone"])
    now = datetime.fromtimestamp(hello["now"] / 1000, zone)
    begin = now.replace(hour=0, minute=0, second=0, microsecond=0)
    today = Reckoning(outcomes, begin, begin + timedelta(days=1), zone).rows("manager")
    for one in people:
        figures = today.get(one["manager_id"], {})
        said, reckoned = (one["in_time"], one["decided"]), (figures.get("in_time", 0), figures.get("decided", 0))
        if said != reckoned:
            yield f"board today: {one['manager_id']} has (in time, decided) {said}; reckoned {reckoned}"


def _stream(monitor: Watched) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    hello: dict[str, Any] = {}
    kind = b""
    with monitor.stream("/v1/board/stream") as stream:
        for line in stream:
            if line.startswith(b"event: "):
                kind = line[7:].strip()
            elif line.startswith(b"data: ") and kind == b"hello":
                hello = json.loads(line[6:])
            elif line.startswith(b"data: ") and kind == b"people":
                return hello, json.loads(line[6:])["managers"]
    raise AssertionError("the board's stream has ended")


def ledger_faults(monitor: Watched, outcomes: list[Outcome]) -> Iterator[str]:
    """The row, and the metric that shows it, against all decisions there ever were."""
    reckoned = decisions(outcomes)
    counts = monitor.ledger()
    if counts is not None and Counter(counts) != reckoned:
        yield f"ledger: {counts}; reckoned {dict(reckoned)}"
    page = monitor.metrics()
    for name, number in reckoned.items():
        turn, measure, outcome = name.split("/")
        shown = _metric(page, "sla_ledger_evaluations_total", turn=turn, measure=measure, outcome=outcome)
        if shown != number:
            yield f"sla_ledger_evaluations_total of {name}: {shown}; reckoned {number}"


def counter_faults(monitor: Watched, since: list[Outcome]) -> Iterator[str]:
    """Counters of a process against what was decided since it started."""
    reckoned, page = decisions(since), monitor.metrics()
    for turn in ("first", "later"):
        for measure in ("response", "contact"):
            for outcome in ("met", "breached", "retracted"):
                name, labels = "sla_evaluations_total", {"turn": turn, "measure": measure, "outcome": outcome}
                if outcome == "retracted":
                    name, labels = "sla_retractions_total", {"turn": turn, "measure": measure}
                shown = _metric(page, name, **labels)
                if shown != reckoned[f"{turn}/{measure}/{outcome}"]:
                    yield f"{name} {labels}: {shown}; reckoned {reckoned[f'{turn}/{measure}/{outcome}']}"


def _metric(page: str, name: str, **labels: str) -> float:
    """The sum of the series that have these labels."""
    lines = (line for line in page.splitlines() if line.startswith((name + "{", name + " ")))
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    return sum(float(line.rpartition(" ")[2]) for line in lines if all(label in line for label in wanted))


def promise_faults(promises: list[Promise], outcomes: list[Outcome], now: int, slack: int) -> Iterator[str]:
    """What was decided about each customer's clock, against what was sent."""
    found = {}
    for clock in sorted(clocks(outcomes), key=lambda clock: clock.cycle):
        found.setdefault(clock.lead_id, []).append(clock)
    order: Counter[str] = Counter()
    for promise in sorted(promises, key=lambda promise: promise.came):
        number, order[promise.lead_id] = order[promise.lead_id], order[promise.lead_id] + 1
        told = found.get(promise.lead_id, [])
        wanted = promise.verdict(now, slack)
        if wanted is None or promise.came > now - slack:
            continue
        if number >= len(told):
            yield f"{promise.lead_id} clock {number}: nothing was told of it; reckoned {wanted}"
            continue
        clock = told[number]
        words = {"met": "in_time", "retracted": "in_time", "breached": "late"}
        decision = clock.decision("response")
        said = words.get(decision, clock.fate)
        start = int(clock.start.timestamp() * 1000)
        if (said, start) != (wanted, promise.start):
            yield (
                f"{promise.lead_id} clock {number}: {said} from {start}; reckoned {wanted} from {promise.start}, due "
                f"{promise.due}, responses {promise.responses}, ended {promise.ended}"
            )
