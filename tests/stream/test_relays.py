"""What is published is handed on to webhooks in the same step."""

from __future__ import annotations

import json

from sla_monitor import codec
from sla_monitor.core import notifications, track
from sla_monitor.core.effects import LeadState, Log, Post, Relay
from sla_monitor.core.events import Posted, RulesChanged
from sla_monitor.core.queue import GIVE_UP
from sla_monitor.core.relay import OUTBOX
from sla_monitor.core.rules import MINUTE, Policy, Rules, Webhook
from sla_monitor.errors import Fenced
from sla_monitor.records import Partition, Record
from sla_monitor.stream.folding import Role
from tests import facts
from tests.stream.bench import T0, WHERE, Bench

ALL = Webhook("all", "https://all.example/", "/run/secrets/all")
MET = Webhook("met", "https://met.example/", "/run/secrets/met", types=("sla.met",))
RULES = Rules(version=1, policies=(Policy(target=MINUTE),), webhooks={"all": ALL, "met": MET})
NOTICES = Partition("t.notifications", 0)


def leads() -> Bench:
    return Bench(role=Role(Log.EVENTS, lambda: track.REDUCER))


def notices() -> Bench:
    return Bench(where=NOTICES, role=Role(Log.NOTIFICATIONS, lambda: notifications.REDUCER))


def record(key: str, fact, topic: str = WHERE.topic) -> Record:
    return Record(topic, key.encode(), codec.encode_record(fact), T0)


def in_force(topic: str = WHERE.topic) -> Record:
    return Record(topic, codec.RULES_KEY, codec.encode_record(RulesChanged(version=1, rules=RULES, at=T0)), T0)


def relays(bench: Bench) -> list[Relay]:
    found = [codec.decode_record(record.value) for record in bench.log.logs[NOTICES]]
    return [fact for fact in found if isinstance(fact, Relay)]


def answered(lead_id: str, **about) -> list[Record]:
    created, reached = facts.lead(lead_id, T0, **about), facts.message(T0 + 1, lead_id=lead_id)
    return [record(lead_id, created), record(lead_id, reached)]


async def test_an_outcome_goes_as_it_is_published_to_the_webhooks_that_want_its_type():
    async with leads() as bench:
        await bench.append(in_force(), *answered("L1"))
        await bench.folded()
        published = {json.loads(outcome)["id"]: outcome.decode() for outcome in bench.outcomes()}
        handed = relays(bench)
    assert {relay.outcome_id: relay.body for relay in handed} == published
    assert {relay.outcome_id: relay.to for relay in handed}["L1:1:sla.met:response"] == ("all", "met")
    assert {relay.to for relay in handed if "sla.met" not in relay.outcome_id} <= {("all",)}


async def test_without_webhooks_an_outcome_costs_no_record_more():
    async with leads() as bench:
        await bench.append(*answered("L1"))
        await bench.folded()
        assert bench.outcomes()
        assert relays(bench) == []


async def test_r30_outcomes_of_a_test_lead_go_to_no_webhook():
    async with leads() as bench:
        await bench.append(in_force(), *answered("T", test=True))
        await bench.folded()
        assert bench.outcomes()
        assert relays(bench) == []


async def test_a_step_that_is_not_committed_hands_nothing_on_and_its_repetition_does_once():
    async with leads() as bench:
        await bench.append(in_force())
        await bench.folded()
        bench.log.failures = [Fenced("another owner")]
        await bench.append(*answered("L1"))
        await bench.folded()
        assert len(relays(bench)) == len(bench.outcomes()) > 0


async def test_r31_an_erasure_is_posted_behind_what_it_takes_away():
    async with leads() as bench:
        await bench.append(in_force(), *answered("L1"), record("L1", facts.erased("L1", T0 + 2)))
        await bench.folded()
        names = [codec.decode_record(record.value) for record in bench.log.logs[NOTICES]]
    (erased,) = (n for n, fact in enumerate(names) if isinstance(fact, LeadState) and fact.phase == "erased")
    assert [fact.outcome_id for fact in names[erased:] if isinstance(fact, Relay)] == ["L1:1:lead.erased"]


async def test_an_attempt_is_made_after_the_commit_and_its_result_comes_back():
    async with notices() as bench:
        relay = Relay(lead_id="L1", outcome_id="o", to=("all",), body="{}")
        await bench.append(in_force(NOTICES.topic), record("L1", relay, NOTICES.topic))
        await bench.until(lambda: bool(bench.heard.sends))
        ((post, feed),) = bench.heard.sends
        assert isinstance(post, Post)
        key = (OUTBOX + "L1").encode()
        assert key in bench.log.kept[NOTICES]
        ended = Posted(webhook="all", lead_id="L1", outcome_id="o", attempt=post.attempt, at=T0, status=200)
        feed(ended, post.lead_id)
        await bench.until(lambda: key not in bench.log.kept[NOTICES])


async def test_what_was_given_up_lies_among_the_dead_letters_as_it_would_be_handed_on_again():
    """Under the key of its lead, so that a replay finds the partition of the lead."""
    async with notices() as bench:
        relay = Relay(lead_id="L1", outcome_id="o", to=("all",), body='{"a":1}')
        await bench.append(in_force(NOTICES.topic), record("L1", relay, NOTICES.topic))
        await bench.until(lambda: bool(bench.heard.sends))
        bench.clock.advance(GIVE_UP)
        await bench.until(lambda: bool(bench.letters()))
        (letter,) = bench.letters()
    assert (letter.reason, letter.topic, letter.key) == ("webhook_failed", NOTICES.topic, b"L1")
    assert codec.decode_record(letter.value) == relay
    assert letter.detail == "webhook all: no attempt was answered"
