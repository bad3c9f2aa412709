"""Channel addresses: `scheme://...`. What follows the scheme may be a secret and is not shown."""

from __future__ import annotations

from urllib.parse import urlsplit

HOSTED = frozenset({"json", "jsons", "xml", "xmls", "form", "forms", "mailto", "mailtos", "ntfy", "ntfys", "gotify"})
"""Schemes whose addresses name a host after the user info; elsewhere a token may stand there."""


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


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:  # brackets that are no IPv6 address
        return ""
