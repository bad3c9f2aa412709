"""Keys of an office of two teams, and leads of both, for whoever wants to look or act."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from ipaddress import ip_network

from sla_monitor.core.lead import Kind, Turn
from sla_monitor.core.rules import MINUTE, Manager, Rules, Team
from sla_monitor.keys import new_key, parse_keys
from sla_monitor.web.access import Proxies
from tests.web.site import NOW, Site
from tests.web.test_views import lead

PEOPLE = {
    "wall": ("read", None),
    "pbx": ("write", None),
    "anna": ("act", "anna"),
    "boris": ("act", "boris"),
    "root": ("admin", None),
    "crm": ("act", None),
}
TOKENS: dict[str, str] = {}
TEXT = ""
for _name, (_scope, _manager) in PEOPLE.items():
    TOKENS[_name], _entry = new_key(_name, [_scope], manager=_manager)
    TEXT += _entry
TEXT += "vera: {scopes: [act], manager: vera, identities: [Vera@example.com]}\n"
KEYS = parse_keys(TEXT)

RULES = Rules(
    version=1,
    managers={name: Manager(name, name.title()) for name in ("anna", "vera", "boris", "pavel")},
    teams={"sales": Team("sales", ("anna", "vera"), "boris"), "field": Team("field", ("pavel",))},
)
SAME_SITE = {"Sec-Fetch-Site": "same-origin"}
PROXY = Proxies("X-Forwarded-Email", (ip_network("127.0.0.1/32"),))


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKENS[name]}"}


@asynccontextmanager
async def office(**parts):
    """A site with keys; Anna holds a lead of sales, Pavel one of field."""
    async with Site(**({"keys": KEYS} | parts)) as site:
        site.rules = RULES
        site.log.put(lead("S-1", name="Ivan Petrov"))
        turns = [Turn(1, "pavel", NOW, NOW + 10 * MINUTE, Kind.FIRST)]
        site.log.put(lead("F-1", team_id="field", holder="pavel", turns=turns, name="Olga Orlova"))
        yield site


async def sign_in(site: Site, name: str) -> str:
    """The cookie of a session, once it is known which were ended before."""
    async with asyncio.timeout(5):
        while True:
            if site.web.access.sessions.known:
                break
            await asyncio.sleep(0)
    async with site.http.post(
        "/sign-in", data={"key": TOKENS[name]}, headers=SAME_SITE, allow_redirects=False
    ) as answer:
        assert answer.status == 303, await answer.text()
        return answer.headers["Set-Cookie"].partition(";")[0]
