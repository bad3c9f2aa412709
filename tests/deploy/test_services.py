"""Our services of docker-compose.yml, as processes, on a real Kafka: what `docker compose up` promises."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from sla_monitor.clock import WallClock
from tests.deploy.compose import SERVICES, size, span
from tests.deploy.container import Container, Machine, require_namespaces
from tests.deploy.tools import ROOT
from tests.e2e.process import PATIENCE, event

NEW_KEY = r"docker run \S+ \S+ (keys new .*)"
"""How docs/deploy.md makes a key."""

NEW_SECRET = r"openssl rand .*"
"""How it makes the secret of sessions and claim links."""


@pytest.fixture(scope="module")
def machine(image: Path, kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    require_namespaces()
    return Machine(image, tmp_path_factory.mktemp("machine"), kafka, f"d{uuid.uuid4().hex[:8]}.")


@pytest.fixture(scope="module")
def key(machine: Machine) -> str:
    """A key, made as the documentation says; its entry lies in the file that the services mount."""
    page = (ROOT / "docs" / "deploy.md").read_text()
    said, secret = re.search(NEW_KEY, page), re.search(NEW_SECRET, page)
    assert said
    assert secret
    machine.secret("keys.yaml").parent.mkdir(parents=True)
    command = f"{machine.image}/bin/python {machine.image}/bin/sla-monitor {said[1]}"
    done = subprocess.run(["sh", "-ec", command], cwd=machine.home, capture_output=True, text=True, check=True)
    subprocess.run(["sh", "-ec", secret[0]], cwd=machine.home, check=True)
    (token,) = re.findall(r"^sla_\S+$", done.stderr, re.MULTILINE)
    return token


def test_the_services_come_up_take_an_event_decide_it_and_stop_in_time(machine: Machine, key: str):
    assert Container(machine, "topics", 0).start().wait(60) == 0
    names = ["worker"] * SERVICES["worker"]["deploy"]["replicas"] + ["web"]
    containers = [Container(machine, name, free_port()) for name in names]
    with ExitStack() as stack:
        running = [(one, stack.enter_context(started(one))) for one in containers]
        for container, process in running:
            wait_until_healthy(container, process)
        web = containers[-1]
        lead = event("lead.created.v1", WallClock().now(), lead_id="L1", phones=[])
        assert post(web.url, lead, key) == 202
        assert post(web.url, lead, "sla_unknown") == 401
        assert first_outcome(web.url, key) == "lead.assigned.v1"
        applied = containers[0].start(["sla-monitor", "policy", "apply", "/etc/sla-monitor/policy.yaml"])
        assert applied.wait(60) == 0
        assert Container(machine, "audit", 0).start(["sla-monitor", "audit"]).wait(60) == 0
        for container, process in running:
            assert peak_memory(process) < size(container.service["deploy"]["resources"]["limits"]["memory"])
        for container, process in running:
            process.send_signal(signal.SIGTERM)
            assert process.wait(span(container.service["stop_grace_period"])) == 0


@pytest.mark.parametrize("name", ["worker", "web"])
def test_nothing_can_be_written_but_what_is_declared(machine: Machine, key: str, name: str):
    container = Container(machine, name, 0)
    declared = {said.partition(":")[0] for said in container.service["tmpfs"]}
    declared |= {said.partition(":")[2] for said in container.service.get("volumes", ())}
    asked = "for d in / /etc /opt/sla-monitor /run/secrets /tmp /var/lib/sla-monitor; do touch $d/x && echo $d; done"
    process = container.start(["sh", "-c", f"({asked}) 2>&-; id -u"], stdout=subprocess.PIPE)
    *written, user = process.communicate(timeout=60)[0].split()
    assert set(written) == declared
    assert user == container.service["user"].partition(":")[0]


@contextmanager
def started(container: Container) -> Iterator[subprocess.Popen[str]]:
    process = container.start()
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_until_healthy(container: Container, process: subprocess.Popen[str]) -> None:
    """Return when its healthcheck succeeds; raises when an engine would have called it unhealthy by now."""
    check = container.service["healthcheck"]
    deadline = time.monotonic() + span(check["start_period"]) + check["retries"] * span(check["interval"])
    while not container.ask_health():
        assert process.poll() is None, "it ended"
        assert time.monotonic() < deadline, "it does not become healthy"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def post(url: str, body: dict[str, object], key: str) -> int:
    headers = {"Content-Type": "application/cloudevents+json", "Authorization": f"Bearer {key}"}
    request = urllib.request.Request(f"{url}/v1/events", json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def first_outcome(url: str, key: str) -> str:
    """The type of the oldest outcome; raises when none comes."""
    request = urllib.request.Request(f"{url}/v1/outcomes?from=start", headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as stream:
        return str(json.loads(next(line for line in stream if line.startswith(b"data:"))[5:])["type"])


def peak_memory(process: subprocess.Popen[str]) -> int:
    """Bytes."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.findall(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)[0]) * 1024
