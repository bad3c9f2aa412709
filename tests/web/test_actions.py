"""What people do becomes the event that it is, if they may; nothing is written otherwise."""

from __future__ import annotations

import pytest

from sla_monitor import codec
from sla_monitor.claims import SOURCE as CLAIM
from sla_monitor.claims import Claim
from sla_monitor.core import events
from sla_monitor.core.lead import Phase
from sla_monitor.core.rules import HOUR, Rules
from tests.web.office import SAME_SITE, bearer, office, sign_in
from tests.web.site import NOW
from tests.web.test_views import lead


async def act(site, lead_id="S-1", headers=None, expected=202, **body):
    async with site.http.post(f"/v1/leads/{lead_id}/actions", json=body, headers=headers) as answer:
        assert answer.status == expected, await answer.text()
        return await answer.json(content_type=None)


async def say(site, manager_id, headers=None, expected=202, **body):
    async with site.http.put(f"/v1/managers/{manager_id}/status", json=body, headers=headers) as answer:
        assert answer.status == expected, await answer.text()
        return await answer.json(content_type=None)


def written(site):
    """(topic, key, fact) of the only record."""
    (record,) = site.log.appended
    return record.topic, record.key.decode(), codec.decode_record(record.value)


async def test_a_manager_claims_for_themselves_in_the_turn_that_runs():
    async with office() as site:
        site.log.put(lead("S-1", holder="vera", turn=3))
        said = await act(site, headers=bearer("anna"), action="claim")
        topic, key, fact = written(site)
        assert (topic, key) == ("sla.events", "S-1")
        assert (type(fact), fact.manager_id, fact.turn, fact.at) == (events.LeadClaimed, "anna", 3, NOW)
        assert (fact.origin.uri, fact.origin.id, fact.origin.actor) == (CLAIM, said["id"], "anna")
        assert said == {"source": CLAIM, "id": Claim("S-1", 3, "anna", 0).event_id, "type": "lead.claimed.v1"}


async def test_a_claim_on_the_board_and_one_by_a_link_are_one_event():
    async with office() as site:
        await act(site, headers=bearer("anna"), action="claim", turn=1)
        _, _, fact = written(site)
        assert fact.origin.uid() == Claim("S-1", 1, "anna", NOW).uid


async def test_a_claim_is_for_the_turn_that_was_seen():
    async with office() as site:
        site.log.put(lead("S-1", holder="vera", turn=3))
        await act(site, headers=bearer("anna"), action="claim", turn=2)
        assert written(site)[2].turn == 2


@pytest.mark.parametrize("said", [{"action": "claim"}, {"action": "reassign", "manager_id": "vera"}])
async def test_r25_a_joined_lead_takes_nobody_the_one_that_it_joined(said):
    async with office() as site:
        site.log.put(lead("S-2", phase=Phase.JOINED, joined_to="S-1"))
        refused = await act(site, "S-2", headers=bearer("boris"), expected=409, **{"manager_id": "anna"} | said)
        assert refused["detail"] == "this lead became part of another; act on that one"
        assert site.log.appended == []


async def test_nobody_claims_a_lead_for_somebody_of_another_team():
    async with office() as site:
        refused = await act(site, headers=bearer("root"), expected=403, action="claim", manager_id="pavel")
        assert refused["detail"] == "this lead is of another team than theirs"
        assert site.log.appended == []


@pytest.mark.parametrize(
    ("name", "may", "person"),
    [("anna", ("sales",), "anna"), ("boris", ("sales",), "boris"), ("root", ("*",), ""), ("crm", ("*",), "")],
)
async def test_an_act_says_upon_which_teams_it_may_act_and_who_acts(name, may, person):
    async with office() as site:
        await act(site, headers=bearer(name), action="claim", manager_id="anna")
        origin = written(site)[2].origin
        assert (origin.may, origin.person, origin.actor) == (may, person, name)


async def test_a_head_gives_a_lead_of_their_team_to_somebody_in_it():
    async with office() as site:
        said = await act(site, headers=bearer("boris"), action="reassign", manager_id="vera")
        _, _, fact = written(site)
        assert (type(fact), fact.owner_id, fact.assigned_by) == (events.LeadAssigned, "vera", "human")
        assert (fact.origin.uri, fact.origin.id, fact.origin.actor) == ("/sla-monitor/board", said["id"], "boris")
        assert fact.origin.source == "boris"


async def test_a_head_closes_a_lead_with_a_reason():
    async with office() as site:
        await act(site, headers=bearer("boris"), action="close", reason="junk")
        _, _, fact = written(site)
        assert (type(fact), fact.reason, fact.origin.actor) == (events.LeadClosed, "junk", "boris")


async def test_two_acts_are_two_events():
    async with office() as site:
        ids = {(await act(site, headers=bearer("boris"), action="close", reason="junk"))["id"] for _ in range(2)}
        assert len(ids) == 2


async def test_without_keys_this_machine_acts_as_a_head(site):
    site.log.put(lead("S-1"))
    await act(site, action="close", reason="junk")
    assert written(site)[2].origin.actor == "local"


