"""A real Prometheus and a real Alertmanager, on the rules and routes of deploy/, in compressed time."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Condition, Thread
from typing import Any, Self

import pytest
import yaml

from sla_monitor.alerting import Options, rules_yaml
from sla_monitor.values import parse_duration
from tests.e2e.process import PATIENCE, SPEED

DEPLOY = Path(__file__).parents[2] / "deploy"
SCRAPE = "1s"
SPANS = ("group_wait", "group_interval", "repeat_interval")


def require(*programs: str) -> None:
    """Skip, or fail in CI, where a program is missing."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        reason = f"{', '.join(missing)} not found; `.ci/run` installs Debian's prometheus and prometheus-alertmanager"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class Pager:
    """Whoever is told of alerts: keeps what it is sent, and answers with `status`."""

    def __init__(self) -> None:
        self.status = 200
        self.told: list[dict[str, Any]] = []
        self._news = Condition()
        pager = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with pager._news:
                    pager.told += [{**alert, "receiver": body["receiver"]} for alert in body["alerts"]]
                    pager._news.notify_all()
                self.send_response(pager.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/"

    def wait_for(self, name: str, status: str = "firing", since: int = 0, **labels: str) -> dict[str, Any]:
        """The first alert of that name that was told after `since` others; waits for it."""

        def fits(alert: dict[str, Any]) -> bool:
            told = alert["labels"]
            return alert["status"] == status and told["alertname"] == name and labels.items() <= told.items()

        with self._news:
            found = self._news.wait_for(lambda: next(filter(fits, self.told[since:]), None), PATIENCE)
        assert found, f"{name} {status} is missing: {[(a['labels']['alertname'], a['status']) for a in self.told]}"
        return found

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Program:
    """A server of somebody else's, in a process of its own."""

    command: list[str]
    log: Path
    ready: str
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> Self:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                with urllib.request.urlopen(self.ready, timeout=PATIENCE):
                    return self
            except (urllib.error.URLError, ConnectionError):
                assert self.process.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.05)

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


@dataclass
class Switch:
    """`sla-monitor deadman`, that speaks by a file. Alertmanager repeats a watchdog until four evaluations are over."""

    url: str
    spoken: Path

    def health(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}healthz", timeout=PATIENCE) as answer:
            return dict(json.load(answer))

    def said(self) -> str:
        return self.spoken.read_text() if self.spoken.exists() else ""


@contextmanager
def deadman(directory: Path) -> Iterator[Switch]:
    address, data = f"127.0.0.1:{free_port()}", directory / "elsewhere"
    command = [sys.executable, "-m", "sla_monitor", "deadman", "--listen", address, "--silence", "4s"]
    command += ["--notify", "log://", "--data-dir", str(data)]
    program = Program(command, directory / "deadman.log", f"http://{address}/healthz").start()
    try:
        yield Switch(f"http://{address}/", data / "notifications.log")
    finally:
        program.kill()


