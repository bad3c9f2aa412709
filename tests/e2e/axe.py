"""axe-core in the page: the rules of accessibility that a machine can check.

The package lies in `tests/e2e/node_modules`, where `npm ci` puts it (see `.ci/run`); it is never shipped.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.browser import Browser

LOOK = "return axe.run(document, {resultTypes: ['violations']}).then((found) => JSON.stringify(found.violations))"
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"


def serious(browser: Browser) -> list[str]:
    """What is serious or critical on the page as it is: the rule, and the elements that break it."""
    if not AXE.exists():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("axe-core missing: npm ci --prefix tests/e2e")
    if browser.run("return typeof axe") == "undefined":
        browser.cdp("Runtime.evaluate", expression=AXE.read_text())
    violations = json.loads(browser.run(LOOK))
    return [_told(one) for one in violations if one["impact"] in ("serious", "critical")]


def _told(violation: dict[str, Any]) -> str:
    nodes = [f"{node['html'][:150]} {node['failureSummary'][:300]}" for node in violation["nodes"][:4]]
    return f"{violation['id']}: {violation['help']}: {nodes}"
