"""Where the brokers are, and how to be let in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sla_monitor.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    servers: str

    @classmethod
    def of(cls, settings: Settings) -> Access:
        return cls(servers=settings.servers or "")

    def client(self) -> dict[str, Any]:
        return {"bootstrap_servers": self.servers}
