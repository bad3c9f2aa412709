"""The board is readable and in reach: in both languages and colours, at any width, whatever people are called."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from sla_monitor.core.rules import HOUR, MINUTE
from tests.e2e.board import Place, make, row
from tests.e2e.browser import DESK, PHONE, Browser, Driver, driving, require_browser
from tests.e2e.looks import clipped, faint, shortened

NAMES = {
    "lev": "Лев",
    "vera": "Vera Sokolova",
    "anna": "Анна Кузнецова",
    "olga": "Ольга Константинопольская-Белозерская",
    "max": "Maximilian Oberhauser-Wittelsbach von und zu Hohenstein-Burg",
    "boris": "Борис",
}
CUSTOMERS = (
    "Ян",
    "Li Wu",
    "Bartholomew Featherstonehaugh",
    "Наталья Викторовна Рождественская-Преображенская-Ковальчук",
)
LONG = "turned-in-a-lead-of-a-very-long-id-of-another-system-0123456789"
WIDTHS = (320, 360, 390, 500, 768, 1024, 1280, 1440, 1920)
CUT = "#rows .lead, #rows .holder .name, #rows .holder .turn, #rows .origin > *, .said"
"""What may be cut: names and ids, which the drawer tells in full."""
READABLE = 8
"""Letters of a holder's name that are seen at least; shorter ones are seen whole."""


def policy() -> str:
    opens = f"{datetime.now(UTC) + timedelta(days=3):%a}".lower()
    managers = "".join(f"  {one}: {{name: {name}}}\n" for one, name in NAMES.items())
    return f"""
version: 1
calendars:
  shut: {{timezone: UTC, hours: {{{opens}: ["08:00-09:00"]}}}}
managers:
{managers}teams:
  sales: {{head: boris, managers: [anna, vera, lev, olga]}}
  moscow-inbound-and-partners-of-the-far-east: {{head: boris, managers: [max]}}
policies:
  - {{name: shut, match: {{channel: [shut]}}, calendar: shut, target: 10m}}
  - {{name: long, match: {{channel: [long]}}, target: 100h}}
  - {{name: hour, match: {{channel: [hour]}}, target: 1h}}
  - {{name: head, match: {{channel: [head]}}, target: 1m, max_turns: 1}}
  - {{name: short, match: {{channel: [short]}}, target: 1m, max_turns: 9, on_breach: notify}}
  - {{name: default, team: sales, target: 10m, max_turns: 9}}
"""


PEOPLE = {"boris": ["act"], "vera": ["act"], "wall": ["read"], "crm": ["write", "read"]}


class Look(NamedTuple):
    dark: bool
    language: str


LOOKS = [Look(dark, language) for dark in (False, True) for language in ("en", "ru")]


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    require_browser()
    with driving() as made:
        yield made


