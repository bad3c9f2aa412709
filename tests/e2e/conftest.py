"""One running monitor for all timetables that kill nothing and meet each other nowhere; in the end it is audited."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.process import FAST, OFFICE, Monitor


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitor]:
    with Monitor(tmp_path_factory.mktemp("office"), OFFICE, speed=FAST) as monitor:
        yield monitor
        assert monitor.audit() == []
