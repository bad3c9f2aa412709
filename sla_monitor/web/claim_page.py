"""The page of a claim link. Looking changes nothing, so that whoever checks links in a mail claims nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, tzinfo
from html import escape
from zoneinfo import ZoneInfoNotFoundError

from aiohttp import web

from sla_monitor.claims import Claim, Expired
from sla_monitor.core.calendar import zone
from sla_monitor.core.lead import Lead
from sla_monitor.core.people import zone_name
from sla_monitor.core.rules import Rules
from sla_monitor.errors import TryAgain
from sla_monitor.signing import Forged
from sla_monitor.values import local_text, span_text

from .claim_texts import WORDS, Said, Words
from .claiming import Claiming, Fate, Found
from .context import Web
from .pages import facts, language_asked, page, paragraph
from .views import Views, due_at, first_response
from .visitors import masked

ROOT = "../"
"""From here to where we begin, which may lie below a path."""

NOTHING_TO_SEE = {Fate.REFUSED: 403, Fate.FOREIGN: 403, Fate.GONE: 410}
"""Statuses of a page that is not for whoever opens it, or of nothing; 200 for the others."""

TAPPED = {Fate.OPEN: 202, Fate.YOURS: 200, **NOTHING_TO_SEE}
"""Statuses of an answer to a tap; 409 for the others: somebody or something was faster."""


class ClaimPage:
    def __init__(self, context: Web, views: Views) -> None:
        self._web = context
        self._claiming = Claiming(context, views)

    async def show(self, request: web.Request) -> web.Response:
        """GET /claim/{token}"""
        claim = self._read(request)
        if isinstance(claim, web.Response):
            return claim
        words = self._words(claim)
        try:
            found = await self._claiming.look(claim)
        except TryAgain:
            return self._message(claim, words.unread, 503)
        status = NOTHING_TO_SEE.get(found.fate, 200)
        offered = {Fate.OPEN: words.button, Fate.YOURS: words.confirm}
        more = [_button(offered[found.fate])] if found.fate in offered else []
        return self._page(claim, found, words.said[found.fate], status, *more)

    async def take(self, request: web.Request) -> web.Response:
        """POST /claim/{token}"""
        claim = self._read(request)
        if isinstance(claim, web.Response):
            return claim
        words = self._words(claim)
        try:
            found = await self._claiming.take(claim)
        except TryAgain:
            return self._message(claim, words.unstored, 503, _button(words.button))
        said = words.tapped.get(found.fate, words.said[found.fate])
        more = [_again(words)] if found.fate is Fate.OPEN else []
        return self._page(claim, found, said, TAPPED.get(found.fate, 409), *more, tapped=True)

    def _read(self, request: web.Request) -> Claim | web.Response:
        """The claim of a link; else the page that says what is wrong with it."""
        try:
            return self._web.claims.read(request.match_info["token"])
        except Expired as expired:
            return self._message(expired.claim, self._words(expired.claim).expired, 410)
        except Forged:
            language = language_asked(request, WORDS)
            said = WORDS[language].forged
            return page(said.title, [paragraph(said.text)], language, root=ROOT, status=403)

    # what is shown

    def _words(self, claim: Claim) -> Words:
        return WORDS[self._language(claim)]

    def _language(self, claim: Claim) -> str:
        manager = self._web.rules().managers.get(claim.manager_id)
        return next((spoken for spoken in (manager.languages if manager else ()) if spoken in WORDS), "en")

    def _page(
        self, claim: Claim, found: Found, said: Said, status: int, *more: str, tapped: bool = False
    ) -> web.Response:
        """more: what can be done. tapped: whether the answer is to somebody who has done it."""
        words, rules = self._words(claim), self._web.rules()
        who = who_was_faster(found, words, rules)
        title, text = (part.format(lead=claim.lead_id, who=who) for part in said)
        body = [paragraph(text)]
        if found.lead is not None and found.fate is not Fate.GONE:
            body.append(facts(self._facts(claim, found.lead, found.fate, words, tapped=tapped)))
            body += _ways(found.lead, words) if tapped and found.fate is Fate.YOURS else []
        body += more
        body.append(f'<p><a href="{ROOT}">{words.board}</a></p>')
        return page(title[:1].upper() + title[1:], body, self._language(claim), root=ROOT, status=status)

    def _message(self, claim: Claim, said: Said, status: int, *more: str) -> web.Response:
        """A page that shows nothing of the lead."""
        return page(said.title, [paragraph(said.text), *more], self._language(claim), root=ROOT, status=status)

    def _facts(
        self, claim: Claim, lead: Lead, fate: Fate, words: Words, *, tapped: bool
    ) -> Iterator[tuple[str, str | None]]:
        """A link may lie in a log, or be opened by a checker: who the customer is, only a claim that was made shows."""
        rules, shows = self._web.rules(), tapped and fate is Fate.YOURS
        yield words.lead_id, lead.lead_id
        yield words.customer, (lead.name if shows else masked(lead.name)) if lead.name else None
        yield words.source, lead.source
        if fate in {Fate.OPEN, Fate.YOURS, Fate.TAKEN}:
            yield words.due, self._due(claim, due_at(lead), words)
            yield words.holder, _name(lead.holder, rules) or words.nobody

    def _due(self, claim: Claim, at: int, words: Words) -> str | None:
        """By when, and how far off that is."""
        now = self._web.clock.now()
        local, left = local_time(at, claim.manager_id, self._web.rules(), now), at - now
        span = span_text(abs(left), self._language(claim))
        return local and f"{local}, {words.left.format(left=span) if left >= 0 else words.late.format(late=span)}"


def _ways(lead: Lead, words: Words) -> Iterator[str]:
    """How to reach the customer, once the claim is made."""
    yield from (
        f'<p><a class="way" href="tel:{escape(phone)}">{words.call} {escape(phone)}</a></p>' for phone in lead.phones
    )
    if lead.url:
        yield f'<p><a class="way" href="{escape(lead.url)}" rel="noopener noreferrer">{words.crm}</a></p>'


def _button(label: str) -> str:
    return f'<form method="post"><button>{label}</button></form>'


def _again(words: Words) -> str:
    """A link to the page itself."""
    return f'<p><a href="">{words.again}</a></p>'


def who_was_faster(found: Found, words: Words, rules: Rules) -> str:
    """Who was faster."""
    lead, answered = found.lead, found.fate is Fate.ANSWERED
    named = "" if lead is None else first_response(lead)[1] if answered else lead.holder
    return _name(named, rules) or words.somebody


def _name(manager_id: str, rules: Rules) -> str:
    manager = rules.managers.get(manager_id)
    return (manager and manager.name) or manager_id


def local_time(at: int, manager_id: str, rules: Rules, now: int) -> str | None:
    """An instant in the time zone of the manager (see `core.people.zone_name`), with its day if that is not today."""
    where: tzinfo = UTC
    with suppress(ZoneInfoNotFoundError):  # the policy was resolved on a machine that knows a newer zone
        where = zone(zone_name(rules, manager_id))
    return local_text(at, now, where) if at else None
