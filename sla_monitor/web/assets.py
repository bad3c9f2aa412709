"""The pages that live in a browser, and the files that they need."""

from __future__ import annotations

import gzip
from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple

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


class Asset(NamedTuple):
    """packed: the body in gzip. digest: tells whether it is still the same."""

    body: bytes
    packed: bytes
    digest: str

    @classmethod
    def of(cls, body: bytes) -> Asset:
        return cls(body, gzip.compress(body, mtime=0), sha256(body).hexdigest()[:16])


class Assets:
    def __init__(self) -> None:
        here = files(__package__) / "static"
        self._files = {file.name: Asset.of(file.read_bytes()) for file in here.iterdir()}

    async def board(self, request: web.Request) -> web.Response:
        """GET /"""
        return self._page(request, "board.html")

    async def report(self, request: web.Request) -> web.Response:
        """GET /report"""
        return self._page(request, "report.html")

    async def file(self, request: web.Request) -> web.Response:
        """GET /static/{name}"""
        return self._file(request, request.match_info["name"])

    async def icon(self, request: web.Request) -> web.Response:
        """GET /favicon.ico: what browsers ask for by themselves."""
        return self._file(request, "icon.svg")

    def _page(self, request: web.Request, name: str) -> web.Response:
        response = self._file(request, name)
        response.headers.update(PAGE_HEADERS)
        return response

    def _file(self, request: web.Request, name: str) -> web.Response:
        """Kept by browsers, which ask each time whether it is still the same. Raises Refused (404)."""
        asset = self._files.get(name)
        if asset is None:
            raise Refused(404, "no such file")
        kept = {"ETag": f'"{asset.digest}"', "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if any(known.value == asset.digest for known in request.if_none_match or ()):
            return web.Response(status=304, headers=kept)
        packed = "gzip" in request.headers.get("Accept-Encoding", "")
        return web.Response(
            body=asset.packed if packed else asset.body,
            content_type=TYPES[name.rpartition(".")[2]],
            charset="utf-8",
            headers=kept | ({"Content-Encoding": "gzip"} if packed else {}),
        )
