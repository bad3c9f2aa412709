"""What the checks of the deployment files need beside Python, and what happens where it is missing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / "deploy" / ".tools" / "bin"


def tool(name: str) -> str:
    """The path of a command of deploy/tools.lock, as .ci/run installs it, or of the machine."""
    found = shutil.which(name, path=f"{TOOLS}:{os.environ['PATH']}")
    return found or missing(f"{name} is missing: run deploy/tools; kubectl is in Debian's kubernetes-client")


def missing(what: str) -> NoReturn:
    """Skip the test, or fail it in CI."""
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(what)
    raise AssertionError
