"""The modules of the page that need no browser, run by node."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

TESTS = Path(__file__).parent / "js"


def test_the_modules_of_the_page_keep_their_promises():
    node = shutil.which("node")
    if node is None:
        assert not os.environ.get("CI"), "node is missing: .ci/run installs it"
        pytest.skip("there is no node here")
    done = subprocess.run([node, "--test", str(TESTS)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
