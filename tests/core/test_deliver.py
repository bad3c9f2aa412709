from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sla_monitor.codec import RowCodec
from sla_monitor.core import deliver
from sla_monitor.core.attempts import BACKOFF, GIVE_UP, KEEP_FAILED, SEND_LIMIT
from sla_monitor.core.deliver import KNOWN, MOST, REDUCER, State
from sla_monitor.core.effects import Bury, Count, Drop, Enqueue, Notify, Send, Withdraw
from sla_monitor.core.events import Due, RulesChanged, Sent
from sla_monitor.core.mailbox import key_of
from sla_monitor.core.rules import HOUR, MINUTE, SECOND, Manager, Rules, Team

HOOK = "json://crm.example/hook"
RULES = Rules(
    managers={
        "anna": Manager("anna"),
        "vera": Manager("vera", notify=("log://", HOOK, "log://")),
        "mute": Manager("mute", notify=()),
        "boris": Manager("boris"),
        "nina": Manager("nina", quiet=((0, 60),)),  # the first hour of the day, UTC
    },
    teams={"sales": Team("sales", ("anna", "nina"), head="boris")},
)
CODEC = RowCodec(REDUCER.kinds)


@dataclass
class Desk:
    """The notices of lead L1, driven through the bytes of its row as the shell does."""

    now: int = 1_000_000
    stored: bytes | None = None
    effects: list[Any] = field(default_factory=list)

    def feed(self, fact: Any) -> list[Any]:
        """The effects of the fact."""
        row = None if self.stored is None else CODEC.decode(self.stored)
        row, effects = deliver.decide(row, fact, self.now, RULES)
        self.stored = None if row is None else CODEC.encode(row)
        self.effects += effects
        return effects

    def notify(self, number: int = 1, manager: str = "anna", kind: str = "assigned", turn: int = 1, **more: Any):
        return self.feed(
            Notify(
                notice_id=f"L1:{turn}:{kind}:{number}:{manager}",
                lead_id="L1",
                manager_id=manager,
                kind=kind,
                turn=turn,
                at=self.now,
                **more,
            )
        )

    def answer(self, send: Send, error: str | None = None, **more: Any) -> list[Any]:
        return self.feed(
            Sent(lead_id="L1", notice_id=send.notice_id, attempt=send.attempt, at=self.now, error=error, **more)
        )

    def drop(self, turn: int | None) -> list[Any]:
        return self.feed(Drop(lead_id="L1", turn=turn, at=self.now))

    def at_next_due(self) -> list[Any]:
        """Let the row's timer fire."""
        self.now = max(self.now, self.due)
        return self.feed(Due(self.now))

    @property
    def row(self) -> deliver.Notices:
        return CODEC.decode(self.stored)

    @property
    def due(self) -> int:
        return self.row.header().next_due


def sends(effects: list[Any]) -> list[Send]:
    return [effect for effect in effects if isinstance(effect, Send)]


def counts(effects: list[Any]) -> list[str]:
    return [effect.result for effect in effects if isinstance(effect, Count)]


def enqueued(effects: list[Any]) -> list[Enqueue]:
    return [effect for effect in effects if isinstance(effect, Enqueue)]


def told(effects: list[Any]) -> list[tuple[str, str]]:
    """Who is to be told what."""
    return [(effect.manager_id, effect.kind) for effect in effects if isinstance(effect, Notify)]


def the_send(effects: list[Any]) -> Send:
    (send,) = sends(effects)
    return send


def test_a_notice_goes_at_once_to_each_channel_address_of_the_manager_once():
    effects = Desk().notify(manager="vera")
    assert [send.channel for send in sends(effects)] == ["log://"]
    assert [(post.to, post.manager_id, post.channel) for post in enqueued(effects)] == [
        (key_of("vera", HOOK), "vera", HOOK)
    ]


