"""From the file to the rules that decisions read: defaults filled in, holidays expanded, all in milliseconds (R33)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from sla_monitor.core import rules as core

from . import model
from .checks import DEFAULT, takes_all
from .hours import holiday_dates, make_week, parse_days_off


def resolve(file: model.PolicyFile, today: date) -> core.Rules:
    """The rules of a file that has no mistakes. Version 0: the version in force is given when they are applied.

    today: public holidays are expanded from the year before it to ten years after it.
    """
    return core.Rules(
        calendars={name: _hours(calendar, today) for name, calendar in file.calendars.items()},
        managers={name: _manager(name, manager) for name, manager in file.managers.items()},
        teams={name: _team(name, team) for name, team in file.teams.items()},
        policies=_policies(file),
        sources={name: _source(name, source) for name, source in file.sources.items()},
        limits=_bounds(file.limits),
        own_numbers=file.own_numbers,
        blocked_numbers=file.blocked_numbers,
        webhooks={webhook.known_as: _webhook(webhook) for webhook in file.webhooks},
    )


def _manager(name: str, manager: model.Manager) -> core.Manager:
    days = {day for span in manager.days_off for day in parse_days_off(span)}
    return core.Manager(id=name, **dict(manager) | {"days_off": tuple(sorted(days))})


def _source(name: str, source: model.Source) -> core.Source:
    given = dict(source)
    missed = given.pop("missed")
    return core.Source(name=name, **given, rejected=missed.rejected)


def _team(name: str, team: model.Team) -> core.Team:
    templates = {
        kind: {language: core.Template(**dict(text)) for language, text in texts.items()}
        for kind, texts in team.templates.items()
    }
    return core.Team(id=name, **dict(team) | {"templates": templates})


def _hours(calendar: model.Calendar, today: date) -> core.Hours:
    dates: dict[str, core.Intervals] = {}
    if (days := calendar.holidays) is not None:
        closed = holiday_dates(days.country, days.subdiv, today)
        dates = dict.fromkeys((day for day in closed if day not in days.except_), ())
    return core.Hours(calendar.timezone, make_week(calendar.hours), dates | calendar.dates)


def _bounds(limits: model.Limits) -> core.Bounds:
    spans = dict(limits)
    hold = spans.pop("max_hold")
    return core.Bounds(**spans, max_hold_ringing=hold.ringing, max_hold_talking=hold.talking)


def _webhook(webhook: model.Webhook) -> core.Webhook:
    types = tuple(name.removesuffix(".v1") for name in webhook.types)
    return core.Webhook(webhook.known_as, webhook.url, webhook.secret_file, types, webhook.allow_private)


def _policies(file: model.PolicyFile) -> tuple[core.Policy, ...]:
    """In the order of the file; the built-in policy behind them if none of them takes every lead."""
    named = {policy.name: policy for policy in file.policies}
    base = _over(named[DEFAULT], core.Policy()) if DEFAULT in named else core.Policy()
    found = tuple(_over(policy, base) for policy in file.policies)
    return found if any(takes_all(policy) for policy in file.policies) else (*found, core.Policy())


def _over(policy: model.Policy, base: core.Policy) -> core.Policy:
    """What the file says of a policy, over the policy that the rest comes from; `null` counts as said."""
    said = {key: getattr(policy, key) for key in policy.model_fields_set}
    match = {key: values for key, values in policy.match if values}
    if "require" in said:
        required = said.pop("require")
        said["require_skills"] = required.skills if required else ()
    return replace(base, **{"title": ""} | said | {"match": match})
