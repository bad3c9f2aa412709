"""Who may do what: the key of a request, or, without keys, the machine itself."""

from __future__ import annotations

from ipaddress import ip_address

from aiohttp import web

from sla_monitor.keys import Key, KeyRing, Scope

from .problems import Refused


def authorise(keys: KeyRing, request: web.Request, scope: Scope | None) -> Key | None:
    """The key of a request that may pass; None if there are no keys, or none is needed. Raises Refused: 401, 403."""
    if not keys:
        _check_local(request)
        return None
    if scope is None:
        return None
    key = _identify(keys, request.headers.get("Authorization", ""))
    if scope not in key.scopes:
        raise Refused(403, f"this key lacks the scope {scope}")
    return key


def _identify(keys: KeyRing, authorization: str) -> Key:
    kind, _, token = authorization.partition(" ")
    key = keys.find(token.strip()) if kind.lower() == "bearer" else None
    if key is None:
        raise Refused(401, "a known key is needed", headers={"WWW-Authenticate": 'Bearer realm="sla-monitor"'})
    return key


def _check_local(request: web.Request) -> None:
    """A proxy on this machine and a page that rebinds DNS both come from loopback, but not from its user."""
    proxied = "Forwarded" in request.headers or "X-Forwarded-For" in request.headers
    if proxied or not _is_loopback(request.remote or "") or not _is_loopback(_asked_host(request)):
        raise Refused(403, "without keys only this machine is served; see `sla-monitor keys`")


def _asked_host(request: web.Request) -> str:
    """The host that the client meant; empty if that is none."""
    try:
        return request.url.host or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