def test_what_is_posted_carries_what_the_text_needs():
    (post,) = enqueued(Desk().notify(manager="vera", turn=3, details={"due_at": 5}))
    assert (post.lead_id, post.notice_id, post.kind, post.turn) == ("L1", "L1:3:assigned:1:vera", "assigned", 3)
    assert (post.at, post.details) == (1_000_000, {"due_at": 5})


def test_a_send_carries_what_the_text_needs_and_its_limit():
    send = the_send(Desk().notify(details={"due_at": 5}))
    assert (send.key, send.lead_id, send.manager_id, send.kind, send.attempt) == ("L1", "L1", "anna", "assigned", 1)
    assert (send.turn, send.at) == (1, 1_000_000)
    assert (send.limit, send.test, send.details) == (SEND_LIMIT, False, {"due_at": 5})


def test_r30_a_test_lead_is_told_of_in_the_log_alone():
    send = the_send(Desk().notify(manager="vera", test=True))
    assert (send.channel, send.test) == ("log://", True)


def test_r22_an_unknown_manager_has_the_log():
    assert the_send(Desk().notify(manager="ghost")).channel == "log://"


def test_a_manager_without_channels_has_the_log():
    assert the_send(Desk().notify(manager="mute")).channel == "log://"


def test_a_repeated_notice_is_sent_once():
    desk = Desk()
    desk.answer(the_send(desk.notify()))
    assert counts(desk.notify()) == ["duplicate"]
    assert desk.row.notices == []


def test_the_memory_of_notices_is_bounded():
    desk = Desk()
    for number in range(KNOWN + 1):
        desk.answer(the_send(desk.notify(number)))
    assert len(desk.row.known) == KNOWN


def test_a_second_notice_waits_until_the_first_of_its_channel_is_told():
    desk = Desk()
    first = the_send(desk.notify(1))
    assert sends(desk.notify(2)) == []
    effects = desk.answer(first)
    assert counts(effects) == ["sent"]
    assert the_send(effects).notice_id == "L1:1:assigned:2:anna"


def test_a_notice_that_cannot_be_written_does_not_hold_up_that_of_somebody_else():
    desk = Desk()
    desk.answer(the_send(desk.notify(1, manager="anna")), "no room")
    assert the_send(desk.notify(2, manager="vera")).channel == "log://"


def test_an_attempt_without_an_answer_is_made_again_after_its_limit():
    desk = Desk()
    first = the_send(desk.notify())
    assert desk.due == desk.now + SEND_LIMIT
    again = the_send(desk.at_next_due())
    assert (again.notice_id, again.attempt) == (first.notice_id, first.attempt + 1)


def test_a_timer_that_fires_too_early_changes_nothing():
    desk = Desk()
    desk.notify()
    before = desk.stored
    assert desk.feed(Due(desk.now)) == []
    assert desk.stored == before


def test_the_answer_to_an_attempt_given_up_for_lost_is_ignored():
    desk = Desk()
    first = the_send(desk.notify())
    desk.at_next_due()
    assert counts(desk.answer(first)) == ["ignored_stale"]
    assert desk.row.notices[0].state is State.SENDING


def test_the_answer_to_a_notice_already_told_is_ignored():
    desk = Desk()
    send = the_send(desk.notify())
    desk.answer(send)
    assert counts(desk.answer(send)) == ["ignored_stale"]


def test_failures_are_retried_later_and_later_with_a_little_jitter():
    desk = Desk()
    send = the_send(desk.notify())
    for wait in (*BACKOFF, BACKOFF[-1]):
        assert counts(desk.answer(send, "refused")) == ["retried"]
        assert wait <= desk.due - desk.now <= wait * 1.2
        send = the_send(desk.at_next_due())
    assert send.attempt == len(BACKOFF) + 2


def test_what_failed_together_does_not_return_together():
    waits = set()
    for number in range(20):
        desk = Desk()
        desk.answer(the_send(desk.notify(number)), "refused")
        waits.add(desk.due - desk.now)
    assert len(waits) > 5


def test_a_receiver_may_ask_for_a_longer_wait():
    desk = Desk()
    desk.answer(the_send(desk.notify()), "busy", retry_after=7 * MINUTE)
    assert desk.due == desk.now + 7 * MINUTE


