"""What comes from outside, as text that does nothing: a lead's name is written by whoever fills in a form.

A service that reads markup, mentions or addresses in what it is sent would let a stranger ping a whole channel, or
show a manager a link that is not ours. How each service is kept from it is a row of `STYLES`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, NamedTuple

from .address import scheme

LONGEST_NAME = 60
"""Characters of a name that are shown."""

BREAK = "\u200b"
"""A zero-width space: nothing to see, and the end of a mention or an address."""

_DIRECTIONS = {0x061C, *range(0x200E, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
_UNSEEN = {0x200B, 0xFEFF, *range(0x2060, 0x2065), *range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE0080)}
_GONE = dict.fromkeys(_DIRECTIONS | _UNSEEN)
"""Characters that turn the direction of what follows them, or hide something. Joiners stay: scripts need them."""

_MENTION = re.compile(r"@(?=\S)")
_ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=\w)(?=\.[^\W\d_]{2})|(?<=\])(?=[(:\[])")
"""Where a link would be made: after the scheme, before the end of a host's name, between a text and its target."""
_MARKUP = re.compile(r"[\\`*_~|#\[\]]")
_ANGLES = str.maketrans("<>", "‹›")


class Style(NamedTuple):
    """What a service reads in a text. links: mentions and addresses; angles: `<...>`; markdown: that."""

    links: bool = True
    angles: bool = True
    markdown: bool = False


PLAIN, CHAT, MARKDOWN, DATA = Style(angles=False), Style(), Style(markdown=True), Style(links=False, angles=False)

STYLES: Mapping[str, Style] = {
    **dict.fromkeys(("json", "jsons", "xml", "xmls", "form", "forms", "log"), DATA),
    **dict.fromkeys(("telegram", "slack", "mailto", "mailtos"), PLAIN),
    **dict.fromkeys(("discord", "guilded", "mmost", "mmosts", "zulip"), MARKDOWN),
}
"""By scheme; all others: `CHAT`. Programs get what was written. Markdown of the services that read it in what is sent
as plain text; for those that are sent Markdown or HTML, apprise escapes it.
"""


def clean(value: Any) -> str:
    """A value as part of one line: it can neither begin another, nor steer a terminal, nor turn the text around."""
    text = " ".join(str(value).translate(_GONE).split())
    return "".join(character for character in text if unicodedata.category(character) not in ("Cc", "Cs"))


def short(name: str) -> str:
    """A name, cut to what is shown."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1].rstrip()}…"


def defuse(text: str, address: str) -> str:
    """A text from outside as the service of an address may be given it."""
    style = STYLES.get(scheme(address), CHAT)
    if style.links:
        text = _ADDRESS.sub(BREAK, _MENTION.sub("@" + BREAK, text))
    if style.angles:
        text = text.translate(_ANGLES)
    return _MARKUP.sub(r"\\\g<0>", text) if style.markdown else text
