"""docker-compose.yml is what the specification allows, and gives away no more than it must."""

from __future__ import annotations

import json
import re
from ipaddress import ip_address
from pathlib import Path

import jsonschema
import pytest
import yaml

from sla_monitor import __version__
from sla_monitor.clock import today
from sla_monitor.policy import read_rules
from sla_monitor.settings import Settings, read_settings
from tests.deploy.compose import COMPOSE, ON_KAFKA, OURS, SERVICES, environment, image_environment, instruction, span
from tests.deploy.tools import ROOT

SPECIFICATION = json.loads((Path(__file__).parent / "compose-spec.json").read_text())
"""schema/compose-spec.json of github.com/compose-spec/compose-go v2.16.2, Apache License 2.0."""

THEIRS = sorted(SERVICES.keys() - set(OURS))


def test_it_is_what_the_compose_specification_allows():
    jsonschema.Draft202012Validator(SPECIFICATION).validate(COMPOSE)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_may_do_no_more_than_it_must(name: str):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert re.fullmatch(r"[1-9]\d*:\d+", service["user"])
    assert service["deploy"]["resources"]["limits"]["memory"]
    assert service["pids_limit"]
    assert "privileged" not in service


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"topics"}))
def test_what_serves_is_started_again_and_says_whether_it_is_well(name: str):
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert SERVICES[name]["healthcheck"]["test"]


def test_only_web_and_grafana_are_published_and_only_to_this_machine():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published.keys() == {"web", "grafana"}
    for (port,) in published.values():
        assert ip_address(port.split(":")[0]).is_loopback


def test_the_broker_that_asks_for_no_password_is_reached_only_by_those_who_need_it():
    near = {name for name, service in SERVICES.items() if "kafka" in service.get("networks", ["default"])}
    assert near == {"kafka", *ON_KAFKA}
    assert SERVICES["kafka"]["networks"] == ["kafka"]
    assert COMPOSE["networks"]["kafka"]["internal"] is True


@pytest.mark.parametrize("name", THEIRS)
def test_the_image_of_another_project_is_pinned(name: str):
    assert re.fullmatch(r"[a-z]+/[a-z]+:v?\d+\.\d+\.\d+", SERVICES[name]["image"])


@pytest.mark.parametrize("name", OURS)
def test_our_image_is_this_version(name: str):
    assert SERVICES[name]["image"] == f"sla-monitor:{__version__}"
    assert f'org.opencontainers.image.version="{__version__}"' in instruction("LABEL")


@pytest.mark.parametrize("name", ON_KAFKA)
def test_our_services_are_set_by_settings_that_exist(name: str, monkeypatch: pytest.MonkeyPatch):
    for variable, value in environment(name).items():
        if variable.startswith("SLA_"):
            monkeypatch.setenv(variable, value)
    assert read_settings().servers == "kafka:9092"


@pytest.mark.parametrize("name", OURS)
def test_a_stop_is_over_before_it_is_cut_off(name: str):
    deadline = Settings.model_fields["stop_deadline"].default / 1000
    assert span(SERVICES[name]["stop_grace_period"]) > deadline


def test_the_files_that_are_mounted_are_there_but_for_secrets_which_are_never_committed():
    for config in COMPOSE["configs"].values():
        assert (ROOT / config["file"]).is_file()
    for secret in COMPOSE["secrets"].values():
        assert secret["file"] in (ROOT / ".gitignore").read_text().splitlines()


def test_alertmanager_speaks_to_the_dead_mans_switch_where_it_listens():
    said = yaml.safe_load((ROOT / COMPOSE["configs"]["alertmanager"]["file"]).read_text())
    (url,) = [r["webhook_configs"][0]["url"] for r in said["receivers"] if r["name"] == "deadman"]
    command = SERVICES["deadman"]["command"]
    port = command[command.index("--listen") + 1].rpartition(":")[2]
    assert url == f"http://deadman:{port}/"


def test_the_policy_is_one():
    assert read_rules(ROOT / COMPOSE["configs"]["policy"]["file"], today()).managers


def test_prometheus_scrapes_the_port_that_the_image_listens_on():
    said = yaml.safe_load((ROOT / COMPOSE["configs"]["prometheus"]["file"]).read_text())
    scraped = [one for job in said["scrape_configs"] for one in job.get("dns_sd_configs", [])]
    found = {name: one["port"] for one in scraped for name in one["names"]}
    port = int(image_environment()["SLA_LISTEN"].rpartition(":")[2])
    assert found == {"worker": port, "web": port, "audit": port}
