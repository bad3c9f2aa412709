"""Who may do what: a bearer key, an identity that a trusted proxy tells, a session, or, without keys, this machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import web

from sla_monitor.core.rules import Rules
from sla_monitor.keys import Key, KeyRing, Scope

from .problems import Refused
from .sessions import Sessions
from .visitors import MACHINE, By, Visitor, visitor_of

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
HERE = frozenset({"same-origin", "none"})
"""What browsers say of requests that no other site has made (`Sec-Fetch-Site`)."""

PROXYS = frozenset(
    {"forwarded", "via", "x-real-ip", "true-client-ip", "x-client-ip", "x-cluster-client-ip", "fly-client-ip"}
)
PROXYS_FAMILIES = ("x-forwarded", "x-original-", "cf-", "fastly-", "x-envoy-", "x-appengine-", "x-amzn-")
"""Headers, in small letters, that a proxy adds and no program on this machine does."""

BEARER = {"WWW-Authenticate": 'Bearer realm="sla-monitor"'}


@dataclass(frozen=True, slots=True)
class Proxies:
    """header: in which those at the `trusted` addresses say who comes; from any other address it says nothing."""

    header: str = ""
    trusted: tuple[IPv4Network | IPv6Network, ...] = ()

    def identity(self, request: web.Request) -> str | None:
        """Who comes, as a trusted proxy says. Raises Refused (403) when two are named: one came from the client."""
        said = request.headers.getall(self.header, []) if self.header and self._trusts(request.remote) else []
        if len(said) > 1:
            raise Refused(403, "the proxy names two identities; let it overwrite the header that clients send")
        return said[0].strip() or None if said else None

    def _trusts(self, remote: str | None) -> bool:
        try:
            address = ip_address(remote or "")
        except ValueError:
            return False
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return any((mapped or address) in network for network in self.trusted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """public_url: where browsers find us when a proxy changes the host that they asked for."""

    sessions: Sessions
    keys: KeyRing = field(default_factory=KeyRing)
    proxies: Proxies = field(default_factory=Proxies)
    public_url: str | None = None

    def admit(self, request: web.Request) -> None:
        """Let in whoever needs no key. Raises Refused (403)."""
        if not self.keys:
            check_local(request)

    def visitor(self, request: web.Request, scope: Scope, rules: Rules) -> tuple[Visitor, Key | None]:
        """Who makes a request that needs a scope, and their key, if there are any. Raises Refused: 401, 403, 503."""
        self.admit(request)
        if not self.keys:
            self.check_origin(request)
            return MACHINE, None
        key, by = self._identify(request)
        if by is not By.KEY:
            self.check_origin(request, browser=True)
        if scope not in key.scopes or (scope == "write" and by is not By.KEY):
            raise Refused(403, f"this needs a key with the scope {scope}")
        return visitor_of(key, by, rules), key

    def known(self, request: web.Request) -> Key | None:
        """Whose request it is, whatever it asks for."""
        try:
            return self._identify(request)[0]
        except Refused:
            return None

    def _identify(self, request: web.Request) -> tuple[Key, By]:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return _known(self.keys.find(token.strip())), By.KEY
        identity = self.proxies.identity(request)
        if identity is not None:
            key = self.keys.identified(identity)
            if key is None:
                raise Refused(403, "the proxy knows you, and the key file has nobody of that identity")
            return key, By.PROXY
        session = self.sessions.read(request)
        if session and not self.sessions.known:
            raise Refused(503, "who has signed out is not known yet; try again", headers={"Retry-After": "1"})
        return _known(session and self.keys.marked(session.name, session.mark)), By.SESSION

    def check_origin(self, request: web.Request, *, browser: bool = False) -> None:
        """What a page of another site makes a browser send changes nothing here. Raises Refused (403).

        browser: only one can send this, and browsers tell where it comes from.
        """
        if request.method in SAFE:
            return
        site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
        if site is None and origin is None and not browser:
            return
        ours = self._is_ours(origin, request) if site is None else site in HERE
        if not ours:
            raise Refused(403, "this comes from a page of another site, and nothing was done")

    def _is_ours(self, origin: str | None, request: web.Request) -> bool:
        _, _, asked = (origin or "").partition("://")
        _, _, public = (self.public_url or "").partition("://")
        return bool(asked) and asked in {request.headers.get("Host"), public.partition("/")[0]}


def _known(key: Key | None) -> Key:
    if key is None:
        raise Refused(401, "a known key is needed", headers=BEARER)
    return key


def check_local(request: web.Request) -> None:
    """A proxy on this machine and a page that rebinds DNS both come from loopback, but not from its user."""
    if (
        any(map(_is_proxys, request.headers))
        or not _is_loopback(request.remote or "")
        or not _is_loopback(_asked_host(request))
    ):
        raise Refused(403, "without keys only this machine is served; see `sla-monitor keys`")


def _is_proxys(header: str) -> bool:
    name = header.lower()
    return name in PROXYS or name.startswith(PROXYS_FAMILIES)


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
