"""The story of a lead: every decision in full, to those who may know it."""

from __future__ import annotations

from sla_monitor.codec import encode_outcome
from sla_monitor.core.effects import Publish
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


async def test_503_when_the_log_cannot_be_read(site):
    site.log.broken = True
    await get(site, "/v1/leads/a/story", expected=503)
