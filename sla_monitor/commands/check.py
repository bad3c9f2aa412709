"""`sla-monitor check`: what is wrong with a configuration, and what it will do, before it does it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import typer

from sla_monitor import forecast
from sla_monitor.clock import WallClock, today
from sla_monitor.codec import RULES_KEY
from sla_monitor.core.effects import Log
from sla_monitor.core.rules import Rules
from sla_monitor.errors import LogLost, Misconfigured, Problem, Unavailable
from sla_monitor.in_force import newest_rules
from sla_monitor.keys import KeyRing, read_keys
from sla_monitor.logs import existing
from sla_monitor.notify import channels
from sla_monitor.notify.address import shown
from sla_monitor.notify.signature import BadSecret, read_secrets
from sla_monitor.policy import REGION, default_rules, differences, doubts, read_rules, same
from sla_monitor.policy.chats import native
from sla_monitor.private import wider
from sla_monitor.secret import REMEDY, secrets_of
from sla_monitor.settings import Settings, read_settings
from sla_monitor.stream.kafka import topics
from sla_monitor.stream.kafka.access import Access

from .options import FINDINGS, UNREACHABLE, USAGE, DataDir, Json, PolicyFile, show

T = TypeVar("T")

DIFFERENCES = 30
"""Lines that are shown of how a file differs from the policy in force."""


@dataclass(slots=True)
class Findings:
    """errors: nothing starts with these. warnings: most likely not meant. unreachable: why the logs cannot be used."""

    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    unreachable: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    forecast: list[str] = field(default_factory=list)

    def attempt(self, part: Callable[[], T]) -> T | None:
        """What `part` returns; its mistakes, or why it cannot be reached, are noted instead of raised."""
        try:
            return part()
        except Misconfigured as error:
            self.errors += error.problems
        except (Unavailable, LogLost) as error:
            self.unreachable.append(str(error))
        return None

    @property
    def code(self) -> int:
        """The exit code of the worst of them."""
        found = ((self.errors, USAGE), (self.unreachable, UNREACHABLE), (self.warnings, FINDINGS))
        return next((code for findings, code in found if findings), 0)

    def value(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "errors": [_fields(problem) for problem in self.errors],
            "unreachable": self.unreachable,
            "warnings": [_fields(problem) for problem in self.warnings],
            "notes": self.notes,
            "forecast": self.forecast,
        }

    def lines(self) -> Iterator[str]:
        """For people: what will happen, then what is wrong, the worst last."""
        yield from (*self.forecast, *self.notes)
        yield from (f"warning: {problem}" for problem in self.warnings)
        yield from (f"unreachable: {reason}" for reason in self.unreachable)
        yield from (f"error: {problem}" for problem in self.errors)
        if not self.code:
            yield "All is well."


def check(policy: PolicyFile = None, data_dir: DataDir = None, as_json: Json = None) -> None:
    """Check settings, keys, policy, channels, webhooks and the logs, and say what the policy will do.

    Without a policy file that is the policy in force. A file is compared with it.
    The logs are the data directory or, on Kafka, the brokers and the topics. Exit codes: 0 all is well, 1 warnings,
    2 mistakes that stop a start, 3 the logs cannot be used.
    """
    findings = Findings()
    settings = findings.attempt(lambda: read_settings({"policy": policy, "data_dir": data_dir}))
    path = settings.policy if settings else policy
    rules = findings.attempt(lambda: read_rules(path, today(), channels.check)) if path else None
    if settings:
        force = _look_at_logs(findings, settings, rules)
        rules = rules if path else _judged(findings, force)
        _look_at_secrets(findings, settings)
        _look_at_keys(findings, settings, rules)
        _look_at_links(findings, settings)
        _look_at_modes(findings, settings)
    if path and rules:
        findings.warnings += findings.attempt(lambda: doubts(path, today())) or ()
    if rules:
        _look_ahead(findings, settings, rules)
    show(as_json, findings.value(), findings.lines())
    raise typer.Exit(findings.code)


def _look_at_secrets(findings: Findings, settings: Settings) -> None:
    """Whether the files of those that channels need can be read."""
    for name in ("telegram_token", "telegram_secret", "slack_token", "slack_secret"):
        findings.attempt(partial(settings.reveal, name))


def _look_at_keys(findings: Findings, settings: Settings, rules: Rules | None) -> None:
    path = settings.keys
    keys = findings.attempt(lambda: read_keys(path) if path else KeyRing())
    if keys is None:
        return
    if not keys and not settings.listen.loopback:
        message = "is served to this machine only: there are no keys; make one with `sla-monitor keys new`"
        findings.warnings.append(Problem("SLA_LISTEN", "", message))
    if settings.proxy_header and not any(key.identities for key in keys.keys):
        message = "lets nobody in: no entry of the key file has `identities`"
        findings.warnings.append(Problem("SLA_PROXY_HEADER", "", message))
    strangers = (key for key in keys.keys if key.manager and key.manager not in rules.managers) if rules else ()
    for key in strangers:
        message = f"is {key.manager}, who is no manager of the policy, so this key acts for nobody"
        findings.warnings.append(Problem(str(path), f"{key.name}.manager", message))
    if rules and keys:
        findings.warnings += [*_strange_sources(rules, keys), *_without_region(rules, keys)]


def _strange_sources(rules: Rules, keys: KeyRing) -> Iterator[Problem]:
    """Names of sources that are no key's."""
    for name in rules.sources:
        if name not in (*keys.names, "other"):
            yield Problem("", f"sources.{name}", "is the name of no key, so no event is of it")
    for manager in rules.managers.values():
        for name in manager.ids:
            if name not in (*keys.names, "other"):
                yield Problem("", f"managers.{manager.id}.ids.{name}", "is the name of no key, so nobody is called so")


