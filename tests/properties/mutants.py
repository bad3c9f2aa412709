"""Planted faults: each must be caught by the tests named with it. `python -m tests.properties.mutants [NAME...]`.

A mutant is an exact replacement in a copy of the sources; when the line is no longer found, the list is out of date and
the run fails loudly. Exits with 1 if one survives.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[2]
MACHINE = "tests/properties/test_machine.py"
RELAY = "tests/core/test_relay.py"
ROWS = "tests/properties/test_rows.py"
DESK = "tests/core/test_assign.py tests/core/test_roster.py tests/properties/test_desk.py"
CLOCK, LIFE, TURNS = (
    f"tests/core/test_track_{name}.py tests/core/test_rules_{name}.py" for name in ("clock", "life", "turns")
)
CLOCKS = "tests/core/test_clocks.py tests/core/test_reopening.py"
ENDS = "tests/core/test_order_of_ends.py"
JOINS = "tests/core/test_joining.py"
MATCH, PROOF = "tests/core/test_match.py", "tests/core/test_proof.py"
NOTICED = "tests/core/test_noticed.py"
MAILBOX = "tests/core/test_mailbox.py"
DELIVER = "tests/core/test_deliver.py"
TELLING = "tests/core/test_telling.py"
TIMERS, PARTITION = "tests/stream/test_timers.py", "tests/stream/test_partition.py"
WORKERS = 2
LIMIT = 300  # seconds


@dataclass(frozen=True)
class Mutant:
    """name: what goes wrong. tests: the fastest that must see it. also: further replacements in the same module."""

    name: str
    module: str
    old: str
    new: str
    tests: str = MACHINE
    package: str = "core"
    also: tuple[tuple[str, str], ...] = ()


stream = partial(Mutant, package="stream")

MUTANTS = (
    Mutant(
        "early breach: no allowance",
        "lead",
        "[instant + allowance for instant in due if instant]",
        "[instant for instant in due if instant]",
    ),
    Mutant(
        "early breach: decided before it was asked",
        "verdict",
        "    first = _decide_clocks(case, lead.asked_at - case.policy.allowance)\n",
        "    first = _decide_clocks(case, lead.asked_at + 60_000)\n",
        CLOCK,
    ),
    Mutant(
        "blind: the numbers are not asked",
        "verdict",
        "targets = targets or [(lead.lead_id, Log.EVENTS)]",
        "targets = [(lead.lead_id, Log.EVENTS)]",
    ),
    Mutant(
        "blind: the first answer decides",
        "track",
        "    if not lead.unanswered:\n        verdict.settle(case)",
        "    verdict.settle(case)",
    ),
    Mutant(
        "due moves on hand-over",
        "turns",
        "    lead.holder = holder\n",
        "    lead.holder = holder\n    lead.due_at = turn.due\n",
    ),
    Mutant(
        "the same manager twice",
        "roster",
        "return PassedOver.HAD_IT if manager.id in needs.had else None",
        "return None",
    ),
    Mutant(
        "who had it is forgotten", "turns", "had=tuple(dict.fromkeys(turn.holder for turn in lead.turns)),", "had=(),"
    ),
    Mutant("no retraction", "promise", "    (Result.BREACHED, Word.IN_TIME): Result.RETRACTED,\n", "", CLOCKS),
    Mutant("retracted twice", "decisions", "    case.lead.put_clock(after)\n    first", "    first", CLOCKS),
    Mutant(
        "a later turn is retracted twice",
        "decisions",
        "    lead.put_clock(clock._replace(breached=tuple(broken for broken in clock.breached if broken.due < at)))\n",
        "",
        LIFE,
    ),
    Mutant(
        "only later turns due after the response are retracted",
        "decisions",
        "back = [broken for broken in clock.breached if broken.due >= at]",
        "back = list(clock.breached)",
        MACHINE,
    ),
    Mutant("lost hold", "verdict", "    if until <= case.now:\n        return False\n", "    return False\n", CLOCK),
    Mutant("a hold never ends", "calls", "    if case.lead.held_until and", "    if False and", CLOCK),
    Mutant(
        "a stale ask is answered", "turns", "if not lead.asking or fact.n != lead.ask:", "if not lead.asking:", ROWS
    ),
    Mutant(
        "a stale question is answered",
        "track",
        "if fact.k != lead.question or fact.by not in lead.unanswered:",
        "if fact.by not in lead.unanswered:",
        ROWS,
    ),
    Mutant("a stale claim is accepted", "changes", "fact.turn != lead.turn or _claimed", "_claimed", TURNS),
    Mutant("no dedupe", "dedupe", "    if known is not None:\n", "    if False:\n"),
    Mutant("a warning twice", "promise", "            behind += 1\n", "            return behind + 1\n", CLOCK),
    Mutant(
        "R10: reassigned although the response is known",
        "verdict",
        "    if at:\n        judge(case, lead.cycle)\n    elif over",
        "    if over",
        CLOCK,
    ),
    Mutant("capacity ignored", "roster", "capacity is not None and self.held >= capacity", "False", DESK),
    Mutant(
        "given to the absent",
        "roster",
        "        if self.standing.reason:\n            return PassedOver(self.standing.reason)\n",
        "",
        DESK,
    ),
    Mutant(
        "joining ignores the earlier start",
        "lead_clock",
        "start=min(self.start, other.start))",
        "start=self.start)",
        LIFE,
    ),
    Mutant(
        "joining moves a due later",
        "lead_clock",
        "        if other.due >= self.due:\n",
        "        if other.due <= self.due:\n",
        CLOCKS,
    ),
    Mutant(
        "a closed lead is breached",
        "lead_clock",
        "if clock.due_of(measure) >= at and clock.awaits(measure):",
        "if False:",
        LIFE,
    ),
    Mutant(
        "closing leaves the turn running",
        "turns",
        "        turn.result = Result.RUNNING if broken else Result.ENDED\n",
        "        turn.result = Result.RUNNING\n",
    ),
    Mutant(
        "one turn too many",
        "turns",
        "elif lead.counted >= case.policy.max_turns:",
        "elif lead.counted > case.policy.max_turns:",
    ),
    Mutant("a hand-over counts as a turn", "turns", "lead.counted += kind is Kind.BREACH", "lead.counted += 1", TURNS),
    Mutant(
        "a hand-over is evaluated",
        "verdict",
        "    if turn.kind is Kind.BREACH:\n        decisions",
        "    if True:\n        decisions",
        TURNS,
    ),
    Mutant(
        "late proof after closing is ignored", "promise", "    (Result.ENDED, Word.IN_TIME): Result.MET,\n", "", CLOCKS
    ),
    Mutant(
        "an attempt before the start counts", "lead_clock", "if at >= self.came or near else 0", "if True else 0", CLOCK
    ),
    Mutant("the latest response counts", "credit", "if known and known <= at:", "if known and known >= at:"),
    Mutant(
        "a question is answered before the calls",
        "match",
        "    hand_out(case)\n    return (None if",
        "    return (None if",
    ),
    Mutant(
        "R1: of two ends the later one stands",
        "proof",
        "return _PROVES.get(outcome, 1), talk, ring is None, ring or 0, at",
        'return int(outcome == "answered"), talk, False, 0, at',
        PROOF,
    ),
    Mutant("R1: what a bot wrote counts", "proof", "    if fact.automated or (", "    if (", NOTICED),
    Mutant(
        "R1: strangers count for ever",
        "routing",
        "replace(fact, stranger=source in self.known)",
        "replace(fact, stranger=False)",
        "tests/wire/test_routing.py",
        package="wire",
    ),
    Mutant(
        "R5: a talk meets every later lead",
        "match",
        "    instants = case.row.instants(kept)\n",
        "    return False\n",
        MATCH,
    ),
    Mutant(
        "R7: reopening forgets the clock before",
        "phone",
        "            self.past = [*self.past, span][1 - Bound.SPANS :]\n",
        "",
        MATCH,
    ),
    Mutant(
        "R25: strangers join by a made-up number", "match", "    if new and not row.shared:\n", "    if new:\n", MATCH
    ),
    Mutant(
        "R24: a shared number credits everybody",
        "match",
        "_alone(case.row, kept, wanting) if case.row.shared else wanting",
        "wanting",
        MATCH,
    ),
    Mutant(
        "R26: a busy line is a short abandon",
        "missed",
        "        (hung_up and timed and",
        "        (timed and",
        MATCH,
    ),
    Mutant(
        "R26: a missed call is given out at once",
        "turns",
        "after = max(case.now + wait, lead.give_at)",
        "after = case.now + wait",
        MATCH,
    ),
    Mutant(
        "R26: each leg tells the holder", "calls", "    elif not any(_same(", "    elif True or not any(_same(", MATCH
    ),
    Mutant(
        "R22: whom the CRM took a lead from is asked to answer for the next turn",
        "turns",
        'lead.ask_reason in ("absent", "unassigned")',
        'lead.ask_reason == "absent"',
        "tests/core/test_unassigned.py",
    ),
    Mutant(
        "the next due is counted from the customer's",
        "turns",
        "    return case.of_turn(holder).due(case.now)",
        "    return case.of_turn(holder).due(case.lead.due_at)",
    ),
    Mutant(
        "erased data are kept",
        "ends",
        "    case.lead = Lead(\n        lead.lead_id, Phase.ERASED, team_id=lead.team_id, "
        "turn=lead.turn, seen=lead.seen, was_part_of=whole\n    )",
        "    lead.phase, lead.was_part_of = Phase.ERASED, whole",
        LIFE,
    ),
    Mutant(
        "what was said of a part stays when that is erased",
        "joining",
        "    _take_back(lead, fact.joined)\n",
        "",
        JOINS,
    ),
    Mutant(
        "an erasure ends where the lead in between is erased",
        "joining",
        "    if fact.hops < HOPS:\n        for into",
        "    if fact.hops < HOPS and case.lead.phase is not Phase.ERASED:\n        for into",
        JOINS,
    ),
    Mutant(
        "a notice that waits names who is erased",
        "dispatch",
        "                item.details = named_anew(item.details, state)\n",
        "                pass\n",
        MAILBOX,
    ),
    Mutant(
        "a displaced talk is kept twice",
        "credit",
        "    if loose.attempt_at is None and any(",
        "    if False and any(",
        CLOCKS,
    ),
    Mutant(
        "a talk that an attempt displaces answers a second clock",
        "credit",
        "    if case.policy.response == CONTACT and kind != CONTACT:\n        return\n",
        "",
        CLOCKS,
        also=(("    counted = again and clock", "    counted = False and clock"),),
    ),
    Mutant(
        "what ended a clock is taken from it by its reopening at that instant",
        "credit",
        "max(at + (clock.ended == at), clock.came + 1)",
        "max(at, clock.came + 1)",
        CLOCKS,
    ),
    Mutant(
        "responded is announced although the breach was taken back",
        "decisions",
        "    if clock.evaluated is Result.BREACHED and 0 < at",
        "    if clock.evaluated is not Result.MET and 0 < at",
    ),
    Mutant(
        "an answered lead keeps its manager's place",
        "decisions",
        "    lead.warn_next = 0\n    release(case)\n    numbers.collect_all",
        "    lead.warn_next = 0\n    numbers.collect_all",
    ),
    Mutant(
        "reopening keeps the old evaluation",
        "terms",
        "lead.clocks = [*kept[1 - MOST :], clock]",
        "lead.clocks = [*kept[1 - MOST :], clock._replace(evaluated=lead.evaluated)]",
        CLOCKS,
    ),
    Mutant(
        "degraded is called full",
        "verdict",
        "        lead.degraded = True\n        settle(case)",
        "        settle(case)",
        CLOCK,
    ),
    Mutant(
        "what is asked blind is called full",
        "verdict",
        "lead.question, lead.degraded = lead.question + 1, blind",
        "lead.question, lead.degraded = lead.question + 1, False",
        CLOCK,
    ),
    Mutant(
        "another due that passed meanwhile makes the timer spin",
        "track",
        "    if not lead.unanswered and not lead.held_until and any(",
        "    elif any(",
        ROWS,
    ),
    Mutant(
        "a lost attempt blocks its channel",
        "dispatch",
        "            if parcel.next_try <= self.now:\n",
        "            if parcel.next_try <= self.now and not parcel.out:\n",
        MAILBOX,
    ),
    Mutant(
        "a message that got no answer is sent again with what came since",
        "dispatch",
        "        at, _, parcel = min(choices",
        "        if queue.parcels:\n"
        "            queue.parcels[0].items, queue.waiting = [*queue.parcels[0].items, *queue.waiting], []\n"
        "        at, _, parcel = min(choices",
        MAILBOX,
    ),
    Mutant(
        "two messages of a channel are out",
        "dispatch",
        "        if queue.out() is None:\n            self._expire(queue)",
        "        if queue.out() is None or queue.waiting:\n            self._expire(queue)",
        MAILBOX,
    ),
    Mutant(
        "news does not wait for a receiver that wants to be left alone",
        "dispatch",
        "max(parcel.next_try, queue.pause, queue.not_before)",
        "max(parcel.next_try, queue.pause)",
        MAILBOX,
        also=(("min(parcel.next_try, max(now, queue.not_before))", "now"),),
    ),
    Mutant(
        "a digest is joined by what quiet hours hold",
        "dispatch",
        "free = [item for item in queue.waiting if not self._held(item.kind)]",
        "free = list(queue.waiting)",
        MAILBOX,
    ),
    Mutant(
        "quiet hours use up the day of a notice",
        "dispatch",
        "since = self._held(fact.kind) or fact.at",
        "since = fact.at",
        MAILBOX,
    ),
    Mutant(
        "the head is told of every notice that a dead channel loses",
        "dispatch",
        "queue.head_told = self._tell_head(item, queue.address, error)",
        "self._tell_head(item, queue.address, error)",
        MAILBOX,
    ),
    Mutant(
        "an erased lead stays in a message that was begun",
        "dispatch",
        "        parcel.items = [item for item in parcel.items if not item.over]\n",
        "",
        MAILBOX,
    ),
    Mutant(
        "a storm is not held back",
        "dispatch",
        "full = queue.address != LOG and len(recent) >= limits.digest_after",
        "full = False",
        MAILBOX,
    ),
    Mutant(
        "what waits keeps the address it was given when it came",
        "moving",
        "new = [Queue(address) for address in present if address not in known] if known else []",
        "new: list[Queue] = []",
        MAILBOX,
    ),
    Mutant(
        "a manager who has left is told all the same",
        "moving",
        "    queue.waiting, queue.parcels, queue.heirs = [], [out] if out else [], [*present]\n",
        "",
        MAILBOX,
    ),
    Mutant(
        "one message that does not pass blocks the others for a day",
        "dispatch",
        "return parcel.tries >= PATIENCE or machine.passed_by(parcel)",
        "return False",
        MAILBOX,
    ),
    Mutant(
        "what is urgent is given up for what is not",
        "dispatch",
        "key=lambda pair: (pair[0].kind in urgent, pair[0].at)",
        "key=lambda pair: pair[0].at",
        MAILBOX,
    ),
    Mutant(
        "what does not hold any more waits on",
        "dispatch",
        "return item.lead_id == state.lead_id and (gone or not stands(item.kind, item.turn, manager, state))",
        "return item.lead_id == state.lead_id and gone",
        MAILBOX,
    ),
    Mutant(
        "a late success is not believed",
        "dispatch",
        "                    if fact.error is None:\n",
        "                    if fact.error is None and parcel.attempt == fact.attempt:\n",
        MAILBOX,
    ),
    Mutant(
        "a notice of an earlier turn holds",
        "standing",
        "(word is Word.TURN and turn != state.turn)",
        "False",
        DELIVER,
    ),
    Mutant(
        "a notice of an answered lead holds",
        "standing",
        "if state.phase != OPEN or (word",
        "if state.phase not in (OPEN, ANSWERED) or (word",
        DELIVER,
    ),
    Mutant(
        "who loses a lead is told nothing",
        "standing",
        'return "" if state.holder == manager else "reassigned_away"',
        'return ""',
        DELIVER,
    ),
    Mutant(
        "who was told nothing hears of the end",
        "deliver",
        "    if row is None:\n",
        "    if isinstance(fact, Notify) and row:\n"
        '        row.heard.setdefault(fact.manager_id, Heard("assigned", fact.turn, mine=True))\n'
        "    if row is None:\n",
        DELIVER,
    ),
    Mutant(
        "the end is told twice",
        "deliver",
        '    if kind and heard.telling.endswith(f":{kind}:{manager}"):\n        return []\n',
        "",
        DELIVER,
    ),
    Mutant(
        "of a lead that was over before it came people are told",
        "telling",
        "        case.effects[:] = _unsaid(case)\n",
        "        pass\n",
        TELLING,
    ),
    Mutant(
        "what may have arrived counts as never told",
        "dispatch",
        "        if parcel.unsure:\n",
        "        if False:\n",
        MAILBOX,
    ),
    Mutant(
        "what a channel could not send is lost with it",
        "moving",
        "            _inherit(queue, pending.values() if queue in new else gone)\n",
        "            _inherit(queue, pending.values() if queue in new else [])\n",
        MAILBOX,
    ),
    Mutant(
        "that somebody was absent is told when they are back",
        "standing",
        '    if kind == "absent" and not state.absent:\n        return False\n',
        "",
        TELLING,
    ),
    Mutant(
        "a lost attempt blocks its endpoint",
        "relay",
        "    while delivery := next((first for first in box.timed() if first.next_try <= now), None):",
        "    for delivery in [first for first in box.timed() if first.next_try <= now and not first.out]:",
        RELAY,
    ),
    Mutant(
        "an outcome overtakes one that failed",
        "relay",
        "        if not machine.passed_by(delivery):\n            return",
        "        pass",
        RELAY,
    ),
    Mutant(
        "an outcome that is refused for ever blocks its lead for a day",
        "relay",
        "        if not machine.passed_by(delivery):\n            return",
        "        return",
        RELAY,
    ),
    Mutant(
        "an endpoint that is enabled waits as long as it failed",
        "relay",
        "0 < delivery.waits_from < endpoint.enabled_at",
        "False",
        RELAY,
    ),
    Mutant(
        "an endpoint that is gone is asked on",
        "relay",
        "    return webhook is None or (endpoint is not None and endpoint.gone == entry(webhook))",
        "    return webhook is None",
        RELAY,
    ),
    Mutant(
        "a changed entry stays disabled",
        "relay",
        "endpoint.gone == entry(webhook)",
        "bool(endpoint.gone)",
        RELAY,
    ),
    Mutant(
        "an erased lead is still told of",
        "relay",
        "    rows.put(OUTBOX + lead_id, None)",
        "    rows.get(OUTBOX + lead_id)",
        RELAY,
    ),
    Mutant(
        "who never had a turn waits longer and longer",
        "queue",
        "    message.tries -= not asked",
        "    message.tries -= 0",
        RELAY,
    ),
    Mutant(
        "a new policy moves due to before the change",
        "terms",
        "return due_at if due_at >= case.now else min(before, case.now)",
        "return due_at",
        CLOCK,
    ),
    Mutant(
        "a resent closing is published again",
        "ends",
        "    if lead.closed_reason:",
        "    if False:",
        LIFE,
    ),
    Mutant(
        "R5: a talk that another lead had meets the new one",
        "lead_clock",
        "    if near and not spoken_for:\n",
        "    if near:\n",
        CLOCKS,
    ),
    Mutant(
        "R5: before the office opens nothing counts",
        "lead_clock",
        "if clock.came <= at), None)",
        "if clock.start <= at), None)",
        CLOCKS,
    ),
    Mutant(
        "R7: a proof is the present clock's",
        "lead_clock",
        "    return next((clock for clock in reversed(clocks) if clock.came <= at), None)",
        "    return clocks[-1] if clocks else None",
        CLOCKS,
    ),
    Mutant(
        "R7: an ended clock takes any late proof",
        "lead_clock",
        "        return at <= max(self.due, self.contact_due) or at <= self.ended",
        "        return True",
        CLOCKS,
    ),
    Mutant(
        "R7: what a reopened clock took late leaves the one before nothing",
        "lead_clock",
        "    if found[0] is not None and found[0].lacks(instants[0]):",
        "    if False:",
        ENDS,
    ),
    Mutant(
        "R7: the talk that an earlier one displaces is lost",
        "credit",
        "    if known:\n        _displace(case, clock, kind)\n",
        "",
        ENDS,
    ),
    Mutant(
        "R7: of a call that rang before a reopening the talk counts once more",
        "credit",
        " and not _rang_before(case, clock.spoken, first):",
        ":",
        CLOCKS,
    ),
    Mutant(
        "R7: a talk belongs where it rang though only it is a response",
        "credit",
        'response == "attempt" or proof.contact_at is None else both[1:]',
        'response == "attempt" or proof.contact_at is None else both[::-1]',
        CLOCKS,
    ),
    Mutant(
        "R9: what a message proves answered stays held by a call",
        "calls",
        "isinstance(fact, ContactRecorded) and deadlines(case.lead)",
        "isinstance(fact, ContactRecorded)",
        CLOCKS,
    ),
    Mutant(
        "R10: a late response is announced again when the next clock has it",
        "decisions",
        " and cycle not in lead.responded:",
        ":",
        CLOCKS,
    ),
    Mutant(
        "R29: a reopening that is read before its closing is lost",
        "ends",
        "        lead.reopened_at = max(lead.reopened_at, fact.at)",
        "        pass",
        ENDS,
    ),
    Mutant(
        "R29: a lead that was closed again since stays open",
        "ends",
        "    if lead.closing.at > at:",
        "    if False:",
        ENDS,
    ),
    Mutant(
        "R25: an acceptance is of whatever clock the lead has",
        "joining",
        "    if elsewhere or fact.cycle not in (0, lead.cycle):",
        "    if elsewhere:",
        JOINS,
    ),
    Mutant(
        "R25: a joined lead that its source closes leaves the other",
        "ends",
        "Phase.JOINED if lead.phase is Phase.JOINED else Phase.CLOSED",
        "Phase.CLOSED",
        JOINS,
    ),
    Mutant(
        "R14: a first turn given late answers for the due",
        "turns",
        "    return Kind.LATE if case.to_customer().half_gone(max(case.now, clock.start), clock.due) else Kind.FIRST",
        "    return Kind.FIRST",
        CLOCKS,
    ),
    Mutant(
        "R25: the present holder answers for a due that was taken",
        "lead_clock",
        "due=other.due, first_holder=other.first_holder,",
        "due=other.due,",
        CLOCKS,
    ),
    Mutant(
        "R25: a clock that was given away is decided too",
        "joining",
        "        lead.put_clock(clock.taken()._replace(ended=clock.ended or fact.at))",
        "        lead.put_clock(clock)",
        CLOCKS,
    ),
    Mutant(
        "R25: a clock whose due has passed is given away",
        "joining",
        "given = fact.undecided and fact.at <= clock.due and",
        "given = fact.undecided and",
        JOINS,
    ),
    Mutant(
        "R25: a joined lead judges no proof", "joining", "    own = hear(case, fact)\n", "    own = False\n", CLOCKS
    ),
    Mutant(
        "R29: an end that is told late leaves the breach",
        "promise",
        "    (Result.BREACHED, Word.OVER): Result.ENDED,\n",
        "",
        CLOCKS,
    ),
    Mutant(
        "R29: what a closing took back can be met no more",
        "promise",
        "    (Result.BREACHED, Word.OVER): Result.ENDED,\n",
        "    (Result.BREACHED, Word.OVER): Result.RETRACTED,\n",
        CLOCKS,
    ),
    Mutant(
        "R10: a late response that is told after the closing is not announced",
        "credit",
        "    if not announced:\n",
        "    if False:\n",
        CLOCKS,
    ),
    Mutant(
        "R10: a response after the closing is announced",
        "decisions",
        "and 0 < at <= clock.ended and cycle",
        "and 0 < at and cycle",
        CLOCKS,
    ),
    Mutant(
        "R25: whoever joins one that is decided answers for its own clock",
        "joining",
        "if clock.evaluated in (Result.JOINED, Result.ENDED) else",
        "if clock.evaluated is Result.JOINED else",
        CLOCKS,
    ),
    Mutant(
        "R29: any source is believed however late",
        "ends",
        "    return fact.at if received - late <= fact.at <= received else received",
        "    return min(fact.at, received)",
        CLOCKS,
    ),
    Mutant(
        "R29: the head keeps what only escalated",
        "ends",
        "lead.holder and not lead.by_escalation and",
        "lead.holder and",
        CLOCKS,
    ),
    Mutant(
        "R30: a reopening that is told late is as if in time",
        "terms",
        "late=received > clock.due,",
        "late=received > clock.due and cycle == 1,",
        CLOCKS,
    ),
    Mutant("R31: an erasure decides nothing", "ends", "    verdict.decide_now(case)\n", "", CLOCKS),
    stream(
        "timers: a sweep loses what holds",
        "timers",
        "[entry for entry in run.entries() if self._holds(entry)]",
        "[]",
        TIMERS,
    ),
    stream(
        "timers: the newest wait for the runs",
        "timers",
        "return min(earliest, self._newest[0]) if self._newest else earliest",
        "return earliest",
        TIMERS,
    ),
    stream(
        "timers: a row that came back to an instant fires twice",
        "timers",
        "        return list(taken)\n",
        "        return [*taken, *list(taken)[:1]]\n",
        TIMERS,
    ),
    stream(
        "a step does not wait for its interval",
        "pace",
        "        if left > 0:",
        "        if left < 0:",
        PARTITION,
    ),
    stream(
        "a partition that is held while it collects goes on",
        "partition",
        "        await self._collect()\n        await self._pass()\n",
        "        await self._pass()\n        await self._collect()\n",
        PARTITION,
    ),
)


def main(names: list[str], mutants: Sequence[Mutant] = MUTANTS, workers: int = WORKERS) -> int:
    chosen = [mutant for mutant in mutants if not names or mutant.name in names]
    survivors = 0
    with ThreadPoolExecutor(workers) as pool:
        for mutant, (lives, seconds, by) in zip(chosen, pool.map(survives, chosen), strict=True):
            print(f"{'SURVIVED' if lives else 'caught':9} {seconds:6.1f} s  {mutant.name}  [{by}]", flush=True)
            survivors += lives
    print(f"{len(chosen) - survivors} of {len(chosen)} mutants caught")
    return 1 if survivors else 0


def survives(mutant: Mutant) -> tuple[bool, float, str]:
    """Whether the tests pass on the mutant, how long they took, and which test failed."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        plant(mutant, copy)
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-x",
                "-q",
                "-k",
                "not interesting",
                "-p",
                "no:cacheprovider",
                "--tb=line",
                *mutant.tests.split(),
            ],
            cwd=copy,
            env=os.environ | {"PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
    failed = [line.partition("::")[2].split(" ")[0] for line in done.stdout.splitlines() if line.startswith("FAILED")]
    if done.returncode and not failed:
        raise RuntimeError(f"{mutant.name}: the tests did not run\n{done.stdout}{done.stderr}")
    return done.returncode == 0, time.perf_counter() - began, failed[0] if failed else mutant.tests


def plant(mutant: Mutant, copy: Path) -> None:
    """A copy of the package and its tests with the mutant in it. Raises ValueError if its line is not there once."""
    for name in ("sla_monitor", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    for name in ("deploy", "docs"):
        (copy / name).symlink_to(ROOT / name)
    (copy / path_of(mutant)).write_text(mutated(mutant))


def path_of(mutant: Mutant) -> Path:
    return Path("sla_monitor", mutant.package, f"{mutant.module}.py")


def mutated(mutant: Mutant) -> str:
    """The module with the mutant in it. Raises ValueError if its line is not there once."""
    source = (ROOT / path_of(mutant)).read_text()
    for old, new in ((mutant.old, mutant.new), *mutant.also):
        if source.count(old) != 1:
            raise ValueError(f"{mutant.name}: {old!r} is {source.count(old)} times in {mutant.module}.py")
        source = source.replace(old, new)
    return source


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
