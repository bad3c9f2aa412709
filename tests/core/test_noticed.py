"""The row of what intake noticed, at the desk (R1)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sla_monitor import codec
from sla_monitor.core import noticed
from sla_monitor.core.effects import Accept, Log
from sla_monitor.core.events import Noticed
from sla_monitor.core.noticed import ALIKE, KEPT, Noted
from tests import facts
from tests.world import MINUTE, T0, World


def notice(n: int, source: str = "crm", reason: str = "bad_number", **fields: Any) -> Noticed:
    return Noticed(source=source, at=T0 + n, reason=reason, id=f"e{n}", **fields)


def noted(*told: Noticed) -> Noted:
    row = Noted()
    for fact in told:
        row.take(fact)
    return row


def test_a_flood_of_one_kind_hides_no_other() -> None:
    row = noted(notice(0, "pbx"), *(notice(n) for n in range(1, 1000)))
    assert [sample.at - T0 for sample in row.samples] == [0, *range(1000 - ALIKE, 1000)]


def test_of_very_many_kinds_the_newest_are_kept() -> None:
    row = noted(*(notice(n, f"s{n}") for n in range(KEPT + 7)))
    assert [sample.source for sample in row.samples] == [f"s{n}" for n in range(7, KEPT + 7)]


def test_r01_a_source_is_known_once_and_for_good() -> None:
    row = noted(*(notice(n, source, noticed.KNOWN_PERSON) for n, source in enumerate(("b", "a", "b"))))
    assert (row.known, row.samples) == (["a", "b"], [])


def test_it_lies_beside_the_people_of_the_desk_and_changes_no_choice() -> None:
    world = World()
    for fact in (notice(1), notice(2, reason=noticed.KNOWN_PERSON)):
        world._append(Log.DESK, noticed.KEY, Accept(Log.DESK, noticed.KEY, fact))
    world.run()
    row = codec.RowCodec((Noted,)).decode(world.logs[Log.DESK].rows[noticed.KEY])
    assert (row.known, row.samples) == (["crm"], [notice(1)])
    world.feed(facts.lead("L", T0))
    assert world.lead("L").holder == "anna"


def test_r01_a_message_that_no_human_of_ours_wrote_is_shown_and_proves_nothing() -> None:
    for fields, reason in (({"automated": True}, "automated"), ({"stranger": True}, "unknown_manager")):
        world = World()
        world.feed(facts.lead("L", T0))
        world.feed(facts.message(T0, "captain_bot", kind="email", lead_id="L", flags=("unknown_manager",), **fields))
        (shown,) = world.of("call.ignored")
        assert (shown.data["reason"], shown.data["manager_id"]) == (reason, "captain_bot")
        assert (world.lead("L").status, world.lead("L").flags) == ("waiting", ("unknown_manager",))
        world.to(T0 + 11 * MINUTE)
        assert world.of("sla.breached")


def samples(world: World) -> list[tuple[str, str, str]]:
    log = world.logs[Log.DESK]
    kept = log.codec.decode(log.rows[noticed.KEY])
    return [(sample.reason, sample.kind, sample.id) for sample in kept.samples]


def test_r28_a_duplicate_with_other_data_shows_on_the_lead() -> None:
    world = World()
    world.feed(facts.lead("L", T0, id="1", digest=1), facts.lead("L", T0, id="1", digest=2))
    assert world.lead("L").flags == ("conflict",)
    assert samples(world) == [("conflict", "lead.created.v1", "1")]


def test_r28_a_call_of_a_number_that_came_before_with_other_data_is_noticed() -> None:
    world = World()
    one = facts.missed("m", T0, id="1", digest=1, number="+74951112233")
    world.feed(one, one, replace(one, origin=replace(one.origin, digest=2)))
    assert samples(world) == [("conflict", "call.ended.v1", "1")]


def test_what_intake_noticed_of_any_event_shows_on_the_lead() -> None:
    world = World()
    world.feed(facts.lead("L", T0), facts.updated("L", T0, phones=(), flags=("bad_number", "future_time")))
    assert world.lead("L").flags == ("bad_number",)
    world.feed(facts.assigned("L", "nobody", T0, assigned_by="human"))
    assert world.lead("L").flags == ("bad_number", "unknown_owner")
