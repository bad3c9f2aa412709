"""Two web processes and two workers on a real Kafka, and the commands beside them."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aiokafka
import pytest

from sla_monitor import codec
from sla_monitor.claims import ClaimLinks
from sla_monitor.codec import rfc3339
from sla_monitor.core.rules import HOUR, MINUTE
from tests import facts
from tests.e2e.browser import Browser, driving, require_browser
from tests.e2e.kafka_installation import PATIENT, Installation
from tests.e2e.process import PATIENCE, Monitor, event, types
from tests.e2e.test_claims import ask
from tests.kafka import Cluster

SECRET = "what all webs and workers of an installation share"


@pytest.fixture(scope="module")
def installation(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    made = Installation(tmp_path_factory.mktemp("webs"), cluster.address)
    made.env["SLA_SECRET"] = SECRET
    assert made.command("topics", "apply").returncode == 0
    for _ in range(2):
        made.start_worker()
        made.start_web()
    yield made
    made.end_all()


@pytest.fixture
def webs(installation: Installation) -> list[Monitor]:
    for web in installation.webs:
        until(lambda web=web: status(web, "/readyz") == 200)
    return installation.webs


def until(holds: Callable[[], bool]) -> None:
    """Return when something holds that nothing announces."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def status(web: Monitor, path: str) -> int:
    try:
        web.get(path)
    except urllib.error.HTTPError as error:
        return error.code
    return 200


def answer(installation: Installation, *args: str) -> Any:
    """What a command that went well says, as JSON."""
    done = installation.command(*args)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def assigned(webs: list[Monitor], lead_id: str) -> int:
    """A lead of now, sent to one web and known to the other; the span of its customer's clock, ms."""
    start = webs[0].clock.now()
    assert webs[0].post("lead.created.v1", start, lead_id=lead_id) == 202
    webs[1].wait_for("lead.assigned", lead_id)
    until(lambda: status(webs[1], f"/v1/leads/{lead_id}") == 200)
    spans = (n * MINUTE for n in (10, 20))
    return next(n for n in spans if webs[1].lead(lead_id)["customer_due_at"] == rfc3339(start + n))


def test_what_one_web_takes_the_other_shows(webs: list[Monitor]) -> None:
    assert assigned(webs, "L-1") == 10 * MINUTE
    until(lambda: [line["lead_id"] for line in webs[1].get("/v1/board")["leads"]] == ["L-1"])
    told = webs[0].wait_for("sla.breached", "L-1")
    assert types(told) == ["lead.assigned", "sla.warning", "sla.warning", "sla.breached"]


def test_of_two_who_tap_on_two_webs_one_wins_and_the_other_learns_who(webs: list[Monitor]) -> None:
    assigned(webs, "L-5")
    until(lambda: status(webs[0], "/v1/leads/L-5") == 200)
    holder = webs[0].lead("L-5")["holder_id"]
    links = ClaimLinks(webs[0].clock, "https://sla.example", [SECRET])
    rivals = sorted({"anna", "vera", "boris"} - {holder})
    paths = [
        links.url("L-5", 1, name, webs[0].clock.now() + HOUR).removeprefix("https://sla.example") for name in rivals
    ]
    with ThreadPoolExecutor(2) as pool:
        answers = dict(zip(rivals, pool.map(ask, webs, ["POST"] * 2, paths), strict=True))
    winner = webs[0].wait_for("lead.assigned", "L-5", reason="claimed")[-1]["data"]["to"]
    (loser,) = set(rivals) - {winner}
    assert {name: code for name, (code, _) in answers.items()} == {winner: 200, loser: 409}
    assert f"{winner.title()} was faster" in answers[loser][1]


def test_what_a_manager_says_of_themselves_on_one_web_the_other_shows(webs: list[Monitor]) -> None:
    assert ask(webs[0], "PUT", "/v1/managers/boris/status", {"status": "away"})[0] == 202
    until(lambda: {m["manager_id"]: m["presence"] for m in webs[1].get("/v1/managers")["managers"]}["boris"] == "away")


def test_a_policy_that_is_applied_counts_for_later_leads(installation: Installation, webs: list[Monitor]) -> None:
    file = installation.log.parent / "slower.yaml"
    file.write_text(PATIENT.replace("target: 10m", "target: 20m"))
    applied = answer(installation, "policy", "apply", str(file))
    assert (applied["changed"], applied["worker"], applied["in_force"]) == (True, True, True)
    assert applied["partitions"] == 3 + 3 + 1 + 3
    assert assigned(webs, "L-2") == 20 * MINUTE
    until(lambda: all(web.metric("sla_target_seconds") == 1200 for web in webs))
    assert answer(installation, "policy", "show")["version"] == applied["version"]


