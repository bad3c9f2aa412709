from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.contract.kafka_ports import KafkaPorts
from tests.contract.ports import EmbeddedPorts, Ports

NOT_ON_KAFKA = {
    "test_a_place_beyond_the_end_is_refused_naming_what_is_gone": "a broker's log cannot be cut from the end",
    "test_when_nothing_can_be_written_every_waiting_request_hears_of_it_and_none_is_stored": (
        "what was on its way to a broker that stands still may be stored when it goes on; 503 says so"
    ),
    "test_requests_at_the_same_time_are_all_stored_each_in_one_piece": "a producer batches by partition",
}
"""What only the embedded log promises."""


@pytest.fixture(params=["embedded", "kafka"])
async def ports(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ports]:
    if request.param == "embedded":
        with closing(EmbeddedPorts(tmp_path)) as embedded:
            yield embedded
        return
    name = request.node.originalname
    if name in NOT_ON_KAFKA:
        pytest.skip(NOT_ON_KAFKA[name])
    async with KafkaPorts.made(request.getfixturevalue("cluster")) as real:
        yield real
