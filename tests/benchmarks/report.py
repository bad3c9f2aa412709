"""What a report takes: `python -m tests.benchmarks.report [outcomes ...]`

60 days of outcomes as the core publishes them, five or six a lead, one lead in five breached; then the command, in a
process of its own, for a week and for all 60 days: seconds of the wall and of the processor, and the most memory.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import perf_counter

from sla_monitor.codec import encode_outcome
from sla_monitor.core.effects import Publish
from sla_monitor.core.rules import DAY, MINUTE
from sla_monitor.logs import Embedded
from sla_monitor.records import Record
from tests.benchmarks.running import append, directory, machine, say, settings

FIRST = 1_790_812_800_000
"""2026-10-01, UTC."""

DAYS = 60
A_LEAD = 5.6
"""Outcomes, on average."""

ALL = ("--from", "2026-10-01", "--to", "2026-11-29")
WEEK = ("--week", "2026-W42")

PEOPLE = [f"manager-{number:02}" for number in range(20)]


def story(number: int, start: int) -> Iterator[Publish]:
    """Everything that is published of a lead."""
    lead_id, holder, other = f"crm:{number:09}", PEOPLE[number % 20], PEOPLE[(number + 7) % 20]
    clock = {"started_at": start, "team_id": "sales", "policy": "default"}
    due = start + 10 * MINUTE
    candidates = [{"manager_id": who, "passed_over": "behind"} for who in PEOPLE[:5]]

    def publish(kind: str, at: int, turn: int = 1, /, qualifier: str = "", **data: object) -> Publish:
        return Publish(type=kind, lead_id=lead_id, turn=turn, at=at, qualifier=qualifier, data=clock | data)

    given = {"to": holder, "reason": "assigned", "due_at": due, "source": "web", "candidates": candidates}
    yield publish("lead.assigned", start, **given)
    late, at = number % 5 == 0, start + (number % 9) * MINUTE
    decision = {"measure": "response", "evaluated": "first", "due_at": due, "holder_id": holder, "source": "web"}
    if late:
        at = due + MINUTE
        yield publish("sla.warning", start + 6 * MINUTE, qualifier="60", share=60, due_at=due, holder_id=holder)
        yield publish("sla.breached", due, qualifier="response", confidence="full", asked_at=due, **decision)
        changed = {"from": holder, "to": other, "reason": "no_response", "due_at": due, "source": "web"}
        yield publish("lead.reassigned", due, 2, candidates=candidates, **changed)
    for kind in ("attempt", "contact"):
        spent = (at - start) / 1000
        yield publish("call.credited", at, qualifier=kind, kind=kind, response_at=at, by=holder, open_seconds=spent)
    if late:
        yield publish("sla.responded", at, due_at=due, response_at=at, by=other, source="web")
    else:
        yield publish("sla.met", at, qualifier="response", response_at=at, by=holder, **decision)
    yield publish("lead.closed", at + 60 * MINUTE, reason="converted", responded=True, holder_id=holder, source="web")


def records(count: int) -> list[Record]:
    leads = round(count / A_LEAD)
    made = (outcome for n in range(leads) for outcome in story(n, FIRST + n * DAYS * DAY // leads))
    return [Record("sla.outcomes", o.lead_id.encode(), encode_outcome(o), o.at) for o in made]


COMMAND = """
import atexit, re, sys
from pathlib import Path
from sla_monitor.cli import main
peak = lambda: re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
atexit.register(lambda: sys.stderr.write(peak()))
main()
"""
"""The command, which says at its end how much memory it had, KiB; what its parent had is not in it."""


def measure(path: Path, *period: str) -> tuple[float, float, float]:
    """(seconds, seconds of the processor, MiB)"""
    began, before = perf_counter(), os.times()
    line = [sys.executable, "-c", COMMAND, "report", "--data-dir", str(path), *period]
    done = subprocess.run(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return perf_counter() - began, cpu, int(done.stderr) / 1024


def main(*counts: int) -> None:
    for count in counts or (1_000_000,):
        with directory() as path:
            prepared = records(count)
            with closing(Embedded.open(settings(path))) as embedded:
                asyncio.run(append(embedded, prepared))
            sys.stdout.write(f"{machine()}; {len(prepared):,} outcomes\n")
            prepared.clear()
            for name, period in (("a week", WEEK), ("60 days", ALL)):
                seconds, cpu, memory = measure(path, *period)
                for unit, value in (("s", seconds), ("s of the processor", cpu), ("MiB", memory)):
                    say(f"{name}, {unit}", [value])


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
