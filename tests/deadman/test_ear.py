"""What counts as a sign, asked of a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any, Self

import aiohttp
import pytest

from sla_monitor.deadman import Ear
from sla_monitor.errors import Misconfigured


def webhook(status: str = "firing", name: str = "SlaWatchdog", **more: Any) -> dict[str, Any]:
    """As Alertmanager 0.25 posts it."""
    alert = {
        "status": status,
        "labels": {"alertname": name, "severity": "none"},
        "annotations": {},
        "startsAt": "2026-01-01T00:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus:9090/graph",
        "fingerprint": "8e1",
    }
    return {
        "version": "4",
        "groupKey": "{}:{}",
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "deadman",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "alerts": [alert],
    } | more


class Listening:
    def __init__(self, token: str | None = None) -> None:
        self.heard: list[str] = []
        self.ear = Ear(self.heard.append, lambda: {"silent": False}, token)

    async def __aenter__(self) -> Self:
        await self.ear.start("127.0.0.1", 0)
        self.session = aiohttp.ClientSession(self.ear.url)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()
        await self.ear.stop()

    async def __call__(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        async with self.session.request(method, path, **options) as answer:
            return answer.status, await answer.json()


@pytest.fixture
async def listening() -> AsyncIterator[Listening]:
    async with Listening() as made:
        yield made


@pytest.mark.parametrize("path", ["/", "/alerts", "/a/b"])
async def test_a_watchdog_that_fires_is_a_sign_on_any_path(listening: Listening, path: str) -> None:
    assert await listening("POST", path, json=webhook()) == (200, {"sign": True})
    assert listening.heard == ["http://alertmanager:9093"]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_ping_is_a_sign(listening: Listening, method: str) -> None:
    assert await listening(method, "/ping") == (200, {"sign": True})
    assert listening.heard == ["a ping from 127.0.0.1"]


@pytest.mark.parametrize("body", [webhook("resolved"), webhook(name="SlaTimersLate"), webhook(alerts=[])])
async def test_other_alerts_are_counted_and_no_sign(listening: Listening, body: Any) -> None:
    assert (await listening("POST", "/", json=body))[0] == 200
    assert (listening.heard, (await listening("GET", "/healthz"))[1]["others"]) == ([], 1)


async def test_a_watchdog_among_other_alerts_is_a_sign(listening: Listening) -> None:
    alerts = webhook("resolved")["alerts"] + webhook(name="SlaTimersLate")["alerts"] + webhook()["alerts"]
    await listening("POST", "/", json=webhook(alerts=alerts))
    assert len(listening.heard) == 1


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"alerts": [1]}', b"\xff"])
async def test_what_is_no_webhook_is_refused(listening: Listening, body: bytes) -> None:
    status, answer = await listening("POST", "/", data=body)
    assert (status, answer["sign"], listening.heard) == (400, False, [])


async def test_a_body_without_end_is_refused(listening: Listening) -> None:
    async with listening.session.post("/", data=BytesIO(b" " * (2 << 20))) as answer:
        assert answer.status == 413


async def test_health_tells_what_was_heard(listening: Listening) -> None:
    await listening("GET", "/ping")
    assert await listening("GET", "/healthz") == (200, {"status": "alive", "silent": False, "signs": 1, "others": 0})


async def test_with_a_token_only_who_has_it_gives_signs() -> None:
    async with Listening("geese") as listening:
        for given in ({}, {"Authorization": "Bearer goose"}, {"Authorization": "Bearer gänse"}):
            assert (await listening("GET", "/ping", headers=given))[0] == 401
            assert (await listening("POST", "/", json=webhook(), headers=given))[0] == 401
        assert (await listening("GET", "/healthz"))[0] == 200
        assert listening.heard == []
        assert (await listening("POST", "/", json=webhook(), headers={"Authorization": "Bearer geese"}))[0] == 200


async def test_an_address_that_is_taken_is_a_mistake(listening: Listening) -> None:
    port = int(listening.ear.url.rpartition(":")[2])
    with pytest.raises(Misconfigured, match=r"--listen: cannot serve on 127\.0\.0\.1"):
        await Listening().ear.start("127.0.0.1", port)
