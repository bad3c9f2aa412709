"""What the web layer is given, and how a route is declared."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sla_monitor.claims import ClaimLinks
from sla_monitor.clock import Clock
from sla_monitor.core.effects import Log
from sla_monitor.core.rules import Rules
from sla_monitor.keys import Key, Scope
from sla_monitor.metrics import Metrics
from sla_monitor.records import Inbox, Reader

from .access import Access
from .limits import Limits
from .visitors import Visitor


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What call-backs are verified by; None: they are refused. slack_hooks: where answers to Slack may be sent."""

    telegram: str | None = None
    slack: str | None = None
    slack_hooks: tuple[str, ...] = ("https://hooks.slack.com/",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """The world as the web layer sees it.

    rules: the policy in force. unready: the reasons why not to rely on this process, none if all is well.
    """

    inbox: Inbox
    reader: Reader
    clock: Clock
    rules: Callable[[], Rules]
    unready: Callable[[], list[str]]
    metrics: Metrics
    claims: ClaimLinks
    access: Access
    prefix: str = "sla."
    limits: Limits = field(default_factory=Limits)
    secrets: Secrets = field(default_factory=Secrets)

    def topic(self, log: Log) -> str:
        return self.prefix + log


@dataclass(frozen=True, slots=True)
class Route:
    """scope: what a key needs; None: open to all once there are keys. about: more of its OpenAPI operation."""

    method: str
    path: str
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    scope: Scope | None
    summary: str
    about: Mapping[str, Any] = field(default_factory=dict)


KEY = web.RequestKey("key", Key)
"""The key of the request, where there is one."""

VISITOR = web.RequestKey("visitor", Visitor)
"""Who makes a request that needs a scope."""
