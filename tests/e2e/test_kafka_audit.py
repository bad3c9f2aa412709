"""`sla-monitor audit` on a real Kafka: nothing beside workers that decide, and each fault that is planted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiokafka
import pytest

from sla_monitor import codec
from sla_monitor.core.rules import MINUTE
from sla_monitor.stream.placement import partition_of
from tests import facts
from tests.e2e.kafka_clients import read_all
from tests.e2e.kafka_installation import Installation
from tests.e2e.process import event

LEADS = [f"L{n}" for n in range(24)]
ANSWERED = set(LEADS[::3])
PARTITIONS = 3


@pytest.fixture
def installation(kafka: str, tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path, kafka, partitions=PARTITIONS)
    yield made
    made.end_all()


def decided(outcome: dict[str, Any]) -> str:
    """The lead, when this says what became of its first turn: somebody else has it, or it was answered."""
    ends = outcome["type"] in {"lead.reassigned.v1", "sla.met.v1"}
    return str(outcome["subject"]) if ends else ""


async def test_an_audit_finds_nothing_but_what_was_planted(installation: Installation) -> None:
    assert installation.command("topics", "apply").returncode == 0
    worker = installation.start_worker()
    start = installation.clock.now()
    await installation.send(
        "leads", [event("lead.created.v1", start, lead_id=lead, owner_id="anna", phones=[]) for lead in LEADS]
    )
    calls = {"kind": "message", "manager_id": "anna"}
    await installation.send(
        "calls", [event("contact.recorded.v1", start + MINUTE, lead_id=lead, **calls) for lead in ANSWERED]
    )
    left = set(LEADS)
    async with installation.outcomes() as outcomes:
        async for outcome in outcomes:
            left.discard(decided(outcome))
            if not left:
                break
    assert await asyncio.to_thread(installation.audit) == []

    installation.end(worker)
    await plant(installation)
    await asyncio.sleep(2)
    lines = await asyncio.to_thread(installation.audit, "--grace", "1s")
    found = {line.partition(":")[0] for line in lines}
    overdue = {name for name in found if name.startswith("overdue_without_breach")}  # nobody decides any more
    assert found - overdue == {"lost_lead lost", f"doubled_outcome {min(ANSWERED)}", "ledger_differs None"}


async def plant(installation: Installation) -> None:
    """One lead that nobody comes to, and an outcome that comes twice."""
    outcomes = await read_all(installation.servers, installation.prefix + "outcomes")
    key = min(ANSWERED).encode()
    doubled = next(value for at, value in outcomes if at == key and b"sla.met" in (value or b""))
    now = installation.clock.now()
    lost = codec.encode_record(facts.lead("lost", now))
    async with aiokafka.AIOKafkaProducer(bootstrap_servers=installation.servers, acks="all") as producer:
        for topic, name, value in (("outcomes", key, doubled), ("events", b"lost", lost)):
            at = partition_of(name, PARTITIONS)
            await producer.send_and_wait(installation.prefix + topic, value, name, at, timestamp_ms=now)
