"""`sla-monitor webhooks`: where outcomes are posted to, what became of it, and how to try."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec
import typer

from sla_monitor import codec
from sla_monitor.bootstrap import domain_clock
from sla_monitor.clock import WallClock, monotonic, today
from sla_monitor.core import relay
from sla_monitor.core.effects import Log
from sla_monitor.core.events import WebhookEnabled
from sla_monitor.core.notifications import REDUCER
from sla_monitor.core.relay import Attempt, Delivery, Endpoint
from sla_monitor.core.rules import Rules, Webhook
from sla_monitor.documents import did_you_mean
from sla_monitor.in_force import newest_rules
from sla_monitor.logs import Logs, existing
from sla_monitor.notify.webhook_channel import Answer, Webhooks
from sla_monitor.policy import read_rules
from sla_monitor.records import Record
from sla_monitor.settings import Settings, read_settings

from .options import FINDINGS, USAGE, DataDir, Json, PolicyFile, moment, refuse, show

LIMIT = 15.0
"""Seconds that a test waits for an answer, as a delivery does."""

app = typer.Typer(help="Where outcomes are posted to: show it, try it, enable it again.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="As `list` shows it.")]


@dataclass(slots=True)
class State:
    """What all partitions know of a webhook. entry: of the policy; None if it has it no more."""

    name: str
    entry: Webhook | None
    endpoints: list[Endpoint] = field(default_factory=list)
    waiting: list[Delivery] = field(default_factory=list)

    @property
    def disabled_at(self) -> int:
        """When a partition was first told to send no more, ms; 0 if none was."""
        return min((e.gone_at for e in self.endpoints if self.entry and relay.disabled(e, self.entry)), default=0)

    @property
    def attempts(self) -> list[Attempt]:
        """The newest that are remembered, oldest first."""
        return sorted((a for endpoint in self.endpoints for a in endpoint.attempts), key=lambda attempt: attempt.at)

    @property
    def condition(self) -> str:
        return "not in the policy" if self.entry is None else "disabled" if self.disabled_at else "enabled"

    def value(self) -> dict[str, Any]:
        """As JSON."""
        failed = [attempt for attempt in self.attempts if attempt.error]
        return {
            "name": self.name,
            "state": self.condition,
            "types": [f"{name}.v1" for name in self.entry.types] if self.entry else [],
            "disabled_at": _time(self.disabled_at),
            "pending": len(self.waiting),
            "oldest_pending_at": _time(min((delivery.at for delivery in self.waiting), default=0)),
            "last_success_at": _time(max((e.succeeded_at for e in self.endpoints), default=0)),
            "last_failure_at": _time(max((e.failed_at for e in self.endpoints), default=0)),
            "last_failure": failed[-1].error if failed else None,
        }

    def lines(self) -> Iterator[str]:
        value = self.value()
        since = f" since {moment(value['disabled_at'])}" if value["disabled_at"] else ""
        oldest = f", the oldest since {moment(value['oldest_pending_at'])}" if self.waiting else ""
        types = ", ".join(value["types"]) or ("every outcome" if self.entry else "nothing any more")
        yield f"{self.name}: {self.condition}{since}; gets {types}"
        yield f"    pending {value['pending']}{oldest}; last success {moment(value['last_success_at'] or 'never')}"
        if value["last_failure_at"]:
            said = value["last_failure"] or "not remembered any more"
            yield f"    last failure {moment(value['last_failure_at'])}: {said}"


@app.command("list")
def list_(data_dir: DataDir = None, as_json: Json = None) -> None:
    """Show each webhook: whether it is enabled, what waits for it, its last success and failure."""
    states = asyncio.run(_states(read_settings({"data_dir": data_dir})))
    lines = [line for state in states.values() for line in state.lines()] or ["The policy has no webhooks."]
    show(as_json, [state.value() for state in states.values()], lines)


@app.command()
def log(name: Name, data_dir: DataDir = None, as_json: Json = None) -> None:
    """Show the last attempts to post to a webhook, oldest first: the last 20 of each partition."""
    state = _known(asyncio.run(_states(read_settings({"data_dir": data_dir}))), name)
    value = [msgspec.to_builtins(attempt) | {"at": _time(attempt.at)} for attempt in state.attempts]
    show(as_json, value, [_attempt_line(attempt) for attempt in state.attempts] or ["Nothing was posted yet."])


@app.command()
def enable(name: Name, data_dir: DataDir = None, as_json: Json = None) -> None:
    """Ask an endpoint again that has answered 410. What waits for it follows within ten minutes."""
    settings = read_settings({"data_dir": data_dir})
    partitions = asyncio.run(_enable(settings, name))
    line = f"{name} is enabled: written to {partitions} partitions; what waits for it is posted within 10 minutes."
    show(as_json, {"enabled": name, "partitions": partitions}, [line])


@app.command("test")
def try_(name: Name, policy: PolicyFile = None, data_dir: DataDir = None, as_json: Json = None) -> None:
    """Post a signed test event (webhook.test.v1) from this machine, and show what came back; exit code 1 if no 2xx.

    The entry is that of the policy in force, or of the file that --policy names.
    """
    settings = read_settings({"data_dir": data_dir})
    rules = read_rules(policy, today()) if policy else asyncio.run(_rules(settings))
    webhook = _known(rules.webhooks, name)
    answer, seconds = asyncio.run(_ask(webhook))
    said = answer.error or f"{answer.status}: accepted"
    value = {"accepted": not answer.error, "status": answer.status, "error": answer.error, "said": answer.said}
    lines = [f"{name}: {said} ({seconds:.2f} s)", *([f"It said: {answer.said}"] if answer.said else [])]
    show(as_json, value | {"seconds": round(seconds, 3)}, lines)
    if answer.error:
        raise typer.Exit(FINDINGS)


async def _states(settings: Settings) -> dict[str, State]:
    """Of the policy's webhooks, and of those that were and have left something."""
    async with existing(settings, [Log.NOTIFICATIONS, Log.DESK], wanted=_ours) as logs:
        rules = await newest_rules(logs)
        states = {name: State(name, webhook) for name, webhook in rules.webhooks.items()}
        rows = codec.RowCodec(REDUCER.kinds)
        for key, value in await logs.reader.rows(logs.topic(Log.NOTIFICATIONS)):
            if key.startswith(relay.ENDPOINT.encode()):
                endpoint = rows.decode(value)
                states.setdefault(endpoint.webhook, State(endpoint.webhook, None)).endpoints.append(endpoint)
            elif key.startswith(relay.OUTBOX.encode()):
                for delivery in rows.decode(value).deliveries:
                    states.setdefault(delivery.webhook, State(delivery.webhook, None)).waiting.append(delivery)
    return states