@pytest.fixture(scope="module")
def busy(driver: Driver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Leads in every state, held by everybody."""
    with make(tmp_path_factory.mktemp("looks"), driver, policy(), PEOPLE) as place:
        hold, names = [*NAMES][:5], iter(CUSTOMERS * 9)
        for number, owner in enumerate(hold):
            place.lead(f"amo:11304864{number}", owner_id=owner, name=next(names), channel="long")
            place.lead(f"kom:770{number}", owner_id=owner, name=next(names), channel="hour")
            place.lead(f"late-{owner}", owner_id=owner, name=next(names), channel="short")
        place.lead(LONG, owner_id="lev", name=CUSTOMERS[-1])
        place.lead("head", owner_id="anna", name=CUSTOMERS[2], channel="head")
        place.lead("shut", owner_id="anna", name=CUSTOMERS[3], channel="shut")
        hours = {"lead_id": "hours", "owner_id": "anna", "channel": "hour", "name": CUSTOMERS[0]}
        assert place.monitor.post("lead.created.v1", place.monitor.clock.now() - 12 * HOUR, **hours) == 202
        place.presence("max", "offline")
        place.lead("nobody", team_id="moscow-inbound-and-partners-of-the-far-east", name=CUSTOMERS[3], channel="long")
        place.monitor.wait_for("lead.unassignable", "nobody")
        place.monitor.wait_for("lead.escalated", "head")
        place.monitor.wait_for("lead.reassigned", LONG)
        yield place


def wear(browser: Browser, look: Look) -> None:
    """Put on colours and a language."""
    browser.darken(look.dark)
    browser.run("localStorage.setItem('language', arguments[0])", look.language)
    browser.run("location.reload()")
    browser.until(lambda: browser.run("return document.documentElement.lang") == look.language)
    browser.until(lambda: browser.run("return document.body.dataset.state") == "live")
    browser.until(lambda: len(browser.texts("#rows .row")) > 1)


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_nothing_on_the_board_is_cut_or_faint_whatever_people_are_called(busy: Place, look: Look) -> None:
    with busy.board("boris") as boris:
        wear(boris, look)
        for width in WIDTHS:
            boris.resize((width, 900))
            boris.run("return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            tabs = ("leads", "people", "hour") if width <= 896 else ("leads",)
            for tab in tabs:
                boris.run(f"document.body.dataset.view = '{tab}'")
                assert (width, tab, clipped(boris, CUT)) == (width, tab, [])
                assert (width, tab, shortened(boris, "#rows .holder .name", READABLE)) == (width, tab, [])
                assert (width, tab, faint(boris)) == (width, tab, [])


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_what_can_be_done_in_the_drawer_stays_in_reach_whatever_people_are_called(busy: Place, look: Look) -> None:
    with busy.board("boris", PHONE) as boris:
        wear(boris, look)
        boris.click(f"{row('head')} .lead")
        boris.until(lambda: boris.texts("#drawer .story li"))
        for width in WIDTHS:
            boris.resize((width, 900))
            assert (width, clipped(boris, CUT, "#drawer", "#drawer")) == (width, [])
            assert (width, faint(boris, "#drawer")) == (width, [])
        for action in (".reassign", ".closing"):
            assert boris.run(f"return document.querySelector('#drawer {action} button').checkVisibility()")


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_an_error_that_is_told_in_the_drawer_can_be_read(busy: Place, look: Look) -> None:
    with busy.board("boris", DESK) as boris:
        wear(boris, look)
        boris.click(f"{row('head')} .lead")
        boris.until(lambda: boris.texts("#drawer .story li"))
        boris.cdp("Network.enable")
        boris.cdp("Network.setBlockedURLs", urls=["*/actions"])
        boris.choose("#drawer .closing select", "junk")
        boris.click("#drawer .closing button")
        boris.until(lambda: boris.run("return document.querySelector('#drawer .said').matches('.trouble.shown')"))
        boris.until(
            lambda: boris.run("return getComputedStyle(document.querySelector('#drawer .said')).opacity") == "1"
        )
        assert boris.text("#drawer .said")
        assert faint(boris, "#drawer .said") == []
        boris.complaints()  # that a request was blocked


def test_a_late_lead_shows_in_red_how_long_its_customer_waits_and_how_long_its_holder_has(busy: Place) -> None:
    came = busy.monitor.clock.now() - 72 * MINUTE
    told = {"lead_id": "twelve", "owner_id": "vera", "channel": "hour"}
    assert busy.monitor.post("lead.created.v1", came, **told) == 202
    with busy.board("boris") as boris:
        head, late = row("head"), row("twelve")
        for waits in (head, late):
            boris.until_text(f"{waits} .left", "late")
        minutes = [int(part) for part in boris.text(f"{late} .left b").split(":")][-2]
        assert 12 <= minutes < 30
        assert boris.text(f"{late} .holder .has").startswith("has ")
        assert boris.text(f"{head} .holder .has") == ""
        colour = "return getComputedStyle(document.querySelector(arguments[0])).color"
        red = {boris.run(colour, f"{waits} .left b") for waits in (late, head)}
        assert red == {boris.run(colour, f"{late} .status")}
        assert red != {boris.run(colour, "body")}
        shown = boris.run("return [...document.querySelectorAll('#rows .row')].map((one) => one.dataset.lead)")
        assert [lead for lead in shown if lead in ("nobody", "head", "twelve")] == ["nobody", "head", "twelve"]
