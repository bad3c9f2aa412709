"""What is known of a lead's notices: each goes to its manager once, and whoever heard of something hears its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla_monitor.codec import RowCodec
from sla_monitor.core import deliver
from sla_monitor.core.attempts import KEEP_FAILED
from sla_monitor.core.deliver import KNOWN, REDUCER, Notices
from sla_monitor.core.effects import Count, Drop, Enqueue, LeadState, Notify, Refresh, Told, Withdraw
from sla_monitor.core.events import Due, RulesChanged, Sent
from sla_monitor.core.mailbox import LOG, key_of
from sla_monitor.core.rules import Rules
from sla_monitor.core.standing import CHANGES, WORDS, Heard, Word, difference, live, stands

RULES = Rules()
CODEC = RowCodec(REDUCER.kinds)


@dataclass
class Lead:
    """The notices of lead L1, driven through the bytes of its row as the shell does."""

    now: int = 1_000_000
    stored: bytes | None = None
    effects: list[Any] = field(default_factory=list)

    def feed(self, fact: Any) -> list[Any]:
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

    def state(self, **changes: Any) -> list[Any]:
        return self.feed(state(at=self.now, **changes))

    def told(self, manager: str = "anna", kind: str = "assigned", turn: int = 1) -> list[Any]:
        return self.feed(Told(lead_id="L1", manager_id=manager, kind=kind, turn=turn, at=self.now))

    @property
    def row(self) -> Notices:
        return CODEC.decode(self.stored)


def state(**changes: Any) -> LeadState:
    """L1 waits, held by anna in turn 1; boris is the head; unless said otherwise."""
    so = {"phase": "open", "turn": 1, "holder": "anna", "head": "boris", "at": 0}
    return LeadState(lead_id="L1", **{**so, **changes})


def counts(effects: list[Any]) -> list[str]:
    return [effect.result for effect in effects if isinstance(effect, Count)]


def enqueued(effects: list[Any]) -> list[tuple[str, str, int]]:
    return [(e.manager_id, e.kind, e.turn) for e in effects if isinstance(e, Enqueue)]


# on its way to the mailbox


def test_a_notice_goes_to_the_mailbox_of_its_manager_with_what_its_text_needs():
    lead = Lead()
    lead.state(turn=3)
    (_, post) = lead.notify(turn=3, details={"due_at": 5})
    assert (post.to, post.manager_id, post.notice_id) == (key_of("anna"), "anna", "L1:3:assigned:1:anna")
    assert (post.lead_id, post.kind, post.turn, post.at) == ("L1", "assigned", 3, 1_000_000)
    assert (post.details, post.channel, post.head, post.test) == ({"due_at": 5}, "", "boris", False)


@pytest.mark.parametrize("changes", [{"phase": "answered"}, {"holder": "vera"}, {"turn": 2}])
def test_a_notice_that_was_over_in_the_step_that_asked_for_it_goes_to_nobody(changes):
    lead = Lead()
    lead.state(**changes)
    assert lead.notify() == [Count("ignored_stale")]
    assert enqueued(lead.notify(2, kind="retracted")) == [("anna", "retracted", 1)]


def test_r30_a_notice_of_a_test_lead_is_for_the_log_alone():
    (_, post) = Lead().notify(test=True)
    assert (post.channel, post.test) == (LOG, True)


def test_the_same_notice_again_changes_nothing():
    lead = Lead()
    assert counts(lead.notify()) == ["ok"]
    assert counts(lead.notify()) == ["duplicate"]


def test_the_row_remembers_the_last_notices():
    lead = Lead()
    for number in range(KNOWN + 1):
        lead.notify(number)
    assert len(lead.row.known) == KNOWN
    assert counts(lead.notify(0)) == ["ok"]


def test_what_is_so_of_the_lead_goes_to_each_mailbox_that_got_something():
    lead = Lead()
    lead.notify()
    lead.notify(manager="boris", kind="breached")
    effects = lead.state(turn=2, holder="vera")
    assert [e.to for e in effects if isinstance(e, Refresh)] == [key_of("anna"), key_of("boris")]


def test_a_row_goes_a_week_after_the_last_notice():
    lead = Lead()
    lead.notify()
    assert lead.row.header().next_due == lead.now + KEEP_FAILED
    lead.now += KEEP_FAILED - 1
    lead.feed(Due(lead.now))
    assert lead.stored is not None
    lead.now += 1
    lead.feed(Due(lead.now))
    assert lead.stored is None


def test_a_row_is_kept_as_long_as_somebody_may_have_to_hear_of_the_end():
    lead = Lead()
    lead.notify()
    lead.state()
    lead.told()
    lead.now += KEEP_FAILED
    lead.feed(Due(lead.now))
    assert lead.row.header().next_due == lead.now + KEEP_FAILED
    assert enqueued(lead.state(phase="closed")) == [("anna", "closed", 1)]
    lead.now += KEEP_FAILED
    lead.feed(Due(lead.now))
    assert lead.stored is None


@pytest.mark.parametrize(
    ("fact", "count"),
    [
        (Sent(lead_id="L1", notice_id="x", attempt=1, at=0), ["ignored_stale"]),
        (Told(lead_id="L1", manager_id="anna", kind="assigned", turn=1, at=0), ["ignored_stale"]),
        (Drop(lead_id="L1", turn=1, at=0), ["ok"]),
        (Due(0), []),
        (RulesChanged(version=1, rules=RULES, at=0), []),
    ],
)
def test_what_comes_for_no_row_is_nothing(fact: Any, count: list[str]):
    lead = Lead()
    assert counts(lead.feed(fact)) == count
    assert lead.stored is None


# the difference


def test_whoever_was_told_hears_what_became_of_it_once():
    lead = Lead()
    lead.notify()
    lead.state(details={"lead_name": "Ivan"})
    lead.told()
    (_, _, post) = lead.state(phase="answered", by="vera", details={"lead_name": "Ivan"})
    assert (post.manager_id, post.kind, post.notice_id) == ("anna", "answered", "L1:1:answered:anna")
    assert post.details == {"lead_name": "Ivan", "by": "vera", "to_id": "anna", "holder_id": "anna"}
    assert enqueued(lead.state(phase="answered", by="vera", spoken=True)) == []
    lead.told(kind="answered")
    assert enqueued(lead.state(phase="closed")) == []


def test_whoever_was_told_nothing_hears_nothing_of_the_end():
    lead = Lead()
    lead.notify()
    lead.state()
    assert enqueued(lead.state(phase="closed")) == []


def test_what_arrives_when_it_does_not_hold_any_more_is_followed_by_the_difference():
    lead = Lead()
    lead.notify()
    lead.state(turn=2, holder="vera", why="no_response")
    (post,) = lead.told()
    assert (post.kind, post.details) == (
        "reassigned_away",
        {"reason": "no_response", "to_id": "vera", "holder_id": "vera"},
    )
    assert enqueued(lead.told(kind="warning")) == []  # the notice of it is on its way


def test_another_change_before_the_first_was_told_replaces_it():
    lead = Lead()
    lead.notify()
    lead.state()
    lead.told()
    assert enqueued(lead.state(turn=2, holder="vera")) == [("anna", "reassigned_away", 2)]
    assert enqueued(lead.state(turn=2, holder="vera", phase="closed")) == [("anna", "closed", 2)]


def test_a_change_that_is_taken_back_leaves_nothing_to_say():
    lead = Lead()
    lead.notify()
    lead.state()
    lead.told()
    lead.state(turn=2, holder="vera")
    assert enqueued(lead.state(turn=3, holder="anna")) == []
    assert lead.row.heard["anna"].telling == ""


@pytest.mark.parametrize("kind", ["retracted", "stuck", "undelivered"])
def test_what_is_always_true_is_not_what_somebody_was_told_of_the_lead(kind: str):
    lead = Lead()
    lead.notify()
    lead.state()
    lead.told(kind=kind)
    assert lead.row.heard == {}


def test_r12_a_missed_conversation_of_an_answered_lead_says_nothing_about_who_is_to_respond():
    lead = Lead()
    lead.notify()
    lead.state(phase="answered")
    lead.told(kind="contact_breached")
    assert lead.row.heard == {}


def test_before_anything_is_known_of_a_lead_nobody_is_told_a_difference():
    lead = Lead()
    lead.notify()
    assert lead.told() == []


# the table


OVER = ("answered", "closed", "joined", "erased")


@pytest.mark.parametrize(
    ("kind", "changes", "holds"),
    [
        ("assigned", {}, True),
        ("assigned", {"turn": 2}, False),
        ("assigned", {"holder": "vera"}, False),
        ("assigned", {"holder": ""}, False),
        *(("assigned", {"phase": phase}, False) for phase in OVER),
        ("warning", {"turn": 2}, False),
        ("missed_call", {"turn": 2}, True),
        ("missed_call", {"holder": "vera"}, False),
        *(("missed_call", {"phase": phase}, False) for phase in OVER),
        ("breached", {"turn": 2}, True),
        ("breached", {"holder": "vera"}, False),
        ("breached", {"holder": "vera", "head": "anna"}, True),
        *(("breached", {"phase": phase}, False) for phase in OVER),
        ("contact_breached", {"phase": "answered"}, True),
        ("contact_breached", {"phase": "answered", "spoken": True}, False),
        ("contact_breached", {"holder": "vera"}, False),
        ("contact_breached", {"phase": "closed"}, False),
        ("escalated", {}, True),
        ("escalated", {"turn": 2}, False),
        ("escalated", {"holder": "vera", "head": "anna"}, False),
        ("unassignable", {"holder": ""}, True),
        ("unassignable", {"holder": "vera"}, False),
        ("unassignable", {"holder": "", "phase": "closed"}, False),
        ("absent", {"holder": "vera", "head": "anna", "absent": True}, True),
        ("absent", {"holder": "vera", "head": "anna"}, False),
        ("absent", {"holder": "vera", "head": "anna", "absent": True, "turn": 2}, False),
        ("no_team", {"holder": ""}, True),
        ("no_team", {"holder": "vera"}, False),
        ("reassigned_away", {"holder": "vera"}, True),
        ("reassigned_away", {}, False),
        ("reassigned_away", {"holder": "vera", "turn": 2}, True),
        ("reassigned_away", {"holder": "vera", "phase": "answered"}, False),
        ("taken", {"holder": "vera"}, True),
        ("answered", {"phase": "answered"}, True),
        ("answered", {}, False),
        ("answered", {"phase": "closed"}, False),
        ("closed", {"phase": "erased"}, True),
        ("joined", {"phase": "joined"}, True),
        *((kind, {"phase": phase}, True) for kind in ("retracted", "stuck", "undelivered") for phase in OVER),
    ],
)
def test_a_notice_holds_as_long_as_it_says_what_is_so(kind: str, changes: dict[str, Any], *, holds: bool):
    assert stands(kind, 1, "anna", state(**changes)) is holds


@pytest.mark.parametrize(
    ("kind", "changes", "told"),
    [
        ("assigned", {}, ""),
        ("assigned", {"turn": 2, "holder": "vera"}, "reassigned_away"),
        ("assigned", {"holder": ""}, "reassigned_away"),
        ("assigned", {"phase": "answered", "by": "vera"}, "answered"),
        ("assigned", {"phase": "answered", "by": "anna"}, ""),
        ("assigned", {"phase": "closed"}, "closed"),
        ("assigned", {"phase": "erased"}, "closed"),
        ("assigned", {"phase": "joined"}, "joined"),
        ("warning", {"turn": 2, "holder": "vera"}, "reassigned_away"),
        ("escalated", {"turn": 2, "holder": "vera"}, "reassigned_away"),
        ("missed_call", {"holder": "vera"}, "reassigned_away"),
        ("unassignable", {"holder": ""}, ""),
        ("unassignable", {"holder": "vera"}, "taken"),
        ("unassignable", {"holder": "anna"}, ""),
        ("unassignable", {"phase": "answered"}, "answered"),
        ("absent", {"holder": "vera"}, ""),
        ("absent", {"holder": "vera", "turn": 2}, "taken"),
        ("breached", {"holder": "vera", "turn": 2}, ""),
        ("breached", {"phase": "answered"}, "answered"),
        *((kind, {"phase": "closed"}, "") for kind in sorted(CHANGES)),
    ],
)
def test_the_difference_between_what_was_told_and_what_is(kind: str, changes: dict[str, Any], told: str):
    heard = Heard("", 0)
    heard.hear(kind, 1)
    assert difference(heard, "anna", state(**changes)) == told


def test_who_held_the_lead_when_it_breached_hears_that_it_went_away():
    heard = Heard("", 0)
    heard.hear("assigned", 1)
    heard.hear("breached", 1)
    assert difference(heard, "anna", state(turn=2, holder="vera")) == "reassigned_away"
    heard.hear("reassigned_away", 2)
    assert not heard.mine


def test_every_kind_has_a_word_and_what_asks_for_something_is_live():
    assert {kind for kind, word in WORDS.items() if word is not Word.ALWAYS} == {kind for kind in WORDS if live(kind)}
    assert not any(map(live, CHANGES))


# from the version before


def test_a_drop_withdraws_what_the_mailboxes_have_and_an_erasure_the_row_too():
    lead = Lead()
    lead.notify()
    effects = lead.feed(Drop(lead_id="L1", turn=2, at=lead.now))
    assert [e for e in effects if isinstance(e, Withdraw)] == [
        Withdraw(to=key_of("anna"), lead_id="L1", turn=2, at=lead.now)
    ]
    effects = lead.feed(Drop(lead_id="L1", turn=None, at=lead.now))
    assert [e.turn for e in effects if isinstance(e, Withdraw)] == [None]
    assert lead.stored is None


def test_what_a_row_was_to_send_to_the_log_itself_goes_by_way_of_the_mailbox():
    notice = {"notice_id": "n1", "manager_id": "anna", "channel": "log://", "kind": "assigned", "turn": 1, "at": 5}
    notice |= {"next_try": 9, "state": "quiet", "details": {"due_at": 7}, "since": 9}
    gone = {**notice, "notice_id": "n2", "state": "failed"}
    raw = {"lead_id": "L1", "told_at": 5, "attempts": 3, "notices": [notice, gone], "known": [1], "boxes": []}
    row = msgspec.convert(raw, Notices)
    kept, effects = deliver.decide(row, Due(9), 9, RULES)
    assert isinstance(kept, Notices)
    assert kept.notices == []
    (post,) = effects
    assert (post.notice_id, post.manager_id, post.channel, post.details) == ("n1", "anna", LOG, {"due_at": 7})
    assert (post.to, kept.boxes) == (key_of("anna"), [key_of("anna")])


# always


FACTS = st.one_of(
    st.builds(
        lambda phase, turn, holder: ("state", {"phase": phase, "turn": turn, "holder": holder}),
        st.sampled_from(["open", "open", "answered", "closed", "joined"]),
        st.integers(1, 3),
        st.sampled_from(["anna", "vera", ""]),
    ),
    st.builds(
        lambda kind, turn, manager: ("notify", {"kind": kind, "turn": turn, "manager": manager}),
        st.sampled_from(sorted(WORDS)),
        st.integers(1, 3),
        st.sampled_from(["anna", "boris"]),
    ),
    st.just(("arrive", {})),
)


@settings(deadline=None)
@given(st.lists(FACTS, max_size=30))
def test_no_notice_waits_that_is_untrue_and_whoever_heard_something_hears_the_end(story: list[tuple[str, Any]]):
    """A mailbox that keeps what holds, and delivers one notice at a time."""
    lead, waiting, heard = Lead(), [], {}
    current = state()
    lead.state()

    def deliver_to_box(effects: list[Any]) -> None:
        for effect in effects:
            if isinstance(effect, Refresh):
                waiting[:] = [
                    one
                    for one in waiting
                    if one.to != effect.to or stands(one.kind, one.turn, one.manager_id, effect.state)
                ]
            elif isinstance(effect, Enqueue) and effect.notice_id not in [one.notice_id for one in waiting]:
                waiting.append(effect)

    def arrive() -> None:
        one = waiting.pop(0)
        heard.setdefault(one.manager_id, []).append(one.kind)
        deliver_to_box(lead.told(one.manager_id, one.kind, one.turn))

    for number, (what, said) in enumerate(story):
        lead.now += 1
        if what == "state":
            current = state(at=lead.now, **said)
            deliver_to_box(lead.feed(current))
        elif what == "notify" and stands(said["kind"], said["turn"], said["manager"], current):
            deliver_to_box(lead.notify(number, **said))
        elif what == "arrive" and waiting:
            arrive()
        assert all(stands(one.kind, one.turn, one.manager_id, current) for one in waiting)
    while waiting:
        arrive()
    for manager, kinds in heard.items():
        assert kinds[0] not in CHANGES
        known = lead.row.heard.get(manager)
        assert known is None or difference(known, manager, current) == ""
