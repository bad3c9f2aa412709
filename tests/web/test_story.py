"""The story of a lead: every decision in full, to those who may know it."""

from __future__ import annotations

from sla_monitor.codec import encode_outcome
from sla_monitor.core.effects import Publish
from sla_monitor.core.lead import Lead, Phase
from tests.web.office import bearer, office
from tests.web.site import NOW
from tests.web.test_views import get, lead

CANDIDATES = [{"manager_id": "vera", "passed_over": ""}, {"manager_id": "pavel", "passed_over": "busy"}]


def publish(site, kind, lead_id, **data):
    site.log.publish(lead_id, encode_outcome(Publish(type=kind, lead_id=lead_id, turn=1, at=NOW, data=data)))


async def test_every_decision_is_told_in_order_with_each_candidate(site):
    site.log.put(lead("a", name="Ivan Petrov", created_at=NOW))
    publish(site, "sla.breached", "a", measure="response")
    publish(site, "sla.breached", "b", measure="response")
    publish(site, "lead.reassigned", "a", reason="no_response", candidates=CANDIDATES)
    site.log.publish("a", None)
    story = await get(site, "/v1/leads/a/story")
    assert (story["name"], story["lead"]["lead_id"], story["lead"]["policy"]) == ("Ivan Petrov", "a", "default")
    assert [outcome["type"] for outcome in story["outcomes"]] == ["sla.breached.v1", "lead.reassigned.v1"]
    assert story["outcomes"][1]["data"]["candidates"] == CANDIDATES


async def test_viewers_see_no_name_and_managers_no_lead_of_another_team():
    async with office() as site:
        assert (await get(site, "/v1/leads/F-1/story", **bearer("wall")))["name"] == "O*** O."
        assert (await get(site, "/v1/leads/S-1/story", **bearer("anna")))["name"] == "Ivan Petrov"
        await get(site, "/v1/leads/F-1/story", expected=404, **bearer("anna"))
        await get(site, "/v1/leads/none/story", expected=404, **bearer("root"))


async def test_whoever_may_know_the_customer_sees_how_to_reach_them():
    async with office() as site:
        reached = {"phones": ("+79261234567",), "url": "https://crm.example/leads/1"}
        site.log.put(lead("S-1", channel="ads", priority="high", **reached))
        told = {name: await get(site, "/v1/leads/S-1/story", **bearer(name)) for name in ("anna", "wall")}
        assert (told["anna"]["phones"], told["anna"]["url"]) == (["+79261234567"], "https://crm.example/leads/1")
        assert (told["wall"]["phones"], told["wall"]["url"]) == ([], None)
        assert [told["wall"][name] for name in ("channel", "priority")] == ["ads", "high"]


async def test_after_an_erasure_the_story_is_still_told_only_to_whom_it_concerned():
    async with office() as site:
        publish(site, "lead.assigned", "F-1", to="pavel", team_id="field")
        publish(site, "lead.erased", "F-1", team_id="field")
        for team in ("field", None):  # None: erased by an older version
            site.log.put(Lead("F-1", Phase.ERASED, team_id=team))
            told = await get(site, "/v1/leads/F-1/story", **bearer("root"))
            assert len(told["outcomes"]) == 2
            if team:
                await get(site, "/v1/leads/F-1/story", expected=404, **bearer("boris"))
            else:
                assert (await get(site, "/v1/leads/F-1/story", **bearer("boris")))["outcomes"] == []


async def test_of_a_lead_of_another_team_its_holder_is_told_what_concerned_them():
    async with office() as site:
        site.log.put(lead("F-2", team_id="field", holder="anna"))
        publish(site, "sla.breached", "F-2", holder_id="pavel", team_id="field")
        publish(site, "lead.reassigned", "F-2", **{"from": "pavel", "to": "anna"}, team_id="field")
        told = (await get(site, "/v1/leads/F-2/story", **bearer("anna")))["outcomes"]
        assert [outcome["type"] for outcome in told] == ["lead.reassigned.v1"]


async def test_503_when_the_log_cannot_be_read(site):
    site.log.broken = True
    await get(site, "/v1/leads/a/story", expected=503)
