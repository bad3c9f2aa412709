"""Foreign producers of every kind on a real Kafka: what they send ends as a plain producer's events do, or is buried.

Each case sends a story about a lead of its own; the same story, sent by us in order, says how it must end. One worker
takes all of them, and leads in every partition behind them show that none has stopped it.
"""

from __future__ import annotations

import asyncio
import json
import re
import struct
import urllib.request
from binascii import crc32
from collections import Counter, defaultdict
from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

import aiokafka
import pytest

from sla_monitor import codec
from sla_monitor.clock import WallClock
from sla_monitor.settings import Settings
from sla_monitor.stream.kafka.topics import BATCH_BYTES
from sla_monitor.stream.placement import partition_of
from sla_monitor.stream.step import ROW_BYTES
from tests.e2e.kafka_installation import Installation
from tests.e2e.process import event
from tests.e2e.producers import MURMUR, Producers, Send, by_kcat, by_python, in_a_transaction, in_binary_mode
from tests.kafka import require

Event = dict[str, Any]

DOCS = Path(__file__).parents[2] / "docs" / "kafka.md"
PARTITIONS = 3
TOPICS = ("leads", "calls", "managers")
EVENT_BYTES: int = Settings.model_fields["event_bytes"].default
REGISTRY = b"\0\0\0\0\7"
"""What a schema registry's serializer writes before a key or value: a zero byte and the schema's id."""


# The stories: what happens to a lead, in order.


def created(lead: str, at: int, event_id: str = "1", owner: str = "anna") -> Event:
    note = "long enough to be worth compressing; " * 5
    return event(
        "lead.created.v1", at, f"{lead}-{event_id}", lead_id=lead, owner_id=owner, phones=[], attributes={"note": note}
    )


def called(lead: str, at: int) -> Event:
    """A lead with a number of its own."""
    return event("lead.created.v1", at, lead_id=lead, owner_id="anna", phones=[number(lead)])


def call(lead: str, at: int) -> Event:
    """To its number."""
    said = {"direction": "outbound", "outcome": "answered", "talk_seconds": 30, "manager_id": "anna"}
    return event("call.ended.v1", at + 40_000, call_id=f"to-{lead}", customer_number=number(lead), **said)


def number(lead: str) -> str:
    return f"+7495{crc32(lead.encode()) % 10_000_000:07}"


def answered(lead: str, at: int) -> Event:
    return event("contact.recorded.v1", at + 9_000, lead_id=lead, kind="message", manager_id="anna")


def once(lead: str, at: int) -> list[Event]:
    return [created(lead, at), answered(lead, at)]


def twice(lead: str, at: int) -> list[Event]:
    """Again under another id, and once more under the first, each time with other data."""
    again = [created(lead, at + 1_000, "2", owner="vera"), created(lead, at, "1", owner="vera")]
    return [created(lead, at), *again, answered(lead, at)]


def raw(events: list[Event]) -> list[bytes]:
    return [json.dumps(said).encode() for said in events]


@dataclass(frozen=True, kw_only=True)
class Case:
    """counted: what each of its events is counted as, beside accepted. topic: where it is sent."""

    send: Send
    story: Callable[[str, int], list[Event]] = once
    counted: tuple[str, ...] = ()
    topic: str = "leads"


