"""Outcomes on their way to webhooks, in injected time."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sla_monitor.codec import RowCodec, next_due
from sla_monitor.core import relay
from sla_monitor.core.effects import Bury, Count, Drop, Notify, Post, Relay
from sla_monitor.core.events import Due, Posted, WebhookEnabled
from sla_monitor.core.notifications import REDUCER
from sla_monitor.core.outcomes import TYPES
from sla_monitor.core.queue import BACKOFF, GIVE_UP
from sla_monitor.core.relay import KEPT, LEFT_ALONE, LOOK_AGAIN, MOST, POST_LIMIT, entry, wanted
from sla_monitor.core.rules import DAY, HOUR, MINUTE, Rules, Webhook

CRM = Webhook("crm", "https://crm.example/hook", "/run/secrets/crm")
BI = Webhook("bi", "https://bi.example/", "/run/secrets/bi", types=("lead.reassigned",))
RULES = Rules(webhooks={"crm": CRM, "bi": BI})
CODEC = RowCodec(REDUCER.kinds)
KEY = relay.OUTBOX + "L1"


@dataclass
class Queue:
    """A partition of the notifications, its rows as bytes, and a clock."""

    now: int = 1_000_000
    rules: Rules = RULES
    rows: dict[str, bytes] = field(default_factory=dict)
    posted: list[tuple[int, str, str]] = field(default_factory=list)
    buried: list[Bury] = field(default_factory=list)

    def get(self, key: str) -> Any:
        return CODEC.decode(self.rows[key]) if key in self.rows else None

    def put(self, key: str, row: Any) -> None:
        self.rows.pop(key, None)
        if row is not None:
            self.rows[key] = CODEC.encode(row)

    def feed(self, fact: Any, key: str = "L1") -> list[Any]:
        """The effects of a fact."""
        effects = REDUCER.fold(self, key, fact, self.now, self.rules)
        self.posted += [(self.now, e.webhook, e.outcome_id) for e in effects if isinstance(e, Post)]
        self.buried += [e for e in effects if isinstance(e, Bury)]
        return effects

    def publish(self, outcome: str, *to: str, lead: str = "L1", body: str = '{"id":1}') -> list[Post]:
        return posts(self.feed(Relay(lead_id=lead, outcome_id=outcome, to=to or ("crm",), body=body), lead))

    def answer(self, post: Post, error: str | None = None, status: int = 0, **more: Any) -> list[Any]:
        """How an attempt ended: accepted unless said otherwise."""
        webhook = self.rules.webhooks.get(post.webhook)
        fact = Posted(
            webhook=post.webhook,
            lead_id=post.lead_id,
            outcome_id=post.outcome_id,
            attempt=post.attempt,
            at=self.now,
            entry=entry(webhook) if webhook else 0,
            status=status or (500 if error else 204),
            error=error,
            **more,
        )
        return self.feed(fact, post.lead_id)

    @property
    def due(self) -> int:
        return next_due(self.rows[KEY])

    def at_next_due(self) -> list[Post]:
        """Let the timer of the outbox fire."""
        self.now = max(self.now, self.due)
        found = posts(self.feed(Due(self.now), KEY))
        assert KEY not in self.rows or self.due > self.now, "a timer that does not move on"
        return found

    def run_out(self, until: int, answer: Any = lambda _: {}) -> None:
        """Fire the timer whenever it is due until an instant; answer(post): how each attempt ends, None: not at all."""
        while KEY in self.rows and self.due <= until:
            out = self.at_next_due()
            while out:
                post = out.pop()
                ended = answer(post)
                out += [] if ended is None else posts(self.answer(post, **ended))
        self.now = max(self.now, until)

    @property
    def endpoint(self) -> relay.Endpoint:
        return self.get(relay.ENDPOINT + "crm")


def posts(effects: list[Any]) -> list[Post]:
    return [effect for effect in effects if isinstance(effect, Post)]


def the_post(found: list[Any]) -> Post:
    (post,) = posts(found)
    return post


def counts(effects: list[Any]) -> list[str]:
    return [effect.result for effect in effects if isinstance(effect, Count)]


# what goes where


def test_an_endpoint_gets_the_types_it_wants_and_all_if_it_names_none():
    assert wanted("lead.reassigned", RULES) == ("crm", "bi")
    assert wanted("sla.met", RULES) == ("crm",)


def test_every_type_that_is_published_can_be_named_in_the_policy():
    source = "".join(path.read_text() for path in Path(relay.__file__).parent.glob("*.py") if path.stem != "outcomes")
    assert set(re.findall(r'publish\(\s*"([a-z_.]+)"', source)) <= set(TYPES)
    assert all(f'"{name}"' in source for name in TYPES)


def test_an_outcome_is_posted_at_once_to_each_endpoint_with_its_stable_id():
    post, other = Queue().publish("L1:1:lead.assigned", "crm", "bi", body="{}")
    assert (post.webhook, other.webhook) == ("crm", "bi")
    assert (post.lead_id, post.outcome_id, post.body, post.attempt, post.limit) == (
        "L1",
        "L1:1:lead.assigned",
        "{}",
        1,
        POST_LIMIT,
    )


def test_what_was_accepted_leaves_no_row_of_the_lead():
    queue = Queue()
    assert counts(queue.answer(the_post(queue.publish("a")))) == ["sent"]
    assert set(queue.rows) == {relay.ENDPOINT + "crm"}


# order


def test_of_a_lead_and_an_endpoint_one_outcome_is_out_and_the_next_follows_its_success():
    queue = Queue()
    first = the_post(queue.publish("a"))
    assert queue.publish("b") == []
    assert the_post(queue.answer(first)).outcome_id == "b"


def test_a_failure_keeps_the_next_outcome_of_the_lead_waiting():
    queue = Queue()
    first = the_post(queue.publish("a"))
    queue.publish("b")
    assert counts(queue.answer(first, "500")) == ["retried"]
    assert the_post(queue.at_next_due()).outcome_id == "a"


def test_a_dead_endpoint_delays_neither_other_endpoints_nor_other_leads():
    queue = Queue()
    dead, alive = queue.publish("a", "crm", "bi")
    queue.answer(dead, "no answer")
    assert the_post(queue.answer(alive) and queue.publish("b", "crm", "bi")).webhook == "bi"
    assert the_post(queue.publish("a", lead="L2")).webhook == "crm"


# trying again


def test_an_hour_of_outage_loses_nothing_and_keeps_the_order():
    queue = Queue()
    began = queue.now
    first = the_post(queue.publish("a"))
    for outcome in "bc":
        queue.publish(outcome)
    queue.answer(first, "503")
    queue.run_out(began + HOUR, lambda _: {"error": "503"})
    assert {outcome for _, _, outcome in queue.posted} == {"a"}
    queue.run_out(began + 3 * HOUR)
    assert [outcome for at, _, outcome in queue.posted if at > began + HOUR] == ["a", "b", "c"]
    assert (queue.buried, KEY in queue.rows) == ([], False)


def test_waits_grow_and_are_a_fifth_longer_at_most():
    queue = Queue()
    queue.answer(the_post(queue.publish("a")), "500")
    queue.run_out(queue.now + 3 * HOUR, lambda _: {"error": "500"})
    waits = [later[0] - at[0] for at, later in zip(queue.posted, queue.posted[1:], strict=False)]
    bounds = [*BACKOFF, *[BACKOFF[-1]] * len(waits)]
    assert all(least <= wait <= least * 1.2 for wait, least in zip(waits, bounds, strict=False))


def test_what_failed_together_does_not_return_together():
    queue = Queue()
    dues = set()
    for number in range(20):
        queue.answer(the_post(queue.publish(f"L{number}:1:a", lead=f"L{number}")), "500")
        dues.add(next_due(queue.rows[f"{relay.OUTBOX}L{number}"]))
    assert len(dues) > 10


def test_retry_after_is_obeyed():
    queue = Queue()
    queue.answer(the_post(queue.publish("a")), "429", retry_after=20 * MINUTE)
    assert queue.now + 20 * MINUTE <= queue.due <= queue.now + 24 * MINUTE


def test_retry_after_is_obeyed_for_six_hours_at_most():
    queue = Queue()
    queue.answer(the_post(queue.publish("a")), "503", retry_after=7 * DAY)
    assert queue.now + LEFT_ALONE <= queue.due <= queue.now + LEFT_ALONE * 1.2


def test_an_attempt_without_an_answer_is_made_again_after_its_limit():
    queue = Queue()
    first = the_post(queue.publish("a"))
    assert queue.due == queue.now + POST_LIMIT
    again = the_post(queue.at_next_due())
    assert (again.outcome_id, again.attempt) == (first.outcome_id, 2)
    assert counts(queue.answer(first, "500")) == ["ignored_stale"]
    assert counts(queue.answer(again)) == ["sent"]


def test_that_an_outcome_arrived_is_believed_of_an_attempt_that_was_given_up_as_lost():
    queue = Queue()
    first = the_post(queue.publish("a"))
    again = the_post(queue.at_next_due())
    assert counts(queue.answer(first)) == ["sent"]
    assert KEY not in queue.rows
    assert counts(queue.answer(again, "500")) == ["ignored_stale"]


def test_after_a_day_it_is_a_dead_letter_that_can_be_replayed_and_the_next_has_its_turn():
    queue = Queue()
    began = queue.now
    queue.answer(the_post(queue.publish("a")), "400")
    queue.run_out(began + 23 * HOUR, lambda _: {"error": "400"})
    queue.publish("b")
    queue.run_out(began + 27 * HOUR, lambda post: {"error": "400"} if post.outcome_id == "a" else {})
    assert [(b.reason, b.detail) for b in queue.buried] == [("webhook_failed", "webhook crm: 400")]
    assert KEY not in queue.rows
    replayed = queue.buried[0].fact
    assert the_post(queue.feed(replayed)).outcome_id == "a"


def test_what_is_a_day_old_is_not_tried_again_after_a_long_stop_of_ours():
    queue = Queue()
    queue.publish("a")
    queue.now += GIVE_UP
    assert queue.feed(Due(queue.now), KEY) == [queue.buried[0], Count("failed")]
    assert queue.buried[0].detail == "webhook crm: no attempt was answered"


def test_more_than_a_row_can_hold_is_a_dead_letter_at_once():
    queue = Queue()
    body = "x" * (MOST // 4)
    for outcome in "abcd":
        queue.publish(outcome, body=body)
    assert queue.buried == []
    effects = queue.feed(Relay(lead_id="L1", outcome_id="e", to=("crm",), body=body))
    assert counts(effects) == ["ok", "failed"]
    assert queue.buried[0].fact.outcome_id == "e"


# 410


def gone(queue: Queue) -> None:
    """The endpoint has answered 410."""
    queue.answer(the_post(queue.publish("a")), "410", status=410)


def test_an_endpoint_that_answers_410_is_not_asked_again():
    queue = Queue()
    gone(queue)
    asked = len(queue.posted)
    queue.publish("b", lead="L2")
    queue.run_out(queue.now + 12 * HOUR)
    assert len(queue.posted) == asked
    assert relay.disabled(queue.endpoint, CRM)


def test_what_waits_for_a_disabled_endpoint_is_a_dead_letter_after_a_day():
    queue = Queue()
    gone(queue)
    queue.run_out(queue.now + DAY)
    assert [b.detail for b in queue.buried] == ["webhook crm: 410"]


def test_an_enabled_endpoint_gets_within_ten_minutes_what_waited():
    queue = Queue()
    gone(queue)
    queue.run_out(queue.now + HOUR)
    queue.feed(WebhookEnabled(webhook="crm", at=queue.now), relay.ENDPOINT + "crm")
    queue.run_out(queue.now + LOOK_AGAIN)
    assert [outcome for _, _, outcome in queue.posted] == ["a", "a"]
    assert KEY not in queue.rows


def test_enabling_asks_again_at_once_whatever_the_wait_was():
    queue = Queue()
    post = the_post(queue.publish("a"))
    for _ in range(6):
        queue.answer(post, "500")
        post = the_post(queue.at_next_due())
    queue.answer(post, "410", status=410)
    assert queue.due > queue.now + 50 * MINUTE
    queue.now += MINUTE
    queue.feed(WebhookEnabled(webhook="crm", at=queue.now), relay.ENDPOINT + "crm")
    again = the_post(queue.feed(Due(queue.now), KEY))  # what the partition does behind it
    assert posts(queue.answer(again, "500")) == []


def test_a_mended_entry_is_asked_at_once():
    queue = Queue()
    queue.answer(the_post(queue.publish("a")), "500")
    queue.rules = replace(RULES, webhooks={**RULES.webhooks, "crm": replace(CRM, url="https://crm.example/mended")})
    assert the_post(queue.feed(Due(queue.now), KEY)).outcome_id == "a"


def test_the_last_attempt_comes_at_the_end_of_the_day_whatever_pause_is_asked_for():
    queue = Queue()
    began = queue.now
    queue.answer(the_post(queue.publish("a")), "429", status=429, retry_after=6 * HOUR)
    queue.run_out(began + 2 * GIVE_UP, lambda _: {"error": "429", "status": 429, "retry_after": 6 * HOUR})
    assert queue.posted[-1][0] == began + GIVE_UP
    assert [bury.reason for bury in queue.buried] == ["webhook_failed"]


def test_an_outcome_that_is_refused_three_times_keeps_the_next_waiting_no_longer():
    queue = Queue()
    post = the_post(queue.publish("a"))
    assert posts(queue.publish("b")) == []
    for _ in range(2):
        queue.answer(post, "422", status=422)
        (post,) = queue.at_next_due()
    assert the_post(queue.answer(post, "422", status=422)).outcome_id == "b"
    assert [d.outcome_id for d in queue.get(KEY).deliveries] == ["a", "b"]


def test_an_outcome_that_is_refused_for_ever_is_tried_again_all_the_same():
    queue = Queue()
    post = the_post(queue.publish("a"))
    for _ in range(5):
        queue.answer(post, "422", status=422)
        post = the_post(queue.at_next_due())
    assert (post.outcome_id, post.attempt) == ("a", 6)


def test_an_endpoint_in_trouble_of_its_own_keeps_the_order():
    queue = Queue()
    post = the_post(queue.publish("a"))
    queue.publish("b")
    for _ in range(5):
        queue.answer(post, "503", status=503)
        (post,) = queue.at_next_due()
    assert post.outcome_id == "a"


def test_waiting_for_a_turn_makes_no_wait_longer_and_is_as_long_as_it_takes():
    queue = Queue()
    queue.answer(the_post(queue.publish("a")), "others took all the time", asked=False, retry_after=3 * MINUTE)
    assert 3 * MINUTE <= queue.due - queue.now <= 3.6 * MINUTE
    assert queue.get(KEY).deliveries[0].tries == 0


def test_a_changed_entry_of_the_policy_is_enabled_by_itself():
    queue = Queue()
    gone(queue)
    queue.rules = replace(RULES, webhooks={"crm": replace(CRM, url="https://crm.example/new")})
    queue.run_out(queue.now + LOOK_AGAIN)
    assert len(queue.posted) == 2
    assert KEY not in queue.rows


def look(queue: Queue) -> None:
    """The timer of the endpoint's row fires."""
    queue.now = max(queue.now, next_due(queue.rows[relay.ENDPOINT + "crm"]))
    assert queue.feed(Due(queue.now), relay.ENDPOINT + "crm") == []


