import os
from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis.internal.conjecture import providers

from tests.kafka import Cluster, require

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

# Hypothesis draws constants of the modules that happen to be loaded. What a seed gives must not hang on which tests the
# process has run before, or a run that fails cannot be had again.
providers._get_local_constants = providers.Constants


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One broker of our own, which tests may pause and kill."""
    require("java", "mvn")
    made = Cluster(tmp_path_factory.mktemp("kafka")).start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three brokers of our own, all running."""
    require("java", "mvn")
    made = Cluster(tmp_path_factory.mktemp("three"), brokers=3).start()
    yield made
    made.stop()
    assert not made.runs()


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> str:
    """The address of a broker, for tests with topics of their own."""
    named = os.environ.get("SLA_TEST_KAFKA")
    return named or request.getfixturevalue("cluster").address