CASES = {
    "by librdkafka's partitioner": Case(send=by_kcat(), counted=("partition_mismatch",)),
    "by Kafka's partitioner": Case(send=by_kcat(*MURMUR)),
    "without a key": Case(send=by_kcat(key=None), counted=("key_mismatch",)),
    "under the key of another": Case(send=by_kcat(*MURMUR, key="somebody"), counted=("key_mismatch",)),
    "under a key in quotes": Case(send=by_kcat(*MURMUR, key='"{}"'), counted=("key_mismatch",)),
    "under a number": Case(send=by_python(lambda _: struct.pack(">q", 42)), counted=("key_mismatch",)),
    "under a key of a schema registry": Case(
        send=by_python(lambda lead: REGISTRY + lead.encode()), counted=("key_mismatch",)
    ),
    **{f"in batches of {name}": Case(send=by_kcat(*MURMUR, "-z", name)) for name in ("gzip", "snappy", "lz4", "zstd")},
    "in binary mode": Case(send=in_binary_mode),
    "with a header whose name is no UTF-8": Case(send=by_kcat(*MURMUR, "-z", "lz4", "-H", b"h\xe9=1")),
    "with a byte order mark": Case(send=by_kcat(*MURMUR, before=b"\xef\xbb\xbf")),
    "as large as an event may be": Case(send=by_python(size=EVENT_BYTES)),
    "from the future": Case(send=by_python(timestamp_ms=1 << 45)),
    "before all time": Case(send=by_python(timestamp_ms=-1)),
    "in a transaction": Case(send=in_a_transaction, counted=("key_mismatch",)),
    "in another topic": Case(send=by_kcat(*MURMUR, topic="managers"), counted=("other_topic",), topic="managers"),
    "twice with other data": Case(send=by_kcat(*MURMUR), story=twice),
}

BINARY = ("-H", "ce_specversion=1.0", "-H", "ce_source=/crm", "-H", "ce_type=lead.created.v1", "-H", "ce_id=a%20b")

BURIED: dict[str, tuple[str, str, Callable[[Producers, bytes], None]]] = {
    "bytes": ("malformed", "is not UTF-8", lambda to, key: to.send(b"\xff\xfe\x00", key=key)),
    "csv": ("malformed", "is not JSON: line 1, column 1", lambda to, key: to.kcat(b"lead,phone", "-k", key)),
    "a schema": ("malformed", "is not JSON: line 1, column 1", lambda to, key: to.send(REGISTRY + b"{}", key=key)),
    "a list": ("invalid", "/ must be a JSON object", lambda to, key: to.kcat(b"[]", "-k", key)),
    "a byte too many": (
        "too_large",
        f"must have at most {EVENT_BYTES} bytes",
        lambda to, key: to.send(b"{}".ljust(EVENT_BYTES + 1), key=key),
    ),
    "a header twice": (
        "invalid",
        "/ has a key twice",
        lambda to, key: to.kcat(b"{}", "-k", key, *BINARY, "-H", "ce_id=c"),
    ),
    "a header that is no UTF-8": (
        "invalid",
        "/subject has a lone surrogate",
        lambda to, key: to.kcat(b"{}", "-k", key, *BINARY, "-H", b"ce_subject=\xe9"),
    ),
    "a header that is percent-encoded": (
        "invalid",
        "/time must be RFC 3339",
        lambda to, key: to.kcat(b"{}", "-k", key, *BINARY, "-H", "ce_time=2026-11-25T10%3A00%3A00Z"),
    ),
}
"""Name, which is the key -> reason, detail, how it is sent."""


def unlike(name: str) -> str:
    """A lead whose partition is another one by librdkafka's own partitioner than by Kafka's."""
    ids = (f"{name}/{n}".replace(" ", "-") for n in range(100))
    return next(lead for lead in ids if crc32(lead.encode()) % PARTITIONS != partition_of(lead.encode(), PARTITIONS))


LEADS = {name: unlike(name) for name in CASES}
EXAMPLES = re.findall(r"```(sh|python)\n(.*?)```", DOCS.read_text().partition("## Producers")[2], re.DOTALL)
SHOWN = ["crm:1001", "crm:1002", "crm:1003", "crm:1004"]
"""The leads of these examples."""
PLAIN = {once: "plain", twice: "plain-twice"}
"""The same stories, sent in order and under the right keys."""
ACROSS = ("plain-call", "early-call", "early-answer")
"""Leads whose answer comes by another topic than they."""
HUGE = (ROW_BYTES + 1, BATCH_BYTES - 1_000)
"""Bytes that are accepted by the brokers, and too many to be kept."""


