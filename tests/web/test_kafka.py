"""The web layer on the topics of a real Kafka."""

from __future__ import annotations

import asyncio
import uuid

import aiohttp
import aiokafka
import pytest
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.structs import TopicPartition

from sla_monitor import codec
from sla_monitor.addresses import Listen
from sla_monitor.bootstrap import WebOnly
from sla_monitor.core.events import RulesChanged
from sla_monitor.core.roster import Held, Standing
from sla_monitor.core.rules import HOUR, Manager, Rules
from sla_monitor.errors import Unavailable
from sla_monitor.keys import KeyRing
from sla_monitor.logs import group_of
from sla_monitor.records import Partition, Record
from sla_monitor.settings import Settings
from sla_monitor.stream.kafka import mirror as following
from sla_monitor.stream.kafka import topics
from sla_monitor.stream.kafka.access import Access
from sla_monitor.stream.kafka.group import members
from sla_monitor.stream.kafka.log import KafkaLog, KafkaOwned
from sla_monitor.stream.kafka.mirror import Mirror
from sla_monitor.stream.placement import partition_of
from sla_monitor.stream.step import Step
from sla_monitor.web.outcomes import from_cursor, to_cursor
from tests.kafka import Cluster
from tests.web.site import DESK, NOW, ROWS
from tests.web.test_board_stream import page
from tests.web.test_views import lead

PARTITIONS = 3
LEADS = [f"L{n}" for n in range(9)]


class Office:
    """A web process on topics of its own, beside the owners of `sla.events`."""

    def __init__(self, servers: str) -> None:
        self.settings = Settings(
            broker=f"kafka://{servers}",
            topic_prefix=f"w{uuid.uuid4().hex[:8]}.",
            kafka_partitions=PARTITIONS,
            listen=Listen("127.0.0.1", 0),
        )
        self.access = Access(servers=servers)
        self.outcomes = self.settings.topic_prefix + "outcomes"
        self.web = WebOnly(self.settings, Rules(), KeyRing())
        self.owned: list[KafkaOwned] = []
        self._numbers = iter(range(10_000))

    async def start(self) -> Office:
        await topics.apply(self.access, self.settings)
        self.log = KafkaLog(self.access, await topics.require(self.access, self.settings))
        for number in range(PARTITIONS):
            self.owned.append(await self.log.open(Partition(self.settings.topic_prefix + "events", number)))
        await self.web.start()
        self.http = aiohttp.ClientSession(self.web.server.url)
        await self.until("/readyz", 200)
        return self

    async def stop(self) -> None:
        await self.http.close()
        await self.web.stop()
        for owned in self.owned:
            await owned.close()
        await self.log.stop()

    async def until(self, path: str, status: int) -> dict:
        """The answer, once it has this status."""
        async with asyncio.timeout(60):
            while True:
                async with self.http.get(path) as answer:
                    if answer.status == status:
                        return await answer.json(content_type=None)

    async def keep(self, *names: str) -> None:
        """Rows of leads, written by the owners of their partitions."""
        for number, owned in enumerate(self.owned):
            mine = [name for name in names if partition_of(name.encode(), PARTITIONS) == number]
            await owned.commit(Step(owned.place, {name.encode(): ROWS.encode(lead(name)) for name in mine}))

    async def publish(self, count: int) -> list[str]:
        """Outcomes, dealt to the partitions in steps of two."""
        values = [str(next(self._numbers)) for _ in range(count)]
        for n, pair in enumerate(zip(values[::2], values[1::2], strict=True)):
            owned = self.owned[n % PARTITIONS]
            await owned.commit(Step(owned.place, {}, [self._outcome(value) for value in pair]))
        return values

    async def abort(self) -> None:
        """A transaction of a stranger that comes to nothing."""
        producer = aiokafka.AIOKafkaProducer(bootstrap_servers=self.access.servers, transactional_id="a-stranger")
        async with producer:
            await producer.begin_transaction()
            for number in range(PARTITIONS):
                await producer.send_and_wait(self.outcomes, b"aborted", partition=number)
            await producer.abort_transaction()

    async def lose_before(self, number: int, offset: int) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.access.servers)
        await admin.start()
        await admin.delete_records({TopicPartition(self.outcomes, number): RecordsToDelete(offset)})
        await admin.close()

    async def follow(self, count: int, query: str = "", **headers: str) -> tuple[str, list[str]]:
        """(cursor behind them, data) of the next events; then the client goes."""
        data, last = [], ""
        async with asyncio.timeout(30), self.http.get(f"/v1/outcomes{query}", headers=headers) as response:
            assert response.status == 200, await response.text()
            while len(data) < count:
                line = (await response.content.readline()).decode().rstrip("\n")
                if line.startswith("id: "):
                    last = line[4:]
                if line.startswith("data: "):
                    data.append(line[6:])
        return last, data

    def _outcome(self, value: str) -> Record:
        return Record(self.outcomes, f"key {value}".encode(), value.encode(), NOW)


@pytest.fixture
async def office(kafka: str):
    made = await Office(kafka).start()
    yield made
    await made.stop()


