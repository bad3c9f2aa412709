from __future__ import annotations

import os

import pytest

from sla_monitor.cli import main
from tests.commands.shelf import Answer, Shelf


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    """No settings from outside; relative paths lie in a directory of the test's own."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("SLA_"):
            monkeypatch.delenv(name)


@pytest.fixture
def run(capsys):
    def run(*args: str) -> Answer:
        with pytest.raises(SystemExit) as ended:
            main(args)
        said = capsys.readouterr()
        return Answer(int(ended.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def shelf(tmp_path):
    """Where commands look if nothing else is named."""
    return Shelf(tmp_path / "sla-data")
