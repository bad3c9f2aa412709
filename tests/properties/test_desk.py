"""Whatever happens at the desk: loads are right, nobody gets what they cannot take, nobody waits in vain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sla_monitor import codec
from sla_monitor.core.assign import Desk
from sla_monitor.core.events import Assigned
from sla_monitor.core.roster import Seat, Waiting
from sla_monitor.core.rules import HOUR, SECOND, Manager
from tests.office import GRACE, Office, roster

TEAM = (
    Manager("anna", capacity=2),
    Manager("vera", skills=("vip",), weight=3),
    Manager("zoya", shift="office", capacity=1),
    Manager("yana", languages=("en",), capacity=3),
)
LEADS = st.sampled_from([f"L{i}" for i in range(8)])
PEOPLE = st.sampled_from([each.id for each in TEAM])
ACTS = st.one_of(
    st.tuples(st.just("ask"), LEADS, st.sampled_from([(), ("vip",)]), st.sampled_from([None, "ru"]), st.sets(PEOPLE)),
    st.tuples(st.just("hold"), LEADS, PEOPLE),
    st.tuples(st.just("free"), LEADS),
    st.tuples(st.just("status"), PEOPLE, st.sampled_from(["available", "busy", "away", "offline"])),
    st.tuples(st.just("late"), PEOPLE, st.sampled_from(["available", "offline"])),
    st.tuples(st.just("wait"), st.sampled_from([SECOND, GRACE, HOUR, 10 * HOUR])),
    st.tuples(st.just("employ"), st.sets(PEOPLE, min_size=1)),
)


class Probe:
    """Perform acts, and after each look whether what must hold does."""

    def __init__(self, strategy: str) -> None:
        self.office = Office(*TEAM, strategy=strategy)
        self.strategy = strategy
        self.asks = 0

    def do(self, act: str, *given: Any) -> None:
        before = self.office.desk.loads
        getattr(self, act)(*given)
        self.check_loads()
        self.check_gifts(before)
        self.check_nobody_waits_in_vain()

    def ask(self, lead: str, skills: tuple[str, ...], language: str | None, had: set[str]) -> None:
        self.asks += 1
        answer = self.office.ask(lead, self.asks, skills=skills, language=language, had=tuple(sorted(had)))
        assert answer is not None

    def hold(self, lead: str, manager: str) -> None:
        self.office.hold(lead, manager)

    def free(self, lead: str) -> None:
        self.office.free(lead)

    def status(self, manager: str, status: str) -> None:
        self.office.status(manager, status)

    def late(self, manager: str, status: str) -> None:
        self.office.status(manager, status, at=self.office.now - HOUR)
        self.office.after(0)

    def wait(self, span: int) -> None:
        self.office.after(span)

    def employ(self, people: set[str]) -> None:
        staff = [each for each in TEAM if each.id in people]
        self.office.employ(roster(*staff, strategy=self.strategy, version=self.office.rules.version + 1))

    def seats(self) -> Iterator[Seat]:
        for manager in self.office.rules.managers.values():
            held = sum(holder == manager.id for holder in self.office.holders().values())
            yield Seat(manager, self.office.row("m:" + manager.id), held)

    def check_loads(self) -> None:
        """Loads kept move by move are those of the rows, and those of a desk opened anew."""
        assert self.office.desk.loads == Counter(self.office.holders().values())
        opened = Desk()
        for key, row in self.office.rows.items():
            opened.moved(key.encode(), None, codec.read_header(row))
        assert vars(opened._books) == vars(self.office.desk._books)
        assert all(self.office.row("m:" + name) == standing for name, standing in self.office.desk._read.items())

    def check_gifts(self, before: Any) -> None:
        """Nobody absent or full is given a lead."""
        said, self.office.said = self.office.said, []
        given = {each.manager_id for each in said if isinstance(each, Assigned) and each.manager_id}
        for seat in self.seats():
            if seat.manager.id in given:
                assert not seat.standing.reason
                assert seat.manager.capacity is None or seat.held <= seat.manager.capacity

    def check_nobody_waits_in_vain(self) -> None:
        """Whoever waits does so because nobody can take the lead."""
        for ask in self.office.leads(Waiting).values():
            assert all(seat.passed_over(ask) for seat in self.seats())


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["round_robin", "weighted", "least_loaded", "longest_idle"]), st.lists(ACTS, max_size=40))
def test_r15_r18_whatever_happens_loads_are_right_gifts_are_fair_and_nobody_waits_in_vain(
    strategy: str, acts: list[Any]
) -> None:
    probe = Probe(strategy)
    for act in acts:
        probe.do(*act)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 6), st.integers(0, 40))
def test_r15_round_robin_is_fair_to_within_one_lead(managers: int, leads: int) -> None:
    office = Office(*[f"m{i}" for i in range(managers)])
    for i in range(leads):
        office.ask(f"L{i}")
    got = [office.desk.loads.get(f"m{i}", 0) for i in range(managers)]
    assert max(got) - min(got) <= 1
    assert sum(got) == leads
