"""What a proof does: which clock of the lead it belongs to, and what it decides there at once (R4, R5, R7, R11)."""

from __future__ import annotations

from . import decisions
from .case import Case
from .effects import Measure
from .lead import Kind, Loose, Phase
from .lead_clock import CONTACT, RESPONSE, LeadClock, Uncounted, owner
from .promise import Result
from .proof import Proof
from .proof import proof as proven_by

NO_LEAD = frozenset({"not_missed", "backfill"})
"""Reasons of closing after which no proof counts: it never was a lead with a clock (R26, R30)."""

IDLE = (Phase.ANSWERED, Phase.CLOSED)
"""Phases in which a clock may turn out to have begun that was told of late."""

MOST_LOOSE = 8
"""Proofs kept that belong to no clock so far, newest."""


def credit(case: Case, proof: Proof, ended_at: int, name: str, *, again: bool = False) -> Uncounted:
    """Apply what a call or a record proves, to one clock at most (R7).

    ended_at: of the contact. name: the event's, for the outcome's id. again: it was asked before whose it is.
    """
    lead = case.lead
    instants = [at for at in _in_order(case, proof) if at is not None]
    if not instants or lead.closed_reason in NO_LEAD:
        return Uncounted.BEFORE_START
    clock, reason = owner(
        lead.clocks,
        instants,
        ended_at if proof.contact_at is not None else None,
        case.rules.limits.match_window,
        spoken_for=proof.spoken_for,
        collects=lead.phase is Phase.ANSWERED,
    )
    before = clock and _hangs_on_it(case, clock)
    counts = clock is not None and _credit_to(case, clock, proof, ended_at, name)
    joined = lead.phase is Phase.JOINED  # what happens on it is the other's, unless it turns out to be reopened by then
    if lead.loose and lead.phase is Phase.OPEN:
        recall(case)
    idle = clock is None or before == _hangs_on_it(case, lead.clock_of(clock.cycle))
    counted = again and clock is not None and _rests_on(case, clock, proof)
    if idle and not counted and (joined or lead.phase in IDLE):
        _keep_loose(
            case, Loose(proof.attempt_at, proof.contact_at, ended_at, proof.by, name, proof.spoken_for or joined)
        )
    return Uncounted.NO if counts else reason or Uncounted.BEFORE_START


def _in_order(case: Case, proof: Proof) -> tuple[int | None, ...]:
    """The instants by which a proof belongs to a clock: of a talk only its own where nothing else is a response."""
    both = (proof.attempt_at, proof.contact_at)
    return both if case.policy.response == "attempt" or proof.contact_at is None else both[1:]


def _hangs_on_it(case: Case, clock: LeadClock) -> tuple[Result, Result, int]:
    """What a proof may change of a clock; one that changes nothing may be another's, which is told of later."""
    return clock.evaluated, clock.contact_evaluated, clock.responded(case.policy.response)


def _rests_on(case: Case, clock: LeadClock, proof: Proof) -> bool:
    """Whether the response of a clock, or its contact in time, is this proof: it counts once, however often told."""
    clock = case.lead.clock_of(clock.cycle)
    by_contact = case.policy.response == CONTACT
    mine = (proof.contact_at,) if by_contact else (proof.attempt_at, proof.contact_at)
    spoken = bool(clock.contact_due) and 0 < clock.contact_at <= clock.contact_due and clock.spoken == proof.contact_at
    responded = clock.responded(case.policy.response)
    return spoken or (responded > 0 and responded in mine)


def _credit_to(case: Case, clock: LeadClock, proof: Proof, ended_at: int, name: str) -> bool:
    """Whether it counts here: an attempt from when the lead came on, a contact a little before (`lead_clock.owner`)."""
    if clock.evaluated is Result.JOINED:
        return False
    window = case.rules.limits.match_window
    known, _ = clock.response(case.policy.response)
    announced = 0 < known <= clock.ended or case.runs(clock)
    contact = clock.counted(proof.contact_at, ended_at, window)
    attempt = clock.counted(proof.attempt_at, None, window) or contact  # every contact is an attempt (R1)
    by = proof.by if proof.by and case.is_manager(proof.by) else ""
    _credit_earlier(case, clock.cycle, "attempt", attempt, by, name)
    if contact:
        _credit_earlier(case, clock.cycle, "contact", contact, by, name)
    judge(case, clock.cycle)
    if not announced:
        decisions.respond_late(case, case.lead.clock_of(clock.cycle))
    return True


def _credit_earlier(case: Case, cycle: int, kind: str, at: int, by: str, name: str) -> None:
    """Keep the earliest proof of a kind, whatever the arrival order (R4); measured once, at the first."""
    lead, clock = case.lead, case.lead.clock_of(cycle)
    known = clock.attempted if kind == "attempt" else clock.spoken
    if known and known <= at:
        return
    if known:
        _displace(case, clock, kind)
    counts = max(at, clock.start)
    open_ms = case.customer_calendar().elapsed(clock.start, counts)
    if not known and not lead.test:
        case.effects.append(Measure(source=lead.source, kind=kind, open=open_ms, wall=counts - clock.start))
    clock = clock.prove(kind, at, by)
    lead.put_clock(clock)
    told = {"kind": kind, "response_at": counts, "by": by, "open_seconds": open_ms / 1000}
    case.publish("call.credited", told, clock=clock, qualifier=f"{name}:{kind}", turn=_turn(case, clock))


