"""Where the brokers are, and how to be let in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    servers: str

    def client(self) -> dict[str, Any]:
        return {"bootstrap_servers": self.servers}