def _without_region(rules: Rules, keys: KeyRing) -> Iterator[Problem]:
    """Keys that write, and of which the policy says nothing."""
    for key in keys.keys:
        if "write" in key.scopes and key.name not in rules.sources:
            yield Problem("", f"sources.{key.name}", f"is not in the policy, so it {REGION}")


def _look_at_links(findings: Findings, settings: Settings) -> None:
    """Whether people can sign in, and notices will carry claim links that their readers can open."""
    secrets = findings.attempt(lambda: secrets_of(settings)) if settings.servers or _secret_said(settings) else None
    if secrets == () and (settings.public_url or settings.keys):
        message = (
            f"is not set: nobody can sign in, and notices carry no claim links; {REMEDY}, shared by worker and web"
        )
        findings.warnings.append(Problem("SLA_SECRET_FILE", "", message))
    if settings.public_url and not settings.keys:
        message = "is good for links and buttons only: the board needs keys; `sla-monitor keys new` makes one"
        findings.warnings.append(Problem("SLA_PUBLIC_URL", "", message))


def _secret_said(settings: Settings) -> bool:
    """Looking must not make one."""
    return bool(settings.secret or settings.secret_file)


def _look_at_modes(findings: Findings, settings: Settings) -> None:
    """Whether others on this machine may look at what is kept: names, numbers, links."""
    mode = wider(settings.data_dir)
    if mode is not None:
        message = f"has the mode {mode}, so others on this machine may look into it; `chmod 700` closes it"
        findings.warnings.append(Problem(str(settings.data_dir), "", message))


def _judged(findings: Findings, force: Rules | None) -> Rules | None:
    """What there is to judge without a file. force: what the logs say; None where they cannot be read."""
    if force is not None and force.version:
        findings.notes.append(f"No policy file is named: this is the policy in force, version {force.version}.")
        return force
    if findings.unreachable or findings.errors:
        return None
    findings.notes.append("No policy file is named and none was applied: this is the built-in policy.")
    return default_rules()


