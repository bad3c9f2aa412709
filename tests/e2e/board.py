"""A monitor with keys, as an office uses it, and the browsers of those who look at its board."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sla_monitor.keys import Scope, new_key
from tests.e2e.browser import DESK, Browser, Driver
from tests.e2e.process import Monitor

POLICY = """
version: 1
managers:
  anna: {name: Anna, capacity: 50}
  vera: {name: Vera}
  gleb: {name: Gleb}
  boris: {name: Boris}
  olga: {name: Olga}
teams:
  sales: {head: boris, managers: [anna, vera, gleb]}
  solo: {head: boris, managers: [olga]}
policies:
  - {name: stay, match: {channel: [stay]}, target: 5m, on_breach: notify}
  - {name: long, match: {channel: [long]}, target: 100h}
  - {name: default, team: sales, target: 10m, max_turns: 9}
"""
SPEED = 30
"""Ten minutes are twenty seconds."""

PEOPLE: dict[str, Sequence[Scope]] = {name: ["act"] for name in ("anna", "vera", "gleb", "boris")} | {
    "wall": ["read"],
    "crm": ["write", "read"],
}
"""Everybody's scopes; who acts is a manager."""


class Place:
    """A monitor with keys, and the browsers that look at it."""

    def __init__(self, monitor: Monitor, tokens: dict[str, str], driver: Driver) -> None:
        self.monitor, self.tokens, self.driver = monitor, tokens, driver

    @contextmanager
    def board(self, name: str, size: tuple[int, int] = DESK, languages: str = "en", **how: bool) -> Iterator[Browser]:
        """A browser in which somebody has signed in and sees the board live."""
        with Browser(self.driver, size, languages, **how) as browser:
            browser.go(self.monitor.url + "/sign-in")
            browser.type("[name=key]", self.tokens[name])
            browser.click("button")
            browser.until(lambda: browser.run("return document.body.dataset.state") == "live")
            yield browser
            assert browser.complaints() == []

    def lead(self, lead_id: str, **data: object) -> None:
        assert self.monitor.post("lead.created.v1", self.monitor.clock.now(), lead_id=lead_id, **data) == 202

    def presence(self, manager_id: str, status: str) -> None:
        said = {"manager_id": manager_id, "status": status}
        assert self.monitor.post("manager.status.v1", self.monitor.clock.now(), **said) == 202

    def close(self, lead_id: str) -> None:
        assert self.monitor.post("lead.closed.v1", self.monitor.clock.now(), lead_id=lead_id, reason="junk") == 202


@contextmanager
def make(
    directory: Path, driver: Driver, policy: str = POLICY, people: Mapping[str, Sequence[Scope]] = PEOPLE
) -> Iterator[Place]:
    tokens, entries = {}, ""
    for name, scopes in people.items():
        tokens[name], entry = new_key(name, scopes, manager=name if "act" in scopes else None)
        entries += entry
    (directory / "keys.yaml").write_text(entries)
    (directory / "secret").write_text("a secret of thirty-two characters")
    env = {"SLA_KEYS": str(directory / "keys.yaml"), "SLA_SECRET_FILE": str(directory / "secret")}
    with socket.create_server(("127.0.0.1", 0)) as free:
        env["SLA_LISTEN"] = f"127.0.0.1:{free.getsockname()[1]}"
    monitor = Monitor(directory, policy, speed=SPEED, **env)
    monitor.token = tokens["crm"]
    with monitor:
        yield Place(monitor, tokens, driver)


def row(lead_id: str) -> str:
    return f"#rows [data-lead={json.dumps(lead_id)}]"