def test_a_receiver_can_neither_shorten_the_wait_nor_ask_for_days():
    desk = Desk()
    desk.answer(the_send(desk.notify(1)), "busy", retry_after=1)
    assert desk.due - desk.now >= 5 * SECOND
    desk = Desk()
    desk.answer(the_send(desk.notify(1)), "busy", retry_after=90 * 24 * HOUR)
    assert desk.due == desk.now + HOUR


def test_a_permanent_failure_is_not_retried_and_stays_visible_without_its_details():
    desk = Desk()
    effects = desk.answer(the_send(desk.notify(details={"lead_name": "Ivan"})), "no such channel", permanent=True)
    assert counts(effects) == ["failed"]
    (notice,) = desk.row.notices
    assert (notice.state, notice.error, notice.details) == (State.FAILED, "no such channel", {})
    assert desk.due == desk.now + KEEP_FAILED


def test_a_final_failure_becomes_a_dead_letter_that_tells_no_secret():
    desk = Desk()
    effects = desk.answer(the_send(desk.notify()), "no such channel", permanent=True)
    (bury,) = [effect for effect in effects if isinstance(effect, Bury)]
    assert bury.reason == "notification_failed"
    assert bury.note == {
        "lead_id": "L1",
        "notice_id": "L1:1:assigned:1:anna",
        "manager_id": "anna",
        "kind": "assigned",
        "channel": "log",
        "attempts": 1,
        "error": "no such channel",
    }


def test_a_channel_that_fails_for_a_day_is_given_up():
    desk = Desk()
    began = desk.now
    send = the_send(desk.notify())
    while counts(desk.answer(send, "refused")) == ["retried"]:
        send = the_send(desk.at_next_due())
    assert desk.row.notices[0].state is State.FAILED
    assert GIVE_UP - 2 * HOUR < desk.now - began < GIVE_UP


def test_a_notice_that_waited_a_day_is_not_sent_any_more():
    desk = Desk()
    desk.notify()
    desk.now += GIVE_UP
    assert counts(desk.at_next_due()) == ["failed"]
    assert desk.row.notices[0].error == "no attempt was answered"


def test_after_a_final_failure_the_next_notice_of_the_channel_goes_out():
    desk = Desk()
    first = the_send(desk.notify(1))
    desk.notify(2)
    assert the_send(desk.answer(first, "gone", permanent=True)).notice_id == "L1:1:assigned:2:anna"


def test_a_failed_notice_is_forgotten_after_a_week():
    desk = Desk()
    desk.answer(the_send(desk.notify()), "gone", permanent=True)
    desk.at_next_due()
    assert desk.stored is None


def test_a_row_with_nothing_left_to_say_goes_after_a_week():
    desk = Desk()
    desk.answer(the_send(desk.notify()))
    assert desk.due == desk.now + KEEP_FAILED
    desk.at_next_due()
    assert desk.stored is None


def test_a_change_of_turn_drops_what_the_older_turns_still_had_to_say():
    desk = Desk()
    desk.answer(the_send(desk.notify(1, kind="assigned")), "refused")
    desk.notify(2, kind="warning")
    desk.notify(3, kind="reassigned_away")
    assert counts(desk.drop(2)) == ["ok"]
    assert [notice.kind for notice in desk.row.notices] == ["reassigned_away"]


def test_a_change_of_turn_leaves_the_notices_of_its_own_turn():
    desk = Desk()
    desk.answer(the_send(desk.notify(turn=2)), "refused")
    desk.drop(2)
    assert [notice.turn for notice in desk.row.notices] == [2]


def test_a_change_of_turn_lets_the_next_notice_go_out():
    desk = Desk()
    desk.answer(the_send(desk.notify(1, kind="assigned")), "refused")
    desk.notify(2, kind="reassigned_away")
    assert the_send(desk.drop(2)).kind == "reassigned_away"


