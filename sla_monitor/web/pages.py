"""Small pages that work without a script: signing in, claiming a lead."""

from __future__ import annotations

from collections.abc import Container, Iterable
from html import escape

from aiohttp import web

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
}

LANGUAGE = "language"
"""The cookie of the language that was chosen with the switch of a page."""

PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>{title}</title>
<link rel="stylesheet" href="{root}static/page.css">
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def page(title: str, body: Iterable[str], language: str, *, root: str, status: int = 200) -> web.Response:
    """A page. body: HTML, a line each. root: the way from its address to ours, which may lie below a path."""
    text = PAGE.format(language=language, title=escape(title), body="\n".join(body), root=root)
    return web.Response(text=text, status=status, content_type="text/html", headers=HEADERS)


def paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def facts(lines: Iterable[tuple[str, str | None]]) -> str:
    """What is known, by name; what is not is left out."""
    known = (f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in lines if value)
    return f"<dl>{''.join(known)}</dl>"


def language_asked(request: web.Request, known: Container[str]) -> str:
    """What was chosen on the board, else the first language that the browser names and we have."""
    chosen = request.cookies.get(LANGUAGE, "")
    asked = (part.strip()[:2].lower() for part in request.headers.get("Accept-Language", "").split(","))
    return next((language for language in (chosen, *asked) if language in known), "en")
