"""What must hold after every step, whatever happened. Each check reads the folds committed since the last one.

Where a rule says more than an invariant, the rule wins: a response known by then reassigns nothing (R10), a
hand-over is free of breaches (R16), a lead that turns out answered elsewhere closes (R26), a policy may apply to
open leads (R33).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import Any

from sla_monitor import codec
from sla_monitor.core import deliver, dispatch, track
from sla_monitor.core.effects import Deliver, Join, Log, Notify, Publish
from sla_monitor.core.events import (
    Absorbed,
    Assigned,
    Due,
    Joined,
    LeadCreated,
    ManagerStatus,
    Merged,
)
from sla_monitor.core.lead import OPEN, STATUSES, Kind, Lead, Phase, Status, Turn, deadlines
from sla_monitor.core.mailbox import Mailbox
from sla_monitor.core.promise import Result
from sla_monitor.core.roster import Held
from sla_monitor.core.rules import DAY, HOUR, Policy
from sla_monitor.core.standing import difference
from sla_monitor.core.telling import PHASES
from tests import documented
from tests.properties.proven import add_open
from tests.properties.shell import Fold, Shell

ENDS = {"lead.closed", "lead.erased", "lead.joined"}
DECISIONS = {"sla.met", "sla.breached", "sla.breach_retracted"}
NOT_AFTER_THE_END = {
    "lead.reassigned",
    "lead.escalated",
    "lead.unassignable",
    "sla.warning",
}

DOCUMENTED = documented.fields()


def decode(shell: Shell, log: Log, value: bytes | None) -> Any:
    return None if value is None else shell.logs[log].codec.decode(value)


def policy_of(lead: Lead) -> Policy:
    return Policy(**lead.terms)


def _waits(lead: Lead, turn: Turn) -> bool:
    """Whether a turn awaits only its decision: its due was broken before its lead left its clock (R29)."""
    clock = next(clock for clock in reversed(lead.clocks) if clock.cycle <= turn.turn)
    return turn.kind is Kind.BREACH and turn.due < clock.ended


class Invariants:
    """Watches one shell. leads: what was published of each lead, in order."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.seen = 0
        self.ids: set[str] = set()
        self.notices: dict[str, Notify] = {}
        self.leads: dict[str, list[Publish]] = defaultdict(list)
        self.had: dict[str, list[str]] = defaultdict(list)
        self.blind: set[tuple[str, int]] = set()  # questions asked without waiting for others, or let go so
        self.now = 0
        self.statuses: dict[str, ManagerStatus] = {}

    def check(self) -> None:
        fresh = self.shell.journal[self.seen :]
        self.seen = len(self.shell.journal)
        for fold in fresh:
            self._check_fold(fold)
        self.check_i12_stale_timers({(fold.log, fold.key) for fold in fresh})

    def _check_fold(self, fold: Fold) -> None:
        self.check_i17_time(fold)
        self.check_i02_no_conflicting_notice(fold)
        if fold.log is Log.DESK:
            self._note_status(fold)
            self.check_i05_only_the_able(fold)
        if fold.log is Log.EVENTS and fold.key[0] != "\0":
            before, after = (decode(self.shell, Log.EVENTS, value) for value in (fold.before, fold.after))
            if isinstance(fold.fact, Due) and fold.fact.blind and after:
                self.blind.add((fold.key, after.question))
            self.check_i15_due_stays(fold, before, after)
            self.check_i16_turns_rise(before, after)
            self.check_i20_one_status(after)
            for outcome in fold.outcomes:
                self._check_outcome(fold, outcome, before, after)

    def _check_outcome(self, fold: Fold, outcome: Publish, before: Lead | None, after: Lead | None) -> None:
        self.check_i01_at_most_one(outcome)
        self.check_what_it_says(outcome, after)
        past = self.leads[outcome.lead_id]
        if outcome.type == "sla.breached" and before and after:
            self.check_i03_no_false_breach(outcome, after)
            self.check_i04_never_early(fold, outcome, before)
            self.check_i08_follow_up(fold, outcome, after)
        self.check_i05_never_twice(fold, outcome)
        if outcome.type in ("lead.reassigned", "lead.assigned") and after:
            self.check_i06_next_due(fold, outcome, after)
        self.check_i07_retraction(outcome, past)
        self.check_i08_reassigned_for_a_reason(outcome, before)
        self.check_i09_terminal(outcome, past)
        self.check_i20_evaluated_once(outcome, past)
        past.append(outcome)

    # outcomes

    def check_what_it_says(self, outcome: Publish, after: Lead | None) -> None:
        """Nothing that docs/outcomes.md does not name; and who has the lead after it."""
        extra = set(outcome.data) - DOCUMENTED[outcome.type]
        assert not extra, f"{outcome.type} says {extra}"
        if after is not None:
            gone = after.phase in (Phase.JOINED, Phase.ERASED) or after.unassignable
            assert outcome.data["holder_after"] == ("" if gone else after.holder), f"{outcome}"

    def check_i01_at_most_one(self, outcome: Publish) -> None:
        name = codec.outcome_id(outcome)
        assert name not in self.ids, f"I1: {name} twice"
        self.ids.add(name)

    def check_i02_no_conflicting_notice(self, fold: Fold) -> None:
        """A notice id stands for one notice: another one under it would never be sent."""
        for effect in fold.effects:
            if isinstance(effect, Notify):
                known = self.notices.setdefault(effect.notice_id, effect)
                assert known is effect or effect.kind in ("absent", "undelivered"), (
                    f"I2: {effect.notice_id} tells two things"
                )

    def check_i03_no_false_breach(self, outcome: Publish, after: Lead) -> None:
        """Whatever the lead knew when it was decided was not in time."""
        proofs = [after.first_contact_at]
        if outcome.data["measure"] == "response" and policy_of(after).response == "attempt":
            proofs.append(after.first_attempt_at)
        assert not any(0 < at <= outcome.data["due_at"] for at in proofs), f"I3: {outcome}"

    def check_i04_never_early(self, fold: Fold, outcome: Publish, before: Lead) -> None:
        at_once = any(o.type == "lead.erased" for o in fold.outcomes)  # nothing of it can wait (R31)
        allowed = outcome.data["due_at"] + (0 if at_once else policy_of(before).allowance)
        assert outcome.at == fold.now >= outcome.data["asked_at"] >= allowed, f"I4: {outcome} before {allowed}"
        blind = (outcome.lead_id, outcome.data["question"]) in self.blind
        if outcome.data["confidence"] == "degraded" and not blind and not at_once:
            assert fold.now >= outcome.data["asked_at"] + fold.rules.limits.max_catch_up

    def check_i05_never_twice(self, fold: Fold, outcome: Publish) -> None:
        """What the desk gives goes to who never had the lead, and is on the list as the one chosen."""
        if outcome.type not in ("lead.assigned", "lead.reassigned"):
            return
        to, had = outcome.data["to"], self.had[outcome.lead_id]
        if isinstance(fold.fact, Assigned):
            assert to not in had, f"I5, I16: {to} again"
            chosen = [c["manager_id"] for c in outcome.data["candidates"] if not c["passed_over"]]
            assert chosen == [to]
        if outcome.data.get("reason") != "holder_only":
            had.append(to)

    def check_i06_next_due(self, fold: Fold, outcome: Publish, after: Lead) -> None:
        """A later turn's due is a fresh target from now on; only turn 1 has the customer's."""
        turn = next((turn for turn in after.turns if turn.turn == outcome.turn), None)
        if outcome.data.get("reason") == "holder_only" or turn is None:
            return
        policy = policy_of(after)
        assert turn.due == outcome.data["due_at"]
        if turn.kind is Kind.FIRST:
            assert turn.due == after.due_at or turn.turn < after.cycle
        else:
            assert turn.due == add_open(policy.calendar, fold.now, policy.target), f"I6: {turn}"

    def check_i07_retraction(self, outcome: Publish, past: list[Publish]) -> None:
        if outcome.type == "sla.breach_retracted":
            same = [o.type for o in past if (o.turn, o.qualifier) == (outcome.turn, outcome.qualifier)]
            assert "sla.breached" in same, "I7: retracted what was no breach"
            assert "sla.breach_retracted" not in same, "I7: retracted twice"

    def check_i08_follow_up(self, fold: Fold, outcome: Publish, after: Lead) -> None:
        """A breach of the response is followed at once, unless a response is known or a person's turn runs."""
        past = after.phase is not Phase.OPEN or outcome.data["cycle"] != after.cycle
        if outcome.data["measure"] == "contact" or past:
            return
        handed = after.current is not None and after.current.result is Result.RUNNING
        notified = policy_of(after).on_breach == "notify"
        assert after.asking or after.escalated or handed or notified, f"I8: nothing follows {outcome}"

    def check_i08_reassigned_for_a_reason(self, outcome: Publish, before: Lead | None) -> None:
        if outcome.type == "lead.reassigned" and outcome.data["reason"] == "no_response":
            assert before is not None
            ended = [turn for turn in before.turns if turn.result in (Result.BREACHED, Result.ENDED)]
            assert before.evaluated is Result.BREACHED or ended, "I8: reassigned without a breach"

    def check_i09_terminal(self, outcome: Publish, past: list[Publish]) -> None:
        """Nothing is decided against a lead that has left the open ones; its contact target may be (R12).

        A response before the end may be told after it.
        """
        ended = [o.type for o in past if o.type in ENDS | {"lead.reopened"}]
        if not ended or ended[-1] == "lead.reopened":
            return
        assert outcome.type not in NOT_AFTER_THE_END, f"I9: {outcome.type} after {ended[-1]}"
        if outcome.type == "sla.responded":
            assert outcome.data["response_at"] <= max(o.at for o in past if o.type in ENDS), f"I9: {outcome}"
        if outcome.type == "sla.breached":  # what was due before the end is decided all the same (R29)
            at = max(o.at for o in past if o.type in ENDS)
            assert outcome.data["due_at"] < at, f"I9: a breach after {ended[-1]}"

    def check_i20_evaluated_once(self, outcome: Publish, past: list[Publish]) -> None:
        if outcome.type in ("sla.met", "sla.breached"):
            key = (outcome.turn, outcome.data["measure"])
            before = [o for o in past if o.type in DECISIONS and (o.turn, o.data["measure"]) == key]
            fits = [o.type for o in before] in ([], ["sla.breached", "sla.breach_retracted"])
            assert fits, f"I20: {key} evaluated twice"
            assert not before or before[-1].data["reason"] == "closed_before_due"

    # rows

    def check_i12_stale_timers(self, touched: set[tuple[Log, str]]) -> None:
        """A timer before its instant, and answers to other questions, change nothing.

        A mailbox may find that its quiet hours have begun, and look again when they end.
        """
        for log, key in sorted(touched):
            value = self.shell.logs[log].rows.get(key)
            if value is None or log is Log.DESK or key[0] == "\0" or codec.next_due(value) <= self.shell.now:
                continue
            row = decode(self.shell, log, value)
            rules = self.shell.in_force[log]
            notices = dispatch.decide if isinstance(row, Mailbox) else deliver.decide
            decide = notices if log is Log.NOTIFICATIONS else self.shell.logs[log].reducer.decide
            again, effects = decide(row, Due(self.shell.now), self.shell.now, rules)
            changed = replace(again, rules_version=0) if log is Log.EVENTS else again
            same = decode(self.shell, log, value)
            if isinstance(again, Mailbox) and again.wakes_at > same.wakes_at:
                same = replace(same, wakes_at=again.wakes_at)
            if log is Log.EVENTS:
                recomputed = any(policy.apply_to_open for policy in rules.policies)
                same = replace(same, rules_version=0)
            else:
                recomputed = False
            assert recomputed or (changed == same and not effects), f"I12: {log} {key}"

    def check_i15_due_stays(self, fold: Fold, before: Lead | None, after: Lead | None) -> None:
        if before is None or after is None or before.due_at == after.due_at or after.phase is Phase.ERASED:
            return
        if isinstance(fold.fact, LeadCreated) or any(o.type == "lead.reopened" for o in fold.outcomes):
            return
        if isinstance(fold.fact, (Join, Absorbed, Merged, Joined)):
            assert after.due_at < before.due_at, "R25: the earliest due stays"
            return
        assert isinstance(fold.fact, Due), f"I15: {fold.fact} moved due"
        assert any(policy.apply_to_open for policy in fold.rules.policies), "I15: a policy moved due"
        assert after.due_at >= fold.now, "R33: moved to before the change"

    def check_i16_turns_rise(self, before: Lead | None, after: Lead | None) -> None:
        if after is None:
            return
        numbers = [turn.turn for turn in after.turns]
        assert numbers == sorted(set(numbers)), "I16: turns do not rise"
        assert before is None or after.turn >= before.turn, "I16: the turn fell"
        cycle = [turn for turn in after.turns if turn.turn >= after.cycle and turn.kind is Kind.BREACH]
        assert len(cycle) <= max(policy_of(after).max_turns - 1, 1), "I16, R19: too many turns"
        running = [turn.turn for turn in after.turns if turn.result is Result.RUNNING and not _waits(after, turn)]
        assert running in ([], [after.turn]), f"I16: {running} run at {after.turn}"

    def check_i17_time(self, fold: Fold) -> None:
        assert fold.now >= self.now, "I17: time fell"
        self.now = fold.now
        if fold.log is Log.EVENTS and fold.after is not None and fold.key[0] != "\0":
            lead = decode(self.shell, Log.EVENTS, fold.after)
            if lead.phase is Phase.OPEN:
                assert lead.started_at < lead.due_at <= max(lead.started_at, fold.now) + 2 * DAY, "I17: the horizon"
                assert lead.started_at <= fold.now + DAY

    def check_i20_one_status(self, after: Lead | None) -> None:
        if after is None:
            return
        if after.status is Status.HELD:
            assert any(call.ended_at is None for call in after.calls) or after.held_until, "I20: held by nothing"
        if after.phase is not Phase.OPEN:
            assert [after.asking, after.unassignable, after.escalated] == [False] * 3, f"I20: {after.status}"
            assert not after.held_until or deadlines(after), "I20, R12: held for nothing"
            running = [turn for turn in after.turns if turn.result is Result.RUNNING]
            assert all(_waits(after, turn) for turn in running), "I20: a turn runs on"
        if after.phase is Phase.ERASED:
            kept = [after.phones, after.emails, after.name, after.calls, after.timeline, after.turns]
            assert not any(kept), "I21: data stay"

    # the desk

    def _note_status(self, fold: Fold) -> None:
        fact = fold.fact
        if isinstance(fact, ManagerStatus):
            known = self.statuses.get(fact.manager_id)
            order = (fact.at, fact.origin.uri, fact.origin.id)
            if known is None or order > (known.at, known.origin.uri, known.origin.id):
                self.statuses[fact.manager_id] = fact

    def check_i05_only_the_able(self, fold: Fold) -> None:
        """Nobody gets a lead who said that they are not there, or who is full (R15)."""
        for effect in fold.effects:
            if isinstance(effect, Deliver) and isinstance(effect.fact, Assigned) and effect.fact.manager_id:
                self._able(fold, effect.fact.manager_id)

    def _able(self, fold: Fold, manager_id: str) -> None:
        manager = fold.rules.managers[manager_id]
        assert any(manager_id in team.managers for team in fold.rules.teams.values())
        status = self.statuses.get(manager_id)
        if status is not None and status.status != "available":
            until = status.until if status.until is not None else status.at + 12 * HOUR
            assert fold.now >= until, f"I5: {manager_id} is {status.status}"
        rows = [decode(self.shell, Log.DESK, value) for value in self.shell.logs[Log.DESK].rows.values()]
        held = sum(isinstance(row, Held) and row.manager_id == manager_id for row in rows)
        if self.shell.journal[-1] is fold:
            assert manager.capacity is None or held <= manager.capacity, f"I5: {manager_id} has {held}"

    # at the end

    def check_l1_no_lost_breach(self) -> None:
        """Every clock of an open lead is decided, once time has passed beyond it."""
        for lead in self._all_leads():
            assert not lead.unanswered
            assert not lead.joining, f"R25: {lead.lead_id} waits for {lead.joining}"
            for clock in lead.clocks:
                assert not clock.awaits("response"), f"L1: {clock} of {lead.lead_id} is not evaluated"
                assert not clock.awaits("contact"), f"L1: contact of {clock} of {lead.lead_id}"

    def check_l4_one_of_two_joined_clocks_decides(self) -> None:
        """A clock that another lead took is decided by none but that (R25)."""
        for outcomes in self.leads.values():
            given = {o.data.get("cycle") for o in outcomes if o.type == "lead.joined" and o.data["clock"] == "joined"}
            decided = {o.data["cycle"] for o in outcomes if o.type in ("sla.met", "sla.breached")}
            assert not given & decided, "R25: decided twice"

    def check_l2_everything_ends(self) -> None:
        """No lead waits on for nothing: it is over, or the head knows that it is not."""
        for lead in self._all_leads():
            told = lead.status in (Status.ESCALATED, Status.UNASSIGNABLE)
            notified = policy_of(lead).on_breach == "notify" and lead.status is Status.OVERDUE
            assert lead.status not in OPEN or told or notified, f"L2: {lead.lead_id} is {lead.status}"

    def check_l3_no_notice_pending(self) -> None:
        for value in self.shell.logs[Log.NOTIFICATIONS].rows.values():
            row = decode(self.shell, Log.NOTIFICATIONS, value)
            if isinstance(row, Mailbox):
                waiting = [item.notice_id for item in row.items()]
                assert not waiting, f"L3: {waiting} wait for {row.manager_id}"
            else:
                assert not row.notices, f"L3: {row.lead_id} has {row.notices}"

    def check_l4_everybody_knows(self) -> None:
        """Whoever was told something of a lead has been told what became of it, or could not be."""
        for value in self.shell.logs[Log.NOTIFICATIONS].rows.values():
            row = decode(self.shell, Log.NOTIFICATIONS, value)
            if isinstance(row, deliver.Notices) and row.state is not None:
                for manager, heard in row.heard.items():
                    kind = difference(heard, manager, row.state)
                    assert not kind or heard.telling, f"L4: {manager} does not know of {row.lead_id}: {kind}"

    def check_l5_notices_know_what_is_so(self) -> None:
        """What is told of a lead is what its row says."""
        for lead in self._all_leads():
            value = self.shell.logs[Log.NOTIFICATIONS].rows.get(lead.lead_id)
            row = decode(self.shell, Log.NOTIFICATIONS, value) if value else None
            if row is not None and row.state is not None:
                said = (row.state.phase, row.state.turn)
                assert said == (PHASES[lead.phase], lead.turn), f"L5: {lead.lead_id}: {said}"

    def check_i20_conservation(self) -> None:
        """Every lead that was read is in exactly one status, and evaluated at most once a clock."""
        created = {fold.key for fold in self.shell.journal if isinstance(fold.fact, LeadCreated)}
        rows = {key for key in self.shell.logs[Log.EVENTS].rows if key[0] != "\0"}
        assert created <= rows, f"I20: {created - rows} are lost"
        statuses = Counter(lead.status for lead in self._all_leads())
        assert sum(statuses.values()) == len(rows)
        assert set(statuses) <= set(STATUSES)

    def check_loads(self) -> None:
        """The desk holds exactly what the leads say."""
        holders = {}
        for key, value in self.shell.logs[Log.DESK].rows.items():
            row = decode(self.shell, Log.DESK, value)
            if isinstance(row, Held):
                holders[key.removeprefix("l:")] = row.manager_id
        expected = {
            lead.lead_id: lead.holder
            for lead in self._all_leads()
            if lead.phase is Phase.OPEN and lead.holder and not lead.escalated and not lead.asking and lead.current
        }
        assert holders == expected, f"R15: the desk has {holders}, the leads {expected}"

    def check_i10_replay(self) -> None:
        """The journal folded again gives the same rows and effects."""
        shell = self.shell
        rows: dict[str, Lead | None] = {}
        for fold in shell.journal:
            if fold.log is Log.EVENTS and fold.key[0] != "\0":
                row, effects = track.decide(rows.get(fold.key), fold.fact, fold.now, fold.rules)
                assert tuple(effects) == fold.effects, f"I10: {fold.fact}"
                rows[fold.key] = (
                    None if row is None else decode(shell, Log.EVENTS, shell.logs[Log.EVENTS].codec.encode(row))
                )
        kept = {key: row for key, row in rows.items() if row is not None}
        assert kept == {lead.lead_id: lead for lead in self._all_leads()}

    def check_i11_redelivery(self) -> None:
        """Everything that was of use changes nothing when it is accepted again, and publishes nothing."""
        shell = self.shell
        published = len(shell.outcomes)
        before = {lead.lead_id: lead.status for lead in self._all_leads()}
        buried = {bury.fact.origin.uid() for bury in shell.buried if bury.fact}
        erased = any(o.type == "lead.erased" for o in shell.outcomes)  # then numbers have forgotten what they saw (R31)
        for fact in [accepted.fact for accepted in shell.accepted]:
            lead_id = getattr(fact, "lead_id", None)
            if fact.origin.uid() not in buried and (lead_id in before or (lead_id is None and not erased)):
                shell.accept(fact)
        shell.run()
        assert [codec.outcome_id(o) for o in shell.outcomes[published:]] == [], "I11: a resend was applied"
        assert {lead.lead_id: lead.status for lead in self._all_leads()} == before

    def _all_leads(self) -> list[Lead]:
        rows = self.shell.logs[Log.EVENTS].rows
        return [decode(self.shell, Log.EVENTS, value) for key, value in rows.items() if key[0] != "\0"]