@dataclass(frozen=True)
class Ended:
    """What all of it came to. told: the outcomes of each lead. page: the worker's metrics."""

    told: dict[str, list[Event]]
    letters: list[codec.DeadLetter]
    page: str

    def of(self, lead: str) -> list[tuple[str, Event]]:
        """What a lead was told, but for its name."""
        return [(outcome["type"], outcome["data"] | {"lead_id": ""}) for outcome in self.told[lead]]

    def counted(self, metric: str, label: str) -> Counter[tuple[str, str]]:
        """A metric of the public topics, by topic and another label."""
        series = re.findall(rf'^{metric}{{{label}="(\w+)",topic="(\w+)"}} (\S+)$', self.page, re.MULTILINE)
        return Counter({(topic, value): int(float(times)) for value, topic, times in series if topic in TOPICS})


@pytest.fixture(scope="module")
def ended(kafka: str, tmp_path_factory: pytest.TempPathFactory):
    require("kcat", "java", "mvn")
    directory = tmp_path_factory.mktemp("producers")
    installation = Installation(directory, kafka, speed=1, partitions=PARTITIONS)
    assert installation.command("topics", "apply").returncode == 0
    installation.start_worker()
    try:
        with closing(Producers(installation, directory)) as producers:
            yield asyncio.run(everything(installation, producers))
    finally:
        installation.end_all()


async def everything(installation: Installation, producers: Producers) -> Ended:
    """Send it all, and wait for what it comes to."""
    start = WallClock().now() - 60_000
    plainly, early = by_python(), by_kcat(key=None, topic="calls")
    for story, lead in PLAIN.items():
        plainly(producers, lead, raw(story(lead, start)))
    plainly(producers, "plain-call", raw([called("plain-call", start)]))
    early(producers, "", raw([call("early-call", start), answered("early-answer", start)]))
    await told(installation, behind(producers, "first", start))
    by_python(lambda lead: number(lead).encode(), topic="calls")(
        producers, "plain-call", raw([call("plain-call", start)])
    )
    for created_late in (called("early-call", start), created("early-answer", start)):
        plainly(producers, created_late["data"]["lead_id"], raw([created_late]))
    for name, case in CASES.items():
        case.send(producers, LEADS[name], raw(case.story(LEADS[name], start)))
    for language, example in EXAMPLES:
        producers.documented(language, example)
    send_unusable(producers, start)
    last = behind(producers, "last", start)
    found = await told(installation, {*last, *SHOWN}, {*PLAIN.values(), *LEADS.values(), *ACROSS})
    return Ended(found, await letters(installation), metrics(installation))


def send_unusable(producers: Producers, start: int) -> None:
    for name, (_, _, send) in BURIED.items():
        send(producers, name.encode())
    for size in HUGE:
        producers.send(b"x" * size, key=b"not kept")
    for packed in ((), ("-z", "zstd")):
        with pytest.raises(CalledProcessError):
            producers.kcat(b"x" * BATCH_BYTES, *packed, "-X", "message.max.bytes=8000000", topic="calls")
    producers.kcat(b"a tombstone|\n", "-K", "|", "-Z")
    producers.in_transaction(raw([created("aborted", start)]), commit=False)


def behind(producers: Producers, name: str, start: int) -> set[str]:
    """Leads behind all that has been sent so far, one in each partition."""
    leads = set()
    for topic in TOPICS:
        for partition in range(PARTITIONS):
            leads.add(lead := f"{name}-{topic}-{partition}")
            producers.send(json.dumps(created(lead, start)).encode(), topic, partition=partition)
    return leads


async def told(
    installation: Installation, assigned: Collection[str], met: Collection[str] = ()
) -> dict[str, list[Event]]:
    """All outcomes by lead, up to where these leads have been given to somebody, and those have been answered."""
    missing = {("lead.assigned.v1", lead) for lead in {*assigned, *met}} | {("sla.met.v1", lead) for lead in met}
    found = defaultdict(list)
    async with installation.outcomes() as outcomes:
        async for outcome in outcomes:
            lead = outcome["data"]["lead_id"]
            found[lead].append(outcome)
            missing.discard((outcome["type"], lead))
            if not missing:
                break
    return found


