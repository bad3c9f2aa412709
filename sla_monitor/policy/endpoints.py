"""Addresses of webhooks as they are written in the policy file."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from sla_monitor.internet import is_public

HERE = ("localhost", ".localhost", ".local", ".internal")
"""Names that never stand for a public address."""


def endpoint(url: str) -> str:
    """Raises ValueError, with the remedy; the value is not repeated, as it may carry a token."""
    parts = _split(url)
    if parts is None or parts.scheme not in ("https", "http") or not parts.hostname or not url.isascii():
        raise ValueError("must be an address such as https://crm.example/hooks/sla")
    if parts.username is not None:
        raise ValueError("must not carry a password, as the policy lies in the logs; requests are signed instead")
    if parts.fragment:
        raise ValueError("must not have a fragment (#...): it is never sent")
    return url


def _split(url: str) -> SplitResult | None:
    """None for what has brackets, a port or characters that no address has."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts if url.isprintable() and " " not in url else None


def private(url: str) -> str | None:
    """Why an address may be used with `allow_private` alone, as far as it says so itself; names are resolved later."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "http":
        return "has http://, which anybody on the way can read; use https://, or allow_private in a network of your own"
    if host.endswith(HERE) or _not_public(host):
        return "has a host that is not public; set allow_private if it is to be one of your own network"
    return None


def _not_public(host: str) -> bool:
    try:
        return not is_public(host)
    except ValueError:  # a name
        return False