def test_a_change_of_turn_keeps_failures_visible():
    desk = Desk()
    desk.answer(the_send(desk.notify()), "gone", permanent=True)
    desk.drop(2)
    assert desk.row.notices[0].state is State.FAILED


def test_a_dropped_notice_that_is_out_holds_its_channel_and_is_not_retried():
    desk = Desk()
    out = the_send(desk.notify(1, kind="assigned"))
    desk.drop(2)
    assert sends(desk.notify(2, kind="reassigned_away")) == []
    effects = desk.answer(out, "refused")
    assert counts(effects) == ["dropped"]
    assert the_send(effects).kind == "reassigned_away"


def test_a_dropped_notice_that_arrived_after_all_counts_as_sent():
    desk = Desk()
    out = the_send(desk.notify())
    desk.drop(2)
    assert counts(desk.answer(out)) == ["sent"]


def test_a_dropped_notice_without_an_answer_goes_after_its_limit():
    desk = Desk()
    desk.notify()
    desk.drop(2)
    desk.at_next_due()
    assert desk.row.notices == []


def test_r31_an_erasure_forgets_every_notice_at_once():
    desk = Desk()
    out = the_send(desk.notify(details={"lead_name": "Ivan"}))
    assert counts(desk.drop(None)) == ["ok"]
    assert desk.stored is None
    assert counts(desk.answer(out, "refused")) == ["ignored_stale"]


def test_a_lead_without_notices_has_nothing_to_drop_or_to_do():
    desk = Desk()
    assert counts(desk.drop(2)) == ["ok"]
    assert desk.feed(Due(desk.now)) == []
    assert desk.stored is None


def test_a_change_of_the_rules_changes_no_notice():
    desk = Desk()
    desk.notify()
    before = desk.stored
    assert desk.feed(RulesChanged(version=2, rules=RULES, at=desk.now)) == []
    assert desk.stored == before


def test_a_flood_of_notices_does_not_grow_the_row_without_end():
    desk = Desk()
    for number in range(MOST):
        desk.notify(number)
    assert counts(desk.notify(MOST)) == ["ok", "failed"]
    assert len(desk.row.notices) == MOST


@given(st.lists(st.tuples(st.sampled_from(["notify", "ok", "fail", "due"]), st.integers(0, HOUR)), max_size=40))
def test_never_two_attempts_of_a_channel_are_out_and_the_order_of_first_attempts_holds(steps):
    desk, number, tried = Desk(), 0, []
    for action, span in steps:
        desk.now += span
        out = [n for n in desk.row.notices if n.state is State.SENDING] if desk.stored else []
        assert len(out) <= 1
        if action == "notify":
            number += 1
            effects = desk.notify(number)
        elif action == "due":
            effects = desk.feed(Due(desk.now))
        elif out:
            sent = Sent(lead_id="L1", notice_id=out[0].notice_id, attempt=out[0].attempt, at=desk.now)
            effects = desk.answer(sent, None if action == "ok" else "refused")
        else:
            continue
        tried += [int(send.notice_id.split(":")[3]) for send in sends(effects)]
    assert tried == sorted(tried)


def test_when_a_dropped_attempt_is_lost_the_next_notice_of_the_channel_goes_at_once():
    desk = Desk()
    desk.notify(1)
    desk.drop(turn=2)
    desk.notify(2, turn=2)
    desk.now += SEND_LIMIT
    assert [send.notice_id for send in sends(desk.feed(Due(desk.now)))] == ["L1:2:assigned:2:anna"]
    assert desk.due == desk.now + SEND_LIMIT


# mailboxes


def test_r31_an_erasure_is_told_to_every_mailbox_that_has_something_of_the_lead():
    desk = Desk()
    desk.notify(1, manager="vera")
    desk.notify(2, manager="vera")
    effects = desk.drop(None)
    assert effects == [Withdraw(to=key_of("vera", HOOK), lead_id="L1", turn=None, at=desk.now), Count("ok")]