def test_a_disabled_endpoint_shows_in_the_gauges_until_it_is_enabled():
    queue = Queue()
    gone(queue)
    look(queue)
    assert queue.endpoint.header().status == relay.DISABLED
    queue.feed(WebhookEnabled(webhook="crm", at=queue.now), relay.ENDPOINT + "crm")
    assert queue.endpoint.header().status == 0


def test_or_until_its_entry_is_changed():
    queue = Queue()
    gone(queue)
    queue.rules = replace(RULES, webhooks={"crm": replace(CRM, url="https://crm.example/new")})
    look(queue)
    assert (queue.endpoint.header().status, len(queue.endpoint.attempts)) == (0, 1)


def test_or_until_it_is_taken_out_of_the_policy_and_then_nothing_is_kept_of_it():
    queue = Queue()
    gone(queue)
    queue.rules = Rules()
    look(queue)
    assert relay.ENDPOINT + "crm" not in queue.rows


def test_enabling_what_was_never_used_changes_nothing():
    queue = Queue()
    queue.feed(WebhookEnabled(webhook="crm", at=queue.now), relay.ENDPOINT + "crm")
    assert queue.rows == {}


def test_a_webhook_that_is_taken_out_of_the_policy_and_put_back_loses_nothing():
    queue = Queue()
    queue.answer(the_post(queue.publish("a")), "500")
    queue.rules = Rules()
    queue.run_out(queue.now + HOUR)
    queue.rules = RULES
    queue.run_out(queue.now + LOOK_AGAIN)
    assert (len(queue.posted), queue.buried) == (2, [])


