"""Kafka that lets nobody in unknown: mutual TLS and SCRAM, with the rights of each role and no others."""

from __future__ import annotations

import asyncio
import json
import subprocess
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import groupby
from pathlib import Path

import aiokafka
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import ClusterAuthorizationFailedError, TopicAuthorizationFailedError
from aiokafka.protocol.admin import CreateAclsRequest
from aiokafka.structs import TopicPartition
from faust.types import TP

from sla_monitor.core.effects import Log
from sla_monitor.errors import Misconfigured, Unavailable
from sla_monitor.records import Partition
from sla_monitor.settings import Settings, read_settings
from sla_monitor.stream.kafka import rights, topics
from sla_monitor.stream.kafka.access import Access
from sla_monitor.stream.kafka.fetch import Fetch
from sla_monitor.stream.kafka.internals.protocol import LITERAL, allow
from sla_monitor.stream.kafka.log import KafkaLog
from sla_monitor.stream.kafka.rights import Kind, Operation, Role
from tests.e2e.kafka_installation import PATIENT, Installation
from tests.e2e.process import PATIENCE, Monitor, event
from tests.kafka import Cluster, require

PAGES = Path(__file__).parents[2] / "docs"
DENY = 2
"""The protocol's number of an ACL that forbids."""
NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def started(request: pytest.FixtureRequest, option: str) -> Iterator[Cluster]:
    require("java", "mvn", "openssl")
    factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    made = Cluster(factory.mktemp("kafka"), 1, option).start()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def tls(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    yield from started(request, "--tls")


@pytest.fixture(scope="session")
def sasl(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    yield from started(request, "--sasl")


@pytest.fixture(params=["tls", "sasl"])
def secured(request: pytest.FixtureRequest) -> Cluster:
    return request.getfixturevalue(request.param)


def access(cluster: Cluster, client: str, without: tuple[str, ...] = (), **changed: object) -> Access:
    """A client's way in. without, changed: settings, by their names without SLA_KAFKA_."""
    said: dict[str, object] = {
        name.removeprefix("SLA_").lower(): value for name, value in cluster.environment(client).items()
    }
    said |= {name if name == "broker" else f"kafka_{name}": value for name, value in changed.items()}
    return Access.of(read_settings({name: value for name, value in said.items() if name not in without}))


@pytest.fixture
def prefix() -> str:
    """Of topics that nobody has yet."""
    return f"t{uuid.uuid4().hex[:8]}."


def installation(cluster: Cluster, prefix: str) -> Settings:
    return read_settings({"broker": f"kafka://{cluster.address}", "topic_prefix": prefix, "kafka_partitions": 1})


async def equip(cluster: Cluster, prefix: str, besides: Kind | None = None) -> None:
    """Give each role its rights, besides those to one kind of thing, and make the topics as the admin."""
    async with administrating(access(cluster, "super")) as admin:
        for role in Role:
            for operation, kind, name, prefixed in rights.rights(role, prefix):
                if kind is not besides:
                    await allow(admin, f"User:{role}", operation.value, kind.value, name, prefixed=prefixed)
    await topics.apply(access(cluster, "admin"), installation(cluster, prefix))


@asynccontextmanager
async def administrating(access: Access) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**access.client())
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


class Papers:
    """Certificates that nobody should take. stranger: of itself, with its key."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.stranger, self.key = home / "stranger.pem", home / "stranger.key"
        self._openssl("req", "-x509", *NEW_KEY, "-subj", "/CN=worker", "-keyout", self.key, "-out", self.stranger)

    def expired(self, cluster: Cluster, name: str) -> Path:
        """A certificate of a cluster's own, which ended yesterday."""
        found, request, made = cluster.security(f"{name}.pem"), self._home / "request", self._home / f"{name}.pem"
        key, ca = cluster.security(f"{name}.key"), cluster.security("ca.pem")
        by = ("-signkey", key) if name == "ca" else ("-CA", ca, "-CAkey", cluster.security("ca.key"), "-CAcreateserial")
        self._openssl("x509", "-x509toreq", "-in", found, "-signkey", key, "-out", request)
        self._openssl("x509", "-req", "-in", request, *by, "-days", "-1", "-out", made)
        return made

    def _openssl(self, *command: object) -> None:
        subprocess.run(["openssl", *command], check=True, capture_output=True)


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    require("java", "mvn", "openssl")
    return Papers(tmp_path_factory.mktemp("papers"))


async def said_to(client: Access) -> str:
    """What somebody is told who is not let in."""
    with pytest.raises((Misconfigured, Unavailable)) as told:
        await rights.require(client, Role.WORKER, "sla.")
    return f"{type(told.value).__name__}: {told.value}"


# what each role may do


async def test_each_role_does_its_job_with_its_own_rights(secured: Cluster, tmp_path: Path):
    office = Installation(tmp_path, secured.address, speed=600, partitions=1)
    await equip(secured, office.prefix)
    web = Monitor(tmp_path, PATIENT, command="web", **office.env | secured.environment("web"))
    office.env |= secured.environment("worker")
    try:
        office.start_worker()
        with web:
            assert web.post("lead.created.v1", office.clock.now(), lead_id="L-1", phones=["+37255500001"]) == 202
            lead = event("lead.created.v1", office.clock.now(), lead_id="L-2", phones=["+37255500002"])
            async with producing(access(secured, "ingest")) as producer:
                for topic, value in (("leads", json.dumps(lead)), ("calls", "no call"), ("managers", "nobody")):
                    await producer.send_and_wait(office.prefix + topic, value.encode())
            for lead_id in ("L-1", "L-2"):
                web.wait_for("lead.reassigned", lead_id)
            assert web.lead("L-1")["turn"] >= 2
        office.env |= secured.environment("audit")
        assert office.audit() == []
    finally:
        office.end_all()


async def test_the_admin_runs_the_commands(sasl: Cluster, tmp_path: Path):
    office = Installation(tmp_path, sasl.address, partitions=1)
    await equip(sasl, office.prefix)
    office.env |= sasl.environment("admin")
    for code, *command in (
        (0, "topics", "check"),
        (0, "policy", "apply", str(tmp_path / "policy.yaml")),
        (0, "dead-letters", "list"),
        (1, "explain", "nobody's lead"),
    ):
        done = office.command(*command)
        assert done.returncode == code, done.stderr


def producing(access: Access) -> aiokafka.AIOKafkaProducer:
    return aiokafka.AIOKafkaProducer(**access.client(), acks="all", enable_idempotence=True)


def reading(access: Access) -> aiokafka.AIOKafkaConsumer:
    return aiokafka.AIOKafkaConsumer(**access.client(), isolation_level="read_committed", auto_offset_reset="earliest")


async def test_a_role_may_write_and_read_the_topics_of_its_list_and_no_others(sasl: Cluster, prefix: str):
    await equip(sasl, prefix)
    names = [topic.name for topic in topics.wanted(installation(sasl, prefix))]
    async with producing(access(sasl, "super")) as producer:
        for name in names:
            await producer.send_and_wait(name, b"there", b"key")
    for role in Role:
        granted = {(right.operation, right.name) for right in rights.rights(role, prefix)}
        for operation, able in ((Operation.WRITE, writable), (Operation.READ, readable)):
            assert await able(access(sasl, role), names) == [name for name in names if (operation, name) in granted]


async def writable(access: Access, names: list[str]) -> list[str]:
    able: list[str] = []
    producer = producing(access)
    try:
        await producer.start()
        for name in names:
            with suppress(TopicAuthorizationFailedError):
                await producer.send_and_wait(name, b"more", b"key")
                able.append(name)
    except ClusterAuthorizationFailedError:
        assert not able, "who may write nowhere is no producer"
    finally:
        await producer.stop()
    return able


async def readable(access: Access, names: list[str]) -> list[str]:
    able = []
    async with reading(access) as consumer:
        shown = await consumer.topics()
        for at in [TopicPartition(name, 0) for name in names if name in shown]:
            consumer.assign([at])
            consumer.seek(at, 0)
            with suppress(TopicAuthorizationFailedError):
                await asyncio.wait_for(consumer.getone(), PATIENCE)
                able.append(at.topic)
    return able


async def test_a_user_is_told_which_rights_of_a_role_it_has_not(sasl: Cluster, prefix: str):
    await equip(sasl, prefix)
    for role in Role:
        await rights.require(access(sasl, role), role, prefix)
        for other in set(Role) - {role}:
            with pytest.raises(Misconfigured, match="is not allowed; `sla-monitor topics acls` shows"):
                await rights.require(access(sasl, role), other, prefix)


async def test_only_the_admin_makes_topics(sasl: Cluster, prefix: str):
    for role in Role:
        await rights.give(access(sasl, "super"), role, f"User:{role}", prefix)
    with pytest.raises(Misconfigured, match=r"was not made.*`sla-monitor topics acls` shows"):
        await topics.apply(access(sasl, "worker"), installation(sasl, prefix))
    assert await topics.apply(access(sasl, "admin"), installation(sasl, prefix))


async def test_only_who_may_alter_the_cluster_gives_rights(sasl: Cluster, prefix: str):
    with pytest.raises(Misconfigured, match="ClusterAuthorizationFailed"):
        await rights.give(access(sasl, "admin"), Role.ADMIN, "User:admin", prefix)


@pytest.mark.parametrize("kind", [Kind.GROUP, Kind.TRANSACTIONAL_ID])
async def test_a_worker_without_a_right_ends_and_names_it(sasl: Cluster, tmp_path: Path, kind: Kind):
    office = Installation(tmp_path, sasl.address, partitions=1)
    await equip(sasl, office.prefix, besides=kind)
    office.env |= sasl.environment("worker")
    done = office.command("worker")
    assert done.returncode == 2
    assert office.prefix in done.stderr.splitlines()[-1]
    assert "docs/kafka.md" in done.stderr.splitlines()[-1]


async def test_a_worker_whose_right_to_its_group_is_taken_away_ends(sasl: Cluster, tmp_path: Path):
    office = Installation(tmp_path, sasl.address, partitions=1)
    await equip(sasl, office.prefix)
    office.env |= sasl.environment("worker")
    try:
        worker = office.start_worker()
        async with administrating(access(sasl, "super")) as admin:
            group = rights.Right(Operation.READ, Kind.GROUP, office.prefix + rights.WORKERS)
            await take_away(admin, "User:worker", group)
        assert await asyncio.to_thread(worker.wait, PATIENCE) == 2
    finally:
        office.end_all()
    assert "the worker ends: Kafka: the group: GroupAuthorizationFailedError" in office.log.read_text()


async def take_away(admin: AIOKafkaAdminClient, principal: str, right: rights.Right) -> None:
    request = CreateAclsRequest(right.kind.value, right.name, LITERAL, principal, "*", right.operation.value, DENY)
    await admin._client.send(admin._client.get_random_node(), request)


async def test_reading_and_opening_what_is_forbidden_ends_with_the_topic(sasl: Cluster, prefix: str):
    await equip(sasl, prefix)
    web, at = access(sasl, "web"), Partition(prefix + Log.NOTIFICATIONS, 0)
    fetch, log = Fetch(web), KafkaLog(web, {at.topic: 1})
    try:
        fetch.again_from(TP(*at), 0)
        with pytest.raises(Misconfigured, match=at.topic):
            await asyncio.wait_for(read_on(fetch, TP(*at)), PATIENCE)
        with pytest.raises(Misconfigured, match=f"{at.topic}-0"):
            await log.open(at)
    finally:
        await fetch.stop()
        await log.stop()


async def read_on(fetch: Fetch, tp: TP) -> None:
    while True:
        await fetch.batches([tp])


def test_the_commands_of_the_list_name_every_right(prefix: str):
    for role in Role:
        told = "\n".join(rights.commands(role, f"User:{role}", prefix, "kafka:9092"))
        for right in rights.rights(role, prefix):
            assert f"--{right.kind} {right.name}" in told
            assert f"--operation {right.operation}" in told
        assert told.count(" --topic ") == sum(right.kind is Kind.TOPIC for right in rights.rights(role, prefix))


@pytest.mark.parametrize("role", Role)
def test_the_docs_list_the_rights_of_every_role(role: Role):
    rows = (PAGES / "kafka.md").read_text().splitlines()
    (row,) = [row for row in rows if row.startswith(f"| `{role}` |")]
    assert row.endswith(f" | {listed(role)} |")


def listed(role: Role) -> str:
    """The cells of the table: what is read, what is written, and what else."""
    of = rights.TOPICS[role]
    cells = [", ".join(f"`{name}`" for name in of.get(to, ())) for to in (Operation.READ, Operation.WRITE)]
    others = [f"{to} on every topic" for to in of if to not in (Operation.READ, Operation.WRITE)]
    for (operation, kind), some in groupby(rights.rights(role, ""), lambda right: (right.operation, right.kind)):
        if kind is not Kind.TOPIC:
            names = ", ".join(f"`{right.name}{'*' * right.prefixed}`" for right in some)
            others.append(f"{operation} on {kind} {names}")
    return " | ".join([*cells, "; ".join(others)])


# who is not let in


async def test_a_wrong_password_is_told_and_never_shown(sasl: Cluster, tmp_path: Path):
    office = Installation(tmp_path, sasl.address)
    office.env |= sasl.environment("worker") | {"SLA_KAFKA_PASSWORD": "seventeen-geese"}
    del office.env["SLA_KAFKA_PASSWORD_FILE"]
    done = office.command("worker")
    assert done.returncode == 2
    assert "SLA_KAFKA_USER: " in done.stderr
    assert "the user or the password is refused" in done.stderr
    assert "seventeen-geese" not in done.stderr + done.stdout


async def test_a_mechanism_that_the_broker_has_not_is_told(sasl: Cluster):
    assert "SLA_KAFKA_SASL_MECHANISM" in await said_to(access(sasl, "worker", sasl_mechanism="PLAIN"))


async def test_a_broker_of_another_host_is_refused(secured: Cluster):
    elsewhere = f"kafka://localhost:{secured.address.rpartition(':')[2]}"
    said = await said_to(access(secured, "worker", broker=elsewhere))
    assert "SLA_KAFKA_CA: localhost" in said
    assert "Hostname mismatch" in said


async def test_a_broker_of_an_unknown_authority_is_refused(secured: Cluster, papers: Papers):
    said = await said_to(access(secured, "worker", ca=papers.stranger))
    assert "SLA_KAFKA_CA" in said
    assert "of an authority in SLA_KAFKA_CA" in said


async def test_an_expired_authority_is_told(secured: Cluster, papers: Papers):
    assert "certificate has expired" in await said_to(access(secured, "worker", ca=papers.expired(secured, "ca")))


async def test_a_client_without_a_certificate_is_told(tls: Cluster):
    said = await said_to(access(tls, "worker", without=("kafka_certificate", "kafka_key")))
    assert "SLA_KAFKA_CERTIFICATE" in said


async def test_a_clients_certificate_of_an_unknown_authority_is_told(tls: Cluster, papers: Papers):
    said = await said_to(access(tls, "worker", certificate=papers.stranger, key=papers.key))
    assert "SLA_KAFKA_CERTIFICATE" in said


async def test_an_expired_certificate_of_a_client_is_told(tls: Cluster, papers: Papers):
    said = await said_to(access(tls, "worker", certificate=papers.expired(tls, "worker")))
    assert "SLA_KAFKA_CERTIFICATE" in said


async def test_plain_text_where_tls_is_spoken_is_told_at_once(secured: Cluster):
    async with asyncio.timeout(PATIENCE):
        said = await said_to(Access(servers=secured.address))
    assert "does SLA_KAFKA_SECURITY_PROTOCOL say what the broker speaks there" in said


async def test_no_user_where_one_is_asked_for_is_told_at_once(sasl: Cluster):
    without = ("kafka_user", "kafka_password_file", "kafka_sasl_mechanism")
    said = await said_to(access(sasl, "worker", without, security_protocol="SSL"))
    assert "does SLA_KAFKA_SECURITY_PROTOCOL say what the broker speaks there" in said


# the brokers themselves


def test_a_secured_cluster_stays_so(secured: Cluster):
    before = secured.environment("worker")
    plain = Cluster(secured.data).start()
    assert plain.address == secured.address
    assert plain.environment("worker") == before
    assert before["SLA_KAFKA_SECURITY_PROTOCOL"] in {"SSL", "SASL_SSL"}
