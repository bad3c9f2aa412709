"""deploy/k8s renders, is what the API's schemas allow, and is held to the strictest of the pod security standards."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from sla_monitor import __version__
from sla_monitor.clock import today
from sla_monitor.policy import read_rules
from sla_monitor.settings import Settings, read_settings
from tests.deploy.compose import SERVICES, image_environment, instruction
from tests.deploy.tools import ROOT, tool

MANIFESTS = ROOT / "deploy" / "k8s"
VERSIONS = ("1.30", "1.37")
"""The oldest Kubernetes that knows all that is used (a pause before a stop), and the newest that the schemas know."""


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("k8s") / "rendered.yaml"
    path.write_bytes(subprocess.run([tool("kubectl"), "kustomize", MANIFESTS], capture_output=True, check=True).stdout)
    return path


@pytest.fixture(scope="module")
def objects(rendered: Path) -> dict[tuple[str, str], dict[str, Any]]:
    found = yaml.safe_load_all(rendered.read_text())
    return {(one["kind"], one["metadata"]["name"]): one for one in found}


@pytest.fixture(scope="module")
def pods(objects: dict[tuple[str, str], dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What runs in each pod, by the command."""
    templates = [one["spec"]["template"]["spec"] for one in objects.values() if "template" in one.get("spec", {})]
    return {pod["containers"][0]["args"][0]: pod for pod in templates}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_is_what_the_schemas_of_kubernetes_allow(rendered: Path, version: str):
    command = [tool("kubernetes-validate"), "--strict", "--kubernetes-version", version, rendered]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_pods_run_the_commands_of_the_compose_file_in_our_image_of_this_version(pods: dict[str, dict[str, Any]]):
    said = {pod["containers"][0]["args"][0]: pod["containers"][0]["args"] for pod in pods.values()}
    assert said == {name: SERVICES[name]["command"] for name in ("topics", "worker", "web", "audit")}
    for pod in pods.values():
        assert pod["containers"][0]["image"].endswith(f"/sla-monitor:{__version__}")


def test_pods_are_restricted_as_their_namespace_demands(
    objects: dict[tuple[str, str], dict[str, Any]], pods: dict[str, dict[str, Any]]
):
    labels = objects["Namespace", "sla-monitor"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    for pod in pods.values():
        (container,) = pod["containers"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}" == instruction("USER")
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["requests"]
        assert container["resources"]["limits"]["memory"]


def test_pods_are_set_by_settings_that_exist(
    objects: dict[tuple[str, str], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
):
    (settings,) = (one["data"] for (_, name), one in objects.items() if name.startswith("settings-"))
    for variable, value in settings.items():
        monkeypatch.setenv(variable, value)
    read = read_settings()
    assert read.servers
    assert (read.policy, read.keys) == (Path(settings["SLA_POLICY"]), Path(settings["SLA_KEYS"]))
    assert read.secret_file == Path(settings["SLA_KEYS"]).with_name("secret")


def test_what_pods_mount_lies_where_the_settings_say(pods: dict[str, dict[str, Any]]):
    for name in ("worker", "web"):
        mounts = {mount["name"]: mount["mountPath"] for mount in pods[name]["containers"][0]["volumeMounts"]}
        assert (mounts["policy"], mounts["keys"]) == ("/etc/sla-monitor/policy", "/etc/sla-monitor/keys")
        assert mounts["tmp"] == "/tmp"
    worker = {mount["mountPath"] for mount in pods["worker"]["containers"][0]["volumeMounts"]}
    assert image_environment()["SLA_DATA_DIR"] in worker


def test_a_stop_is_over_before_it_is_cut_off(pods: dict[str, dict[str, Any]]):
    deadline = Settings.model_fields["stop_deadline"].default / 1000
    for name in ("worker", "web"):
        pause = pods[name]["containers"][0].get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        assert pods[name]["terminationGracePeriodSeconds"] > pause + deadline


def test_no_secret_is_in_the_manifests(objects: dict[tuple[str, str], dict[str, Any]]):
    assert not [name for kind, name in objects if kind == "Secret"]


def test_the_policy_is_one():
    assert read_rules(MANIFESTS / "policy.yaml", today()).managers


def test_every_process_is_scraped_as_the_job_that_the_rules_know():
    monitors = list(yaml.safe_load_all((MANIFESTS / "monitoring" / "pods.yaml").read_text()))
    jobs = {
        one["spec"]["selector"]["matchLabels"]["app"]: one["spec"]["podMetricsEndpoints"][0]["relabelings"][0]
        for one in monitors
    }
    assert {app: f"sla-monitor-{app}" for app in jobs} == {app: job["replacement"] for app, job in jobs.items()}
    prometheus = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
    scraped = {job["job_name"]: job.get("sample_limit") for job in prometheus["scrape_configs"]}
    for one, job in zip(monitors, jobs.values(), strict=True):
        assert one["spec"]["sampleLimit"] == scraped[job["replacement"]]


def test_monitoring_renders_in_the_namespace_of_the_pods(objects: dict[tuple[str, str], dict[str, Any]]):
    done = subprocess.run([tool("kubectl"), "kustomize", MANIFESTS / "monitoring"], capture_output=True, check=True)
    namespaces = {one["metadata"]["namespace"] for one in yaml.safe_load_all(done.stdout)}
    assert namespaces == {objects["Namespace", "sla-monitor"]["metadata"]["name"]}