def test_a_webhook_that_is_not_in_the_policy_yet_is_waited_for():
    """On Kafka another partition may have read of a policy before this one."""
    queue = Queue(rules=Rules())
    assert queue.publish("a") == []
    queue.rules = RULES
    assert the_post(queue.at_next_due()).outcome_id == "a"


# the memory of an endpoint


def test_the_last_attempts_are_remembered_with_their_status():
    queue = Queue()
    for number in range(KEPT + 5):
        queue.answer(the_post(queue.publish(f"o{number}", lead=f"L{number}")), status=200, took=7)
    assert [a.outcome_id for a in queue.endpoint.attempts] == [f"o{n}" for n in range(5, KEPT + 5)]
    last = queue.endpoint.attempts[-1]
    assert (last.number, last.at, last.status, last.error, last.took) == (1, queue.now, 200, "", 7)


def test_the_last_success_and_the_last_failure_are_remembered():
    queue = Queue()
    queue.answer(the_post(queue.publish("a")), "500")
    failed = queue.now
    queue.answer(the_post(queue.at_next_due()))
    assert (queue.endpoint.failed_at, queue.endpoint.succeeded_at) == (failed, queue.now)


def test_an_attempt_that_did_not_reach_the_endpoint_is_not_remembered_and_comes_again_soon():
    queue = Queue()
    post = the_post(queue.publish("a"))
    for _ in range(9):
        effects = queue.answer(post, "others took all the time", asked=False)
        assert (counts(effects), queue.endpoint) == (["retried"], None)
        assert queue.due - queue.now <= BACKOFF[0] * 1.2
        post = the_post(queue.at_next_due())
    queue.answer(post, "500")
    assert queue.due - queue.now <= BACKOFF[0] * 1.2


