"""What the metrics say was decided is what was published, through a kill -9 in the middle."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from tests.e2e.process import Monitor, event

LEADS = [f"L{n}" for n in range(30)]
KINDS = {"sla.met.v1": "met", "sla.breached.v1": "breached", "sla.breach_retracted.v1": "retracted"}


def published(m: Monitor) -> Counter[tuple[str, str]]:
    """(turn, outcome) of each decision that is in the log of outcomes."""
    outcomes = [json.loads(value) for _, value in m.records("outcomes")]
    return Counter((o["data"]["evaluated"], KINDS[o["type"]]) for o in outcomes if o["type"] in KINDS)


def counted(m: Monitor) -> Counter[tuple[str, str]]:
    """The same, as the ledger shows it."""
    name, told = "sla_ledger_evaluations_total", Counter()
    for turn in ("first", "later"):
        for outcome in KINDS.values():
            told[turn, outcome] = int(m.metric(name, turn=turn, outcome=outcome))
    return +told


def test_the_ledger_counts_what_was_published_though_the_process_is_killed_in_the_middle(tmp_path: Path):
    with Monitor(tmp_path) as m:
        at = m.clock.now()
        assert (
            m.post_all(event("lead.created.v1", at, lead_id=lead, owner_id="anna", phones=[]) for lead in LEADS) == 202
        )
        said = {"kind": "message", "manager_id": "anna"}
        answers = [event("contact.recorded.v1", at, lead_id=lead, **said) for lead in LEADS[::3]]
        assert m.post_all(answers) == 202
        m.wait_for("sla.met", LEADS[0])
        m.kill()
        m.start()
        m.wait_for("sla.breached", LEADS[1])
        m.kill()
        m.start()
        for lead in LEADS:
            if lead not in LEADS[::3]:
                m.wait_for("lead.unassignable", lead)
        by_process = m.metric("sla_evaluations_total", turn="first")
        decided, ledger = published(m), counted(m)

    assert decided["first", "met"] == len(LEADS[::3])
    assert decided["first", "breached"] == len(LEADS) - len(LEADS[::3])
    assert ledger == decided
    assert by_process < decided["first", "met"] + decided["first", "breached"]  # a process begins at 0
