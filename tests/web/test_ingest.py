"""Events over HTTP: 202 only when durable, and a clear answer to everything else."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from hashlib import sha256
from io import BytesIO
from urllib.parse import quote

import pytest

from sla_monitor import codec
from sla_monitor.core.noticed import Noted
from sla_monitor.keys import KeyRing, parse_keys
from sla_monitor.web.limits import Limits
from sla_monitor.wire.examples import EXAMPLES
from tests.web.site import BATCH, LINES, NOW, ONE, Site, event
from tests.world import sales

SECRET = "+7999SECRET"


async def post(site, body, headers=ONE, path="/v1/events", expected=202):
    data = body if isinstance(body, bytes | BytesIO) else json.dumps(body).encode()
    async with site.http.post(path, data=data, headers=headers) as answer:
        assert answer.status == expected, await answer.text()
        assert "Server" not in answer.headers
        if expected != 202:
            assert answer.content_type == "application/problem+json"
        text = await answer.text()
        assert SECRET not in text
        assert "Traceback" not in text
        return json.loads(text), answer.headers


async def batch(site, body, headers=BATCH, expected=202):
    return (await post(site, body, headers, "/v1/events:batch", expected))[0]


@pytest.mark.parametrize("kind", EXAMPLES)
async def test_every_event_is_accepted_and_lies_in_its_log(site, kind):
    assert (await post(site, EXAMPLES[kind]))[0] == {"accepted": 1}
    record = site.log.appended[0]
    fact = codec.decode_record(record.value)
    assert fact.origin.id == EXAMPLES[kind]["id"]
    assert record.topic in ("sla.events", "sla.phones", "sla.desk")
    assert record.timestamp == NOW


async def test_202_comes_only_after_the_append(site):
    site.log.gate.clear()
    asking = asyncio.create_task(post(site, event()))
    await site.log.asked.wait()
    assert not asking.done()
    site.log.gate.set()
    await asking


async def test_binary_mode_is_accepted(site):
    made = event(id="1 %/я")
    headers = {f"ce-{name}": quote(made[name]) for name in ("specversion", "id", "source", "type", "time")}
    await post(site, made["data"], headers | {"Content-Type": "application/json"})
    assert codec.decode_record(site.log.appended[0].value).origin.id == "1 %/я"


async def test_a_replayed_webhook_is_accepted_again_under_the_same_identity(site):
    await post(site, event())
    await post(site, event())
    first, second = (codec.decode_record(record.value).origin for record in site.log.appended)
    assert (first.uid(), first.digest) == (second.uid(), second.digest)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b'{"id": "' + SECRET.encode(), b"[" * 10_000, b"1" * 5_000, b"{'a': 1}"],
)
async def test_400_for_what_is_no_json(site, body):
    problem, _ = await post(site, body, expected=400)
    assert problem["status"] == 400
    assert problem["detail"].startswith("the body ")


def _with_twice():
    return json.dumps(event()).replace('"lead_id"', f'"lead_id": "{SECRET}", "lead_id"').encode()


def _with_nan():
    return json.dumps(event("call.ended.v1")).replace("107.5", "NaN").encode()


def _nested():
    made = inner = event()
    for _ in range(40):
        inner["x"] = inner = {}
    return made


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"null", ""),
        (b"[]", ""),
        (_with_twice(), "/data"),
        (_with_nan(), "/data/talk_seconds"),
        (_nested(), ""),
        (event(data={"name": "\ud800"}), "/data/name"),
        (event(data={"lead_id": None}), "/data/lead_id"),
        (event(data={"phones": SECRET}), "/data/phones"),
        (event(data={"phones": [{SECRET: 1}]}), "/data/phones/0"),
        (event(id=None), "/id"),
        (event(time="2026-11-23T10:00:00"), "/time"),
        (event(time="2036-11-23T10:00:00Z"), "/time"),
        (event(type="lead.exploded.v1"), "/type"),
    ],
)
async def test_422_names_what_is_wrong_by_pointer(site, body, pointer):
    problem, _ = await post(site, body, expected=422)
    assert problem["accepted"] == 0
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert problem["errors"][0].keys() == {"index", "id", "pointer", "detail"}
    assert site.log.appended == []


async def test_a_phone_that_is_none_is_accepted_and_counted(site):
    await post(site, event(data={"phones": ["no phone"]}))
    assert codec.decode_record(site.log.appended[0].value).phones == ()
    assert await site.counted('result="bad_number"')


async def test_a_call_with_neither_lead_nor_number_is_accepted_counted_and_goes_no_further(site):
    await post(site, event("call.ended.v1", data={"customer_number": "withheld"}))
    assert site.log.appended == [], "a withheld number is nobody's mistake"
    assert await site.counted('result="withheld_number"')
    await post(site, event("call.ended.v1", data={"customer_number": "101"}))
    assert await site.counted('result="no_lead_no_number"')


async def test_what_has_no_effect_is_noticed_without_the_number(site):
    await post(site, event("call.ended.v1", data={"customer_number": "8 495 123-45-67"}))
    (record,) = site.log.appended
    assert (record.topic, record.key) == ("sla.desk", b"n:")
    fact = codec.decode_record(record.value)
    assert (fact.source, fact.reason, fact.kind, fact.id) == ("other", "no_lead_no_number", "call.ended.v1", "evt-9")
    assert b"495" not in record.value
    await post(site, event("call.ended.v1", id="again", data={"customer_number": "8 495 123-45-67"}))
    assert len(site.log.appended) == 1, "a few are enough"


async def test_r01_a_source_whose_people_are_known_is_known_after_a_restart(site):
    site.log.desk[b"n:"] = codec.RowCodec((Noted,)).encode(Noted(known=["other"]))
    stranger = event("contact.recorded.v1", data={"manager_id": "captain_bot", "kind": "email"})
    await post(site, stranger)
    assert codec.decode_record(site.log.appended[0].value).stranger


async def test_r01_that_somebody_is_known_comes_with_the_retry_of_what_could_not_be_stored(site):
    site.rules = sales("anna")
    known = event("contact.recorded.v1", data={"manager_id": "anna", "kind": "email"})
    site.log.broken = True
    await post(site, known, expected=503)
    site.log.broken = False
    await post(site, known)
    assert [codec.decode_record(record.value).reason for record in site.log.appended[1:]] == ["known_person"]


async def test_207_stores_the_neighbours_of_what_is_wrong(site):
    bad = event(id="bad", data={"lead_id": 5})
    problem = await batch(site, [event(id="a"), bad, event(id="b"), None], expected=207)
    assert problem["accepted"] == 2
    assert [(error["index"], error["id"], error["pointer"]) for error in problem["errors"]] == [
        (1, "bad", "/data/lead_id"),
        (3, None, ""),
    ]
    assert [codec.decode_record(record.value).origin.id for record in site.log.appended] == ["a", "b"]


async def test_an_array_is_a_batch_as_plain_json_too(site):
    assert await batch(site, [event(id="a")], {"Content-Type": "application/json"}) == {"accepted": 1}


async def test_lines_stand_for_themselves(site):
    lines = [json.dumps(event(id="a")).encode(), b"{broken", b" ", b"\xff", json.dumps(event(id="b")).encode()]
    problem = await batch(site, b"\r\n".join(lines), LINES, expected=207)
    assert problem["accepted"] == 2
    assert [(error["index"], error["id"]) for error in problem["errors"]] == [(1, None), (2, None)]


async def test_422_when_all_of_a_batch_is_rejected(site):
    assert (await batch(site, [{}, 5], expected=422))["accepted"] == 0


@pytest.mark.parametrize("body", [b"{}", b"5", b"[{", b'"x"'])
async def test_400_for_a_batch_that_is_no_array(site, body):
    await batch(site, body, expected=400)


async def test_an_empty_batch_is_accepted(site):
    assert await batch(site, []) == {"accepted": 0}


async def test_413_for_too_many_events_and_too_many_bytes(site):
    await batch(site, [{}] * 501, expected=413)
    await batch(site, BytesIO(b"[" + b" " * 2**20 + b"]"), expected=413)
    await post(site, b" " * (64 * 1024 + 1), expected=413)


async def test_one_large_event_of_a_batch_is_rejected_alone(site):
    large = event(id="large", data={"filler": "x" * 70_000})
    problem = await batch(site, [event(id="small"), large], expected=207)
    assert [error["id"] for error in problem["errors"]] == ["large"]


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/json",
        "application/cloudevents-batch+json",
        "application/cloudevents+json; charset=koi8-r",
        "",
    ],
)
async def test_415_for_another_media_type(site, kind):
    problem, headers = await post(site, event(), {"Content-Type": kind}, expected=415)
    assert "Content-Type must be" in problem["detail"]
    assert "application/cloudevents+json" in headers["Accept-Post"]
    await batch(site, [event()], {"Content-Type": "text/plain"}, expected=415)


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
async def test_a_compressed_body_is_read(site, encoding, pack):
    await post(site, pack(json.dumps(event()).encode()), ONE | {"Content-Encoding": encoding})


@pytest.mark.parametrize(
    "body", [b"not gzip", gzip.compress(b"{}")[:-4], gzip.compress(b"{}") + b"more"], ids=["no", "cut", "more"]
)
async def test_400_for_a_body_that_is_not_compressed_as_it_says(site, body):
    await post(site, body, ONE | {"Content-Encoding": "gzip"}, expected=400)


async def test_415_for_an_encoding_that_is_not_read(site):
    _, headers = await post(site, b"x", ONE | {"Content-Encoding": "br"}, expected=415)
    assert headers["Accept-Encoding"] == "gzip, deflate"


async def test_413_for_a_gzip_bomb(site):
    bomb = gzip.compress(b" " * 40_000_000)
    assert len(bomb) < 64 * 1024
    await post(site, bomb, ONE | {"Content-Encoding": "gzip"}, expected=413)


async def test_503_and_retry_after_when_the_log_cannot_be_written(site):
    site.log.broken = True
    problem, headers = await post(site, event(), expected=503)
    assert int(headers["Retry-After"]) > 0
    assert "same ids" in problem["detail"]
    assert "7999" not in problem["detail"]


async def test_429_and_nothing_stored_when_too_many_requests_wait():
    async with Site(limits=Limits(requests=1)) as site:
        site.log.gate.clear()
        waiting = asyncio.create_task(post(site, event(id="first")))
        await site.log.asked.wait()
        _, headers = await post(site, event(id="second"), expected=429)
        assert int(headers["Retry-After"]) > 0
        site.log.gate.set()
        await waiting
        assert [codec.decode_record(record.value).origin.id for record in site.log.appended] == ["first"]
        await post(site, event(id="third"))


async def test_429_when_too_many_bytes_wait():
    async with Site(limits=Limits(queued=100)) as site:
        await post(site, event(), expected=429)


HASH = sha256(b"key").hexdigest()
KEYS = parse_keys(f"crm: {{sha256: [{HASH}], scopes: [write], uri: [/crm]}}")
KEYS_OF_ANY = parse_keys(f"crm: {{sha256: [{HASH}], scopes: [write]}}")
BEARER = {"Authorization": "Bearer key"}


async def test_a_key_writes_as_its_own_sources_and_names_them():
    async with Site(keys=KEYS) as site:
        await post(site, event(), ONE | BEARER)
        assert codec.decode_record(site.log.appended[0].value).origin.source == "crm"


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic key"}])
async def test_401_without_a_known_key(header):
    async with Site(keys=KEYS) as site:
        _, headers = await post(site, event(), ONE | header, expected=401)
        assert headers["WWW-Authenticate"].startswith("Bearer")


async def test_403_for_the_source_of_another():
    async with Site(keys=KEYS) as site:
        foreign = event(source="/crmx", id="foreign")
        problem, _ = await post(site, foreign, ONE | BEARER, expected=403)
        assert problem["errors"][0]["pointer"] == "/source"
        mixed = await batch(site, [{}, foreign, event()], BATCH | BEARER, expected=207)
        assert {error["index"] for error in mixed["errors"] if error["pointer"] == "/source"} == {0, 1}
        assert len(site.log.appended) == 1


@pytest.mark.parametrize("source", ["/sla-monitor", "/sla-monitor/claim", "/sla-monitor/board"])
@pytest.mark.parametrize("keys", [KEYS_OF_ANY, KeyRing()])
async def test_nobody_sends_events_in_our_name(source, keys):
    """An act could be forged so, or an id taken that an act would have."""
    async with Site(keys=keys) as site:
        said, _ = await post(site, event(source=source), ONE | (BEARER if keys else {}), expected=403)
        assert said["errors"] == [
            {
                "index": 0,
                "id": "evt-1",
                "pointer": "/source",
                "detail": "is sla-monitor's own; name a source of yours",
            }
        ]
        assert site.log.appended == []
        await post(site, event(source="/sla-monitors"), ONE | (BEARER if keys else {}))


async def test_who_a_source_says_has_acted_cannot_pass_for_who_was_known_to_us(site):
    await post(site, event("lead.closed.v1", actor="anna"), ONE)
    origin = codec.decode_record(site.log.appended[0].value).origin
    assert (origin.actor, origin.may, origin.person) == ("other:anna", None, "")


@pytest.mark.parametrize("field", ["may", "person"])
async def test_no_event_says_what_its_sender_may(site, field):
    data = {"may": ["*"], "person": "boris"}
    await post(site, event("lead.closed.v1", **data, data=data, origin=data), ONE)
    assert not getattr(codec.decode_record(site.log.appended[0].value).origin, field)


async def test_403_without_the_scope():
    async with Site(keys=KEYS) as site, site.http.get("/v1/board", headers=BEARER) as answer:
        assert answer.status == 403


@pytest.mark.parametrize(
    "header",
    [
        {"X-Forwarded-For": "8.8.8.8"},
        {"Forwarded": "for=8.8.8.8"},
        {"Host": "evil.example"},
        {"Host": "localhost:99999"},
        {"Host": "xn--\xff"},
    ],
)
async def test_403_without_keys_for_whoever_is_not_this_machine(site, header):
    await post(site, event(), ONE | header, expected=403)