def metrics(installation: Installation) -> str:
    with urllib.request.urlopen(f"{installation.url}/metrics", timeout=20) as answer:
        return answer.read().decode()


async def letters(installation: Installation) -> list[codec.DeadLetter]:
    """Of what has been passed by now."""
    at = aiokafka.TopicPartition(installation.prefix + "dead-letters", 0)
    found: list[codec.DeadLetter] = []
    async with aiokafka.AIOKafkaConsumer(
        bootstrap_servers=installation.servers, isolation_level="read_committed", auto_offset_reset="earliest"
    ) as consumer:
        consumer.assign([at])
        end = (await consumer.end_offsets([at]))[at]
        while await consumer.position(at) < end:
            for records in (await consumer.getmany(at, timeout_ms=100)).values():
                found += [codec.decode_dead_letter(record.value) for record in records]
    return found


@pytest.mark.parametrize("name", CASES)
def test_a_story_ends_alike_however_it_is_sent(ended: Ended, name: str):
    assert ended.of(LEADS[name]) == ended.of(PLAIN[CASES[name].story])


def test_a_call_counts_the_same_before_and_after_its_lead(ended: Ended):
    assert ended.of("early-call") == ended.of("plain-call")


def test_a_message_counts_the_same_before_and_after_its_lead_and_from_another_topic(ended: Ended):
    assert ended.of("early-answer") == ended.of("plain")


def test_each_example_of_the_docs_sends_a_lead(ended: Ended):
    assert len(EXAMPLES) == len(SHOWN)
    for lead in SHOWN:
        assert [(kind, data["to"]) for kind, data in ended.of(lead)] == [("lead.assigned.v1", "anna")]


def test_nothing_is_told_twice_and_nothing_of_an_aborted_transaction(ended: Ended):
    ids = Counter(outcome["id"] for outcomes in ended.told.values() for outcome in outcomes)
    assert set(ids.values()) == {1}
    assert "aborted" not in ended.told


@pytest.mark.parametrize("name", BURIED)
def test_what_cannot_be_used_is_buried_with_its_key_and_reason(ended: Ended, name: str):
    [letter] = [letter for letter in ended.letters if letter.key == name.encode()]
    reason, detail, _ = BURIED[name]
    assert letter.reason == reason
    assert letter.detail.startswith(detail)
    assert letter.value is not None


def test_what_is_too_large_to_be_kept_is_buried_without_its_data(ended: Ended):
    without = [letter for letter in ended.letters if letter.value is None]
    assert [(letter.reason, letter.key) for letter in without] == [("too_large", None)] * len(HUGE)
    assert len(ended.letters) == len(BURIED) + len(HUGE)


def test_what_does_not_fit_is_counted_and_nothing_else(ended: Ended):
    expected: Counter[tuple[str, str]] = Counter()

    def came(topic: str, events: int, *results: str) -> None:
        expected.update({(topic, result): events for result in ("accepted", *results)})

    for case in CASES.values():
        came(case.topic, len(case.story("", 0)), *case.counted)
    came("leads", sum(len(story("", 0)) for story in PLAIN) + len(ACROSS) + len(SHOWN))
    came("calls", 1)
    came("calls", 2, "key_mismatch")  # those that come early
    came("leads", 2 * PARTITIONS, "key_mismatch")  # those that lie behind
    for topic in ("calls", "managers"):
        came(topic, 2 * PARTITIONS, "key_mismatch", "other_topic")
    assert ended.counted("sla_events_total", "result") == expected + Counter({("leads", "tombstone"): 1})


def test_dead_letters_are_counted_by_their_reason(ended: Ended):
    reasons = Counter(("leads", letter.reason) for letter in ended.letters)
    assert ended.counted("sla_dead_letters_total", "reason") == reasons
