"""Claim links can be read by nobody's making but ours, and only while they are good."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla_monitor.bootstrap import links_of
from sla_monitor.claims import Claim, ClaimLinks, Expired
from sla_monitor.clock import ManualClock
from sla_monitor.core.effects import Send
from sla_monitor.signing import Forged, Signer

NOW = 1_795_500_000_000
OLD, NEW = "the secret that we have had for long", "the secret that we shall go on with"
CLAIM = Claim("crm:1001", 2, "anna", NOW + 60_000)


def links(*secrets: str, url: str | None = "https://sla.example/leads", now: int = NOW) -> ClaimLinks:
    return ClaimLinks(ManualClock(now), url, secrets)


def token(made: ClaimLinks, claim: Claim = CLAIM) -> str:
    return made.url(*claim).rpartition("/")[2]


def test_a_link_says_what_it_was_made_for():
    assert links(OLD).read(token(links(OLD))) == CLAIM


def test_a_link_is_short_fits_into_a_url_and_is_the_same_each_time():
    made = links(OLD).url("bitrix24:portal.example.com:lead:1234567", 12, "anna.kuznetsova", NOW)
    assert made == links(OLD).url("bitrix24:portal.example.com:lead:1234567", 12, "anna.kuznetsova", NOW)
    assert made.startswith("https://sla.example/leads/claim/")
    assert len(made) < 200
    assert set(made.rpartition("/")[2]) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize(("channel", "claims"), [("telegram://7", True), ("telegram://-1001", False)])
def test_a_group_is_led_to_the_lead_on_the_board_and_given_nobodys_claim(channel: str, *, claims: bool):
    notice = Send(
        key="k",
        notice_id="n",
        lead_id="crm:1 2",
        manager_id="anna",
        channel=channel,
        kind="assigned",
        turn=1,
        at=NOW,
        attempt=1,
        limit=1,
        test=False,
        details={},
    )
    link = links_of(links(OLD))(notice)
    assert ("/claim/" in link) is claims
    assert (link == "https://sla.example/leads/#lead=crm%3A1%202") is not claims


def test_a_link_ends_when_it_says():
    made = token(links(OLD))
    assert links(OLD, now=CLAIM.expires_at - 1).read(made) == CLAIM
    with pytest.raises(Expired) as caught:
        links(OLD, now=CLAIM.expires_at).read(made)
    assert caught.value.claim == CLAIM


def test_a_link_with_any_character_changed_is_forged():
    made = token(links(OLD))
    for index, character in enumerate(made[:-1]):  # of the last one some bits mean nothing
        other = "A" if character != "A" else "B"
        with pytest.raises(Forged):
            links(OLD).read(made[:index] + other + made[index + 1 :])


@given(st.text())
def test_whatever_is_sent_as_a_link_is_read_or_forged(text):
    with pytest.raises(Forged):
        links(OLD).read(text)


IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=128)


@given(IDS, st.integers(1, 1_000_000), IDS)
def test_any_ids_come_back_from_a_url_that_needs_no_encoding(lead_id, turn, manager_id):
    made = links(OLD).url(lead_id, turn, manager_id, NOW + 1)
    assert quote(made, safe=":/") == made
    assert links(OLD).read(made.rpartition("/")[2]) == (lead_id, turn, manager_id, NOW + 1)


@pytest.mark.parametrize("wrong", ["", "A", "..", "a" * 21, "a" * 500, "%00", "ключ", "\udcff", "AAAA\n"])
def test_what_was_never_a_link_is_forged(wrong):
    with pytest.raises(Forged):
        links(OLD).read(wrong)


def test_a_link_cut_short_at_any_place_is_forged():
    made = token(links(OLD))
    for length in range(len(made)):
        with pytest.raises(Forged):
            links(OLD).read(made[:length])


def test_a_secret_is_changed_without_breaking_the_links_that_are_out():
    made = token(links(OLD))
    assert links(NEW, OLD).read(made) == CLAIM
    assert token(links(NEW, OLD)) == token(links(NEW)) != made
    with pytest.raises(Forged):
        links(NEW).read(made)


def test_what_is_signed_for_another_purpose_is_no_link():
    other = Signer([OLD], "session.v1").sign(b'["crm:1001",2,"anna",1999999999999]')
    with pytest.raises(Forged):
        links(OLD).read(other)


def test_signed_nonsense_is_no_link():
    with pytest.raises(Forged):
        links(OLD).read(Signer([OLD], "claim.v1").sign(b'["crm:1001"]'))


@pytest.mark.parametrize(("url", "secrets"), [(None, [OLD]), ("https://sla.example", [])])
def test_no_link_is_written_where_none_could_be_opened(url, secrets):
    assert links(*secrets, url=url).url(*CLAIM) is None


def test_without_a_secret_every_link_is_forged():
    with pytest.raises(Forged):
        links().read(token(links(OLD)))


def test_a_claim_is_the_same_event_however_often_it_is_made():
    later = CLAIM._replace(expires_at=NOW + 90_000)
    assert later.event_id == CLAIM.event_id
    others = [CLAIM._replace(lead_id="crm:1002"), CLAIM._replace(turn=3), CLAIM._replace(manager_id="vera")]
    assert len({claim.event_id for claim in [CLAIM, *others]}) == 4


# buttons


def test_a_button_says_what_it_was_made_for_to_its_manager_alone() -> None:
    made = links(OLD).button("crm:1001", 2, "anna")
    assert links(OLD).pressed(made, ["vera", "anna"]) == Claim("crm:1001", 2, "anna", NOW)
    assert links(OLD).pressed(made, ["vera"]) is None
    assert links(NEW).pressed(made, ["anna"]) is None
    assert links(NEW, OLD).pressed(made, ["anna"]) is not None, "a secret is changed without a pause"


@pytest.mark.parametrize(("turn", "room"), [(1, 45), (999, 43), (1_000_000, 39)])
def test_a_button_fits_into_64_bytes_or_is_none(turn: int, room: int) -> None:
    assert len(links(OLD).button("x" * room, turn, "anna").encode()) <= 64
    assert links(OLD).button("x" * (room + 1), turn, "anna") is None
    assert links(OLD).button("\u00e9" * room, turn, "anna") is None


def test_without_a_secret_there_is_no_button() -> None:
    assert links().button("L1", 1, "anna") is None
    assert links().pressed("take:1:AAAAAAAAAAA:L1", ["anna"]) is None


@given(st.text(), st.integers(1, 1_000_000))
def test_whatever_is_pressed_is_a_button_of_ours_or_none(data: str, turn: int) -> None:
    assert links(OLD).pressed(data, ["anna"]) is None
    made = links(OLD).button(data.encode(errors="replace").decode(), turn, "anna")
    assert made is None or links(OLD).pressed(made, ["anna"])[:2] == (data.encode(errors="replace").decode(), turn)