async def test_leads_are_shown_from_the_rows_of_every_partition(office: Office):
    await office.keep(*LEADS)
    for name in LEADS:
        assert (await office.until(f"/v1/leads/{name}", 200))["lead_id"] == name
    async with office.http.get("/v1/leads/%00place") as answer:
        assert answer.status == 404
    async with office.http.get("/v1/board") as answer:
        assert sorted(line["lead_id"] for line in (await answer.json())["leads"]) == LEADS


async def test_managers_are_shown_from_the_rows_of_the_desk(office: Office):
    office.web.rules = Rules(version=1, managers={"anna": Manager("anna", "Anna")})
    desk = await office.log.open(Partition(office.settings.topic_prefix + "desk", 0))
    office.owned.append(desk)
    away = DESK.encode(Standing(status="away", order=(NOW, "/board", "1"), until=office.web.clock.now() + HOUR))
    await desk.commit(Step(desk.place, {b"m:anna": away, b"l:L1": DESK.encode(Held("anna", 0))}))
    async with asyncio.timeout(30):
        while (anna := (await office.until("/v1/managers", 200))["managers"][0])["open_leads"] == 0:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.05)
    assert (anna["presence"], anna["open_leads"]) == ("away", 1)


async def test_the_board_is_told_live_of_what_is_committed_in_every_partition(office: Office):
    await office.keep(*LEADS[:3])
    async with page(office) as seen, asyncio.timeout(30):
        await office.keep(*LEADS)
        while set(seen.leads) != set(LEADS):
            await seen.told("leads")
        for owned in office.owned:
            await owned.commit(Step(owned.place, {name.encode(): None for name in LEADS}))
        while seen.leads:
            await seen.told("gone")


async def test_the_policy_in_force_is_the_newest_of_the_rules_rows(office: Office):
    following_rules = asyncio.create_task(office.web.wait())
    for version, owned in enumerate(office.owned, 1):
        rules = Rules(version=version, managers={"anna": Manager("anna", "Anna")})
        row = codec.encode_rules_row(RulesChanged(version=version, rules=rules, at=NOW))
        await owned.commit(Step(owned.place, {codec.RULES_KEY: row}))
    async with asyncio.timeout(30):
        while office.web.rules.version < PARTITIONS:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    following_rules.cancel()
    async with office.http.get("/v1/board") as answer:
        assert (await answer.json())["leads"] == []


async def test_nothing_is_missed_or_doubled_by_reconnects_across_partitions_markers_and_aborts(office: Office):
    sent = await office.publish(12)
    await office.abort()
    sent += await office.publish(6)
    cursor, seen = await office.follow(1, "?from=start")
    for count in (4, 1, 6, 2, 4):
        cursor, more = await office.follow(count, **{"Last-Event-ID": cursor})
        seen += more
    assert sorted(seen, key=int) == sent
    await office.abort()
    later = await office.publish(4)
    _, more = await office.follow(4, **{"Last-Event-ID": cursor})
    assert sorted(more, key=int) == later


async def test_one_lead_is_followed_wherever_it_is(office: Office):
    await office.publish(12)
    assert (await office.follow(1, "?from=start&lead_id=key%207"))[1] == ["7"]


async def test_a_cursor_that_cannot_go_on_in_any_partition_is_refused(office: Office):
    await office.publish(12)
    position = from_cursor((await office.follow(12, "?from=start"))[0])
    await office.lose_before(1, 1)
    for wrong in (position[:2], (*position, 0), (*position[:2], position[2] + 99), (position[0], 0, position[2])):
        async with office.http.get("/v1/outcomes", headers={"Last-Event-ID": to_cursor(wrong)}) as answer:
            assert answer.status == 410


async def test_a_web_process_joins_no_workers(office: Office):
    await office.keep(*LEADS)
    await office.publish(2)
    await office.follow(2, "?from=start")
    assert await members(office.access, group_of(office.settings.topic_prefix)) == 0


async def test_a_stream_lets_go_of_its_consumer_when_the_client_has_gone(office: Office):
    async with office.http.get("/v1/outcomes") as stays:
        await stays.content.readline()
        before = fetchers()
        async with office.http.get("/v1/outcomes") as goes:
            await goes.content.readline()
            assert fetchers() == before + 1
        async with asyncio.timeout(30):
            while fetchers() > before:
                await office.publish(2)  # a client that has gone shows when it is written to


def fetchers() -> int:
    """How many consumers fetch in this process: each has one such task."""
    names = (getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks())
    return sum(name == "Fetcher._fetch_requests_routine" for name in names)


async def test_rows_that_have_not_been_read_to_the_end_are_not_shown(kafka: str):
    mirror = Mirror(Access(servers=kafka), [Partition("t.events", 0), Partition("t.events", 1)])
    with pytest.raises(Unavailable, match=r"t\.events\.rows: 2 partitions are still being read"):
        mirror.kept(Partition("t.events", 0))
    assert mirror.unready()


async def test_it_is_unready_while_no_broker_answers_and_goes_on_by_itself(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(following, "SILENT", 2.0)
    office = await Office(cluster.address).start()
    await office.keep("L1")
    await office.until("/v1/leads/L1", 200)
    cluster.pause()
    try:
        assert "no answer" in str((await office.until("/readyz", 503))["reasons"])
        await office.until("/v1/leads/L1", 200)
    finally:
        cluster.resume()
    await office.until("/readyz", 200)
    await office.stop()
