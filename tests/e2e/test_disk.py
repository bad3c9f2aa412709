"""A full disk: what is not stored is refused, what was accepted is kept, and it recovers by itself."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.process import FAST, OFFICE, Monitor, event


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A directory with a file system of 4 MiB of its own."""
    (tmp_path / "data").mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", tmp_path / "data"], capture_output=True, check=False
    )
    if mounted.returncode:
        if os.environ.get("CI") == "true":
            pytest.fail(f"no small disk can be mounted: {mounted.stderr.decode()}")
        pytest.skip("a small disk can be mounted by root alone")
    yield tmp_path
    subprocess.run(["umount", "-l", tmp_path / "data"], check=True)


def test_a_full_disk_refuses_what_it_cannot_store_and_loses_nothing_that_was_accepted(small_disk: Path) -> None:
    with Monitor(small_disk, OFFICE, speed=FAST) as m:
        assert m.post("lead.created.v1", m.clock.now(), lead_id="before") == 202
        m.wait_for("lead.assigned", "before")
        ballast = small_disk / "data" / "ballast"
        fill(ballast)
        accepted = post_until_refused(m)
        ready = m.get("/healthz")
        status, headers = m.answer(lead(m, "refused"))
        told = m.metric("sla_unavailable_total") + m.metric("sla_http_requests_total", status="503")

        ballast.unlink()
        assert m.answer(lead(m, "refused"))[0] == 202
        m.wait_for("lead.assigned", "refused")
        for lead_id in ["before", *accepted]:
            m.wait_for("lead.assigned", lead_id)
        m.wait_for("sla.breached", "before")

    assert (status, int(headers["Retry-After"])) == (503, 2)
    assert ready == {"status": "alive"}
    assert told >= 1


def lead(m: Monitor, lead_id: str) -> bytes:
    return json.dumps(event("lead.created.v1", m.clock.now(), lead_id, lead_id=lead_id)).encode()


def fill(ballast: Path) -> None:
    """Take what is left of the disk."""
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return


def post_until_refused(m: Monitor) -> list[str]:
    """The leads that were still accepted: the write-ahead log may have room to reuse."""
    accepted: list[str] = []
    while m.answer(lead(m, f"full-{len(accepted)}"))[0] == 202:
        accepted.append(f"full-{len(accepted)}")
        assert len(accepted) < 5_000
    return accepted
