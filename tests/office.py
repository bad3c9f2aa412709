"""A desk in memory: its rows as bytes, a clock that tests move, what it answered. No shell, no I/O."""

from __future__ import annotations

from typing import Any

from sla_monitor import codec
from sla_monitor.core.assign import Desk
from sla_monitor.core.effects import Ask, Count, Deliver, Free, Hold
from sla_monitor.core.events import Assigned, Due, ManagerStatus, Origin, RulesChanged
from sla_monitor.core.roster import Held
from sla_monitor.core.rules import DAY, HOUR, MINUTE, Hours, Manager, Rules, Team

NINE = 1_893_456_000_000 - DAY + 9 * HOUR  # Monday 2029-12-31, 09:00 UTC
OFFICE = Hours(week=(((540, 1080),),) * 5 + ((), ()))  # Monday to Friday, 9 to 18
GRACE = MINUTE


def roster(*managers: str | Manager, strategy: str = "round_robin", version: int = 1) -> Rules:
    """One team, sales, of these; around the clock unless they are given a shift."""
    people = [Manager(each) if isinstance(each, str) else each for each in managers]
    team = Team("sales", tuple(each.id for each in people), "boris", strategy)
    known = {each.id: each for each in people}
    return Rules(version=version, calendars={"office": OFFICE}, managers=known, teams={"sales": team})


class Copies:
    """The rows of one fold; what it puts is kept apart."""

    def __init__(self, world: Office) -> None:
        self.world = world
        self.puts: dict[str, bytes | None] = {}

    def get(self, key: str) -> Any:
        value = self.puts[key] if key in self.puts else self.world.rows.get(key)
        return None if value is None else self.world.codec.decode(value)

    def put(self, key: str, row: Any) -> None:
        self.puts[key] = None if row is None else self.world.codec.encode(row)


class Office:
    """A desk with its rows as bytes, a clock that tests move, and what it answered."""

    def __init__(self, *managers: str | Manager, strategy: str = "round_robin", at: int = NINE) -> None:
        self.desk = Desk()
        self.codec = codec.RowCodec(Desk.kinds)
        self.rows: dict[str, bytes] = {}
        self.now = at
        self.said: list[Any] = []
        self.results: list[str] = []
        self.ids = 0
        self.employ(roster(*managers, strategy=strategy))

    # in

    def employ(self, rules: Rules) -> None:
        self.rules = rules
        self.fold("", RulesChanged(version=rules.version, rules=rules, at=self.now))

    def ask(self, lead: str, n: int = 1, team: str = "sales", **needs: Any) -> Assigned | None:
        """Ask for a manager; the answer, None if there was none."""
        heard = len(self.said)
        self.fold(lead, Ask(lead_id=lead, n=n, at=self.now, team_id=team, turn=n, grace=GRACE, **needs))
        return next((said for said in self.said[heard:] if said.lead_id == lead), None)

    def hold(self, lead: str, manager: str, grace: int = GRACE) -> None:
        self.fold(lead, Hold(lead_id=lead, manager_id=manager, at=self.now, grace=grace))

    def free(self, lead: str) -> None:
        self.fold(lead, Free(lead_id=lead, at=self.now))

    def status(self, manager: str, status: str, at: int | None = None, until: int | None = None, **origin: Any) -> None:
        self.ids += 1
        source = Origin(**({"uri": "/crm", "id": f"{self.ids:06}"} | origin))
        happened = self.now if at is None else at
        fact = ManagerStatus(manager_id=manager, at=happened, status=status, origin=source, until=until)
        self.fold(manager, fact)

    def fold(self, key: str, fact: Any) -> None:
        copies = Copies(self)
        effects = self.desk.fold(copies, key, fact, self.now, self.rules)
        for name, value in copies.puts.items():
            self.move(name, value)
        for effect in effects:
            if isinstance(effect, Count):
                self.results.append(effect.result)
            else:
                assert isinstance(effect, Deliver)
                assert effect.lead_id == effect.fact.lead_id
                self.said.append(effect.fact)

    def move(self, name: str, value: bytes | None) -> None:
        old = self.rows.pop(name, None)
        if value is not None:
            self.rows[name] = value
        self.desk.moved(name.encode(), old and codec.read_header(old), value and codec.read_header(value))

    def to(self, at: int) -> None:
        """Move time, firing every timer at its instant."""
        while (due := min((codec.next_due(row), key) for key, row in self.rows.items()))[0] <= at:
            self.now = max(self.now, due[0])
            self.fold(due[1], Due(self.now))
            assert codec.next_due(self.rows[due[1]]) > self.now, "a timer that does not move on"
        self.now = at

    def after(self, span: int) -> None:
        self.to(self.now + span)

    # out

    def row(self, key: str) -> Any:
        return self.codec.decode(self.rows[key])

    def leads(self, kind: type) -> dict[str, Any]:
        """The rows of leads of that kind."""
        rows = {key[2:]: self.row(key) for key in self.rows if key.startswith("l:")}
        return {lead: row for lead, row in rows.items() if isinstance(row, kind)}

    def holders(self) -> dict[str, str]:
        return {lead: held.manager_id for lead, held in sorted(self.leads(Held).items())}

    def heard(self, kind: type = object) -> list[tuple[str, str | None]]:
        """(lead, manager) of what was said since the last look, in order."""
        said, self.said = self.said, []
        return [(each.lead_id, each.manager_id) for each in said if isinstance(each, kind)]
