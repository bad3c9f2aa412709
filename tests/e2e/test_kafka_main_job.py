"""The main job on a real Kafka: foreign producers, several workers, one of which dies."""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sla_monitor.wire.values import to_instant
from tests.e2e.kafka_installation import Installation
from tests.e2e.process import ALLOWANCE, event

LEADS = [f"L{n}" for n in range(24)]
ANSWERED = LEADS[::3]
TARGET = 600_000


@pytest.fixture
def installation(kafka: str, tmp_path: Path):
    made = Installation(tmp_path, kafka)
    yield made
    made.end_all()


def is_first(outcome: dict[str, Any], kind: str) -> bool:
    return outcome["type"] == f"{kind}.v1" and outcome["data"]["turn"] == 1


def test_a_worker_without_topics_names_the_command_that_makes_them(installation: Installation):
    refused = installation.command("worker")
    assert refused.returncode == 2
    assert "sla-monitor topics apply" in refused.stderr


def test_topics_are_made_once_and_found_right(installation: Installation):
    assert installation.command("topics", "check").returncode == 1
    assert installation.command("topics", "apply").returncode == 0
    assert '"made": []' in installation.command("topics", "apply", "--json").stdout
    assert installation.command("topics", "check").returncode == 0


def test_a_partition_count_is_never_changed_in_place(installation: Installation):
    installation.command("topics", "apply")
    installation.env["SLA_KAFKA_PARTITIONS"] = "4"
    refused = installation.command("topics", "apply")
    assert refused.returncode == 2
    assert "keys would move" in refused.stderr


async def test_every_lead_is_decided_once_though_a_worker_is_killed_and_another_leaves(installation: Installation):
    assert installation.command("topics", "apply").returncode == 0
    victim = installation.start_worker()
    leaver = installation.start_worker()
    start = installation.clock.now()
    await installation.send(
        "leads", [event("lead.created.v1", start, lead_id=lead, owner_id="anna", phones=[]) for lead in LEADS]
    )
    seen: list[dict[str, Any]] = []
    async with installation.outcomes() as outcomes:
        async for outcome in outcomes:
            seen.append(outcome)
            if sum(is_first(o, "lead.assigned") for o in seen) == len(LEADS):
                break
        assert [worker.poll() for worker in installation.workers] == [None, None], "sharing partitions ends nobody"
        installation.end(victim, signal.SIGKILL)
        answers = [
            event("contact.recorded.v1", start + 60_000, lead_id=lead, kind="message", manager_id="anna")
            for lead in ANSWERED
        ]
        await installation.send("calls", answers)
        installation.start_worker()
        async for outcome in outcomes:
            seen.append(outcome)
            if sum(is_first(o, "sla.breached") for o in seen) == 1:
                assert installation.end(leaver, signal.SIGTERM) == 0
            if decided(seen) == set(LEADS):
                break
    check(seen, start)


def decided(seen: list[dict[str, Any]]) -> set[str]:
    """Leads whose first turn has been evaluated; on a partition that nobody has for a while it comes later."""
    return {o["data"]["lead_id"] for o in seen if is_first(o, "sla.breached") or is_first(o, "sla.met")}


def check(seen: list[dict[str, Any]], start: int) -> None:
    assert [name for name, times in Counter(outcome["id"] for outcome in seen).items() if times > 1] == []
    met = {outcome["data"]["lead_id"] for outcome in seen if outcome["type"] == "sla.met.v1"}
    breached = [outcome for outcome in seen if is_first(outcome, "sla.breached")]
    assert {outcome["data"]["lead_id"] for outcome in breached} == set(LEADS) - set(ANSWERED)
    assert met == set(ANSWERED)
    assert min(to_instant(outcome["time"]) for outcome in breached) >= start + TARGET + ALLOWANCE