def test_check_says_what_is_there_and_what_is_not(installation: Installation, webs: list[Monitor]) -> None:
    notes = json.loads(installation.command("check").stdout)["notes"]
    assert notes[0].startswith(f"A worker runs on {installation.servers} (")
    installation.env["SLA_KAFKA_PARTITIONS"] = "4"
    try:
        refused = installation.command("check")
    finally:
        installation.env["SLA_KAFKA_PARTITIONS"] = "3"
    assert refused.returncode == 2
    assert "has 3 partitions, not 4" in refused.stdout


def test_a_lead_is_explained_and_a_dead_letter_tried_again(installation: Installation, webs: list[Monitor]) -> None:
    assigned(webs, "L-3")
    story = answer(installation, "explain", "L-3")
    assert story["lead"]["lead_id"] == "L-3"
    assert story["outcomes"][0]["data"]["candidates"]
    bury(installation, "L-3", webs[0].clock.now())
    (letter,) = answer(installation, "dead-letters", "list")
    assert (letter["key"], letter["reason"]) == ("L-3", "defect")
    assert answer(installation, "dead-letters", "replay", "--all") == {"replayed": [letter["offset"]], "refused": []}
    until(lambda: webs[1].lead("L-3")["status"] == "answered")


def test_the_report_of_a_web_is_that_of_the_command(installation: Installation, webs: list[Monitor]) -> None:
    assigned(webs, "L-7")
    told = {"lead_id": "L-7", "kind": "message", "manager_id": "anna"}
    assert webs[0].post("contact.recorded.v1", webs[0].clock.now(), **told) == 202
    webs[1].wait_for("sla.met", "L-7")
    assigned(webs, "L-6")
    seen = webs[1].get("/v1/report?last=2d")["total"]
    assert (seen["decided"] >= 1, seen["still_open"] >= 1, seen["attempts"] >= 1) == (True, True, True)
    done = answer(installation, "report", "--last", "2d")["total"]
    assert done["received"] == seen["received"]
    assert done["attempts"] == seen["attempts"]


def test_boards_of_two_webs_show_the_same_and_what_is_done_on_one_shows_on_the_other(webs: list[Monitor]) -> None:
    require_browser()
    row = '#rows [data-lead="L-8"]'
    with driving() as driver, Browser(driver) as here, Browser(driver) as there:
        for browser, web in zip((here, there), webs, strict=True):
            browser.go(web.url)
            browser.until(lambda browser=browser: browser.run("return document.body.dataset.state") == "live")
        assigned(webs, "L-8")
        for browser in (here, there):
            browser.until_text(f"{row} .holder", "turn 1")
        here.click(f"{row} .lead")
        here.until_text("#drawer .story", "Given to")
        here.choose("#drawer .closing select", "junk")
        here.click("#drawer .closing button")
        here.until_text("#drawer .said", "Lead L-8 is closed.")
        there.until(lambda: not there.text(row))
        assert here.complaints() + there.complaints() == []


def bury(installation: Installation, lead_id: str, now: int) -> None:
    """Put a message to a lead among the dead letters, as a worker does with what it cannot fold."""
    fact = facts.message(now, lead_id=lead_id)
    topic, key = f"{installation.prefix}events", lead_id.encode()
    dead = codec.DeadLetter(
        reason="defect", topic=topic, offset=0, received=now, key=key, value=codec.encode_record(fact)
    )

    async def send() -> None:
        async with aiokafka.AIOKafkaProducer(bootstrap_servers=installation.servers) as producer:
            await producer.send_and_wait(f"{installation.prefix}dead-letters", codec.encode_dead_letter(dead), key)

    asyncio.run(send())


def test_a_broker_that_dies_is_ridden_out(cluster: Cluster, installation: Installation, webs: list[Monitor]) -> None:
    web, other = webs
    start = web.clock.now()
    cluster.kill()
    try:
        code, headers = web.answer(json.dumps(lead("L-4", start)).encode())
        assert (code, headers["Retry-After"]) == (503, "2")
    finally:
        cluster.start()
    until(lambda: web.send(json.dumps(lead("L-4", start)).encode()) == 202)
    other.wait_for("lead.assigned", "L-4")
    until(lambda: status(web, "/readyz") == 200)
    assert [worker.poll() for worker in installation.workers] == [None, None]


def lead(lead_id: str, at: int) -> dict[str, Any]:
    return event("lead.created.v1", at, event_id=f"of {lead_id}", lead_id=lead_id)
