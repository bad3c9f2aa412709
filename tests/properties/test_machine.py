"""Everything at once, in any order, with crashes: the invariants hold at every step, and in the end all is decided."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from sla_monitor.core.effects import Log
from sla_monitor.core.lead import OPEN, Lead, Status
from sla_monitor.core.rules import DAY, HOUR, MINUTE, SECOND, Hours, Manager, Policy, Rules, Team
from tests import facts
from tests.properties.invariants import Invariants
from tests.properties.oracle import stories
from tests.properties.shell import Shell
from tests.world import KEYED

OFFICE = Hours("UTC", (((540, 1080),),) * 7)
PEOPLE = ("anna", "vera", "olga")
POLICIES = (
    Policy("contact", match={"channel": ("contact",)}, response="contact", contact_target=30 * MINUTE),
    Policy("notify", match={"channel": ("notify",)}, on_breach="notify", allowance=5 * SECOND),
    Policy("wait", match={"channel": ("wait",)}, unowned="wait", on_absence="reassign", max_turns=2),
    Policy("office", match={"channel": ("office",)}, calendar="office", join_same_number=False, contact_target=HOUR),
    Policy(join_same_number=False),
)
CHANNELS = st.sampled_from([None, None, "contact", "notify", "wait", "office"])
LEADS = st.sampled_from(["A", "B", "C"])
ONE, TWO = "+79990000001", "+79990000002"
NUMBERS = st.sampled_from([ONE, TWO])
WHO = st.sampled_from(PEOPLE)
AGO = st.sampled_from([0, 0, 0, SECOND, MINUTE, 9 * MINUTE, 11 * MINUTE, 25 * MINUTE])
SPANS = st.sampled_from([SECOND, MINUTE, 5 * MINUTE, 10 * MINUTE, 10 * MINUTE + 2 * SECOND, 11 * MINUTE, HOUR])
CRASH = st.sampled_from(["", "", "", "before", "after"])
LOGS = st.sampled_from(KEYED)

HAPPENED: Counter[str] = Counter()
"""What happened in all runs: a generator that never gets there proves nothing."""


def office(*, joining: bool = False, **changes: Any) -> Rules:
    people = {name: Manager(name, capacity=2 if name == "olga" else None) for name in (*PEOPLE, "boris")}
    people["anna"] = Manager("anna", notify=("log://", "json://crm.example/"), quiet=((1070, 1110),))  # 17:50 to 18:30
    default = replace(POLICIES[-1], join_same_number=joining, **changes)
    return Rules(
        version=1,
        calendars={"office": OFFICE},
        managers=people,
        teams={"sales": Team("sales", PEOPLE, "boris")},
        policies=(*POLICIES[:-1], default),
    )


class Machine(RuleBasedStateMachine):
    joining = False

    def __init__(self) -> None:
        super().__init__()
        self.shell = Shell(office(joining=self.joining))
        self.watch = Invariants(self.shell)
        self.calls = self.fresh = 0
        self.live: list[tuple[str, int, dict[str, Any]]] = []

    @property
    def now(self) -> int:
        return self.shell.now

    def accept(self, fact: Any) -> None:
        self.shell.accept(fact)

    def _name(self) -> str:
        self.calls += 1
        return f"c{self.calls}"

    # what happens outside

    @initialize(channel=CHANNELS, owner=WHO | st.none(), phones=st.sampled_from([(), (ONE,), (ONE, TWO), (ONE, TWO)]))
    def begin(self, channel: str | None, owner: str | None, phones: tuple[str, ...]) -> None:
        self._create("A", 0, phones, channel, owner)
        self.shell.run()

    @rule(lead=LEADS, ago=AGO, number=NUMBERS | st.none(), channel=CHANNELS, owner=WHO | st.none() | st.just("nobody"))
    def create(self, lead: str, ago: int, number: str | None, channel: str | None, owner: str | None) -> None:
        self._create(lead, ago, (number,) if number else (), channel, owner)

    def _create(self, lead: str, ago: int, phones: tuple[str, ...], channel: str | None, owner: str | None) -> None:
        at = self.now - ago
        self.accept(
            facts.lead(lead, at, received=self.now, phones=phones, channel=channel, owner_id=owner, name="Ivan")
        )

    @rule(
        to=LEADS | NUMBERS,
        ago=AGO,
        who=WHO,
        talk=st.sampled_from([0, 5 * SECOND, MINUTE]),
        rang=st.sampled_from([SECOND, 10 * SECOND]),
    )
    def call_whole(self, to: str, ago: int, who: str, talk: int, rang: int) -> None:
        outcome = "answered" if talk else "no_answer"
        call = facts.called(
            self._name(), self.now - ago, manager_id=who, talk=talk, ring=rang, outcome=outcome, **_to(to)
        )
        self.accept(_read_at(call, self.now))

    @rule(to=LEADS | NUMBERS, who=WHO, direction=st.sampled_from(["inbound", "outbound"]))
    def ring(self, to: str, who: str, direction: str) -> None:
        call = {"direction": direction, "manager_id": who, **_to(to)}
        name = self._name()
        self.live.append((name, self.now, call))
        self.accept(facts.started(name, self.now, received=self.now, **call))

    @rule(answered=st.booleans())
    def hang_up(self, answered: bool) -> None:
        if self.live:
            name, began, call = self.live.pop(0)
            talk = max(0, self.now - began - 5 * SECOND) if answered else 0
            outcome = "answered" if talk else "no_answer"
            ended = facts.ended(name, self.now, received=self.now, started_at=began, talk=talk, outcome=outcome, **call)
            self.accept(ended)

    @rule(to=LEADS | NUMBERS, ago=AGO, who=WHO, kind=st.sampled_from(["message", "meeting"]))
    def contact(self, to: str, ago: int, who: str, kind: str) -> None:
        self.accept(facts.message(self.now - ago, who, received=self.now, kind=kind, **_to(to)))

    @rule(lead=LEADS, who=WHO, ago=AGO, by=st.sampled_from([None, "human", "rule", "sla"]))
    def assign(self, lead: str, who: str, ago: int, by: str | None) -> None:
        self.accept(facts.assigned(lead, who, self.now - ago, received=self.now, assigned_by=by))

    @rule(lead=LEADS, who=WHO, turn=st.integers(1, 3))
    def claim(self, lead: str, who: str, turn: int) -> None:
        self.accept(facts.claimed(lead, who, turn, self.now, received=self.now))

    @rule(lead=LEADS, numbers=st.sets(NUMBERS))
    def renumber(self, lead: str, numbers: set[str]) -> None:
        self.accept(facts.updated(lead, self.now, received=self.now, phones=tuple(sorted(numbers))))

    @rule(lead=LEADS, ago=AGO)
    def close(self, lead: str, ago: int) -> None:
        self.accept(facts.closed(lead, self.now - ago, received=self.now))

    @rule(lead=st.sampled_from(["B", "C"]), owner=WHO | st.none())
    def twin(self, lead: str, owner: str | None) -> None:
        """A lead with a number of A."""
        row = self.shell.row("A")
        if row is not None and row.phones:
            self._create(lead, 0, row.phones[:1], None, owner)
            self.shell.run()

    @rule(lead=LEADS, into=LEADS)
    def merge(self, lead: str, into: str) -> None:
        self.accept(facts.closed(lead, self.now, "merged", received=self.now, merged_into=into))

    @rule(lead=LEADS)
    def reopen(self, lead: str) -> None:
        self.accept(facts.reopened(lead, self.now, received=self.now))

    @rule(
        ago=AGO,
        told=st.sampled_from([0, 0, SECOND, 5 * MINUTE]),
        who=WHO,
        what=st.sampled_from(["message", "meeting", "call", ""]),
        first=st.booleans(),
    )
    def again(self, ago: int, told: int, who: str, what: str, first: bool) -> None:
        """A lead that is over is reopened, and what was done for it is heard of before or after that (R7)."""
        lead = self._over()
        clock = self.shell.lead(lead).clock
        at = max(self.now - told, min(self.now, max(clock.came, clock.ended)))
        reopened = facts.reopened(lead, at, received=self.now)
        if not first:
            self.accept(reopened)
        if what == "call":
            self.call_whole(lead, ago, who, MINUTE, 10 * SECOND)
        elif what:
            self.contact(lead, ago, who, what)
        if first:
            self.accept(reopened)

    def _over(self) -> str:
        """A lead that is answered or closed since a second ago; one that is closed if there is none."""
        self.shell.stalled = None
        self.shell.run()
        for lead_id in self.shell.logs[Log.EVENTS].rows:
            row = self.shell.row(lead_id) if lead_id[0] != "\0" else None
            if row is not None and row.status in (Status.ANSWERED, Status.CLOSED):
                self.shell.to(self.now + SECOND)
                return lead_id
        running = self._running().lead_id
        self.close(running, 0)
        self.shell.to(self.now + SECOND)
        return running

    @rule(lead=LEADS, sure=st.integers(0, 3))
    def erase(self, lead: str, sure: int) -> None:
        if not sure:
            self.accept(facts.erased(lead, self.now, received=self.now))

    @rule(who=WHO, what=st.sampled_from(["available", "available", "busy", "away", "offline"]), ago=AGO)
    def status(self, who: str, what: str, ago: int) -> None:
        self.accept(facts.status(who, what, self.now - ago, received=self.now))

    @rule(which=st.integers(0, 30))
    def resend(self, which: int) -> None:
        if which < len(self.shell.accepted):
            self.accept(self.shell.accepted[-1 - which].fact)

    @rule(span=st.sampled_from([5 * MINUTE, 10 * MINUTE, 20 * MINUTE]), apply=st.booleans())
    def policy(self, span: int, apply: bool) -> None:
        changed = office(joining=self.joining, target=span, apply_to_open=apply)
        self.shell.change_rules(replace(changed, version=self.shell.rules.version + 1))

    def _running(self) -> Lead:
        """An open lead whose due lies ahead; a new one with two numbers if there is none."""
        self.shell.stalled = None
        self.shell.run()
        for lead_id in self.shell.logs[Log.EVENTS].rows:
            row = self.shell.row(lead_id) if lead_id[0] != "\0" else None
            if row is not None and row.status in OPEN and row.due_at > self.now:
                return row
        self.fresh += 1
        self._create(f"D{self.fresh}", 0, (ONE, TWO), None, None)
        self.shell.run()
        return self.shell.lead(f"D{self.fresh}")

    @rule(number=NUMBERS)
    def missed(self, number: str) -> None:
        self.accept(facts.missed(self._name(), self.now, received=self.now, number=number))

    @rule(owner=WHO | st.none())
    def evening(self, owner: str | None) -> None:
        """A lead comes when the office has closed (R6)."""
        self.shell.to(max(self.now, self.now - self.now % DAY + 18 * HOUR))
        self.fresh += 1
        self._create(f"D{self.fresh}", 0, (ONE,), "office", owner)

    # what happens to us

    @rule(log=LOGS, n=st.integers(1, 4), crash=CRASH)
    def step(self, log: Log, n: int, crash: str) -> None:
        HAPPENED[f"crash {crash}"] += bool(crash)
        self.shell.step(log, n, crash)

    @rule(log=LOGS, n=st.integers(1, 3), crash=CRASH)
    def fire(self, log: Log, n: int, crash: str) -> None:
        self.shell.fire(log, n, crash)

    @rule(log=st.none() | LOGS)
    def stall(self, log: Log | None) -> None:
        """The owner of a log stands still until something else does."""
        self.shell.stalled = log

    @rule(
        ago=st.sampled_from([0, SECOND, 2 * SECOND, MINUTE, 5 * MINUTE]),
        who=WHO,
        what=st.sampled_from(["call", "message", "ring"]),
    )
    def due_comes(self, ago: int, who: str, what: str) -> None:
        """Something happens around the due of a lead, and is heard of only later."""
        lead = self._running()
        at = max(self.now, lead.due_at - ago)
        self.shell.to(at if what == "ring" else lead.due_at + SECOND)
        if what == "ring":
            self.ring(lead.lead_id, who, "inbound")
            self.shell.to(lead.due_at + 10 * SECOND)
        elif what == "call":
            self.call_whole(lead.lead_id, self.now - at, who, MINUTE, SECOND)
        else:
            self.contact(lead.lead_id, self.now - at, who, "message")

    @rule(who=WHO, number=st.integers(0, 1))
    def behind(self, who: str, number: int) -> None:
        """The partition of a number lags over a due, and a call that was accepted in time waits there (R8)."""
        row = self._running()
        if number >= len(row.phones):
            return
        self.shell.to(max(self.now, row.due_at - 2 * MINUTE))
        self.shell.lagging = (row.phones[number],)
        self.call_whole(row.phones[number], SECOND, who, MINUTE, 10 * SECOND)
        self.shell.to(row.due_at + 10 * SECOND)
        self.shell.lagging = ()
        self.shell.run()

    @rule(lead=LEADS, who=WHO, ago=st.sampled_from([0, SECOND, MINUTE]))
    def late_proof(self, lead: str, who: str, ago: int) -> None:
        """A response that was in time is heard of only now (R11)."""
        row = self.shell.row(lead)
        if row is not None and row.started_at and self.now > row.due_at:
            self.contact(lead, self.now - max(row.started_at, row.due_at - ago), who, "meeting")

    @rule(lagging=st.booleans())
    def deaf(self, lagging: bool) -> None:
        """A question is not answered for longer than max_catch_up: its numbers lag, or all of us stood still (R8)."""
        row = self._running()
        self.shell.to(row.due_at + SECOND)
        if lagging:
            self.shell.lagging = row.phones
            self.shell.to(row.due_at + 2 * MINUTE)
            self.shell.lagging = ()
        else:
            self.shell.now += 10 * SECOND
            self.shell.fire(Log.EVENTS, 3)
            self.shell.now += MINUTE
            self.shell.fire(Log.EVENTS, 3)

    @rule()
    def cut_off(self) -> None:
        """What others accepted does not come in for so long that the timers go on without it (R8)."""
        row = self._running()
        self.shell.to(row.due_at + SECOND)
        self.shell.now += MINUTE
        self.shell.fire(Log.EVENTS, 3, blind=True)

    @rule()
    def settle(self) -> None:
        self.shell.run()

    @rule(span=SPANS)
    def down(self, span: int) -> None:
        """Nothing of ours runs for a while."""
        self.shell.now += span

    @rule()
    def next_turn(self) -> None:
        """The next deadline passes with everything up and running."""
        self.shell.to(self.now + 10 * MINUTE + 3 * SECOND)

    @rule(span=SPANS)
    def up(self, span: int) -> None:
        self.shell.to(self.now + span)

    @rule(sending=st.sampled_from(["ok", "failed", "lost"]))
    def channel(self, sending: str) -> None:
        self.shell.sending = sending

    @invariant()
    def everything_holds(self) -> None:
        self.watch.check()

    def teardown(self) -> None:
        """Heal, let time pass beyond every deadline, and see that all was decided as it had to be."""
        self.shell.sending, self.shell.stalled = "ok", None
        self.shell.run()
        for who in PEOPLE:
            self.shell.accept(facts.status(who, "available", self.now, received=self.now))
        self.shell.to(self.now + DAY + 2 * HOUR)
        self.watch.check()
        for name in dir(self.watch):
            if name.startswith(("check_l", "check_i10", "check_i11", "check_i20_cons")):
                getattr(self.watch, name)()
        for story in stories(self.shell.journal, self.shell.accepted):
            HAPPENED["stories"] += 1
            HAPPENED["stories of several clocks"] += len(story.clocks) > 1
            story.check()
        self._count()

    def _count(self) -> None:
        HAPPENED.update(outcome.type for outcome in self.shell.outcomes)
        HAPPENED.update(result for _, result in self.shell.counts)
        HAPPENED.update(f"turn {o.turn}" for o in self.shell.of("lead.reassigned"))
        HAPPENED.update(o.data["confidence"] for o in self.shell.of("sla.breached"))


class Joining(Machine):
    """The same where leads of one number become one (R25)."""

    joining = True


def _to(name: str) -> dict[str, str]:
    return {"number": name} if name.startswith("+") else {"lead_id": name}


def _read_at(fact: Any, now: int) -> Any:
    return replace(fact, origin=replace(fact.origin, received=now))


SETTINGS = settings(
    max_examples=100,
    stateful_step_count=40,
    derandomize=True,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


def test_whatever_happens_the_invariants_hold_and_all_is_decided() -> None:
    run_state_machine_as_test(Machine, settings=SETTINGS)


def test_the_same_where_leads_of_one_number_are_one() -> None:
    run_state_machine_as_test(Joining, settings=SETTINGS)


INTERESTING = (
    "sla.breached",
    "sla.breach_retracted",
    "sla.responded",
    "sla.met",
    "sla.held",
    "sla.released",
    "sla.scheduled",
    "sla.warning",
    "degraded",
    "turn 3",
    "lead.escalated",
    "lead.unassignable",
    "lead.superseded",
    "lead.reopened",
    "lead.erased",
    "lead.joined",
    "forwarded",
    "missed_call",
    "parked",
    "duplicate",
    "ignored_stale_answer",
    "ignored_stale_claim",
    "ignored_echo",
    "retried",
    "crash before",
    "crash after",
    "stories",
    "stories of several clocks",
)


def test_what_is_interesting_did_happen() -> None:
    """Runs after the two above: a generator that never gets there proves nothing."""
    assert HAPPENED, "run the whole file"
    assert [name for name in INTERESTING if not HAPPENED[name]] == []
