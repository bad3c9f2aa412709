"""The page of a claim link. Looking changes nothing, so that whoever checks links in a mail claims nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aiohttp import web

from sla_monitor.claims import SOURCE, Claim, Expired
from sla_monitor.core.lead import Lead
from sla_monitor.core.rules import Rules
from sla_monitor.errors import TryAgain
from sla_monitor.signing import Forged

from .claim_texts import WORDS, Said, Words
from .context import Web
from .entrance import Entrance
from .fate import Fate, fate
from .pages import facts, language_asked, page, paragraph
from .views import Views, due_at, first_response
from .visitors import masked

TAPPED = {Fate.OPEN: 202, Fate.YOURS: 200, Fate.REFUSED: 403, Fate.GONE: 410}
"""Statuses of an answer to a tap; 409 for the others: somebody or something was faster."""


class ClaimPage:
    def __init__(self, context: Web, views: Views) -> None:
        self._web, self._views = context, views
        self._entrance = Entrance(context)

    async def show(self, request: web.Request) -> web.Response:
        """GET /claim/{token}"""
        return await self._answer(request, self._shown)

    async def take(self, request: web.Request) -> web.Response:
        """POST /claim/{token}"""
        return await self._answer(request, self._taken)

    async def _answer(self, request: web.Request, act: Callable[[Claim], Awaitable[web.Response]]) -> web.Response:
        """What a link leads to, or the page that says what is wrong with it."""
        try:
            claim = self._web.claims.read(request.match_info["token"])
        except Forged:
            language = language_asked(request, WORDS)
            return _message(WORDS[language].forged, language, 403)
        except Expired as expired:
            return _message(self._words(expired.claim).expired, self._language(expired.claim), 410)
        try:
            return await act(claim)
        except TryAgain:
            return _message(self._words(claim).unread, self._language(claim), 503)

    async def _shown(self, claim: Claim) -> web.Response:
        lead = await self._lead(claim)
        found = self._fate(claim, lead)
        return self._page(claim, lead, found, self._words(claim).said[found], 410 if found is Fate.GONE else 200)

    async def _taken(self, claim: Claim) -> web.Response:
        lead, words = await self._lead(claim), self._words(claim)
        found = self._fate(claim, lead)
        if found in {Fate.OPEN, Fate.YOURS}:
            try:
                lead = await self._claim(claim, found, lead)
            except TryAgain:
                return self._page(claim, lead, found, words.unstored, 503)
            found = self._fate(claim, lead)
        said = words.tapped.get(found, words.said[found])
        return self._page(claim, lead, found, said, TAPPED.get(found, 409), tapped=True)

    async def _lead(self, claim: Claim) -> Lead | None:
        """The lead of a claim, or the one that it became part of (R25)."""
        lead = await self._views.row(claim.lead_id)
        return await self._views.followed(lead) if lead else None

    def _fate(self, claim: Claim, lead: Lead | None) -> Fate:
        """Whoever has left the roster since the notice takes nothing."""
        found, managers = fate(lead, claim), self._web.rules().managers
        gone = found is Fate.OPEN and managers and claim.manager_id not in managers
        return Fate.REFUSED if gone else found

    async def _claim(self, claim: Claim, found: Fate, lead: Lead | None) -> Lead | None:
        """Write the claim, and the lead as it is when that is decided, or nobody can wait any longer.

        By the present holder it is an acknowledgement, and there is nothing to wait for.
        """
        data = {"lead_id": claim.lead_id, "manager_id": claim.manager_id, "turn": claim.turn}
        await self._entrance.make("lead.claimed.v1", SOURCE, claim.event_id, data)
        if found is not Fate.OPEN or lead is None:
            return lead
        seconds = self._web.limits.claim_seconds
        return await self._views.until(lead.lead_id, lambda now: fate(now, claim) is not Fate.OPEN, seconds)

    # what is shown

    def _words(self, claim: Claim) -> Words:
        return WORDS[self._language(claim)]

    def _language(self, claim: Claim) -> str:
        manager = self._web.rules().managers.get(claim.manager_id)
        return next((spoken for spoken in (manager.languages if manager else ()) if spoken in WORDS), "en")

    def _page(
        self, claim: Claim, lead: Lead | None, found: Fate, said: Said, status: int, *, tapped: bool = False
    ) -> web.Response:
        words, rules = self._words(claim), self._web.rules()
        who = _who(lead, found, words, rules)
        title, text = (part.format(lead=claim.lead_id, who=who) for part in said)
        title = title[:1].upper() + title[1:]
        body = [paragraph(text)]
        if lead is not None and found is not Fate.GONE:
            body.append(facts(_facts(claim, lead, found, words, rules)))
        if found is Fate.OPEN:
            body.append(_again(words) if tapped else _button(words))
        return page(title, body, self._language(claim), root="../", status=status)


def _message(said: Said, language: str, status: int) -> web.Response:
    return page(said.title, [paragraph(said.text)], language, root="../", status=status)


def _button(words: Words) -> str:
    return f'<form method="post"><button>{words.button}</button></form>'


def _again(words: Words) -> str:
    """A link to the page itself."""
    return f'<p><a href="">{words.again}</a></p>'


def _who(lead: Lead | None, found: Fate, words: Words, rules: Rules) -> str:
    """Who was faster."""
    named = "" if lead is None else first_response(lead)[1] if found is Fate.ANSWERED else lead.holder
    return _name(named, rules) or words.somebody


def _name(manager_id: str, rules: Rules) -> str:
    manager = rules.managers.get(manager_id)
    return (manager and manager.name) or manager_id


def _facts(claim: Claim, lead: Lead, found: Fate, words: Words, rules: Rules) -> Iterator[tuple[str, str | None]]:
    """A link may lie in a log: the customer's name is masked until the lead is theirs."""
    yield words.lead_id, lead.lead_id
    yield words.customer, (lead.name if found is Fate.YOURS else masked(lead.name)) if lead.name else None
    yield words.source, lead.source
    if found in {Fate.OPEN, Fate.YOURS, Fate.TAKEN}:
        yield words.due, _local(due_at(lead), claim.manager_id, rules)
        yield words.holder, _name(lead.holder, rules) or words.nobody


def _local(at: int, manager_id: str, rules: Rules) -> str | None:
    """An instant in the time zone of the manager's shift, else UTC."""
    manager = rules.managers.get(manager_id)
    hours = rules.calendars.get(manager.shift or "") if manager else None
    zone: tzinfo = UTC
    with suppress(ZoneInfoNotFoundError):  # the policy was resolved on a machine that knows a newer zone
        zone = ZoneInfo(hours.timezone) if hours else UTC
    return datetime.fromtimestamp(at / 1000, zone).strftime("%Y-%m-%d %H:%M:%S %Z") if at else None