def _look_at_logs(findings: Findings, settings: Settings, rules: Rules | None) -> Rules | None:
    """The policy that was written last; None where no logs are. rules: of the policy file, if there is one."""
    if settings.servers:
        missing = findings.attempt(lambda: asyncio.run(_topics(settings)))
        findings.errors += missing or ()
        if missing is None or missing:
            return None
    elif not settings.database.exists():
        findings.attempt(lambda: _check_place(settings.database.parent))
        findings.notes.append(f"There is no log at {settings.database} yet; `sla-monitor up` makes it.")
        return None
    return _look_at_work(findings, settings, rules)


async def _topics(settings: Settings) -> list[Problem]:
    cluster = await topics.look(Access.of(settings))
    return topics.findings(topics.wanted(settings), topics.counts(cluster.topics))


def _look_at_work(findings: Findings, settings: Settings, rules: Rules | None) -> Rules | None:
    """Whether anybody decides, and by which policy: the one that was written last."""
    found = findings.attempt(lambda: asyncio.run(_work(settings)))
    if found is None:
        return None
    workers, newest = found
    where = f"on {settings.servers or settings.data_dir}"
    findings.notes.append(f"A worker runs {where} ({workers})." if workers else "No worker runs.")
    if rules and not same(newest, rules):
        last = (
            f"from the policy applied last, version {newest.version}" if newest.version else "from the built-in policy"
        )
        remedy = "`sla-monitor policy apply` puts it into force" + (
            "" if settings.servers else ", SIGHUP or a restart of `up` too"
        )
        findings.notes.append(f"The file differs {last}: {remedy}.")
        findings.notes += _listed(differences(newest, rules))
    return newest


def _listed(lines: list[str]) -> Iterator[str]:
    yield from (f"  {line}" for line in lines[:DIFFERENCES])
    if len(lines) > DIFFERENCES:
        yield f"  and {len(lines) - DIFFERENCES} more"


async def _work(settings: Settings) -> tuple[str, Rules]:
    """(who decides, the policy that was written last)."""
    async with existing(settings, [Log.DESK], [RULES_KEY]) as logs:
        return await logs.workers(), await newest_rules(logs)


def _check_place(directory: Path) -> None:
    """Whether a directory can be made where it is missing. Raises Unavailable."""
    there = next(path for path in (directory, *directory.absolute().parents) if path.exists())
    if not there.is_dir():
        raise Unavailable(f"{there} is no directory; name another SLA_DATA_DIR")


def _look_ahead(findings: Findings, settings: Settings | None, rules: Rules) -> None:
    now = WallClock().now()
    kept = max(settings.events_retention, settings.dead_letters_retention) if settings else 0
    findings.warnings += [*_channels(rules, settings), *_secrets(rules), *forecast.warnings(rules, now, kept)]
    findings.forecast += [*forecast.explain(rules, now), *forecast.told_when(rules)]


def _channels(rules: Rules, settings: Settings | None) -> Iterator[Problem]:
    for manager in rules.managers.values():
        for address in manager.notify:
            if wrong := channels.check(address) or _without_token(address, settings):
                yield Problem("", f"managers.{manager.id}.notify", f"{shown(address)}: {wrong}")


def _without_token(address: str, settings: Settings | None) -> str | None:
    kind = native(address)
    if settings is None or kind is None or settings.is_set(f"{kind}_token"):
        return None
    setting = f"SLA_{kind.upper()}_TOKEN"
    return f"nothing can be sent without {setting} or {setting}_FILE: docs/notifications.md"


def _secrets(rules: Rules) -> Iterator[Problem]:
    """Those of webhooks, as this machine has them."""
    for webhook in rules.webhooks.values():
        try:
            read_secrets(webhook.secret_file)
        except BadSecret as error:
            yield Problem("", f"webhooks.{webhook.name}", f"{error}; no outcome is posted without it")


def _fields(problem: Problem) -> dict[str, str]:
    return {"place": problem.place, "path": problem.path, "message": problem.message}
