"""The board in a real browser: what managers and heads see, do and are told, by mouse, keyboard and screen reader."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.axe import serious
from tests.e2e.board import SPEED, Place, make, row
from tests.e2e.browser import DESK, PHONE, Browser, Driver, driving, require_browser
from tests.e2e.process import Monitor, event

XSS = [
    "<img src=x onerror=hacked=1>",
    "<script>hacked=1</script>",
    '"><svg onload=hacked=1>',
    "javascript:hacked=1",
    "{{constructor.constructor('hacked=1')()}}",
    "<a href=javascript:hacked=1>x</a>",
    "</template></script><iframe srcdoc='<script>parent.hacked=1</script>'>",
    "${hacked=1}",
    "' onfocus='hacked=1' autofocus x='",
    "__proto__",
    "&lt;b&gt;",
    "\u202eevil",
]


SEARCH = """
const search = document.getElementById("search");
search.value = arguments[0];
search.form.dispatchEvent(new Event("input"));
"""
STRANGE = """
return document.querySelectorAll(
  'iframe, img:not([src^=static]), script:not([src^=static]), a:not([href^="#"], [href^=v1], [href=report])'
).length;
"""
"""How many elements are there that can only have come from outside."""
LISTEN = """
window.pressed = 0;
document.querySelector("#drawer .ways").addEventListener("click", (event) => {
  window.pressed += 1;
  event.preventDefault();
});
"""
UNREADABLE = """
const real = window.fetch;
window.fetch = async (path, how) => {
  const answer = await real(path, how);
  return String(path).includes("/story") ? Response.json({ ...await answer.json(), url: "https://[x]/" }) : answer;
};
"""
HOLD_C = """
const held = new KeyboardEvent("keydown", { key: "c", bubbles: true, repeat: true });
document.activeElement.dispatchEvent(held);
"""
SELECT = """
const range = document.createRange();
range.selectNodeContents(document.querySelector("#drawer .story ol b"));
getSelection().removeAllRanges();
getSelection().addRange(range);
"""


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    require_browser()
    with driving() as made:
        yield made


@pytest.fixture(scope="module")
def office(driver: Driver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with make(tmp_path_factory.mktemp("board"), driver) as made:
        yield made


@pytest.fixture
def place(office: Place) -> Iterator[Place]:
    """Without leads of others."""
    yield office
    for lead in office.monitor.get("/v1/board")["leads"]:
        office.close(lead["lead_id"])


def test_a_lead_appears_counts_down_breaches_is_claimed_reassigned_and_closed(place: Place) -> None:
    with place.board("vera") as vera, place.board("boris") as boris:
        place.lead("life", owner_id="anna", name="Ivan Petrov", channel="stay")
        vera.until_text(row("life"), "Anna")
        assert "Ivan Petrov" in vera.text(row("life"))
        first = vera.text(f"{row('life')} .left b")
        vera.until(lambda: vera.text(f"{row('life')} .left b") != first)

        vera.until_text(f"{row('life')} .status", "overdue")
        assert "late" in vera.text(f"{row('life')} .left")
        vera.until(lambda: any("life" in item and "Anna" in item for item in vera.texts("#news li")))
        vera.until(lambda: "(0 of 1)" in vera.text("#people [data-key=anna] .share"))

        vera.click(f"{row('life')} button")
        vera.until_text("#said", "Lead life is yours.")
        vera.until_text(f"{row('life')} .holder", "Vera")
        assert "turn 2" in vera.text(row("life"))

        boris.click(f"{row('life')} .lead")
        boris.until_text("#drawer .story", "claimed")
        boris.choose("#drawer .reassign select", "gleb")
        boris.click("#drawer .reassign button")
        boris.until_text("#drawer .said", "Lead life is with Gleb now.")
        boris.until_text("#drawer .story", "Given to Gleb")
        vera.until_text(f"{row('life')} .holder", "Gleb")

        boris.choose("#drawer .closing select", "converted")
        boris.click("#drawer .closing button")
        boris.until_text("#drawer .said", "Lead life is closed.")
        vera.until(lambda: not vera.text(row("life")))


def test_a_lead_that_nobody_answers_is_told_with_every_candidate_and_why_they_were_passed_over(place: Place) -> None:
    with place.board("boris") as boris:
        place.lead("passed", owner_id="anna")
        boris.until_text(f"{row('passed')} .holder", "turn 2")
        boris.click(f"{row('passed')} .lead")
        story = boris.until_text("#drawer .story", "had it already")
        assert "Anna: had it already" in story
        assert ": chosen" in story
        assert "no response in time" in story


def test_of_two_who_claim_at_the_same_time_one_gets_the_lead_and_the_other_is_told_who(place: Place) -> None:
    with place.board("vera") as vera, place.board("gleb") as gleb, ThreadPoolExecutor(2) as both:
        place.lead("race", owner_id="anna", channel="long")
        for browser in (vera, gleb):
            browser.until_text(row("race"), "Anna")
        list(both.map(lambda browser: browser.click(f"{row('race')} button"), (vera, gleb)))
        said = {name: browser.until_text("#said", "race") for name, browser in (("vera", vera), ("gleb", gleb))}
        winner = vera.until(lambda: {"Vera", "Gleb"} & {vera.text(f"{row('race')} .holder span")}).pop()
    loser = {"Vera": "gleb", "Gleb": "vera"}[winner]
    assert said[winner.lower()] == "Lead race is yours."
    assert said[loser] == f"{winner} was faster: lead race is with them."


def test_what_comes_from_outside_stays_text(place: Place) -> None:
    with place.board("boris") as boris:
        for number, evil in enumerate(XSS):
            named = {"name": evil, "channel": "long", "team_id": evil[:64], "owner_id": "anna"}
            place.lead(f"{evil}#{number}", **named)
        for number, evil in enumerate(XSS):
            lead_id = f"{evil}#{number}"
            boris.run(SEARCH, f"#{number}")
            boris.until(lambda number=number: boris.text("#rows .row .lead b").endswith(f"#{number}"))
            assert boris.text("#rows .row .lead b") == lead_id.strip()
            assert boris.text("#rows .row .lead small") == f"{evil} · long".strip()
            boris.click("#rows .row .lead")
            boris.until_text("#drawer .story", "Given to Anna")
            assert boris.text("#drawer h2") == f"{lead_id} · {evil}".strip()
            boris.press("Escape")
            place.close(lead_id)
        assert boris.run("return typeof hacked") == "undefined"
        assert boris.run(STRANGE) == 0


def test_a_viewer_sees_no_names_and_can_do_nothing(place: Place) -> None:
    with place.board("wall") as wall:
        place.lead("masked", owner_id="anna", name="Ivan Petrov", channel="long")
        wall.until_text(row("masked"), "I*** P.")
        assert "Ivan" not in wall.text("body")
        assert wall.run("return [...document.querySelectorAll('#rows button, #people details')].every((e) => e.hidden)")
        wall.click(f"{row('masked')} .lead")
        wall.until_text("#drawer .story", "Given to Anna")
        assert wall.run("return document.querySelector('#drawer .acts').hidden")


def test_a_manager_says_that_they_are_busy_and_everybody_sees_until_when(place: Place) -> None:
    with place.board("anna") as anna, place.board("boris") as boris:
        assert anna.run("return document.querySelector('#people [data-key=vera] details').hidden")
        anna.click("#people [data-key=anna] summary")
        anna.choose("#people [data-key=anna] .what", "busy")
        anna.choose("#people [data-key=anna] .long", "30")
        anna.click("#people [data-key=anna] form button")
        anna.until_text("#said", "Presence of Anna is set.")
        boris.until_text("#people [data-key=anna] .presence", "busy until")
        boris.click("#people [data-key=anna] summary")
        boris.click("#people [data-key=anna] form button")
        boris.until_text("#people [data-key=anna] .presence", "available")


def test_everything_can_be_done_by_keyboard_and_focus_is_kept_while_leads_come_and_go(place: Place) -> None:
    focused = "return document.activeElement.closest('.row')?.dataset.lead ?? document.activeElement.id"
    with place.board("vera") as vera:
        for number in range(30):
            place.lead(f"key-{number:02}", owner_id="anna", channel="long")
        vera.until(lambda: vera.run("return document.getElementById('shown').textContent.includes('30')"))
        vera.run("document.activeElement.blur()")
        vera.press("Tab", "Enter")
        assert vera.run(focused) == "key-00"
        vera.press("Down", "Down", "Down")
        assert vera.run(focused) == "key-03"
        for number in (0, 1):
            place.close(f"key-{number:02}")
        vera.until(lambda: "28" in vera.text("#shown"))
        assert vera.run(focused) == "key-03"
        place.close("key-03")
        vera.until(lambda: "27" in vera.text("#shown"))
        assert vera.run(focused) == "key-04"
        vera.press("Enter")
        vera.until_text("#drawer .story", "Given to Anna")
        assert vera.run(focused) == "drawer-title"
        vera.press("Escape")
        assert vera.run(focused) == "key-04"
        vera.press("c")
        vera.until_text(f"{row('key-04')} .holder", "Vera")
        vera.press("Home")
        assert vera.run(focused) == "key-02"
        vera.press("/")
        assert vera.run(focused) == "search"


def test_whoever_presses_selects_or_has_the_focus_in_the_drawer_is_not_disturbed_by_other_leads(place: Place) -> None:
    with place.board("boris") as boris:
        place.lead("calm", owner_id="anna", channel="long", phones=["+7 926 123-45-67"])
        boris.until_text(row("calm"), "Anna")
        boris.click(f"{row('calm')} .lead")
        selected = boris.until_text("#drawer .story ol b", "Given to Anna")
        call = boris.until_text("#drawer .ways a", "Call")
        boris.run(LISTEN)
        boris.run(SELECT)
        boris.run("document.querySelector('#drawer .ways a').focus({preventScroll: true})")
        with boris.held("#drawer .ways a"):
            place.lead("busy", owner_id="vera", channel="long")
            boris.until_text(row("busy"), "Vera")
        boris.until(lambda: boris.run("return window.pressed") == 1)
        assert boris.run("return document.activeElement.textContent") == call
        boris.run(SELECT)
        place.lead("busier", owner_id="vera", channel="long")
        boris.until_text(row("busier"), "Vera")
        assert boris.run("return String(getSelection())") == selected


def test_a_letter_claims_nothing_while_no_lead_has_the_focus(place: Place) -> None:
    with place.board("vera") as vera:
        place.lead("stray", owner_id="anna", channel="long")
        vera.until_text(row("stray"), "Anna")
        vera.run("document.activeElement.blur()")
        vera.press("c", "с", "Enter")
        assert vera.run("return document.getElementById('drawer').open") is False
        vera.press("Down")
        assert vera.run("return document.activeElement.dataset.lead") == "stray"
        vera.run(HOLD_C)
        place.lead("after", owner_id="gleb", channel="long")
        vera.until_text(row("after"), "Gleb")
        assert vera.text("#said") == ""
        assert "Anna" in vera.text(f"{row('stray')} .holder")


def test_a_lead_of_an_address_that_no_browser_opens_is_told_and_called_as_any_other(place: Place) -> None:
    with place.board("boris") as boris:
        place.lead("crooked", owner_id="anna", channel="long", phones=["+7 926 123-45-67"])
        boris.until_text(row("crooked"), "Anna")
        boris.run(UNREADABLE)  # kept from before such addresses were refused
        boris.click(f"{row('crooked')} .lead")
        boris.until_text("#drawer .story", "Given to Anna")
        assert boris.texts("#drawer .ways a") == ["Call +79261234567"]
        assert boris.texts("#drawer .turns li")


def test_r31_the_name_and_number_of_an_erased_customer_leave_a_drawer_that_is_open(place: Place) -> None:
    with place.board("anna") as anna:
        place.lead("forgotten", owner_id="anna", channel="long", name="Secret Customer", phones=["+7 926 123-45-67"])
        anna.until_text(row("forgotten"), "Anna")
        anna.click(f"{row('forgotten')} .lead")
        anna.until_text("#drawer .ways", "Call")
        told = {"lead_id": "forgotten", "kind": "message", "manager_id": "anna"}
        assert place.monitor.post("contact.recorded.v1", place.monitor.clock.now(), **told) == 202
        anna.until_text("#drawer .state", "answered")
        anna.until(lambda: not anna.text(row("forgotten")))
        assert "Secret Customer" in anna.text("#drawer")
        assert place.monitor.post("lead.erased.v1", place.monitor.clock.now(), lead_id="forgotten") == 202
        anna.until_text("#drawer .state", "erased")
        assert anna.text("#drawer h2") == "forgotten"
        assert anna.texts("#drawer .ways a") == []
        assert anna.run("return document.documentElement.outerHTML.includes('Secret')") is False


def test_a_lead_that_goes_out_of_reach_leaves_nothing_in_a_drawer_that_is_open(place: Place) -> None:
    with place.board("anna") as anna:
        place.lead(
            "lent", team_id="solo", owner_id="anna", channel="long", name="Lent Customer", phones=["+79261234568"]
        )
        anna.until_text(row("lent"), "Anna")
        anna.click(f"{row('lent')} .lead")
        anna.until_text("#drawer .ways", "Call")
        given = {"lead_id": "lent", "owner_id": "olga", "assigned_by": "human"}
        assert place.monitor.post("lead.assigned.v1", place.monitor.clock.now(), **given) == 202
        anna.until_text("#drawer .trouble", "not yours to see")
        assert anna.text("#drawer h2") == "lent"
        assert anna.texts("#drawer .ways a, #drawer dd, #drawer li") == []
        assert "Lent" not in anna.text("#drawer")
        anna.complaints()  # that it was not found


def test_the_address_and_a_lead_that_joined_lead_to_other_leads(place: Place) -> None:
    with place.board("boris") as boris:
        for lead_id in ("joins", "stays"):
            place.lead(lead_id, owner_id="anna", channel="long")
            boris.until_text(row(lead_id), "Anna")
        boris.run("location.hash = '#lead=joins'")
        boris.until_text("#drawer .story", "Given to Anna")
        merged = {"lead_id": "joins", "reason": "merged", "merged_into": "stays"}
        assert place.monitor.post("lead.closed.v1", place.monitor.clock.now(), **merged) == 202
        boris.until(lambda: boris.texts("#drawer dd a") == ["stays"])
        boris.click("#drawer dd a")
        boris.until(lambda: boris.text("#drawer h2") == "stays")
        boris.until_text("#drawer .story", "Given to Anna")


def test_the_list_of_who_can_have_a_lead_stands_still_while_somebody_chooses(place: Place) -> None:
    options = "#drawer .reassign option"
    with place.board("boris") as boris:
        place.lead("chosen", owner_id="anna", channel="long")
        boris.until_text(row("chosen"), "Anna")
        boris.click(f"{row('chosen')} .lead")
        boris.until_text("#drawer .story", "Given to Anna")
        boris.run("document.querySelector('#drawer .reassign select').focus()")
        before = boris.texts(options)
        place.lead("weighs", owner_id="vera", channel="long")
        boris.until_text("#people [data-key=vera] .load", "1 lead")
        assert boris.texts(options) == before
        boris.run("document.querySelector('#drawer h2').focus()")
        boris.until(lambda: any(text.startswith("Vera") and "1 lead" in text for text in boris.texts(options)))


def test_typing_before_the_board_has_begun_leaves_the_other_filters(place: Place) -> None:
    with place.board("boris") as boris:
        boris.cdp("Network.enable")
        boris.cdp("Network.setBlockedURLs", urls=["*/v1/board/stream"])
        boris.go(f"{place.monitor.url}/?team=sales&source=crm")
        boris.until(lambda: boris.text("h1"))
        boris.run(SEARCH, "ivan")
        assert boris.run("return location.search") == "?team=sales&source=crm&q=ivan"
        boris.complaints()  # that a request was blocked


def test_filters_and_the_search_narrow_the_list_and_an_empty_list_says_why(place: Place) -> None:
    with place.board("boris") as boris:
        boris.until_text("#empty", "No open leads")
        place.lead("one", owner_id="anna", channel="long")
        place.lead("two", team_id="solo", owner_id="olga", channel="long")
        boris.until(lambda: len(boris.texts("#rows .row")) == 2)
        boris.choose("#team", "solo")
        boris.until(lambda: [text.split()[-1] for text in boris.texts("#rows .lead b")] == ["two"])
        boris.type("#search", "ONE")
        boris.until_text("#empty", "No lead matches these filters.")
        boris.click("#empty button")
        boris.until(lambda: len(boris.texts("#rows .row")) == 2)
        boris.click("#chips [data-key=overdue]")
        boris.until_text("#empty", "No lead matches")
        boris.click("#chips [data-key=all]")
        for lead_id in ("one", "two"):
            place.close(lead_id)
        boris.until_text("#empty", "No open leads")


def test_a_lead_is_found_by_name_holder_and_number_and_the_address_says_what_is_shown(place: Place) -> None:
    with place.board("boris") as boris:
        reached = {"phones": ["+7 926 123-45-67"], "url": "https://crm.example/leads/1"}
        place.lead("found", owner_id="vera", channel="long", name="Иван Петров", **reached)
        place.lead("other", owner_id="anna", channel="long", name="Li Wu")
        boris.until(lambda: len(boris.texts("#rows .row")) == 2)
        boris.run("document.activeElement.blur()")
        boris.press("/")
        assert boris.run("return document.activeElement.id") == "search"
        for text in ("петров", "VERA", "8 926 123"):
            boris.run(SEARCH, text)
            boris.until(lambda: boris.texts("#rows .lead b") == ["found"])
        boris.go(boris.run("return location.href"))
        boris.until(lambda: boris.texts("#rows .lead b") == ["found"])
        assert boris.run("return document.getElementById('search').value") == "8 926 123"
        boris.click("#rows .row .lead")
        boris.until_text("#drawer .ways", "Call +79261234567")
        hrefs = "return [...document.querySelectorAll('#drawer .ways a')].map((way) => way.getAttribute('href'))"
        assert boris.run(hrefs) == ["tel:+79261234567", "https://crm.example/leads/1"]


def test_only_mine_is_a_switch_of_its_own_and_counts_stay(place: Place) -> None:
    with place.board("vera") as vera:
        for lead_id, owner in (("hers", "vera"), ("his", "gleb")):
            place.lead(lead_id, owner_id=owner, channel="long")
        vera.until(lambda: len(vera.texts("#rows .row")) == 2)
        vera.click("#mine")
        vera.until(lambda: vera.texts("#rows .lead b") == ["hers"])
        assert vera.text("#chips [data-key=all]").split() == ["All", "2"]
        assert vera.run("return location.search") == "?mine=1"
        vera.click("#mine")
        vera.until(lambda: len(vera.texts("#rows .row")) == 2)


def test_a_point_of_the_last_hour_opens_its_lead(place: Place) -> None:
    with place.board("boris") as boris:
        place.lead("answered", owner_id="anna", channel="long")
        told = {"lead_id": "answered", "kind": "message", "manager_id": "anna"}
        assert place.monitor.post("contact.recorded.v1", place.monitor.clock.now(), **told) == 202
        point = "#hour .met"
        boris.until(lambda: any("answered" in text for text in boris.texts(f"{point} title")))
        boris.run("document.querySelector('#hour').scrollIntoView()")
        titled = "[...document.querySelectorAll('#hour .met')].find((one) => one.textContent.includes('answered'))"
        boris.run(f"{titled}.dispatchEvent(new MouseEvent('click', {{bubbles: true}}))")
        boris.until_text("#drawer .story", "Answered in time by Anna")


def test_a_lead_that_nobody_can_take_is_said_above_all_leads(place: Place) -> None:
    with place.board("boris") as boris:
        place.presence("olga", "offline")
        place.lead("stuck", team_id="solo")
        boris.until_text("#notice", "nobody to go to")
        assert boris.text("#notice b") == "Nobody is free in solo"
        boris.click("#notice button")
        boris.until(lambda: boris.texts("#rows .lead b") == ["stuck"])
        boris.click("#chips [data-key=all]")
        boris.until_text(f"{row('stuck')} .status", "nobody free")
        place.close("stuck")
        boris.until(lambda: boris.run("return document.getElementById('notice').hidden"))
        place.presence("olga", "available")


def test_thousands_of_leads_scroll_while_the_page_stays_small(driver: Driver, tmp_path: Path) -> None:
    named = {"owner_id": "anna", "channel": "long"}
    with make(tmp_path, driver) as place, place.board("boris") as boris:
        now = place.monitor.clock.now()
        leads = [event("lead.created.v1", now + n, lead_id=f"many-{n:05}", **named) for n in range(3_000)]
        for start in range(0, len(leads), 500):
            assert place.monitor.post_all(leads[start : start + 500]) == 202
        boris.until(lambda: "3000" in boris.text("#shown"))
        boris.run("const list = document.getElementById('list'); list.scrollTop = list.scrollHeight / 2")
        boris.until(lambda: any("many-015" in text for text in boris.texts("#rows .lead b")))
        assert len(boris.texts("#rows .row")) < 60
        boris.run("document.getElementById('list').scrollTop = 1e9")
        boris.until(lambda: any("many-02999" in text for text in boris.texts("#rows .lead b")))
        assert boris.run("return document.querySelectorAll('*').length") < 1500


def test_languages_and_colours_are_switched_and_remembered(place: Place) -> None:
    with place.board("anna", languages="ru-RU,ru") as anna:
        assert anna.text("h1") == "Открытые лиды"
        assert anna.text("#state") == "На связи"
        anna.click("#language")
        assert anna.text("h1") == "Open leads"
        back = "return getComputedStyle(document.body).backgroundColor"
        light = anna.run(back)
        anna.click("#theme")
        anna.click("#theme")
        assert anna.run(back) != light
        dark = anna.run(back)
        anna.go(place.monitor.url)
        anna.until_text("h1", "Open leads")
        assert anna.run(back) == dark


def test_whoever_signs_out_sees_the_board_no_more(place: Place) -> None:
    with place.board("anna") as anna:
        anna.click("#sign-out")
        anna.until_text("h1", "Sign in")
        anna.go(place.monitor.url)
        anna.until_text("h1", "Sign in")


def test_signing_out_in_one_tab_ends_what_the_others_show(place: Place) -> None:
    with place.board("anna") as anna:
        anna.run("new BroadcastChannel('session').postMessage('out')")  # as another tab says it
        anna.until_text("h1", "Sign in")


def test_whoever_opens_a_link_without_having_signed_in_gets_there_by_signing_in(place: Place) -> None:
    place.lead("linked", owner_id="anna", channel="long")
    with Browser(place.driver) as anna:
        anna.go(f"{place.monitor.url}/?team=sales#lead=linked")
        anna.until_text("h1", "Sign in")
        anna.type("[name=key]", place.tokens["anna"])
        anna.click("button")
        anna.until_text("#drawer .story", "Given to Anna")
        assert anna.run("return location.search") == "?team=sales"
        anna.press("Escape")
        anna.run("document.cookie = ''; return fetch('sign-out', {method: 'POST'})")
        anna.click(f"{row('linked')} .lead")
        anna.until_text("h1", "Sign in")


@pytest.mark.parametrize(("language", "said"), [("en", "There is no connection"), ("ru", "Нет связи")])
def test_what_cannot_be_read_is_told_in_the_readers_language(place: Place, language: str, said: str) -> None:
    place.lead(f"unread-{language}", owner_id="anna", channel="long")
    with place.board("anna", languages=language) as anna:
        anna.until_text(row(f"unread-{language}"), "Anna")
        anna.cdp("Network.enable")
        anna.cdp("Network.setBlockedURLs", urls=["*/story"])
        anna.click(f"{row(f'unread-{language}')} .lead")
        assert anna.until_text("#drawer .trouble", said).startswith(said)
        anna.complaints()  # that a request was blocked


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious(place: Place, size: tuple[int, int], dark: bool) -> None:
    with place.board("boris", size, dark=dark) as boris:
        late, calm = (f"{name}-{size[0]}-{dark}" for name in ("late", "calm"))
        place.lead(late, owner_id="anna", channel="stay", name="Ivan Petrov")
        place.lead(calm, owner_id="vera", channel="long")
        boris.until_text(f"{row(late)} .status", "overdue")
        assert serious(boris) == []
        for tab in ("people", "hour") if size == PHONE else ():
            boris.click(f"#tabs [data-view={tab}]")
            assert serious(boris) == []
        if size == PHONE:
            boris.click("#tabs [data-view=leads]")
            assert boris.run("return document.documentElement.scrollWidth") <= PHONE[0]
        boris.click(f"{row(late)} .lead")
        boris.until_text("#drawer .story", "No response in time")
        assert serious(boris) == []


def test_a_server_that_is_gone_leaves_the_last_picture_and_says_since_when(driver: Driver, tmp_path: Path) -> None:
    with make(tmp_path, driver) as place, place.board("anna") as anna:
        place.lead("kept", owner_id="anna", channel="long")
        anna.until_text(row("kept"), "Anna")
        place.monitor.kill()
        anna.until_text("#state", "Not live since")
        assert "Anna" in anna.text(row("kept"))
        place.monitor.start()
        anna.until_text("#state", "Live")
        place.lead("new", owner_id="anna", channel="long")
        anna.until_text(row("new"), "Anna")
        anna.complaints()  # that the connection was refused


def test_the_first_run_without_managers_says_what_to_do_next(driver: Driver, tmp_path: Path) -> None:
    with Monitor(tmp_path, "version: 1\n", speed=SPEED) as monitor, Browser(driver) as browser:
        browser.go(monitor.url)
        browser.until_text("#notice", "Nobody can be given a lead yet")
        browser.until_text("#empty", "No open leads")
        assert browser.complaints() == []