def test_a_change_of_turn_is_told_to_the_mailboxes_too():
    desk = Desk()
    desk.notify(manager="vera")
    assert Withdraw(to=key_of("vera", HOOK), lead_id="L1", turn=2, at=desk.now) in desk.drop(2)


# quiet hours


NIGHT = 200 * 24 * HOUR
"""Midnight."""


def test_a_notice_in_quiet_hours_waits_for_their_end():
    desk = Desk(now=NIGHT + MINUTE)
    assert sends(desk.notify(manager="nina")) == []
    assert desk.due == NIGHT + HOUR
    assert the_send(desk.at_next_due()).kind == "assigned"


def test_what_is_urgent_comes_in_quiet_hours_and_is_held_up_by_nothing():
    desk = Desk(now=NIGHT + MINUTE)
    desk.notify(1, manager="nina")
    assert the_send(desk.notify(2, manager="nina", kind="escalated")).kind == "escalated"


def test_after_quiet_hours_notices_come_one_by_one_in_their_order():
    desk = Desk(now=NIGHT + MINUTE)
    desk.notify(1, manager="nina", kind="assigned")
    desk.notify(2, manager="nina", kind="warning")
    first = the_send(desk.at_next_due())
    assert first.kind == "assigned"
    assert the_send(desk.answer(first)).kind == "warning"


def test_the_end_of_quiet_hours_waits_for_the_urgent_notice_that_is_out():
    desk = Desk(now=NIGHT + HOUR - SECOND)
    desk.notify(1, manager="nina", kind="assigned")
    urgent = the_send(desk.notify(2, manager="nina", kind="escalated"))
    desk.now = NIGHT + HOUR
    assert sends(desk.feed(Due(desk.now))) == []
    assert the_send(desk.answer(urgent)).kind == "assigned"


def test_a_retry_waits_for_the_end_of_quiet_hours_too():
    desk = Desk(now=NIGHT - SECOND)
    desk.answer(the_send(desk.notify(manager="nina")), "no room")
    assert sends(desk.at_next_due()) == []
    assert desk.due == NIGHT + HOUR
    assert the_send(desk.at_next_due()).attempt == 2


def test_quiet_hours_do_not_count_for_the_day_after_which_a_notice_is_given_up():
    desk = Desk(now=NIGHT + MINUTE)
    desk.notify(manager="nina")
    desk.now = NIGHT + GIVE_UP - 1
    assert the_send(desk.feed(Due(desk.now)))
    desk = Desk(now=NIGHT + MINUTE)
    desk.notify(manager="nina")
    desk.now = NIGHT + HOUR + GIVE_UP
    assert counts(desk.feed(Due(desk.now))) == ["failed"]


def test_a_change_of_turn_drops_what_waits_for_the_end_of_quiet_hours():
    desk = Desk(now=NIGHT + MINUTE)
    desk.notify(manager="nina")
    desk.drop(2)
    assert desk.row.notices == []


# what cannot be delivered


def test_the_head_is_told_of_a_notice_that_cannot_be_delivered():
    desk = Desk()
    effects = desk.answer(the_send(desk.notify(details={"lead_name": "Ivan", "due_at": 5})), "no room", permanent=True)
    (notify,) = [effect for effect in effects if isinstance(effect, Notify)]
    assert (notify.notice_id, notify.manager_id) == ("L1:1:undelivered:anna:boris", "boris")
    assert notify.details == {
        "due_at": 5,
        "holder_id": "anna",
        "about": "assigned",
        "channel": "log",
        "reason": "no room",
    }


def test_nobody_is_told_that_the_head_could_not_be_told():
    desk = Desk()
    assert told(desk.answer(the_send(desk.notify(manager="boris")), "no room", permanent=True)) == []
    undelivered = the_send(desk.notify(2, manager="anna", kind="undelivered"))
    assert told(desk.answer(undelivered, "no room", permanent=True)) == []


def test_r30_nobody_is_told_that_a_test_notice_could_not_be_delivered():
    desk = Desk()
    assert told(desk.answer(the_send(desk.notify(test=True)), "no room", permanent=True)) == []
