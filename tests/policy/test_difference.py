"""How a policy differs from another, in the words of the policy file."""

from __future__ import annotations

from dataclasses import replace

from sla_monitor.core.rules import MINUTE, Bounds, Hours, Policy, Rules, Source, Webhook
from sla_monitor.policy import differences
from tests.world import sales


def test_the_same_policy_of_another_version_does_not_differ():
    assert differences(sales(), replace(sales(), version=7)) == []


def test_each_field_is_told_by_its_path_with_both_values():
    before = sales(policy=Policy(target=10 * MINUTE, require_skills=("b2b",)))
    after = replace(before, policies=(Policy(target=5 * MINUTE, contact_target=MINUTE),), limits=Bounds(digest_after=9))
    assert differences(before, after) == [
        "policies.default.target: 5m in the file, 10m in force",
        "policies.default.require_skills: none in the file, b2b in force",
        "policies.default.contact_target: 1m in the file, none in force",
        "limits.digest_after: 9 in the file, 5 in force",
    ]


def test_what_only_one_of_them_has_is_named():
    before, after = sales("anna", "vera"), sales("anna", "gleb", sources={"crm": Source("crm")})
    assert differences(before, after) == [
        "managers.vera: only in force",
        "managers.gleb: only in the file",
        "teams.sales.managers: anna, gleb in the file, anna, vera in force",
        "sources.crm: only in the file",
    ]


def test_another_order_of_policies_is_a_difference_because_the_first_that_matches_counts():
    one, two = Policy("one"), Policy("two")
    assert differences(Rules(policies=(one, two)), Rules(policies=(two, one))) == ["policies: another order"]


def test_addresses_and_long_values_are_not_shown():
    hooks = [Webhook("crm", f"https://crm.example/{token}", "secret") for token in ("s3cret", "hunter2")]
    before, after = (Rules(webhooks={"crm": hook}) for hook in hooks)
    assert differences(before, after) == ["webhooks.crm.url: another in the file"]
    before, after = (Rules(calendars={"office": Hours(week=week)}) for week in (((),) * 7, (((0, 60),),) * 7))
    assert differences(before, after) == ["calendars.office.week: another in the file"]
