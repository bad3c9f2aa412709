"""One running monitor for all timetables that kill nothing and meet each other nowhere; in the end it is audited."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.phone import Elsewhere
from tests.e2e.process import FAST, OFFICE, Monitor
from tests.notify.providers import Telegram


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitor]:
    with Monitor(tmp_path_factory.mktemp("office"), OFFICE, speed=FAST) as monitor:
        yield monitor
        assert monitor.audit() == []


@pytest.fixture
def telegram() -> Iterator[Telegram]:
    elsewhere, made = Elsewhere(), Telegram()
    elsewhere.run(made.__aenter__())
    yield made
    elsewhere.run(made.__aexit__())
    elsewhere.end()
