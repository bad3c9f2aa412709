"""What only sla-monitor itself says, so that nobody can speak in its name."""

from __future__ import annotations

OURS = "/sla-monitor"
"""The CloudEvents `source` of what is made here, and of all below it: board, claim."""

DETAIL = "is sla-monitor's own; name a source of yours"


def reserved(source: str) -> bool:
    """Whether a source is ours: an event in its name could pass for an act, or take the id that an act will have."""
    return source == OURS or source.startswith(OURS + "/")


def actor_of(source_name: str, said: str) -> str:
    """Who a source says has acted, told apart from who was known at a door of ours: no key has a colon in its name."""
    return f"{source_name}:{said}" if said else ""