class Observatory:
    """targets: job -> addresses, read anew all the time. Both servers keep what they have in `directory`."""

    def __init__(self, directory: Path, pager: Pager, deadman: str = "", speed: float = SPEED, **options: Any) -> None:
        require("prometheus", "prometheus-alertmanager")
        self.directory = directory
        directory.mkdir(exist_ok=True)
        self._targets: dict[str, list[str]] = {}
        alerts, metrics = free_port(), free_port()
        self.url = f"http://127.0.0.1:{metrics}"
        self.alertmanager_url = f"http://127.0.0.1:{alerts}"
        (directory / "rules.yml").write_text(rules_yaml(Options(speed=speed, **options)))
        (directory / "prometheus.yml").write_text(yaml.safe_dump(self._prometheus(alerts, metrics)))
        routes = alertmanager(pager.url, deadman or pager.url, speed)
        (directory / "alertmanager.yml").write_text(yaml.safe_dump(routes))
        for template in (DEPLOY / "alertmanager").glob("*.tmpl"):
            shutil.copy(template, directory)
        self.prometheus = Program(
            self._prometheus_command(metrics), directory / "prometheus.log", f"{self.url}/-/ready"
        )
        self.alertmanager = Program(
            [
                "prometheus-alertmanager",
                f"--config.file={directory / 'alertmanager.yml'}",
                f"--storage.path={directory / 'alertmanager'}",
                f"--web.listen-address=127.0.0.1:{alerts}",
                "--cluster.listen-address=",
            ],
            directory / "alertmanager.log",
            f"{self.alertmanager_url}/-/ready",
        )

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.watch()
            for program in (self.alertmanager, self.prometheus):
                program.start()
                stack.callback(program.kill)
            self._stack = stack.pop_all()
        self.wait(lambda: self.query("prometheus_notifications_alertmanagers_discovered == 1"))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def watch(self, **targets: Iterable[str]) -> None:
        """Scrape these as well, by job (`worker`, `web`, `audit`)."""
        self._targets |= {job: [url.removeprefix("http://") for url in urls] for job, urls in targets.items()}
        groups = [{"targets": urls, "labels": {"job": f"sla-monitor-{job}"}} for job, urls in self._targets.items()]
        (self.directory / "targets.tmp").write_text(json.dumps(groups))
        (self.directory / "targets.tmp").rename(self.directory / "targets.json")

    def query(self, expression: str) -> list[tuple[Mapping[str, str], float]]:
        """The series of an instant query, now."""
        asked = f"{self.url}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
            found = json.load(answer)["data"]["result"]
        return [(series["metric"], float(series["value"][1])) for series in found]

    def firing(self) -> set[str]:
        return {labels["alertname"] for labels, _ in self.query('ALERTS{alertstate="firing"}')}

    def wait(self, holds: Callable[[], Any]) -> Any:
        """What `holds` returns, once it is something; asked again and again, as nobody rings."""
        deadline = time.monotonic() + PATIENCE
        while not (found := holds()):
            assert time.monotonic() < deadline, (self.firing(), (self.directory / "prometheus.log").read_text()[-2000:])
            time.sleep(0.1)
        return found

    def _prometheus(self, alerts: int, metrics: int) -> dict[str, Any]:
        sd = [{"files": [str(self.directory / "targets.json")], "refresh_interval": "1s"}]
        return {
            "global": {"scrape_interval": SCRAPE, "scrape_timeout": SCRAPE, "evaluation_interval": "250ms"},
            "rule_files": [str(self.directory / "rules.yml")],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alerts}"]}]}]},
            "scrape_configs": [
                {"job_name": "sla-monitor", "file_sd_configs": sd},
                {"job_name": "prometheus", "static_configs": [{"targets": [f"127.0.0.1:{metrics}"]}]},
                {"job_name": "alertmanager", "static_configs": [{"targets": [f"127.0.0.1:{alerts}"]}]},
            ],
        }

    def _prometheus_command(self, port: int) -> list[str]:
        return [
            "prometheus",
            f"--config.file={self.directory / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.directory / 'prometheus'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--rules.alert.resend-delay=1s",  # else alerts of the first seconds, which are dropped, come a minute later
        ]


def alertmanager(pager: str, deadman: str, speed: float) -> dict[str, Any]:
    """The routes of deploy/, so many times as fast; who is told is `pager`, but for the dead man's switch."""
    config: dict[str, Any] = yaml.safe_load((DEPLOY / "alertmanager" / "alertmanager.yml").read_text())
    _hasten(config["route"], speed)
    for receiver in config["receivers"]:
        kept = receiver["name"]
        receiver.clear()
        receiver |= {"name": kept, "webhook_configs": [{"url": deadman if kept == "deadman" else pager}]}
    return config


def _hasten(route: dict[str, Any], speed: float) -> None:
    for name in SPANS:
        if name in route:
            route[name] = f"{max(round(parse_duration(route[name]) / speed), 100)}ms"
    for child in route.get("routes", ()):
        _hasten(child, speed)
