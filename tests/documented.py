"""What docs/outcomes.md says of each outcome's data."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = (Path(__file__).parent.parent / "docs/outcomes.md").read_text()
DECISIONS = ("sla.met", "sla.breached", "sla.breach_retracted")


def sections(level: str) -> dict[str, set[str]]:
    """The fields named in the tables of each section, by its heading."""
    parts = re.split(rf"^{level} (.+)$", PAGE, flags=re.MULTILINE)[1:]
    return {
        name: _fields(re.split(r"^#", text, flags=re.MULTILINE)[0])
        for name, text in zip(parts[::2], parts[1::2], strict=True)
    }


def _fields(text: str) -> set[str]:
    cells = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def fields() -> dict[str, set[str]]:
    """type -> the names that its data may have."""
    shared, decisions = sections("##")["In every outcome"], sections("##")["Decisions"]
    own = sections("###")
    return {kind: own[kind] | shared | (decisions if kind in DECISIONS else set()) for kind in own}