def _ours(key: bytes, _row: bytes) -> bool:
    """Whether a row tells of webhooks, or of the policy."""
    return key == codec.RULES_KEY or key.startswith((relay.OUTBOX.encode(), relay.ENDPOINT.encode()))


async def _rules(settings: Settings) -> Rules:
    async with existing(settings, [Log.DESK], [codec.RULES_KEY]) as logs:
        return await newest_rules(logs)


async def _enable(settings: Settings, name: str) -> int:
    """To how many partitions it was written."""
    async with existing(settings, [Log.DESK], [codec.RULES_KEY]) as logs:
        _known((await newest_rules(logs)).webhooks, name)
        records = list(_enabling(logs, name, domain_clock(settings).now()))
        await logs.inbox.append(records)
        return len(records)


def _enabling(logs: Logs, name: str, now: int) -> Iterator[Record]:
    key = (relay.ENDPOINT + name).encode()
    value = codec.encode_record(WebhookEnabled(webhook=name, at=now))
    for topic, number in logs.partitions(Log.NOTIFICATIONS):
        yield Record(topic, key, value, now, number)


async def _ask(webhook: Webhook) -> tuple[Answer, float]:
    """(what came back, after how many seconds)."""
    clock = WallClock()
    webhooks, began = Webhooks(clock, lambda *_: None), monotonic()
    message_id, body = codec.encode_test(webhook.name, clock.now())
    try:
        return await webhooks.ask(webhook, message_id, body, LIMIT, said=True), monotonic() - began
    finally:
        await webhooks.close()


def _known(webhooks: Any, name: str) -> Any:
    """The webhook of a name; ends the command if there is none."""
    if name not in webhooks:
        refuse(f"the policy has no webhook {name}{did_you_mean(name, webhooks)}", USAGE)
    return webhooks[name]


def _attempt_line(attempt: Attempt) -> str:
    said = attempt.error or f"{attempt.status}"
    return f"{moment(codec.rfc3339(attempt.at))}  {attempt.outcome_id}  try {attempt.number}  {attempt.took} ms  {said}"


def _time(at: int) -> str | None:
    return codec.rfc3339(at) if at else None