@pytest.mark.parametrize(
    ("name", "lead_id", "body", "status"),
    [
        ("wall", "S-1", {"action": "claim", "manager_id": "anna"}, 403),
        ("pbx", "S-1", {"action": "claim", "manager_id": "anna"}, 403),
        ("anna", "S-1", {"action": "claim", "manager_id": "vera"}, 403),
        ("anna", "S-1", {"action": "reassign", "manager_id": "vera"}, 403),
        ("anna", "S-1", {"action": "close", "reason": "junk"}, 403),
        ("anna", "F-1", {"action": "claim"}, 404),
        ("boris", "F-1", {"action": "reassign", "manager_id": "vera"}, 404),
        ("boris", "S-1", {"action": "reassign", "manager_id": "pavel"}, 403),
        ("boris", "S-1", {"action": "claim", "manager_id": "pavel"}, 403),
        ("root", "none", {"action": "claim", "manager_id": "anna"}, 404),
    ],
)
async def test_nobody_acts_beyond_their_role_and_their_team(name, lead_id, body, status):
    async with office() as site:
        await act(site, lead_id, headers=bearer(name), expected=status, **body)
        assert site.log.appended == []


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("boris", {"action": "claim", "manager_id": "vera"}),
        ("crm", {"action": "reassign", "manager_id": "pavel"}),
        ("root", {"action": "close", "reason": "converted"}),
    ],
)
async def test_a_head_acts_for_their_team_and_one_of_all_teams_for_all(name, body):
    async with office() as site:
        await act(site, headers=bearer(name), **body)
        assert len(site.log.appended) == 1


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        ({}, "/action", "is missing"),
        ({"action": "steal"}, "/action", "must be 'claim', 'reassign' or 'close'"),
        ({"action": "claim"}, "/manager_id", "is needed: this key is no manager's"),
        ({"action": "claim", "manager_id": "nobody"}, "/manager_id", "is no manager of the policy"),
        ({"action": "claim", "manager_id": "anna", "turn": 0}, "/turn", "greater than or equal to 1"),
        ({"action": "reassign"}, "/manager_id", "is needed"),
        ({"action": "reassign", "manager_id": "nobody"}, "/manager_id", "is no manager of the policy"),
        ({"action": "close"}, "/reason", "is needed"),
        ({"action": "close", "reason": "merged"}, "/reason", "must be"),
        ({"action": "close", "reason": "junk", "+79991234567": 1}, "", ""),
    ],
)
async def test_a_body_that_cannot_be_used_is_named_by_pointer_and_never_repeated(body, pointer, detail):
    async with office() as site:
        said = await act(site, headers=bearer("crm"), expected=422, **body)
        assert said["errors"][0]["pointer"] == pointer
        assert detail in said["errors"][0]["detail"]
        assert "+79991234567" not in str(said)
        assert site.log.appended == []


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("text/plain", b'{"action":"claim"}', 415),
        ("application/json", b"{", 400),
        ("application/json", b"[]", 422),
        ("application/json", b" " * 70_000, 413),
    ],
)
async def test_what_is_no_json_object_does_nothing(kind, body, status):
    async with office() as site:
        headers = bearer("crm") | {"Content-Type": kind}
        async with site.http.post("/v1/leads/S-1/actions", data=body, headers=headers) as answer:
            assert answer.status == status
            assert answer.content_type == "application/problem+json"


async def test_a_session_acts_from_our_own_pages_only():
    async with office() as site:
        cookie = {"Cookie": await sign_in(site, "anna")}
        for said in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
            await act(site, headers=cookie | said, expected=403, action="claim")
        assert site.log.appended == []
        await act(site, headers=cookie | SAME_SITE, action="claim")
        assert written(site)[2].manager_id == "anna"


async def test_503_when_it_is_not_known_to_be_stored():
    async with office() as site:
        site.log.broken = True
        await act(site, headers=bearer("crm"), expected=503, action="close", reason="junk")


# presence


async def test_a_manager_says_where_they_are():
    async with office() as site:
        said = await say(site, "anna", bearer("anna"), status="busy", until="2026-11-24T10:00:00+03:00")
        topic, key, fact = written(site)
        assert (topic, key, type(fact)) == ("sla.desk", "anna", events.ManagerStatus)
        assert (fact.status, fact.at, fact.until) == ("busy", NOW, NOW + HOUR)
        assert (fact.origin.id, fact.origin.actor) == (said["id"], "anna")


@pytest.mark.parametrize(
    ("name", "manager", "status"),
    [
        ("anna", "vera", 403),
        ("anna", "pavel", 404),
        ("boris", "vera", 202),
        ("boris", "boris", 202),
        ("boris", "pavel", 404),
        ("root", "pavel", 202),
        ("crm", "nobody", 404),
        ("wall", "anna", 403),
    ],
)
async def test_presence_is_ones_own_or_of_the_team_that_one_leads(name, manager, status):
    async with office() as site:
        await say(site, manager, bearer(name), status, status="away")
        assert len(site.log.appended) == (status == 202)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/status"),
        ({"status": "asleep"}, "/status"),
        ({"status": "away", "until": "soon"}, "/until"),
        ({"status": "away", "until": "2026-11-24T06:00:00Z"}, "/until"),
    ],
)
async def test_a_presence_that_cannot_be_is_named(body, pointer):
    async with office() as site:
        said = await say(site, "anna", bearer("anna"), 422, **body)
        assert [error["pointer"] for error in said["errors"]] == [pointer]


async def test_without_a_roster_anybody_may_be_given_a_lead_and_nobody_has_a_presence(site):
    site.rules = Rules()
    site.log.put(lead("S-1"))
    await act(site, action="reassign", manager_id="anybody")
    await say(site, "anybody", expected=404, status="away")
