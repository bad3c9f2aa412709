"""The fault run: kill -9 at random moments under load, then compare every lead with what had to become of it.

    python -m tests.e2e.kill_run --leads 2000 --kills 30 --seed 1

takes three to four minutes, prints what it found, and exits 1 if anything is wrong. The seed fixes the leads, what
happens to them and the moments of the kills; the machine decides what the process was doing just then. Every other
request goes to `sla-monitor web` beside it, which lives on and accepts events while nobody decides.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from itertools import cycle, islice
from pathlib import Path
from random import Random
from typing import Any

from sla_monitor.clock import WallClock
from sla_monitor.core.rules import MINUTE
from tests.e2e.expectation import Outcome, faults, final_status, kind_of
from tests.e2e.plan import POLICY, TARGET, Planned, make_plan
from tests.e2e.process import Monitor, event

BATCH = 200
"""Events in one request; a kill in the middle of it leaves all of them unknown."""

LAST = "the-last"
"""A lead created when all is fed: nothing more is to come when its story is over."""


@dataclass(frozen=True, slots=True)
class Run:
    """seconds: real time over which leads come in; kills go on until their stories end."""

    leads: int = 2000
    kills: int = 30
    seed: int = 1
    speed: float = 60
    seconds: float = 80

    @property
    def span(self) -> int:
        """The same in ms of the domain."""
        return int(self.seconds * 1000 * self.speed)

    def pauses(self) -> Iterator[float]:
        """Real seconds for which the process may live before each kill; some do not let it open its partitions."""
        rng = Random(f"kills {self.seed}")
        total = self.seconds + 3 * TARGET / self.speed / 1000
        for _ in range(self.kills):
            yield rng.uniform(0, 2 * (total / self.kills - 1)) if total > self.kills else rng.uniform(0, 1)


class Feeder(threading.Thread):
    """Sends what has happened, to one door after the other, and again with the same ids until it hears 202."""

    def __init__(self, doors: Sequence[Monitor], plan: list[Planned], origin: int, clock: WallClock) -> None:
        super().__init__(name="feeder", daemon=True)
        self.accepted: dict[str, int] = {}
        self.resent = 0
        self.failure: BaseException | None = None
        self._doors, self._clock = cycle(doors), clock
        sends = [send for lead in plan for send in lead.events(origin)]
        self._queue = sorted(sends, key=lambda send: (send[0], send[1]["id"]))

    def run(self) -> None:
        try:
            while self._queue:
                now = self._clock.now()
                ready = [event for at, event in self._queue[:BATCH] if at <= now]
                del self._queue[: len(ready)]
                if ready:
                    self.send(ready)
                time.sleep(0.02)
            self.send([event("lead.created.v1", self._clock.now(), LAST, lead_id=LAST)])
        except BaseException as failure:
            self.failure = failure
            raise

    def send(self, events: list[dict[str, Any]]) -> None:
        while (status := self._try(events)) != 202:
            assert status in (None, 429, 503), status
            self.resent += 1
            time.sleep(0.05)
        now = self._clock.now()
        self.accepted.update((sent["id"], now) for sent in events)

    def _try(self, events: list[dict[str, Any]]) -> int | None:
        """The status; None when nobody answered."""
        try:
            return next(self._doors).post_all(events)
        except (OSError, HTTPException):
            return None


@dataclass(slots=True)
class Report:
    kills: int = 0
    resent: int = 0
    outcomes: int = 0
    seconds: float = 0.0
    kinds: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        kinds = ", ".join(f"{kind} {n}" for kind, n in sorted(self.kinds.items()))
        head = (
            f"{self.kills} kills, {self.resent} requests sent again, {self.outcomes} outcomes in {self.seconds:.0f} s"
        )
        return "\n".join([head, kinds, f"{len(self.faults)} faults", *self.faults[:50]])


def run(directory: Path, how: Run) -> Report:
    """Feed, kill, restart; then judge."""
    began = time.monotonic()
    directory.mkdir(parents=True, exist_ok=True)
    plan = make_plan(how.leads, how.span, how.seed)
    report = Report()
    web = Monitor(directory, POLICY, speed=how.speed, command="web")
    with Monitor(directory, POLICY, speed=how.speed) as m, web:
        origin = m.clock.now()
        feeder = Feeder((m, web), plan, origin, m.clock)
        feeder.start()
        for pause in how.pauses():
            time.sleep(pause)
            m.kill()
            report.kills += 1
            m.start()
        feeder.join()
        assert feeder.failure is None, feeder.failure
        outcomes = list(until_all_is_over(m, plan))
        report.faults += faults(plan, origin, feeder.accepted, (o for o in outcomes if o["subject"] != LAST))
        report.faults += views(m, plan)
        report.faults += [f"a dead letter: {value.decode()}" for _, value in m.records("dead-letters")]
        report.faults += m.audit()
    report.resent, report.outcomes = feeder.resent, len(outcomes)
    report.kinds.update(map(kind_of, outcomes))
    report.seconds = time.monotonic() - began
    return report


def until_all_is_over(m: Monitor, plan: list[Planned]) -> Iterator[Outcome]:
    """Every outcome, when whoever must be escalated is, and so is the last lead."""
    waiting = {LAST} | {lead.lead_id for lead in plan if final_status(lead) == "escalated"}
    m.wait_for("lead.assigned", LAST)
    m.until(m.clock.now() + 2 * TARGET)
    with m.outcomes() as stream:
        for outcome in stream:
            if kind_of(outcome) == "lead.escalated":
                waiting.discard(outcome["subject"])
            if not waiting:
                break
    assert not waiting, f"not escalated {sorted(waiting)}"
    m.until(m.clock.now() + MINUTE)
    with m.outcomes() as stream:
        yield from islice(stream, len(m.records("outcomes")))


def views(m: Monitor, plan: list[Planned]) -> Iterator[str]:
    for lead in plan:
        status = m.lead(lead.lead_id)["status"]
        if status != final_status(lead):
            yield f"{lead.lead_id} ({lead.fate}) is {status}, not {final_status(lead)}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    usual = Run()
    for name in ("leads", "kills", "seed"):
        parser.add_argument(f"--{name}", type=int, default=getattr(usual, name))
    for name in ("speed", "seconds"):
        parser.add_argument(f"--{name}", type=float, default=getattr(usual, name))
    parser.add_argument("--keep", type=Path, help="a directory for the data, which is kept")
    said = vars(parser.parse_args())
    keep = said.pop("keep")
    with tempfile.TemporaryDirectory() as directory:
        report = run(keep or Path(directory), Run(**said))
    print(report)
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
