from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.ports import EmbeddedPorts, Ports


@pytest.fixture(params=[EmbeddedPorts])
def ports(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ports]:
    made = request.param(tmp_path)
    yield made
    made.close()
