"""Signing in to the board with a key that is pasted once, and out."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qs

from aiohttp import web

from sla_monitor.errors import TryAgain
from sla_monitor.keys import mark_of

from .context import Web
from .limits import read_body
from .pages import language_asked, page, paragraph
from .problem_page import way_back
from .problems import Refused
from .sessions import Session
from .signing_out import tell_others

logger = logging.getLogger(__name__)

LARGEST = 4096
"""Bytes of the form."""


class Words(NamedTuple):
    title: str
    ask: str
    key: str
    enter: str
    unknown: str
    useless: str
    no_secret: str


WORDS: Mapping[str, Words] = {
    "en": Words(
        "Sign in",
        "Paste the key that you were given. It is not kept in this browser.",
        "Key",
        "Sign in",
        "This key is not known.",
        "This key only sends events; it opens no board.",
        "Nobody can sign in before SLA_SECRET_FILE is set.",
    ),
    "ru": Words(
        "Вход",
        "Вставьте ключ, который вам дали. В браузере он не сохраняется.",
        "Ключ",
        "Войти",
        "Такого ключа нет.",
        "Этот ключ только отправляет события, доску он не открывает.",
        "Вход невозможен, пока не задан SLA_SECRET_FILE.",
    ),
}


class SignIn:
    def __init__(self, context: Web) -> None:
        self._web = context
        self._access = context.access

    async def show(self, request: web.Request) -> web.Response:
        """GET /sign-in"""
        return _form(request, "" if self._access.sessions else "no_secret")

    async def enter(self, request: web.Request) -> web.Response:
        """POST /sign-in"""
        self._access.check_origin(request, browser=True)
        if not self._access.sessions:
            return _form(request, "no_secret", 503)
        token = await self._token(request)
        key = self._access.keys.find(token)
        if key is None or "read" not in key.scopes:
            return _form(request, "useless" if key else "unknown", 403)
        response = _elsewhere(f"./{way_back(request)}")
        self._access.sessions.begin(response, key.name, mark_of(token))
        return response

    async def leave(self, request: web.Request) -> web.Response:
        """POST /sign-out"""
        self._access.check_origin(request, browser=True)
        response = _elsewhere("sign-in")
        session = self._access.sessions.end(request, response)
        if session is not None:
            await self._tell_others(session)
        return response

    async def _tell_others(self, session: Session) -> None:
        """Here it is over whatever becomes of this."""
        try:
            await tell_others(self._web, session)
        except TryAgain:
            logger.warning("a session of %s was ended in this process; others could not be told", session.name)

    async def _token(self, request: web.Request) -> str:
        body = await read_body(request, LARGEST, self._web.limits.body_seconds)
        try:
            return parse_qs(body.decode()).get("key", [""])[0].strip()
        except ValueError:
            raise Refused(400, "not a form") from None


def _form(request: web.Request, said: str, status: int = 200) -> web.Response:
    language = language_asked(request, WORDS)
    words = WORDS[language]
    body = [
        paragraph(getattr(words, said)).replace("<p>", '<p role="alert">') if said else paragraph(words.ask),
        '<form method="post">',
        f'<label>{words.key} <input name="key" type="password" autocomplete="off" required autofocus></label>',
        f"<button>{words.enter}</button>",
        "</form>",
    ]
    response = page(words.title, body, language, root="", status=status)
    response.headers["Referrer-Policy"] = "same-origin"  # without it browsers hide where the form comes from
    return response


def _elsewhere(path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": path})
