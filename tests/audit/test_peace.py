"""No finding where everything is well, whatever happens to leads: the machine of the properties, and its audits."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from sla_monitor.core.rules import DAY, HOUR, MINUTE, SECOND
from tests import facts
from tests.audit.archive import Archive, Recorded, told
from tests.properties.shell import Shell
from tests.properties.test_machine import PEOPLE, SETTINGS, WHO, Machine, office

QUICK = settings(SETTINGS, max_examples=18, stateful_step_count=40)

MEMORY = Path("/dev/shm")
"""Hundreds of logs need not outlive the machine."""

SEEN: Counter[str] = Counter()
"""What was in all the logs that were audited."""


class Watched(Recorded, Shell):
    """The shell of the properties, whose log of leads is remembered."""


class Peace(Machine):
    """At any instant at which nobody stands still, an audit finds nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.shell = Watched(office(joining=self.joining))
        self._directory = TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
        self.archive = Archive(Path(self._directory.name) / "sla-data")

    @invariant()
    def everything_holds(self) -> None:
        """Left to the properties."""

    @rule(who=WHO)
    def hand_on(self, who: str) -> None:
        """A person gives a lead that runs to somebody (R16)."""
        self.assign(self._running().lead_id, who, 0, "human")

    @rule()
    def audit(self) -> None:
        """Everything that waits is done, and every timer that is due has fired."""
        self.shell.sending, self.shell.stalled = "ok", None
        self.shell.to(self.shell.now)
        report = self.archive.save(self.shell).audit(self.shell.now, grace=SECOND)
        assert told(report) == [], report.findings
        SEEN["audits"] += 1

    def teardown(self) -> None:
        with self._directory:
            self._end()

    def _end(self) -> None:
        self.audit()
        for who in PEOPLE:
            self.shell.accept(facts.status(who, "available", self.now, received=self.now))
        self.shell.to(self.now)
        spans = (MINUTE, 4 * MINUTE, 5 * MINUTE, 20 * MINUTE, HOUR, DAY, 3 * DAY, 5 * DAY, 31 * DAY)
        instants = [self.now + sum(spans[: n + 1]) for n in range(len(spans))]
        for report in self.archive.audits(instants, self._go_on, grace=SECOND):
            assert told(report) == [], report.findings
        SEEN.update(outcome.type for outcome in self.shell.outcomes)

    def _go_on(self, instant: int) -> None:
        self.shell.to(instant)
        self.archive.save(self.shell)


class Joining(Peace):
    joining = True


@pytest.mark.parametrize("machine", [Peace, Joining])
def test_nothing_is_found_where_everything_is_well(machine: Any) -> None:
    run_state_machine_as_test(machine, settings=QUICK)


KINDS = {
    *("sla.breached", "sla.breach_retracted", "sla.responded", "sla.met", "sla.held", "sla.scheduled"),
    *("lead.reassigned", "lead.unassignable", "lead.escalated", "lead.superseded", "lead.closed", "lead.joined"),
    *("lead.reopened", "lead.erased"),
}


def test_what_is_interesting_was_audited() -> None:
    """Runs after the two above."""
    assert SEEN["audits"] > 50, "run the whole file"
    assert {kind for kind in KINDS if not SEEN[kind]} == set()
