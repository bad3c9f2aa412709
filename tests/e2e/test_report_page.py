"""The report in a real browser, as a head of sales opens it on a Monday morning."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sla_monitor.core.rules import MINUTE
from tests.e2e.axe import serious
from tests.e2e.browser import DESK, PHONE, Browser, Driver, driving, require_browser
from tests.e2e.process import FAST, POLICY, Monitor

ANNA = "#rows tr:first-child"


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    require_browser()
    with driving() as driver:
        yield driver


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitor]:
    """Anna had two leads, and answered one in time."""
    with Monitor(tmp_path_factory.mktemp("worked"), POLICY, speed=FAST) as monitor:
        start = monitor.clock.now() - 3 * MINUTE
        for lead_id in ("kept", "lost"):
            assert monitor.post("lead.created.v1", start, lead_id=lead_id, owner_id="anna") == 202
        told = {"lead_id": "kept", "kind": "message", "manager_id": "anna"}
        assert monitor.post("contact.recorded.v1", start + 2 * MINUTE, **told) == 202
        monitor.wait_for("lead.reassigned", "lost")
        yield monitor


def test_from_the_board_to_the_report_and_back(driver: Driver, worked: Monitor) -> None:
    with Browser(driver) as head:
        head.go(worked.url)
        head.until_text(".own a", "Report")
        head.click(".own a")
        head.until_text("h1", "Report")
        head.until_text(".own a", "Open leads")
        head.click(".own a")
        head.until_text("h1", "Open leads")
        assert head.complaints() == []


def test_days_without_leads_say_so_and_offer_the_last_seven(driver: Driver, worked: Monitor) -> None:
    with Browser(driver) as head:
        for by in ("day", "manager"):
            head.go(f"{worked.url}/report?by={by}")
            head.until_text("#state", "No response was due in these days.")
            assert head.run("return document.getElementById('wide').hidden")
        head.click("#recent")
        head.until_text(ANNA, "Anna")
        assert head.text(f"{ANNA} .share").startswith("50% of 2")
        assert head.run("return location.search") == "?by=manager&last=7d"
        assert head.complaints() == []


def test_what_the_address_asks_for_is_shown_and_stays_chosen(driver: Driver, worked: Monitor) -> None:
    with Browser(driver) as head:
        head.go(f"{worked.url}/report?by=source&last=2d")
        head.until_text(ANNA, "other")
        assert head.run("return document.getElementById('period').selectedOptions[0].text") == "2 days to today"
        head.click("#by label:first-of-type input")
        head.until_text(ANNA, "Anna")
        assert head.run("return location.search") == "?by=manager&last=2d"


def test_days_that_cannot_be_are_told_and_not_changed_in_silence(driver: Driver, worked: Monitor) -> None:
    with Browser(driver) as head:
        head.go(f"{worked.url}/report?last=999d")
        head.until_text("#state.broken", "100 days")
        head.complaints()  # that 400 was answered


def test_a_name_leads_to_the_sheet_and_csv_is_saved(driver: Driver, worked: Monitor, tmp_path: Path) -> None:
    with Browser(driver) as head:
        head.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
        head.go(f"{worked.url}/report?last=2d")
        head.until_text(ANNA, "Anna")
        head.click("#csv")
        saved = head.until(lambda: next(tmp_path.glob("report-*-manager.csv"), None))
        titles, anna, *_ = saved.read_text("utf-8-sig").splitlines()
        assert saved.read_bytes().startswith(b"\xef\xbb\xbf")
        assert (titles.startswith("Manager,Leads,"), anna.startswith("Anna,2,1,2,1,50%,")) == (True, True)
        head.go(head.run(f"return document.querySelector('{ANNA} a').href"))
        assert "50% (1 of 2)" in head.until_text("body", "Response sheet")
        assert head.complaints() == []


NAMED = POLICY.replace("sales: {head: boris", "sales: {name: Отдел продаж, head: boris").replace(
    "{name: default,", '{name: default, title: "10 min, hot",'
)


def test_teams_and_promises_are_called_as_on_the_board(driver: Driver, tmp_path: Path) -> None:
    with Monitor(tmp_path, NAMED, speed=FAST) as monitor, Browser(driver) as head:
        assert monitor.post("lead.created.v1", monitor.clock.now(), lead_id="one", owner_id="anna") == 202
        monitor.wait_for("lead.reassigned", "one")
        head.go(f"{monitor.url}/report?by=team&last=2d&team=sales")
        head.until_text(ANNA, "Отдел продаж")
        head.until_text("#team", "Отдел продаж")
        assert head.run("return [...document.querySelectorAll('#team option')].map((each) => each.value)") == [
            "",
            "sales",
        ]
        assert "sales" not in head.text("body")
        head.go(f"{monitor.url}/report?by=policy&last=2d")
        head.until_text(ANNA, "10 min, hot")
        assert head.complaints() == []


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_fits_a_phone_and_axe_finds_nothing_serious(
    driver: Driver, worked: Monitor, size: tuple[int, int], dark: bool
) -> None:
    with Browser(driver, size, "ru", dark=dark) as head:
        head.go(f"{worked.url}/report?last=2d")
        head.until_text(ANNA, "Anna")
        assert (head.text("h1"), head.text("#total th")) == ("Отчёт", "всего")
        assert head.run("return document.documentElement.scrollWidth") <= size[0]
        assert serious(head) == []
        head.click("#language")
        head.until_text("#total th", "all")
        assert head.text("thead th") == "Manager"
        assert head.complaints() == []
