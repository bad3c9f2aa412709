"""Problems as people read them: a page for browsers, in the language that they ask for; and the way to signing in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import quote

from aiohttp import web

from .pages import language_asked, page, paragraph
from .sessions import COOKIE

SIGN_IN = "sign-in"

OURS = re.compile(r"(report(/sheet)?)?(\?[^\s#\\]*)?")
"""Where signing in may lead back to, seen from `/`: pages of ours, and nothing else."""


class Words(NamedTuple):
    """told: title and text by status. other: any other status."""

    told: Mapping[int, tuple[str, str]]
    other: tuple[str, str]
    board: str
    sign_in: str


WORDS: Mapping[str, Words] = {
    "en": Words(
        {
            400: ("This address is wrong", "Something in it is not as it has to be."),
            401: ("Please sign in", "This page is only for those who have signed in."),
            403: ("Not for you to see", "What you signed in with does not allow this."),
            404: ("There is no such page", "Perhaps the address was cut short, or what it led to is no longer kept."),
            410: ("It is gone", "It is no longer kept here."),
            429: ("Too many at once", "Please try again in half a minute."),
            503: ("Not to be had just now", "Please try again in a moment."),
        },
        ("Something went wrong", "It has been noted. Please try again."),
        "Open the board",
        "Sign in",
    ),
    "ru": Words(
        {
            400: ("Адрес неверен", "Что-то в нём не так, как должно быть."),
            401: ("Войдите", "Эта страница только для тех, кто вошёл."),
            403: ("Это вам недоступно", "С тем, как вы вошли, сюда нельзя."),
            404: ("Такой страницы нет", "Возможно, адрес обрезан, или того, на что он вёл, уже нет."),
            410: ("Этого больше нет", "Здесь это уже не хранится."),
            429: ("Слишком много сразу", "Попробуйте ещё раз через полминуты."),
            503: ("Сейчас не получается", "Попробуйте ещё раз через минуту."),
        },
        ("Что-то пошло не так", "Это записано. Попробуйте ещё раз."),
        "Открыть доску",
        "Войти",
    ),
}


def is_for_people(request: web.Request) -> bool:
    """Whether a browser wants to show the answer to somebody; scripts and programs ask for something else."""
    return request.method in {"GET", "HEAD"} and "text/html" in request.headers.get("Accept", "")


def as_page(request: web.Request, problem: web.Response, detail: str) -> web.Response:
    """A problem, for people. detail: what the server says of it, in English."""
    root = "../" * (request.path.count("/") - 1)
    if problem.status == HTTPStatus.UNAUTHORIZED:
        response = _to_sign_in(request, root)
    else:
        response = _page(request, problem.status, detail, root)
    for name in ("Retry-After", "Allow"):
        if name in problem.headers:
            response.headers[name] = problem.headers[name]
    return response


def way_back(request: web.Request) -> str:
    """Where somebody wanted to go before signing in, seen from `/`; the board if nowhere, or elsewhere."""
    wanted = request.query.get("next", "")
    return wanted if OURS.fullmatch(wanted) else ""


def _to_sign_in(request: web.Request, root: str) -> web.Response:
    wanted = request.rel_url.raw_path_qs.removeprefix("/")
    query = f"?next={quote(wanted, safe='')}" if wanted and OURS.fullmatch(wanted) else ""
    return web.Response(status=303, headers={"Location": f"{root}{SIGN_IN}{query}"})


def _page(request: web.Request, status: int, detail: str, root: str) -> web.Response:
    language = language_asked(request, WORDS)
    words = WORDS[language]
    title, text = words.told.get(status, words.other)
    more = [paragraph(f"{detail[:1].upper()}{detail[1:]}.")] if language == "en" else []
    ways = [f'<a href="{root or "./"}">{words.board}</a>']
    if status == HTTPStatus.FORBIDDEN or COOKIE not in request.cookies:
        ways.append(f'<a href="{root}{SIGN_IN}">{words.sign_in}</a>')
    return page(title, [paragraph(text), *more, f"<p>{' · '.join(ways)}</p>"], language, root=root, status=status)
