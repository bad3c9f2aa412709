from __future__ import annotations

import logging
import os

import pytest

from sla_monitor.cli import main
from sla_monitor.log_lines import LEVELS
from tests.commands.shelf import Answer, Shelf


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    """No settings from outside; relative paths lie in a directory of the test's own."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("SLA_"):
            monkeypatch.delenv(name)


@pytest.fixture
def _loggers():
    """A command that runs for long configures those of the whole process."""
    loggers = [logging.getLogger(), *(logging.getLogger(name) for name in LEVELS)]
    were = [(logger, logger.level, logger.handlers[:]) for logger in loggers]
    yield
    for logger, level, handlers in were:
        logger.setLevel(level)
        logger.handlers[:] = handlers


@pytest.fixture
def run(capsys, _loggers):
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
