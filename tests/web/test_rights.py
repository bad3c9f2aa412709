"""docs/rights.md, line by line, on a running site."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from sla_monitor.keys import KeyRing, new_key, parse_keys
from tests.web.office import RULES
from tests.web.site import Site
from tests.web.test_views import lead

PAGE = Path(__file__).parents[2] / "docs" / "rights.md"
LEADS = ("S", "F", "N", "G")
PEOPLE = ("anna", "boris", "pavel", "vera")


class Line(NamedTuple):
    """A line of the table, as it is written."""

    who: str
    key: str
    sees: str
    names: str
    claims: str
    reassigns: str
    closes: str
    presence: str


def lines() -> list[Line]:
    rows = [row for row in PAGE.read_text().splitlines() if row.startswith("|")]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return [Line(*row) for row in cells[2:]]


def keys_of(line: Line) -> tuple[KeyRing, dict[str, str]]:
    """The key file, and what the person sends. There is always a key: without any this machine would be served."""
    if not line.key:
        return parse_keys(new_key("another", ["read"])[1]), {}
    scope, _, manager = line.key.partition(", manager ")
    token, entry = new_key("person", [scope.strip("`")], manager=manager or None)
    return parse_keys(entry), {"Authorization": f"Bearer {token}"}


def listed(cell: str) -> set[str]:
    return set() if cell == "-" else set(cell.split())


def test_the_table_has_about_a_dozen_lines() -> None:
    assert len(lines()) == 12
    assert {name for line in lines() for name in listed(line.sees)} == set(LEADS)


@pytest.mark.parametrize("line", lines(), ids=lambda line: f"{line.who} {line.key}")
async def test_everybody_sees_and_does_what_the_page_says_and_nothing_else(line: Line) -> None:
    keys, headers = keys_of(line)
    async with Site(keys=keys) as site:
        site.rules = RULES
        site.log.put(lead("S", name="Ivan Petrov"))
        site.log.put(lead("F", team_id="field", holder="pavel", name="Ivan Petrov"))
        site.log.put(lead("N", team_id=None, holder="", turns=[], name="Ivan Petrov"))
        site.log.put(lead("G", team_id="ural", holder="", turns=[], name="Ivan Petrov"))
        assert await seen(site, headers) == listed(line.sees)
        assert await on_board(site, headers) == (listed(line.sees), not listed(line.sees) or line.names == "yes")
        assert await done(site, headers, {"action": "claim"}) == listed(line.claims)
        assert await done(site, headers, {"action": "reassign", "manager_id": "vera"}, "F") == listed(line.reassigns)
        assert await done(site, headers, {"action": "close", "reason": "junk"}) == listed(line.closes)
        assert await placed(site, headers) == listed(line.presence)


async def seen(site: Site, headers: dict[str, str]) -> set[str]:
    found = set()
    for name in LEADS:
        async with site.http.get(f"/v1/leads/{name}", headers=headers) as answer:
            assert answer.status in {200, 401, 403, 404}
            found |= {name} if answer.status == 200 else set()
    return found


async def on_board(site: Site, headers: dict[str, str]) -> tuple[set[str], bool]:
    """The leads that are listed, and whether all of them are called by their names."""
    async with site.http.get("/v1/board", headers=headers) as answer:
        shown = (await answer.json())["leads"] if answer.status == 200 else []
    return {one["lead_id"] for one in shown}, all(one["name"] == "Ivan Petrov" for one in shown)


async def done(site: Site, headers: dict[str, str], act: dict[str, str], field: str = "") -> set[str]:
    """The leads with which something can be done. field: of this one somebody of its own team gets it."""
    found = set()
    for name in LEADS:
        said = act | ({"manager_id": "pavel"} if name == field else {})
        async with site.http.post(f"/v1/leads/{name}/actions", json=said, headers=headers) as answer:
            assert answer.status in {202, 401, 403, 404, 422}
            found |= {name} if answer.status == 202 else set()
    return found


async def placed(site: Site, headers: dict[str, str]) -> set[str]:
    found = set()
    for name in PEOPLE:
        said = {"status": "away"}
        async with site.http.put(f"/v1/managers/{name}/status", json=said, headers=headers) as answer:
            assert answer.status in {202, 401, 403, 404}
            found |= {name} if answer.status == 202 else set()
    return found
