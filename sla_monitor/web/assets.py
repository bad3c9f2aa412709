"""The pages that live in a browser, and the files that they need."""

from __future__ import annotations

from importlib.resources import files

from aiohttp import web

from .problems import Refused

TYPES = {
    "html": "text/html",
    "js": "text/javascript",
    "mjs": "text/javascript",
    "css": "text/css",
    "svg": "image/svg+xml",
}

PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "X-Frame-Options": "DENY",
}


class Assets:
    def __init__(self) -> None:
        here = files(__package__) / "static"
        self._files = {file.name: file.read_bytes() for file in here.iterdir()}

    async def board(self, _request: web.Request) -> web.Response:
        """GET /"""
        return self._page("board.html")

    async def report(self, _request: web.Request) -> web.Response:
        """GET /report"""
        return self._page("report.html")

    async def file(self, request: web.Request) -> web.Response:
        """GET /static/{name}"""
        return self._file(request.match_info["name"])

    def _page(self, name: str) -> web.Response:
        response = self._file(name)
        response.headers.update(PAGE_HEADERS)
        return response

    def _file(self, name: str) -> web.Response:
        if name not in self._files:
            raise Refused(404, "no such file")
        kind = TYPES[name.rpartition(".")[2]]
        return web.Response(body=self._files[name], content_type=kind, charset="utf-8")
