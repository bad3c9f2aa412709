"""A lead whose timer fails is made known to its head."""

from __future__ import annotations

from sla_monitor.core.row import Header
from sla_monitor.core.rules import Rules, Team
from sla_monitor.core.stuck import tell_head

RULES = Rules(teams={"a": Team("a", ("anna",), "boris"), "b": Team("b", ("bella",), "olga"), "c": Team("c")})


def test_the_head_of_the_holders_team_is_told() -> None:
    (notice,) = tell_head("L", Header(5, holder="bella"), RULES)
    assert (notice.manager_id, notice.kind) == ("olga", "stuck")


def test_every_head_is_told_when_nobody_holds_the_lead() -> None:
    assert [notice.manager_id for notice in tell_head("L", Header(5), RULES)] == ["boris", "olga"]


def test_the_same_trouble_has_the_same_notice() -> None:
    assert tell_head("L", Header(5), RULES)[0].notice_id == tell_head("L", Header(60_005), RULES)[0].notice_id
