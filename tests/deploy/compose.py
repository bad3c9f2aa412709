"""docker-compose.yml and the Dockerfile, as the tests read them."""

from __future__ import annotations

import re
import shlex
from typing import Any

import yaml

from tests.deploy.tools import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("topics", "worker", "web", "audit", "deadman")
ON_KAFKA = ("topics", "worker", "web", "audit")

_STAGE = (ROOT / "deploy" / "Dockerfile").read_text().rpartition("\nFROM ")[2]
_LINES = re.sub(r"\\\n\s*", "", _STAGE).splitlines()


def instruction(name: str) -> str:
    """What an instruction of the image says, in one line."""
    (said,) = (line.removeprefix(f"{name} ") for line in _LINES if line.startswith(f"{name} "))
    return said


def image_environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in shlex.split(instruction("ENV")))


def environment(service: str) -> dict[str, str]:
    """Of one of our services: the image's, then what the service says."""
    return image_environment() | SERVICES[service].get("environment", {})


def span(text: str) -> float:
    """Seconds."""
    return float(text.removesuffix("s"))


def size(text: str) -> int:
    """Bytes."""
    return int(text.removesuffix("m")) * 1024**2
