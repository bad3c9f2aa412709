from pathlib import Path

import pytest

from tests.deploy.image import context, install, wheel


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel."""
    made = tmp_path_factory.mktemp("build")
    return wheel(context(made / "context"), made / "wheels")


@pytest.fixture(scope="session")
def image(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(package, tmp_path_factory.mktemp("image") / "sla-monitor")
