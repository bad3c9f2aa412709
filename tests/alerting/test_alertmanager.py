"""deploy/alertmanager: who is told of what, what is silent beside what, and how it reads."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.alerting.promtool import GROUPS, ROOT
from tests.kafka import require

HOME = ROOT / "deploy" / "alertmanager"
CONFIG = HOME / "alertmanager.yml"
SAID: dict[str, Any] = yaml.safe_load(CONFIG.read_text())
RULES = [rule for group in GROUPS for rule in group["rules"] if "alert" in rule]
RECEIVERS = {"page": ["page"], "ticket": ["ticket"], "none": ["deadman"]}
PATIENCE = 20.0
"""Seconds for a process to answer."""


def amtool(*arguments: str | Path) -> str:
    require("amtool")
    done = subprocess.run(["amtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_amtool_accepts_it() -> None:
    assert "SUCCESS" in amtool("check-config", CONFIG)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule['alert']}-{rule['labels']['severity']}")
def test_an_alert_goes_to_those_of_its_severity(rule: dict[str, Any]) -> None:
    labels = [f"{name}={value}" for name, value in ({"alertname": rule["alert"]} | rule["labels"]).items()]
    told = amtool("config", "routes", "test", f"--config.file={CONFIG}", *labels).strip().split(",")
    mute = rule["alert"] == "SlaAlertmanagerNotificationsFailing"
    assert told == (["ticket", "page"] if mute else RECEIVERS[rule["labels"]["severity"]])


def test_every_alert_that_it_names_exists() -> None:
    named = set(re.findall(r"Sla[A-Z]\w+", CONFIG.read_text()))
    assert named <= {rule["alert"] for rule in RULES}


def test_the_dead_mans_switch_hears_at_once_and_each_minute_and_nothing_silences_it() -> None:
    (route,) = [route for route in SAID["route"]["routes"] if route["receiver"] == "deadman"]
    assert (route["group_wait"], route["group_interval"], route["repeat_interval"]) == ("0s", "1m", "1m")
    assert not any("SlaWatchdog" in str(rule) for rule in SAID["inhibit_rules"])


def test_addresses_come_from_files_that_are_never_committed() -> None:
    told = [one["slack_configs"][0] for one in SAID["receivers"] if "slack_configs" in one]
    assert [one["api_url_file"] for one in told] == [f"/etc/alertmanager/secrets/{name}" for name in ("page", "ticket")]
    assert (HOME / "secrets" / ".gitignore").read_text().startswith("*\n")


def rendered(name: str, data: dict[str, Any], path: Path) -> str:
    file = path / "data.json"
    file.write_text(json.dumps(data))
    text = f'{{{{ template "{name}" . }}}}'
    return amtool(
        *("template", "render", f"--template.glob={HOME}/*.tmpl", f"--template.text={text}"), f"--template.data={file}"
    )


def group(status: str, *alerts: dict[str, str]) -> dict[str, Any]:
    rule = next(rule for rule in RULES if rule["alert"] == "SlaWorkerDown")
    common = {name: value for name, value in rule["annotations"].items() if name != "summary"}
    ended = {"startsAt": "2026-01-01T08:00:00Z", "endsAt": "2026-01-01T08:30:00Z"}
    return {
        "status": status,
        "groupLabels": {"alertname": "SlaWorkerDown"},
        "commonLabels": {"severity": "ticket"},
        "commonAnnotations": common,
        "alerts": [{"status": one["status"], "annotations": common | one, **ended} for one in alerts],
    }


def test_people_read_what_happened_what_it_means_and_what_to_do(tmp_path: Path) -> None:
    data = group("firing", {"status": "firing", "summary": "w1 is down."}, {"status": "resolved", "summary": "w2 was."})
    assert rendered("sla.title", data, tmp_path) == "ticket: SlaWorkerDown"
    assert rendered("sla.text", data, tmp_path).splitlines() == [
        "w1 is down.",
        "Over since 08:30 UTC: w2 was.",
        data["commonAnnotations"]["description"],
        "What to do: docs/runbooks/no-worker.md",
    ]
    assert rendered("sla.link", data, tmp_path).endswith("/sla-pipeline")


def test_they_also_read_that_it_is_over(tmp_path: Path) -> None:
    data = group("resolved", {"status": "resolved", "summary": "w1 is down."})
    assert rendered("sla.title", data, tmp_path) == "Over: SlaWorkerDown"


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a process with this configuration, which can reach nobody."""
    require("prometheus-alertmanager")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = ["prometheus-alertmanager", f"--config.file={CONFIG}", f"--web.listen-address={address}"]
    command += ["--cluster.listen-address=", f"--storage.path={tmp_path_factory.mktemp('alertmanager')}"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        until(lambda: ask(f"http://{address}/-/ready", None) is not None)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait()


def until(holds: Any) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def ask(url: str, body: Any) -> bytes | None:
    """The answer; None if there is none yet."""
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, {"Content-Type": "application/json"})) as answer:
            return answer.read()
    except urllib.error.URLError:
        return None


CAUSES = [
    ({"alertname": "SlaNoWorker", "severity": "page"}, ["SlaWorkerDown", "SlaHeartbeatStale", "SlaLeadsSilent"]),
    ({"alertname": "SlaOpeningStuck", "severity": "page"}, ["SlaConsumerLag", "SlaTimersLate"]),
    ({"alertname": "SlaNoWeb", "severity": "page"}, ["SlaWebDown"]),
    ({"alertname": "SlaErrorBudgetBurn", "severity": "page", "window": "1h"}, ["SlaErrorBudgetBurn"]),
]


@pytest.mark.parametrize(("cause", "silent"), CAUSES, ids=lambda one: one["alertname"] if isinstance(one, dict) else "")
def test_what_follows_from_a_cause_is_silent_and_what_does_not_is_told(
    cause: dict[str, str], silent: list[str], alertmanager: str
) -> None:
    run = {"run": cause["alertname"]}
    others = [{"alertname": name, "severity": "ticket"} for name in silent]
    free = [
        {"alertname": "SlaDeadLettersGrowing", "severity": "ticket"},
        {"alertname": "SlaWatchdog", "severity": "none"},
    ]
    alerts = [{"labels": labels | run} for labels in (cause, *others, *free)]
    assert ask(f"{alertmanager}/api/v2/alerts", alerts) is not None
    expected = {labels["alertname"]: True for labels in others} | {labels["alertname"]: False for labels in free}
    until(lambda: inhibited(alertmanager, run["run"], cause) == expected)


def inhibited(alertmanager: str, run: str, cause: dict[str, str]) -> dict[str, bool]:
    """Whether each alert of a run is, but for the cause itself."""
    answer = ask(f"{alertmanager}/api/v2/alerts?filter=run%3D{run}", None)
    found = [(one["labels"], bool(one["status"]["inhibitedBy"])) for one in json.loads(answer or b"[]")]
    return {labels["alertname"]: silent for labels, silent in found if labels.items() != (cause | {"run": run}).items()}