# beside notices


def test_r31_what_waits_of_an_erased_lead_goes_at_once_and_its_erasure_is_posted():
    queue = Queue()
    first = the_post(queue.publish("a"))
    queue.publish("b")
    queue.feed(Drop(lead_id="L1", turn=None, at=queue.now))
    assert KEY not in queue.rows
    assert the_post(queue.publish("L1:1:lead.erased")).outcome_id == "L1:1:lead.erased"
    assert counts(queue.answer(first)) == ["ignored_stale"]


def test_an_answer_after_an_erasure_changes_nothing():
    queue = Queue()
    first = the_post(queue.publish("a"))
    queue.feed(Drop(lead_id="L1", turn=None, at=queue.now))
    assert counts(queue.answer(first, "500")) == ["ignored_stale"]
    assert KEY not in queue.rows


def test_a_later_turn_drops_notices_and_no_outcome():
    queue = Queue()
    queue.answer(the_post(queue.publish("a")), "500")
    queue.feed(Drop(lead_id="L1", turn=2, at=queue.now))
    assert the_post(queue.at_next_due()).outcome_id == "a"


def test_notices_go_their_own_way():
    queue = Queue()
    queue.publish("a")
    queue.feed(Notify(notice_id="n", lead_id="L1", manager_id="anna", kind="assigned", turn=1, at=queue.now))
    assert {type(CODEC.decode(row)).__name__ for row in queue.rows.values()} == {"Outbox", "Notices"}


