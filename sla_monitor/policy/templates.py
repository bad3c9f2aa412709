"""What a team may say in its own words: texts with named placeholders, checked when the policy is read.

Placeholders are names of a closed set and nothing else, so a template can neither look into values nor compute.
"""

from __future__ import annotations

from collections.abc import Iterator
from string import Formatter

from sla_monitor.documents import did_you_mean

LANGUAGES = ("en", "ru")
"""The languages of notices."""

PLACEHOLDERS = {
    "lead": "the customer's name if the channel may have it, else the lead id",
    "lead_id": "the lead id",
    "customer": "the customer's number, if the channel may have it",
    "source": "where the lead came from",
    "turn": "the number of the turn",
    "due": "by when to respond, in the manager's time zone",
    "left": "how much time is left until then",
    "late": "how long ago that was, once it is past",
    "reason": "why",
    "share": "of a warning: percent of the time that has passed",
    "from_name": "who had the lead before",
    "to_name": "who has it now",
    "holder": "who holds it",
    "by": "who responded, or closed it",
    "into": "of a lead that became part of another: that one's id",
    "responded": "when they did",
    "channel": "of an undelivered notice: the scheme of the channel",
    "about": "of an undelivered notice: what it said",
}
"""What a text may name in braces, and what it stands for."""


def named(text: str) -> Iterator[str]:
    """The placeholders of a text. Raises ValueError, with the remedy."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        raise ValueError("has a brace that is no placeholder's; write {{ or }} for a brace itself") from None
    for _, name, form, conversion in parts:
        if name is None:
            continue
        if form or conversion or name not in PLACEHOLDERS:
            hint = did_you_mean(name, PLACEHOLDERS) if name.isidentifier() else "; it is a name alone, such as {lead}"
            raise ValueError(f"has a placeholder that notices do not know{hint}")
        yield name


def check_text(text: str) -> str:
    """The text, if its placeholders can be filled in. Raises ValueError."""
    list(named(text))
    return text
