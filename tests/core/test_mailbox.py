"""What reaches a manager: one message at a time by each channel, a digest instead of a storm."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla_monitor.codec import RowCodec
from sla_monitor.core import deliver
from sla_monitor.core.attempts import KEEP_FAILED, MAIL_LIMIT, PENDING, SEND_LIMIT
from sla_monitor.core.dispatch import LONGEST_WAIT, PATIENCE
from sla_monitor.core.effects import Bury, Count, Enqueue, LeadState, Log, Notify, Refresh, Send, Told, Withdraw
from sla_monitor.core.events import Due, RulesChanged, Sent
from sla_monitor.core.mailbox import BUNDLED_BYTES, LISTED, LOG, MOST_BYTES, Item, Mailbox, Queue, key_of, parts
from sla_monitor.core.queue import BACKOFF, GIVE_UP, REFUSALS
from sla_monitor.core.rules import HOUR, MINUTE, SECOND, Bounds, Manager, Rules, Team
from tests import facts
from tests.world import KEYED, T0, World, sales

CHAT = "telegram://7"
RULES = Rules(
    managers={
        "anna": Manager("anna", notify=(CHAT,), quiet=((0, 60),)),  # the first hour of the day, UTC
        "boris": Manager("boris", notify=(CHAT,)),
    },
    teams={"sales": Team("sales", ("anna",), head="boris")},
    limits=Bounds(digest_after=3, digest_window=MINUTE),
)
CODEC = RowCodec(deliver.REDUCER.kinds)
NOON = 200 * 24 * HOUR + 12 * HOUR
NIGHT = NOON + 12 * HOUR


@dataclass
class Box:
    """The mailbox of one manager, driven through the bytes of its row as the shell does."""

    manager: str = "anna"
    now: int = NOON
    rules: Rules = RULES
    stored: bytes | None = None
    effects: list[Any] = field(default_factory=list)

    def feed(self, fact: Any) -> list[Any]:
        row = None if self.stored is None else CODEC.decode(self.stored)
        row, effects = deliver.decide(row, fact, self.now, self.rules)
        self.stored = None if row is None else CODEC.encode(row)
        self.effects += effects
        return effects

    def post(
        self,
        number: int,
        kind: str = "assigned",
        turn: int = 1,
        channel: str = "",
        *,
        test: bool = False,
        **details: Any,
    ) -> list[Any]:
        return self.feed(
            Enqueue(
                to=key_of(self.manager),
                manager_id=self.manager,
                channel=channel,
                head="boris",
                test=test,
                notice_id=f"L{number}:{turn}:{kind}",
                lead_id=f"L{number}",
                kind=kind,
                turn=turn,
                at=self.now,
                details=details,
            )
        )

    def answer(self, send: Send, error: str | None = None, **more: Any) -> list[Any]:
        return self.feed(
            Sent(
                lead_id=send.lead_id,
                notice_id=send.notice_id,
                attempt=send.attempt,
                at=self.now,
                channel=send.channel,
                error=error,
                **more,
            )
        )

    def withdraw(self, number: int, turn: int | None) -> list[Any]:
        return self.feed(Withdraw(to=key_of(self.manager), lead_id=f"L{number}", turn=turn, at=self.now))

    def at_next_due(self) -> list[Any]:
        self.now = max(self.now, self.due)
        return self.feed(Due(self.now))

    def after(self, span: int) -> list[Any]:
        self.now += span
        return self.feed(Due(self.now))

    @property
    def row(self) -> Mailbox:
        row = CODEC.decode(self.stored)
        assert isinstance(row, Mailbox)
        return row

    def state(self, number: int, **changes: Any) -> list[Any]:
        """What is so of a lead now: it waits, held by the manager in turn 1, unless said otherwise."""
        so = {"phase": "open", "turn": 1, "holder": self.manager, "head": "boris"}
        state = LeadState(lead_id=f"L{number}", at=self.now, **{**so, **changes})
        return self.feed(Refresh(to=key_of(self.manager), state=state))

    def channels(self, *notify: str, **changes: Any) -> list[Any]:
        """Another policy comes into force, by which the manager has these channels; what waits is asked again."""
        managers = {**self.rules.managers, self.manager: Manager(self.manager, notify=notify, **changes)}
        self.rules = replace(self.rules, managers=managers)
        return self.feed(Due(self.now))

    @property
    def queue(self) -> Queue:
        return next((queue for queue in self.row.queues if queue.address == CHAT), Queue(CHAT))

    @property
    def due(self) -> int:
        return self.row.header().next_due


def sends(effects: list[Any]) -> list[Send]:
    return [effect for effect in effects if isinstance(effect, Send)]


def the_send(effects: list[Any]) -> Send:
    (send,) = sends(effects)
    return send


def counts(effects: list[Any]) -> list[str]:
    return [effect.result for effect in effects if isinstance(effect, Count)]


def told(effects: list[Any]) -> list[Notify]:
    return [effect for effect in effects if isinstance(effect, Notify)]


def buried(effects: list[Any]) -> list[Any]:
    return [effect.note["notice_id"] for effect in effects if isinstance(effect, Bury)]


# one message at a time


def test_a_notice_is_sent_at_once_under_its_own_id():
    send = the_send(Box().post(1, due_at=5))
    assert (send.key, send.notice_id, send.lead_id) == (key_of("anna"), "L1:1:assigned", "L1")
    assert (send.channel, send.kind, send.turn, send.at, send.limit) == (CHAT, "assigned", 1, NOON, SEND_LIMIT)
    assert (send.details, send.test) == ({"due_at": 5}, False)


def test_a_second_notice_waits_for_the_answer_to_the_first_whatever_its_lead():
    box = Box()
    first = the_send(box.post(1))
    assert sends(box.post(2)) == []
    effects = box.answer(first)
    assert counts(effects) == ["sent"]
    assert the_send(effects).lead_id == "L2"


def test_an_attempt_without_an_answer_is_made_again_under_the_same_id():
    box = Box()
    first = the_send(box.post(1))
    assert box.due == NOON + SEND_LIMIT
    again = the_send(box.at_next_due())
    assert (again.notice_id, again.attempt) == (first.notice_id, first.attempt + 1)
    assert counts(box.answer(first, "too late to matter")) == ["ignored_stale"]
    assert counts(box.answer(again)) == ["sent"]


def test_that_a_message_arrived_is_believed_of_an_attempt_that_was_given_up_as_too_slow():
    box = Box()
    first = the_send(box.post(1))
    again = the_send(box.at_next_due())
    assert counts(box.answer(first)) == ["sent"]
    assert counts(box.answer(again, "a second time")) == ["ignored_stale"]
    assert list(box.row.items()) == []


def test_a_mail_has_two_minutes_as_its_server_may_make_us_wait():
    box = Box(manager="boris")
    box.rules = replace(RULES, managers={"boris": Manager("boris", notify=("mailtos://a:b@mail.example",))})
    send = the_send(box.post(1))
    assert send.limit == MAIL_LIMIT
    assert box.due == NOON + MAIL_LIMIT


def test_quiet_hours_that_another_policy_takes_away_let_go_at_once():
    box = Box(now=NIGHT)
    box.post(1)
    assert the_send(box.channels(CHAT)).notice_id == "L1:1:assigned"


def test_a_timer_that_fires_too_early_and_another_policy_change_nothing():
    box = Box()
    box.post(1)
    before = box.stored
    assert box.feed(Due(box.now)) == []
    assert box.feed(RulesChanged(version=2, rules=RULES, at=box.now)) == []
    assert box.stored == before


def test_an_mailbox_with_nothing_to_say_goes_after_a_week():
    box = Box()
    box.answer(the_send(box.post(1)))
    assert box.row.header().status == 0
    assert box.due == NOON + KEEP_FAILED
    box.at_next_due()
    assert box.stored is None


def test_the_header_tells_since_when_something_could_be_sent():
    box = Box()
    box.post(1)
    header = box.row.header()
    assert (header.status, header.started_at) == (PENDING, NOON)


def test_what_comes_for_no_mailbox_is_nothing():
    assert counts(Box().withdraw(1, None)) == ["ok"]


# what fails


def test_while_a_receiver_is_down_one_attempt_asks_it_not_all_that_wait():
    box = Box()
    box.answer(the_send(box.post(1)), "refused")
    attempts = 0
    for number in range(2, 30):
        attempts += len(sends(box.post(number)))
    assert attempts == 0
    assert NOON + BACKOFF[0] <= box.due <= NOON + BACKOFF[0] * 1.2


def test_failures_are_retried_later_and_later():
    box = Box()
    send = the_send(box.post(1))
    for wait in (*BACKOFF[:LONGEST_WAIT], 10 * MINUTE, 10 * MINUTE):
        assert counts(box.answer(send, "refused")) == ["retried"]
        assert wait <= box.due - box.now <= wait * 1.2
        send = the_send(box.at_next_due())


def test_news_asks_a_receiver_again_that_would_be_left_alone_for_long():
    box = Box()
    send = the_send(box.post(1))
    for _ in range(4):
        box.answer(send, "refused")
        send = the_send(box.at_next_due())
    box.answer(send, "refused")
    assert box.due - box.now >= 10 * MINUTE
    box.now += MINUTE
    assert the_send(box.post(2)).attempt == send.attempt + 1


def test_a_receiver_that_wants_to_be_left_alone_is_whatever_comes():
    box = Box()
    box.answer(the_send(box.post(1)), "busy", retry_after=7 * MINUTE)
    assert sends(box.post(2)) == []
    assert box.due == NOON + 7 * MINUTE
    assert the_send(box.at_next_due()).lead_id == "L1"


def test_a_permanent_failure_is_not_retried_and_the_next_notice_goes():
    box = Box()
    first = the_send(box.post(1))
    box.post(2)
    effects = box.answer(first, "no such chat", permanent=True)
    assert buried(effects) == ["L1:1:assigned"]
    assert box.due <= NOON + BACKOFF[0]
    assert the_send(box.at_next_due()).lead_id == "L2"


def test_a_final_failure_is_a_dead_letter_that_tells_no_address():
    box = Box()
    effects = box.answer(the_send(box.post(1)), "no such chat", permanent=True)
    (bury,) = [effect for effect in effects if isinstance(effect, Bury)]
    assert bury.note == {
        "lead_id": "L1",
        "notice_id": "L1:1:assigned",
        "manager_id": "anna",
        "kind": "assigned",
        "channel": "telegram",
        "attempts": 1,
        "error": "no such chat",
    }


def test_a_channel_that_fails_for_a_day_is_given_up():
    box = Box(manager="boris")
    send = the_send(box.post(1))
    while counts(box.answer(send, "refused")) == ["retried"]:
        send = the_send(box.at_next_due())
    assert buried(box.effects) == ["L1:1:assigned"]
    assert box.now - NOON == GIVE_UP  # the last attempt


def test_what_waited_a_day_behind_a_dead_channel_is_given_up_notice_by_notice():
    box = Box(manager="boris")
    box.answer(the_send(box.post(1)), "refused")
    box.post(2)
    send = the_send(box.after(GIVE_UP))
    box.answer(send, "refused")
    assert buried(box.effects) == ["L2:1:assigned", "L1:1:assigned"]
    assert box.queue.parcels == box.queue.waiting == []


def test_a_message_that_nobody_could_send_for_a_day_has_no_last_attempt():
    box = Box(manager="boris")
    box.answer(the_send(box.post(1)), "refused")
    assert sends(box.after(2 * GIVE_UP)) == []
    assert buried(box.effects) == ["L1:1:assigned"]


def test_a_flood_does_not_grow_the_row_without_end_however_long_the_names_are():
    box = Box(now=NIGHT)
    for number in range(400):
        box.post(number, lead_name="Ж" * 256, about="x" * 128)
    assert len(box.stored) < 2 * MOST_BYTES
    assert buried(box.effects) == [f"L{number}:1:assigned" for number in range(len(buried(box.effects)))]
    assert len(buried(box.effects)) > 100


def test_what_is_urgent_is_never_given_up_for_what_is_not():
    box = Box(now=NIGHT - SECOND)
    box.post(0)  # it is out, so all others wait
    box.post(1, "escalated", lead_name="x" * 256)
    for number in range(2, 400):
        box.post(number, lead_name="Ж" * 256)
    assert "L1:1:escalated" not in buried(box.effects)
    assert buried(box.effects)[0] == "L2:1:assigned"


def test_where_all_is_urgent_the_oldest_goes():
    box = Box(now=NIGHT - SECOND)
    for number in range(400):
        box.post(number, "escalated", lead_name="Ж" * 256)
    assert buried(box.effects)[0] == "L1:1:escalated"  # the first is out


def test_a_notice_beyond_all_bounds_goes_alone():
    box = Box()
    assert buried(box.post(1, lead_name="x" * MOST_BYTES)) == ["L1:1:assigned"]
    box.now += HOUR
    assert the_send(box.post(2)).lead_id == "L2"


def test_what_is_out_is_given_up_for_nothing_however_large_it_is():
    box = Box()
    box.post(1, lead_name="x" * (MOST_BYTES - 1000))
    for number in range(2, 12):
        box.post(number, lead_name="x" * 200)
    assert "L1:1:assigned" not in buried(box.effects)
    assert buried(box.post(12, lead_name="x" * MOST_BYTES))[-1] == "L12:1:assigned"


# one message that does not pass


def test_a_message_that_its_receiver_refuses_three_times_keeps_the_others_waiting_no_longer():
    box = Box()
    send = the_send(box.post(1))
    box.post(2)
    for _ in range(REFUSALS - 1):
        assert sends(box.answer(send, "450 greylisted", refused=True)) == []
        send = the_send(box.at_next_due())
    box.answer(send, "450 greylisted", refused=True)
    assert box.due <= box.now + BACKOFF[0]
    passing = the_send(box.at_next_due())
    assert passing.lead_id == "L2"
    box.answer(passing)
    assert the_send(box.at_next_due()).lead_id == "L1"  # it is tried all the same


def test_one_message_that_never_passes_holds_the_others_up_for_minutes_not_a_day():
    box = Box()
    send = the_send(box.post(1))
    for number in range(2, 6):
        box.post(number)
    arrived: dict[str, int] = {}
    while box.now < NOON + HOUR:
        if send.lead_id == "L1":
            effects = box.answer(send, "timed out")
        else:
            arrived |= dict.fromkeys(send.details.get("notices", [send.notice_id]), box.now)
            effects = box.answer(send)
        while not (found := sends(effects)):
            effects = box.at_next_due()
        (send,) = found
    assert sorted(arrived) == [f"L{number}:1:assigned" for number in range(2, 6)]
    assert max(arrived.values()) < NOON + 20 * MINUTE


def test_while_nothing_gets_through_the_messages_take_turns_at_the_pace_of_one():
    box = Box()
    send = the_send(box.post(1))
    box.post(2)
    tried = []
    while box.now < NOON + 5 * HOUR:
        tried.append((box.now, send.lead_id))
        box.answer(send, "timed out")
        send = the_send(box.at_next_due())
    assert {lead for _, lead in tried[: PATIENCE + 2]} == {"L1", "L2"}
    late = [at for at, _ in tried if at > NOON + HOUR]
    assert len(late) <= 4 * HOUR // (10 * MINUTE) + 1


def test_waiting_for_a_turn_at_a_busy_host_is_no_failed_attempt():
    box = Box()
    send = the_send(box.post(1))
    for _ in range(10):
        box.answer(send, "others took all the time", asked=False)
        assert BACKOFF[0] <= box.due - box.now <= BACKOFF[0] * 1.2
        assert box.queue.parcels[0].tries == 0
        send = the_send(box.at_next_due())


# the head is told


def test_the_head_is_told_once_of_a_channel_that_does_not_work():
    box = Box()
    (notify,) = told(box.answer(the_send(box.post(1, source="crm", customer="+7495")), "blocked", permanent=True))
    assert (notify.notice_id, notify.lead_id) == ("L1:1:undelivered:anna:boris", "L1")
    assert (notify.manager_id, notify.kind, notify.turn) == ("boris", "undelivered", 1)
    assert notify.details == {
        "source": "crm",
        "holder_id": "anna",
        "about": "assigned",
        "channel": "telegram",
        "reason": "blocked",
    }
    box.now += MINUTE
    assert told(box.answer(the_send(box.post(2)), "blocked", permanent=True)) == []


def test_the_head_is_told_again_when_it_had_worked_in_between():
    box = Box()
    box.answer(the_send(box.post(1)), "blocked", permanent=True)
    box.now += MINUTE
    box.answer(the_send(box.post(2)))
    box.now += MINUTE
    assert told(box.answer(the_send(box.post(3)), "blocked", permanent=True))


def test_nobody_is_told_that_the_head_cannot_be_reached():
    box = Box(manager="boris")
    assert told(box.answer(the_send(box.post(1, kind="undelivered")), "blocked", permanent=True)) == []
    box.now += MINUTE
    assert told(box.answer(the_send(box.post(2)), "blocked", permanent=True)) == []


# turns and erasures


def test_a_change_of_turn_drops_what_is_stale_and_keeps_the_rest():
    box = Box()
    box.post(1)
    box.post(2, "assigned")
    box.post(2, "reassigned_away")
    box.post(3, "warning")
    box.withdraw(2, 2)
    assert [(item.lead_id, item.kind) for item in box.queue.waiting] == [("L2", "reassigned_away"), ("L3", "warning")]


def test_a_message_that_is_out_when_its_notice_is_dropped_ends_by_itself():
    box = Box()
    send = the_send(box.post(1))
    box.withdraw(1, 2)
    assert sends(box.post(2)) == []
    effects = box.answer(send, "refused")
    assert counts(effects) == ["dropped"]
    assert the_send(box.at_next_due()).lead_id == "L2"


def test_a_dropped_message_without_an_answer_lets_the_next_go_after_its_limit():
    box = Box()
    box.post(1)
    box.withdraw(1, 2)
    box.post(2)
    assert the_send(box.at_next_due()).lead_id == "L2"


def test_a_message_to_be_retried_goes_when_its_notice_is_dropped():
    box = Box()
    box.answer(the_send(box.post(1)), "refused")
    box.withdraw(1, 2)
    assert box.queue.parcels == []


def test_r31_an_erased_lead_leaves_nothing_behind():
    box = Box()
    box.post(1, "answered", lead_name="Ivan")
    box.post(2)
    box.post(1, "retracted", lead_name="Ivan")
    box.withdraw(1, None)
    assert b"Ivan" not in box.stored
    assert [item.lead_id for item in box.row.items() if not item.over] == ["L2"]


# digests


def storm(box: Box, first: int, last: int) -> Send:
    """Notices of many leads at once; the one that went out before the others came."""
    send = the_send(box.post(first))
    for number in range(first + 1, last + 1):
        assert sends(box.post(number, lead_name=f"Lead {number}")) == []
    return send


def test_a_few_notices_go_one_by_one():
    box = Box()
    send = storm(box, 1, 3)
    told_of = [send.lead_id]
    while found := sends(box.answer(send)):
        (send,) = found
        told_of.append(send.lead_id)
    assert told_of == ["L1", "L2", "L3"]


def test_many_at_once_become_one_message_that_lists_them():
    box = Box()
    digest = the_send(box.answer(storm(box, 1, 9)))
    assert (digest.kind, digest.notice_id, digest.lead_id, digest.turn) == ("digest", "digest:L2:1:assigned", "", 0)
    assert digest.details["count"] == 8
    assert digest.details["items"][-1] == {"lead_name": "Lead 2", "lead_id": "L2", "kind": "assigned", "turn": 1}
    assert digest.details["notices"] == [f"L{number}:1:assigned" for number in range(2, 10)]


def test_a_long_digest_lists_twenty_leads_and_counts_the_others():
    box = Box()
    digest = the_send(box.answer(storm(box, 1, 60)))
    assert (len(digest.details["items"]), digest.details["count"], digest.details["leads"]) == (LISTED, 59, 59)
    assert all("lead_name" in item for item in digest.details["items"])


def test_a_digest_that_got_no_answer_is_sent_again_as_it_was_whatever_came_since():
    box = Box()
    digest = the_send(box.answer(storm(box, 1, 6)))
    box.post(7)
    again = the_send(box.at_next_due())
    assert (again.notice_id, again.details) == (digest.notice_id, digest.details)


def test_notices_that_trickle_too_fast_wait_for_the_window_and_then_come_together():
    box, out = Box(), []
    for number in range(1, 7):
        for send in sends(box.post(number)):
            out.append(send.lead_id)
            box.answer(send)
        box.now += 8 * SECOND
    assert out == ["L1", "L2", "L3"]
    assert box.due == NOON + MINUTE
    digest = the_send(box.at_next_due())
    assert digest.details["notices"] == [f"L{number}:1:assigned" for number in (4, 5, 6)]


def test_one_notice_that_waited_for_the_window_comes_alone():
    box = Box()
    for number in range(1, 4):
        box.answer(the_send(box.post(number)))
    assert sends(box.post(4)) == []
    assert the_send(box.at_next_due()).kind == "assigned"


def test_after_the_window_notices_go_at_once_again():
    box = Box()
    for number in range(1, 10):
        box.now += 20 * SECOND
        box.answer(the_send(box.post(number)))


def test_a_notice_dropped_from_a_digest_is_not_told_of_in_its_retry():
    box = Box()
    digest = the_send(box.answer(storm(box, 1, 6)))
    box.withdraw(3, 2)
    box.answer(digest, "refused")
    again = the_send(box.at_next_due())
    assert again.notice_id == digest.notice_id
    assert "L3:1:assigned" not in again.details["notices"]


def test_the_first_notice_of_a_digest_may_be_dropped_too():
    box = Box()
    digest = the_send(box.answer(storm(box, 1, 6)))
    box.withdraw(2, 2)
    box.answer(digest, "refused")
    again = the_send(box.at_next_due())
    assert (again.notice_id, again.kind) == (digest.notice_id, "digest")


def test_a_digest_that_is_refused_falls_back_to_single_notices():
    box = Box()
    digest = the_send(box.answer(storm(box, 1, 6)))
    effects = box.answer(digest, "too long", permanent=True)
    assert buried(effects) == []
    box.now += MINUTE
    arrived = []
    while found := sends(effects) or (sends(box.at_next_due()) if box.queue.items() and box.queue.waiting else []):
        (send,) = found
        arrived.append(send.notice_id)
        effects = box.answer(send)
    assert arrived == digest.details["notices"]


def test_a_single_notice_of_a_refused_digest_that_is_refused_too_is_a_dead_letter():
    box = Box()
    digest = the_send(box.answer(storm(box, 1, 6)))
    box.answer(digest, "blocked", permanent=True)
    box.now += MINUTE
    effects = box.feed(Due(box.now))
    assert buried(box.answer(the_send(effects), "blocked", permanent=True)) == ["L2:1:assigned"]


def test_a_digest_has_one_line_a_lead_and_what_is_to_be_done_and_newest_first():
    box = Box()
    send = the_send(box.post(1))
    for number in (2, 3, 4):
        box.now += SECOND
        box.post(number)
    box.post(2, "warning")
    box.now += SECOND
    box.post(5, "retracted")
    box.post(3, "answered")
    digest = the_send(box.answer(send))
    told_of = [(item["lead_id"], item["kind"]) for item in digest.details["items"]]
    assert told_of == [("L2", "warning"), ("L4", "assigned"), ("L3", "assigned"), ("L5", "retracted")]
    assert (digest.details["count"], digest.details["leads"]) == (6, 4)


# quiet hours


def test_notices_in_quiet_hours_come_together_at_their_end():
    box = Box(now=NIGHT)
    for number in range(1, 6):
        assert sends(box.post(number)) == []
        box.now += MINUTE
    assert box.due == NIGHT + HOUR
    assert the_send(box.at_next_due()).details["count"] == 5


def test_what_is_urgent_comes_in_quiet_hours_alone():
    box = Box(now=NIGHT)
    box.post(1)
    send = the_send(box.post(2, "escalated"))
    assert send.kind == "escalated"
    box.answer(send)
    assert box.due == NIGHT + HOUR
    assert the_send(box.at_next_due()).lead_id == "L1"


def test_a_head_who_lets_nothing_through_is_not_woken():
    silent = replace(RULES.managers["anna"], urgent=())
    box = Box(now=NIGHT, rules=replace(RULES, managers={"anna": silent}))
    assert sends(box.post(1, "escalated")) == []
    assert the_send(box.at_next_due()).kind == "escalated"


def test_a_message_begun_before_quiet_hours_waits_and_lets_what_is_urgent_pass():
    box = Box(now=NIGHT - SECOND)
    box.answer(the_send(box.post(1)), "refused")
    box.now = NIGHT + MINUTE
    assert the_send(box.post(2, "stuck")).kind == "stuck"
    box.now += SECOND
    out = box.queue.parcels[-1]
    box.feed(Sent(lead_id="L2", notice_id=out.message_id, attempt=out.attempt, at=box.now, channel=CHAT))
    assert box.due == NIGHT + HOUR
    again = the_send(box.at_next_due())
    assert (again.lead_id, again.attempt) == ("L1", 3)


def test_an_urgent_message_is_retried_in_quiet_hours():
    box = Box(now=NIGHT)
    box.post(1)
    box.answer(the_send(box.post(2, "escalated")), "refused")
    assert box.due < NIGHT + MINUTE
    assert the_send(box.at_next_due()).kind == "escalated"


def test_quiet_hours_defer_and_never_drop():
    box = Box(now=NIGHT)
    box.post(1)
    assert box.row.header().started_at == NIGHT + HOUR
    effects = box.at_next_due()
    while not buried(box.effects):
        if found := sends(effects):
            box.answer(found[0], "refused")
        effects = box.at_next_due() if box.stored and not buried(box.effects) else []
    assert box.now == NIGHT + HOUR + GIVE_UP


def test_who_is_unknown_by_now_is_never_quiet():
    box = Box(now=NIGHT, rules=replace(RULES, managers={}))
    assert the_send(box.post(1))


# the whole way


def test_a_lead_is_told_of_by_way_of_the_mailbox_and_its_notices_go_with_it():
    rules = sales()
    phone = replace(rules.managers["anna"], notify=("telegram://7", "log://"))
    w = World(replace(rules, managers={**rules.managers, "anna": phone}))
    w.feed(facts.lead("L", T0, owner_id="anna", name="Ivan"))
    assert [(send.kind, send.channel) for send in w.sent] == [("assigned", "telegram://7"), ("assigned", "log://")]
    w.feed(facts.erased("L", w.now))
    assert not any(b"Ivan" in row for row in w.logs[Log.NOTIFICATIONS].rows.values())


def waiting_of(w: World, manager: str) -> list[Item]:
    log = w.logs[Log.NOTIFICATIONS]
    row = log.codec.decode(log.rows[key_of(manager)])
    return list(row.items())


def test_r31_a_notice_that_waits_names_nobody_any_more_who_was_part_of_its_lead_and_is_erased():
    rules = sales()
    quiet = replace(rules.managers["anna"], notify=(CHAT,), quiet=((0, 1439),), urgent=())
    w = World(replace(rules, managers={**rules.managers, "anna": quiet}))
    w.feed(facts.lead("B", T0, owner_id="vera", phones=("+79990000001",)))
    w.feed(facts.lead("A", T0, phones=("+79990000001",)))
    w.to(T0 + MINUTE)
    w.feed(facts.updated("A", w.now, name="Ivan"))
    w.feed(facts.assigned("B", "anna", w.now))
    (waiting,) = waiting_of(w, "anna")
    assert waiting.details["lead_name"] == "Ivan"
    w.feed(facts.erased("A", w.now))
    (waiting,) = waiting_of(w, "anna")
    assert (waiting.kind, "lead_name" in waiting.details) == ("assigned", False)
    assert not any(b"Ivan" in row for log in KEYED for row in w.logs[log].rows.values())


# always


STEPS = st.lists(
    st.tuples(st.sampled_from(["post", "urgent", "ok", "fail", "refuse", "due", "withdraw"]), st.integers(0, HOUR)),
    max_size=60,
)


@given(STEPS)
def test_nothing_is_lost_nothing_comes_twice_and_one_message_is_out(steps: list[tuple[str, int]]):
    box, posted, gone, delivered = Box(now=NIGHT - 2 * HOUR), [], [], []
    contents: dict[str, set[str]] = {}
    out: Send | None = None
    number = 0

    def note(effects: list[Any]) -> None:
        nonlocal out
        gone.extend(buried(effects))
        for send in sends(effects):
            out = send
            told_of = set(send.details.get("notices", [send.notice_id]))
            assert told_of <= contents.setdefault(send.notice_id, told_of)

    for action, span in steps:
        box.now += span
        note(box.feed(Due(box.now)) if box.stored else [])
        if action in ("post", "urgent"):
            number += 1
            kind = "assigned" if action == "post" else "escalated"
            posted.append(f"L{number}:1:{kind}")
            note(box.post(number, kind))
        elif action == "withdraw" and number:
            waiting = {item.notice_id for item in box.row.items() if not item.over} if box.stored else set()
            note(box.withdraw(number, 2))
            left = {item.notice_id for item in box.row.items() if not item.over} if box.stored else set()
            gone.extend(waiting - left)
        elif action in ("ok", "fail", "refuse") and out and box.stored:
            parcel = next((p for p in box.queue.parcels if p.out), None)
            if parcel is None or (parcel.message_id, parcel.attempt) != (out.notice_id, out.attempt):
                continue
            answered = {item.notice_id for item in parcel.items if not item.over}
            if action == "ok":
                delivered.extend(answered)
            note(box.answer(out, None if action == "ok" else "no", permanent=action == "refuse"))
        assert sum(parcel.out for parcel in box.queue.parcels) <= 1 if box.stored else True
    waiting = [item.notice_id for item in box.row.items() if not item.over] if box.stored else []
    assert sorted([*delivered, *gone, *waiting]) == sorted(posted)


# whom and where: by the policy in force


def test_a_mended_address_gets_what_waited_for_the_old_one():
    box = Box()
    box.answer(the_send(box.post(1)), "no such chat yet")
    send = the_send(box.channels("telegram://8"))
    assert (send.channel, send.notice_id) == ("telegram://8", "L1:1:assigned")
    box.answer(send)
    assert list(box.row.items()) == []


def test_what_is_out_to_an_address_that_is_gone_ends_there_and_only_what_fails_moves():
    box = Box()
    first = the_send(box.post(1))
    box.post(2)
    moved = the_send(box.channels("telegram://8"))
    assert (moved.channel, moved.lead_id) == ("telegram://8", "L2")
    box.answer(first, "no such chat")
    last = the_send(box.answer(moved))
    assert (last.channel, last.lead_id) == ("telegram://8", "L1")
    box.answer(last)
    assert [queue.address for queue in box.row.queues] == ["telegram://8"]


def test_a_further_channel_gets_what_waits_too():
    box = Box()
    box.answer(the_send(box.post(1)), "down")
    sent = the_send(box.channels(CHAT, "telegram://8"))
    assert sent.channel == "telegram://8"
    assert [queue.address for queue in box.row.queues] == [CHAT, "telegram://8"]


def test_a_channel_that_is_taken_away_takes_with_it_what_the_others_have():
    box = Box(manager="boris")
    box.channels(CHAT, "telegram://8") if box.stored else None
    box.rules = replace(RULES, managers={"boris": Manager("boris", notify=(CHAT, "telegram://8"))})
    for send in sends(box.post(1)):
        box.answer(send, None if send.channel == CHAT else "down")
    assert sends(box.channels(CHAT)) == []
    assert list(box.row.items()) == []


def test_a_channel_that_is_gone_leaves_what_it_could_not_send_to_one_that_was_there_before():
    box = Box()
    first = the_send(box.post(1))
    assert sends(box.channels(CHAT, "telegram://8")) == []  # it is out
    box.channels("telegram://8")
    send = the_send(box.answer(first, "down"))
    assert (send.channel, send.lead_id) == ("telegram://8", "L1")


def test_a_channel_that_comes_back_within_an_attempt_gets_what_the_other_did_not_send():
    box = Box()
    first = the_send(box.post(1))
    second = the_send([*box.channels("telegram://8"), *box.post(2)])
    box.answer(second, "down")
    box.channels(CHAT)
    assert the_send(box.answer(first)).lead_id == "L2"


def test_what_has_arrived_by_one_channel_is_nobodys_loss_with_another():
    box = Box()
    box.channels(CHAT, "telegram://8")
    by_chat, by_other = sends(box.post(1))
    box.answer(by_chat)
    box.answer(by_other, "down")
    effects = box.answer(the_send(box.at_next_due()), "gone", permanent=True)
    assert (len(buried(effects)), told(effects)) == (1, [])


def test_what_was_out_when_its_manager_left_and_fails_is_told_to_the_head():
    box = Box()
    send = the_send(box.post(1))
    box.rules = replace(RULES, managers={"boris": RULES.managers["boris"]}, teams={})
    box.feed(Due(box.now))
    (notify,) = told(box.answer(send, "down"))
    assert (notify.manager_id, notify.details["reason"]) == ("boris", "left")


@pytest.mark.parametrize("answered", [True, False])
def test_what_may_have_arrived_and_does_not_hold_any_more_counts_as_told(answered: bool):
    box = Box()
    send = the_send(box.post(1))
    if answered:
        box.answer(send, "no answer in time", unsure=True)
    else:
        box.answer(the_send(box.at_next_due()), "cannot be reached")
    effects = box.state(1, holder="vera")
    assert [(one.lead_id, one.kind) for one in effects if isinstance(one, Told)] == [("L1", "assigned")]


def test_what_is_withdrawn_while_it_is_out_counts_as_told_if_no_answer_comes():
    box = Box()
    send = the_send(box.post(1))
    box.state(1, holder="vera")
    effects = box.answer(send, "no answer in time", unsure=True)
    assert [(one.lead_id, one.kind) for one in effects if isinstance(one, Told)] == [("L1", "assigned")]


def test_what_surely_did_not_arrive_and_does_not_hold_any_more_was_never_told():
    box = Box()
    box.answer(the_send(box.post(1)), "cannot be reached")
    assert [one for one in box.state(1, holder="vera") if isinstance(one, Told)] == []


def test_of_one_change_one_word_is_enough():
    box = Box()
    out = the_send(box.post(1, "reassigned_away"))
    box.post(1, "reassigned_away", turn=2)
    box.post(2, "reassigned_away")
    assert the_send(box.answer(out)).lead_id == "L2"


def test_a_change_behind_other_news_of_the_lead_is_said_after_it():
    box = Box()
    out = the_send(box.post(1, "reassigned_away"))
    box.post(1, "assigned", turn=2)
    box.post(1, "reassigned_away", turn=3)
    assert the_send(box.answer(out)).kind == "assigned"
    assert [item.kind for item in box.queue.waiting] == ["reassigned_away"]


def test_a_change_that_did_not_get_through_is_said_as_it_is_by_the_next_attempt():
    box = Box()
    box.answer(the_send(box.post(1, "reassigned_away", to_id="vera")), "down")
    box.state(1, holder="olga", turn=3, details={"lead_name": "Ivan"})
    send = the_send(box.at_next_due())
    assert (send.kind, send.turn, send.details["to_id"], send.details["lead_name"]) == (
        "reassigned_away",
        3,
        "olga",
        "Ivan",
    )


def test_who_has_no_channel_left_is_told_in_the_log():
    box = Box()
    box.answer(the_send(box.post(1)), "down")
    assert the_send(box.channels()).channel == LOG


def test_a_manager_who_has_left_is_told_nothing_and_the_head_is_told_once():
    box = Box(now=NIGHT)
    box.post(1, customer="+74951112233")
    box.post(2)
    box.rules = replace(RULES, managers={"boris": RULES.managers["boris"]}, teams={})
    (notify,) = told(box.feed(Due(box.now)))
    assert (notify.manager_id, notify.kind, notify.lead_id) == ("boris", "undelivered", "L1")
    assert (notify.details["holder_id"], notify.details["reason"]) == ("anna", "left")
    assert list(box.row.items()) == []
    assert told(box.feed(Due(box.now))) == []
    assert sends(box.after(2 * HOUR)) == []


def test_a_notice_for_somebody_who_has_left_is_told_to_the_head():
    box = Box(rules=replace(RULES, managers={"boris": RULES.managers["boris"]}, teams={}))
    effects = box.post(1)
    assert (sends(effects), [n.details["reason"] for n in told(effects)]) == ([], ["left"])
    assert counts(effects)[-1:] == ["dropped"]


def test_who_comes_back_is_told_again():
    box = Box(rules=replace(RULES, managers={"boris": RULES.managers["boris"]}, teams={}))
    box.post(1)
    box.rules = RULES
    assert the_send(box.post(2)).channel == CHAT


def test_r22_where_the_policy_has_no_managers_anybody_is_told_in_the_log():
    assert the_send(Box(rules=Rules()).post(1)).channel == LOG


def test_r30_a_test_lead_is_told_of_in_the_log_alone_whatever_channels_there_are():
    box = Box()
    send = the_send(box.post(1, test=True))
    assert (send.channel, send.test) == (LOG, True)
    box.answer(send, "disk full")
    assert sends(box.channels("telegram://8")) == []
    assert {queue.address for queue in box.row.queues if queue.items()} >= {LOG}
    effects = box.answer(the_send(box.at_next_due()), "gone", permanent=True)
    assert (len(buried(effects)), told(effects)) == (1, [])


def test_a_notice_that_waits_for_one_address_alone_goes_there_or_where_else_the_manager_is():
    box = Box(manager="boris")
    box.rules = replace(RULES, managers={"boris": Manager("boris", notify=(CHAT, "telegram://8"))})
    assert [send.channel for send in sends(box.post(1, channel=CHAT))] == [CHAT]
    assert [send.channel for send in sends(box.post(2, channel="telegram://99"))] == ["telegram://8"]


def test_a_notice_that_is_there_already_is_a_duplicate():
    box = Box()
    box.post(1)
    assert counts(box.post(1)) == ["duplicate"]


# the log gets each notice as it is


def test_what_waits_for_the_log_goes_at_once_each_as_a_notice_of_its_own():
    box = Box()
    box.rules = replace(RULES, managers={"anna": Manager("anna")})
    send = the_send(box.post(1))
    for number in range(2, 200):
        box.post(number, lead_name=f"n{number}")
    several = the_send(box.answer(send))
    assert [part.lead_id for part in parts(several)] == [f"L{number}" for number in range(2, 200)]
    assert (parts(several)[0].kind, parts(several)[0].details) == ("assigned", {"lead_name": "n2"})
    assert parts(several)[0].notice_id == "L2:1:assigned"
    effects = box.answer(several)
    assert counts(effects).count("sent") == 198
    assert [told_.lead_id for told_ in effects if isinstance(told_, Told)][:2] == ["L2", "L3"]


def test_a_bundle_has_a_bound_and_the_next_one_has_the_rest():
    box = Box()
    box.rules = replace(RULES, managers={"anna": Manager("anna")})
    send = the_send(box.post(1))
    for number in range(2, 9):
        box.post(number, lead_name="n" * (BUNDLED_BYTES // 4))
    first = the_send(box.answer(send))
    assert [part.lead_id for part in parts(first)] == ["L2", "L3", "L4"]
    assert [part.lead_id for part in parts(the_send(box.answer(first)))] == ["L5", "L6", "L7"]


def test_one_notice_beyond_the_bound_of_a_bundle_goes_by_itself():
    box = Box()
    box.rules = replace(RULES, managers={"anna": Manager("anna")})
    send = the_send(box.post(1))
    box.post(2, lead_name="n" * (BUNDLED_BYTES + 1))
    box.post(3)
    first = the_send(box.answer(send))
    assert first.lead_id == "L2"
    assert the_send(box.answer(first)).lead_id == "L3"


def test_a_digest_goes_before_its_time_when_so_much_waits_that_some_would_be_given_up():
    box = Box()
    for number in range(1, RULES.limits.digest_after + 1):
        box.answer(the_send(box.post(number)))
    held = []
    for number in range(100, 109):
        held += sends(box.post(number, lead_name="n" * (MOST_BYTES // 16)))
    assert [(send.kind, send.details["count"]) for send in held] == [("digest", 4)]


def test_a_bundle_that_fails_is_tried_again_as_it_was():
    box = Box()
    box.rules = replace(RULES, managers={"anna": Manager("anna")})
    send = the_send(box.post(1))
    box.post(2)
    box.post(3)
    several = the_send(box.answer(send))
    box.answer(several, "disk full")
    again = the_send(box.at_next_due())
    assert (again.notice_id, again.details) == (several.notice_id, several.details)
    assert len(buried(box.answer(again, "never", permanent=True))) == 2


# what holds


def test_what_does_not_hold_any_more_is_withdrawn():
    box = Box(now=NIGHT)
    box.post(1)
    box.post(1, "warning")
    box.post(1, "retracted")
    box.post(2)
    box.state(1, phase="answered", by="vera")
    assert [(item.lead_id, item.kind) for item in box.row.items()] == [("L1", "retracted"), ("L2", "assigned")]


def test_what_still_holds_waits_on():
    box = Box(now=NIGHT)
    box.post(1)
    box.state(1, spoken=True)
    assert [item.kind for item in box.row.items()] == ["assigned"]


def test_a_message_that_is_out_when_it_ceases_to_hold_is_told_if_it_arrives_and_gone_if_not():
    box = Box()
    send = the_send(box.post(1))
    box.state(1, phase="answered")
    assert [e for e in box.answer(send) if isinstance(e, Told)] == [
        Told(lead_id="L1", manager_id="anna", kind="assigned", turn=1, at=NOON)
    ]
    send = the_send(box.post(2))
    box.state(2, holder="vera", turn=2)
    assert counts(box.answer(send, "down")) == ["dropped"]
    send = the_send(box.after(MINUTE) or box.post(3))
    box.state(3, phase="closed")
    assert sends(box.at_next_due()) == []  # no answer within its limit
    assert list(box.row.items()) == []


def test_r31_of_an_erased_lead_nothing_waits_but_that_it_is_gone():
    box = Box(now=NIGHT)
    box.post(1, "retracted", lead_name="Ivan")
    box.post(1, "closed", lead_name="Ivan")
    box.state(1, phase="erased")
    assert [(item.kind, item.details) for item in box.row.items()] == [("closed", {})]
    assert b"Ivan" not in box.stored


def test_r31_what_waits_names_the_customer_as_the_lead_has_them_now():
    box = Box(now=NIGHT)
    box.post(1, lead_name="Ivan", customer="+79990000001", reason="assigned")
    box.post(2, lead_name="Olga")
    box.state(1, details={"customer": "+79990000002"}, renewed=True)
    assert [item.details for item in box.row.items()] == [
        {"reason": "assigned", "customer": "+79990000002"},
        {"lead_name": "Olga"},
    ]


def test_what_arrived_is_told_of_each_lead_of_a_digest():
    box = Box()
    digest = the_send(box.answer(storm(box, 1, 6)))
    assert [e.lead_id for e in box.answer(digest) if isinstance(e, Told)] == [f"L{n}" for n in range(2, 7)]


# rows and records of the version before


OLD = "\x01mailbox-anna-1f"


def test_a_mailbox_of_one_address_hands_all_it_has_to_that_of_the_manager():
    box = Box()
    item = {"notice_id": "n1", "lead_id": "L1", "kind": "assigned", "turn": 1, "at": NOON, "since": NOON}
    parcel = {"message_id": "n1", "items": [item], "out": True, "tries": 1, "attempt": 1, "next_try": NOON}
    raw = {"key": OLD, "manager_id": "anna", "channel": CHAT, "told_at": NOON, "head_told": True, "recent": [NOON]}
    raw |= {"waiting": [{**item, "notice_id": "n2", "lead_id": "L2", "details": {"due_at": 5}}], "parcels": [parcel]}
    row = msgspec.convert(raw, Mailbox)
    kept, effects = deliver.decide(row, Due(NOON), NOON, RULES)
    assert kept is None
    handed = [(e.to, e.channel, e.notice_id, e.details) for e in effects if isinstance(e, Enqueue)]
    assert handed == [(key_of("anna"), CHAT, "n1", {}), (key_of("anna"), CHAT, "n2", {"due_at": 5})]
    for effect in effects:
        box.feed(effect) if isinstance(effect, Enqueue) else None
    assert the_send(box.effects).notice_id == "n1"


@pytest.mark.parametrize(
    "fact",
    [
        Withdraw(to=OLD, lead_id="L1", turn=2, at=NOON),
        Enqueue(to=OLD, manager_id="anna", channel=CHAT, notice_id="n", lead_id="L1", kind="assigned", turn=1, at=NOON),
        Refresh(to=OLD, state=LeadState(lead_id="L1", phase="open", turn=1, holder="anna", head="", at=NOON)),
    ],
)
def test_what_comes_for_a_mailbox_of_one_address_goes_to_that_of_the_manager(fact: Any):
    assert deliver.decide(None, fact, NOON, RULES) == (None, [replace(fact, to=key_of("anna")), Count("ok")])
