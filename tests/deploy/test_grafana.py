"""Grafana finds its data sources and the dashboards where docker-compose.yml puts them."""

from __future__ import annotations

import json
import subprocess
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from deploy.grafana.sheet import BOARD
from tests.dashboards.files import SHEETS
from tests.deploy.compose import COMPOSE, SERVICES
from tests.deploy.tools import ROOT, tool

PROVISIONING = PurePosixPath("/etc/grafana/provisioning")


def provisioned(kind: str) -> list[dict[str, Any]]:
    """What all files of a directory declare."""
    files = sorted((ROOT / "deploy/grafana/provisioning" / kind).iterdir())
    read = [yaml.safe_load(file.read_text()) for file in files]
    return [one for file in read for one in file["providers" if kind == "dashboards" else kind]]


def mounted() -> dict[PurePosixPath, str]:
    """Directories of the repository by where Grafana sees them."""
    binds = [said.split(":") for said in SERVICES["grafana"]["volumes"] if said.startswith("./")]
    assert all(mode == "ro" for _, _, mode in binds)
    return {PurePosixPath(target): source.removeprefix("./") for source, target, _ in binds}


@pytest.mark.parametrize("kind", ["datasources", "dashboards"])
def test_grafana_reads_its_provisioning(kind: str):
    assert mounted()[PROVISIONING / kind] == f"deploy/grafana/provisioning/{kind}"


def test_the_dashboards_are_where_they_are_looked_for_and_are_changed_only_by_their_generator():
    (provider,) = provisioned("dashboards")
    directory = mounted()[PurePosixPath(provider["options"]["path"])]
    assert {str(PurePosixPath(name).parent) for name in SHEETS} == {directory}
    assert {f"{directory}/{path.name}" for path in (ROOT / directory).iterdir()} == SHEETS.keys()
    assert provider["allowUiUpdates"] is False


def test_the_data_source_that_the_dashboards_begin_with_is_provisioned():
    uids = {one["uid"]: one["type"] for one in provisioned("datasources")}
    assert uids == {"prometheus": "prometheus", "alertmanager": "alertmanager"}
    for sheet in SHEETS.values():
        (chosen,) = (one for one in sheet["templating"]["list"] if one["type"] == "datasource")
        assert uids[chosen["current"]["value"]] == chosen["query"]


def test_a_data_source_is_a_service():
    assert {urlsplit(one["url"]).hostname for one in provisioned("datasources")} <= SERVICES.keys()


def test_the_windows_of_rates_come_from_how_often_prometheus_scrapes():
    said = yaml.safe_load((ROOT / COMPOSE["configs"]["prometheus"]["file"]).read_text())
    (interval,) = (one["jsonData"]["timeInterval"] for one in provisioned("datasources") if one["type"] == "prometheus")
    assert interval == said["global"]["scrape_interval"]


def test_the_board_is_where_web_is_published():
    (port,) = SERVICES["web"]["ports"]
    assert urlsplit(BOARD).netloc == port.rpartition(":")[0]


REMEMBERED = 256 * 1024
"""Bytes of annotations that an object may have; `kubectl apply` keeps all of it there."""


def test_a_sidecar_in_kubernetes_finds_each_dashboard_in_a_config_map_that_can_be_applied():
    command = [tool("kubectl"), "kustomize", ROOT / "deploy" / "grafana"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    maps = {one["metadata"]["name"]: one for one in yaml.safe_load_all(done.stdout)}
    assert maps.keys() == {sheet["uid"] for sheet in SHEETS.values()}
    for one in maps.values():
        (text,) = one["data"].values()
        assert json.loads(text) in SHEETS.values()
        assert one["metadata"]["labels"] == {"grafana_dashboard": "1"}
        assert len(json.dumps(one)) < REMEMBERED
