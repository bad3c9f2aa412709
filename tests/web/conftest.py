from __future__ import annotations

import pytest

from tests.web.site import Site


@pytest.fixture
async def site():
    async with Site() as made:
        yield made