def test_an_outbox_is_not_counted_among_the_notices_that_wait():
    queue = Queue()
    queue.publish("a")
    header = queue.get(KEY).header()
    assert (header.status, header.started_at) == (relay.RELAYING, queue.now)


# whatever comes


answers = st.sampled_from([None, {}, {"error": "500"}, {"error": "410", "status": 410}, {"error": "x", "asked": False}])


@given(st.lists(st.tuples(st.sampled_from("LM"), answers, st.integers(0, 3 * HOUR)), max_size=30))
def test_every_outcome_is_accepted_or_a_dead_letter_within_a_day_and_a_limit(story):
    queue, published, accepted = Queue(), set(), set()
    pending: list[Post] = []
    for number, (lead, ended, pause) in enumerate(story):
        published.add(f"o{number}")
        pending += queue.publish(f"o{number}", lead=lead)
        while pending and ended is not None:
            post = pending.pop(0)
            effects = queue.answer(post, **ended)
            accepted |= {post.outcome_id} if "sent" in counts(effects) else set()
            pending += posts(effects)
        queue.now += pause
        for key in [key for key, row in queue.rows.items() if next_due(row) <= queue.now]:
            pending += posts(queue.feed(Due(queue.now), key))
    for lead in "LM":
        for _ in range(len(story) + 1):  # each has a last attempt at the end of its day
            if (key := relay.OUTBOX + lead) in queue.rows:
                queue.now += GIVE_UP
                queue.feed(Due(queue.now), key)
        assert key not in queue.rows
    buried = {bury.fact.outcome_id for bury in queue.buried}
    assert accepted | buried == published
    assert not accepted & buried
