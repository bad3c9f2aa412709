"""A manager's phone on a real Kafka: leads of all partitions come together in one mailbox, whoever owns it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.kafka_installation import Installation
from tests.e2e.phone import SECRET, press, to
from tests.e2e.process import event
from tests.e2e.test_notifications import POLICY
from tests.e2e.test_people import eventually
from tests.kafka import Cluster
from tests.notify.providers import Telegram

LEADS = 20


@pytest.fixture
def installation(cluster: Cluster, tmp_path: Path, telegram: Telegram) -> Iterator[Installation]:
    made = Installation(tmp_path, cluster.address, speed=10, policy=POLICY + "limits: {max_catch_up: 30m}\n")
    made.env |= {
        "SLA_TELEGRAM_URL": telegram.url,
        "SLA_TELEGRAM_TOKEN": telegram.token,
        "SLA_TELEGRAM_SECRET": SECRET,
        "SLA_SECRET": "what all webs and workers of an installation share",
        "SLA_PUBLIC_URL": "https://sla.example",
    }
    assert made.command("topics", "apply").returncode == 0
    made.start_worker()
    made.start_worker()
    made.start_web()
    yield made
    made.end_all()


def test_a_storm_on_all_partitions_is_one_digest_though_a_worker_is_killed_and_a_button_takes_a_lead(
    installation: Installation, telegram: Telegram
) -> None:
    (web,) = installation.webs
    telegram.down = True
    now = web.clock.now()
    assert web.post_all(event("lead.created.v1", now, lead_id=f"K{n}", owner_id="anna") for n in range(LEADS)) == 202
    eventually(lambda: telegram.asked >= 2)
    installation.end(installation.workers[0])
    telegram.down = False
    wanted = {f"K{number}" for number in range(LEADS)}
    eventually(lambda: set(re.findall(r"Call (K\d+)", "\n".join(telegram.texts()))) == wanted)
    messages = len(telegram.texts())

    fast = event("lead.created.v1", web.clock.now(), lead_id="F1", owner_id="anna", channel="fast")
    assert web.post_all([fast]) == 202
    eventually(lambda: bool(to(telegram, 6, lambda text: text.startswith("Nobody responded in time: F1"))))
    (breached,) = to(telegram, 6, lambda text: text.startswith("Nobody responded in time: F1"))
    said = press(web, 6, breached)
    eventually(lambda: web.lead("F1")["holder_id"] == "boris")
    assert messages <= 3
    assert said.startswith("The lead F1 is yours.")
