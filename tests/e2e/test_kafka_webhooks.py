"""Outcomes reach a receiver from several workers on a real Kafka, one of which dies in the middle of deliveries."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.kafka_installation import PATIENT, Installation
from tests.e2e.process import event
from tests.e2e.receiver import Receiver

LEADS = 12


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def installation(kafka: str, tmp_path: Path, receiver: Receiver) -> Iterator[Installation]:
    made = Installation(tmp_path, kafka, policy=f"{PATIENT}webhooks: [{receiver.entry(tmp_path)}]\n")
    assert made.command("topics", "apply").returncode == 0
    yield made
    made.end_all()


async def answer_leads(installation: Installation, first: int) -> None:
    now, names = installation.clock.now(), [f"L{number}" for number in range(first, first + LEADS)]
    await installation.send("leads", [event("lead.created.v1", now, lead_id=name) for name in names])
    by = {"kind": "message", "manager_id": "anna"}
    await installation.send("calls", [event("contact.recorded.v1", now + 1, lead_id=name, **by) for name in names])


async def published(installation: Installation, answered: int) -> dict[str, Any]:
    """Every outcome until so many leads were answered."""
    seen: dict[str, Any] = {}
    async with installation.outcomes() as outcomes:
        async for outcome in outcomes:
            seen[outcome["id"]] = outcome
            if sum(each["type"] == "sla.met.v1" for each in seen.values()) == answered:
                return seen
    raise AssertionError(sorted(seen))


def listed(installation: Installation) -> dict[str, Any]:
    (state,) = json.loads(installation.command("webhooks", "list").stdout)
    return dict(state)


async def test_every_outcome_arrives_and_410_is_known_in_every_partition(
    installation: Installation, receiver: Receiver
) -> None:
    victim = installation.start_worker()
    installation.start_worker()
    receiver.open.clear()
    await answer_leads(installation, 0)
    await receiver.arrival(lambda: len(receiver.arrived) >= 5)
    installation.end(victim)
    receiver.open.set()
    installation.start_worker()
    outcomes = await published(installation, LEADS)
    await receiver.arrival(lambda: set(receiver.ids()) >= set(outcomes))
    assert (receiver.forged, dict(receiver.accepted)) == ([], outcomes)

    receiver.status = 410
    await answer_leads(installation, LEADS)
    more = await published(installation, 2 * LEADS)
    await receiver.arrival(lambda: receiver.answers[410] > 0)
    receiver.status = 200
    async with asyncio.timeout(60):
        while listed(installation)["state"] != "disabled":  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.1)
    assert installation.command("webhooks", "enable", "crm").returncode == 0
    await receiver.arrival(lambda: set(receiver.ids()) >= set(more))
    assert dict(receiver.accepted) == more
    assert (listed(installation)["state"], listed(installation)["pending"]) == ("enabled", 0)
