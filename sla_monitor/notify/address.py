"""Channel addresses: `scheme://...`. What follows the scheme may be a secret and is not shown."""

from __future__ import annotations

from urllib.parse import urlsplit

from sla_monitor.policy.chats import native, person

HOSTED = frozenset({"json", "jsons", "xml", "xmls", "form", "forms", "mailto", "mailtos", "ntfy", "ntfys", "gotify"})
"""Schemes whose addresses name a host after the user info; elsewhere a token may stand there."""


TO_ONE = frozenset(
    {
        *("mailto", "mailtos", "json", "jsons", "xml", "xmls", "form", "forms", "log"),
        *("pover", "pbul", "prowl", "bark", "barks", "join", "pushy", "spush", "threema", "whatsapp"),
        *(
            "twilio",
            "vonage",
            "nexmo",
            "msgbird",
            "clicksend",
            "sinch",
            "plivo",
            "d7sms",
            "msg91",
            "smseagle",
            "smseagles",
        ),
    }
)
"""Schemes of apprise whose addresses name a mailbox, a phone, or a program that answers for what it does."""


def scheme(address: str) -> str:
    """In small letters; empty if there is none."""
    return address.partition("://")[0].lower() if "://" in address else ""


def place(address: str) -> str:
    """Scheme and whatever stands for the host: addresses with the same place fail together. Not to be shown."""
    return f"{scheme(address)}://{_host(address)}"


def shown(address: str) -> str:
    """What may be shown of an address: `json://crm.example`, `tgram://...`."""
    kind = scheme(address)
    return f"{kind}://{_host(address) if kind in HOSTED else '...'}"


def to_one(address: str) -> bool:
    """Whether one person reads what comes there; of a chat that others may read too, or of which we do not know: no."""
    if native(address):
        return person(address) is not None
    kind, _, rest = address.partition("://")
    return kind.lower() in TO_ONE or (kind.lower() == "tgram" and rest.rstrip("/").rpartition("/")[2].isdecimal())


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:  # brackets that are no IPv6 address
        return ""
