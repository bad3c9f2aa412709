"""Faults on a real Kafka change nothing: the fault runs in small. `python -m tests.e2e.kafka_run` has the full ones."""

from __future__ import annotations

import signal
from pathlib import Path

from aiokafka.admin import RecordsToDelete
from aiokafka.structs import TopicPartition

from tests.e2e.kafka_faults import admin
from tests.e2e.kafka_installation import Installation
from tests.e2e.kafka_run import Run, on
from tests.e2e.process import SPEED, event
from tests.kafka import Cluster

SLOW = 10
"""Limits are so many times what they are by default, so that a slow machine changes no story."""


async def test_every_lead_has_exactly_its_outcomes_whoever_is_killed(cluster: Cluster, tmp_path: Path):
    how = Run("everyone", 200, times=1, rest=2, speed=SPEED, patience=SLOW, seconds=40)
    report = await on(cluster, tmp_path, how)

    assert report.faults == []
    assert report.kinds["lead.escalated"] > 20


async def test_events_that_are_gone_before_they_were_applied_are_refused_by_every_start(kafka: str, tmp_path: Path):
    installation = Installation(tmp_path, kafka, partitions=1)
    assert installation.command("topics", "apply").returncode == 0
    worker = installation.start_worker()
    await lead(installation, "L1")
    async with installation.outcomes() as outcomes:
        assert (await anext(outcomes))["subject"] == "L1"
    assert installation.end(worker, signal.SIGTERM) == 0

    await lead(installation, "L2")
    async with admin(installation) as client:
        await client.delete_records({TopicPartition(f"{installation.prefix}leads", 0): RecordsToDelete(2)})

    for _ in range(2):
        refused = installation.command("worker")
        assert refused.returncode == 3
        said = refused.stderr.splitlines()[-1]
        assert "leads/0: records 1 to 1 are gone before they were applied" in said
        assert "docs/runbooks/recreated-topic.md" in said


async def lead(installation: Installation, lead_id: str) -> None:
    created = event("lead.created.v1", installation.clock.now(), lead_id=lead_id, owner_id="anna", phones=[])
    await installation.send("leads", [created])