def _displace(case: Case, clock: LeadClock, kind: str) -> None:
    """An earlier response leaves what was taken for it, and what followed, to a clock that came later (R7)."""
    if case.policy.response == CONTACT and kind != CONTACT:
        return
    if kind == CONTACT and clock.ended and _rang_before(case, clock.spoken, clock.ended + 1):
        return
    attempt = clock.attempted if kind == "attempt" else None
    by = clock.attempt_by if kind == "attempt" else clock.contact_by
    name = f"{clock.cycle}:{attempt or clock.spoken}"
    _keep_loose(case, Loose(attempt, clock.spoken or None, clock.spoken, by, name))


def _turn(case: Case, clock: LeadClock) -> int:
    return case.lead.turn if clock.cycle == case.lead.cycle else clock.cycle


def give_up(case: Case, cycle: int, at: int) -> None:
    """What a clock has that was proven from an instant on becomes loose, for a later one."""
    lead, clock = case.lead, case.lead.clock_of(cycle)
    name = f"{cycle}:{at}"
    first = max(at + (clock.ended == at), clock.came + 1)  # what ended it, or happened as it came, is its own
    if clock.attempted >= first:
        _keep_loose(case, Loose(clock.attempted, None, 0, clock.attempt_by, name))
        clock = clock.disprove("attempt")
    if clock.spoken >= first and not _rang_before(case, clock.spoken, first):
        _keep_loose(case, Loose(None, clock.spoken, clock.spoken, clock.contact_by, name))
        clock = clock.disprove(CONTACT)
    lead.put_clock(clock)


def _rang_before(case: Case, contact_at: int, at: int) -> bool:
    """Whether a talk is of a call that was a response before an instant: it counts once, where it rang (R7)."""
    rang = [proof.attempt_at for proof in _proven(case) if proof.contact_at == contact_at]
    return case.policy.response == "attempt" and any(0 < (began or 0) < at for began in rang)


def _was_anothers(case: Case, loose: Loose) -> bool:
    """Whether it is of a call that fell into the clock of another lead: it is near the coming of none (R5)."""
    mine = {loose.attempt_at, loose.contact_at} - {None}
    return any(proof.spoken_for and mine & {proof.attempt_at, proof.contact_at} for proof in _proven(case))


def _proven(case: Case) -> list[Proof]:
    """What the calls prove that the lead knows."""
    return [proven_by(call, case.rules.limits, case.rules.own_numbers) for call in case.lead.calls]


def _keep_loose(case: Case, loose: Loose) -> None:
    """A talk that is kept with the ringing before it is not kept without it too."""
    if loose.attempt_at is None and any(known.contact_at == loose.contact_at for known in case.lead.loose):
        return
    anothers = loose.spoken_for or _was_anothers(case, loose)
    loose = loose._replace(spoken_for=anothers)
    case.lead.loose = [*case.lead.loose, loose][-MOST_LOOSE:]


def recall(case: Case) -> None:
    """A clock has begun that was told of late: what was proven meanwhile, or just before, may be its own (R7)."""
    lead = case.lead
    loose, lead.loose = lead.loose, []
    for proven in loose:
        proof = Proof(proven.attempt_at, proven.contact_at, proven.by, "", proven.spoken_for)
        credit(case, proof, proven.ended_at, f"{proven.name}:{lead.cycle}", again=True)


# what it decides


def judge(case: Case, cycle: int) -> None:
    """What the known proofs decide at once: met, retracted, answered. A breach is never decided here."""
    lead, clock = case.lead, case.lead.clock_of(cycle)
    if clock.contact_at and clock.contact_at <= clock.contact_due:
        decisions.in_time(case, clock, CONTACT, clock.contact_at, clock.contact_by)
    at, by = clock.response(case.policy.response)
    present = cycle == lead.cycle
    if not at or _may_be_given(case, clock):
        return
    if at <= clock.due and not (present and _in_doubt(case, at)):
        decisions.in_time(case, lead.clock_of(cycle), RESPONSE, at, by)
    decisions.retract_turns(case, lead.clock_of(cycle), at, response_at=at)
    if not case.runs(clock):
        _end_afterwards(case, cycle, at, by)
    elif not _undecided(case, at):
        decisions.answer(case, at, by)


def _end_afterwards(case: Case, cycle: int, at: int, by: str) -> None:
    """The response ended a clock of the past, or of a lead that is over: earlier than was known (R11)."""
    lead, clock, turn = case.lead, case.lead.clock_of(cycle), case.lead.current
    lead.put_clock(clock._replace(ended=min(filter(None, (clock.ended, at)))))
    if turn and turn.result is Result.RUNNING and turn.turn >= cycle == lead.cycle and at <= turn.due:
        decisions.end_by_response(case, turn, at, by)


def _may_be_given(case: Case, clock: LeadClock) -> bool:
    """Whether it ended with a merge that is not accepted yet: the other may take the clock, and learns of the proof."""
    return case.lead.phase is Phase.CLOSED and bool(case.lead.joined_to) and clock.evaluated is Result.ENDED


def _in_doubt(case: Case, at: int) -> bool:
    """Whether a lead on its way into this one may bring an earlier due that was missed (R25)."""
    return any(at > due for due in case.lead.joining.values())


def _undecided(case: Case, at: int) -> bool:
    """Whether a clock whose due lies before the response still waits for its breach (R10)."""
    lead, turn = case.lead, case.lead.current
    if lead.clock.awaits(RESPONSE):
        return True
    later = turn is not None and turn.kind is Kind.BREACH and turn.result is Result.RUNNING
    return later and turn is not None and turn.due < at
