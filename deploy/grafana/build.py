"""The dashboards as files: `python -m tests.docs` writes them with the other generated pages."""

from __future__ import annotations

from collections.abc import Callable

from .managers import MANAGERS
from .overview import OVERVIEW
from .pipeline import PIPELINE

DASHBOARDS: dict[str, Callable[[], str]] = {
    f"deploy/grafana/dashboards/{sheet.name}.json": sheet.json for sheet in (OVERVIEW, MANAGERS, PIPELINE)
}
