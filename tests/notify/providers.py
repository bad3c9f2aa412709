"""Stand-ins for the Bot API of Telegram and the Web API of Slack: what they document of sending, errors included."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Self
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.test_utils import TestServer


class Standin:
    """address: of somebody it can reach; gone: of somebody it cannot. pause: whether it says how long to wait.

    trouble: the answers to the next requests, (status, body, headers); a callable is asked each time. None: none.

    open: cleared, nothing is answered. got: messages that were taken. asked: how many requests came.
    """

    path = ""
    token = ""
    pause = True
    address: str
    gone: str

    def __init__(self) -> None:
        self.down = False
        self.trouble: list[tuple[int, Any, dict[str, str]]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.got: list[dict[str, Any]] = []
        self.asked = 0

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post(self.path, self._answer)
        self.server = TestServer(app)
        await self.server.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.open.set()
        await self.server.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        body = await request.json()
        await self.open.wait()
        if self.down:
            return web.Response(status=502, text="<html>Bad Gateway</html>")
        if self.trouble:
            status, answer, headers = self.trouble.pop(0)
            return web.json_response(answer, status=status, headers=headers)
        return self.judge(request, body)

    def judge(self, request: web.Request, body: dict[str, Any]) -> web.Response:
        raise NotImplementedError

    def texts(self) -> list[str]:
        """The messages that were taken, as people read them."""
        raise NotImplementedError


class Telegram(Standin):
    """https://core.telegram.org/bots/api#sendmessage, #making-requests, #inlinekeyboardbutton"""

    path = "/bot{token}/sendMessage"
    token = "1234:s3cr3t-t0ken"
    chats = frozenset({6, 7, 8, -1001})
    address = "telegram://7"
    gone = "telegram://9"

    def judge(self, request: web.Request, body: dict[str, Any]) -> web.Response:
        if request.match_info["token"] != self.token:
            return _refusal(401, "Unauthorized")
        if body["chat_id"] == 403:
            return _refusal(403, "Forbidden: bot was blocked by the user")
        if body["chat_id"] not in self.chats:
            return _refusal(400, "Bad Request: chat not found")
        if not 1 <= len(body["text"]) <= 4096:
            return _refusal(400, "Bad Request: message is too long")
        for button in self.buttons(body):
            if len(button.get("callback_data", "x").encode()) > 64:
                return _refusal(400, "Bad Request: BUTTON_DATA_INVALID")
            if "url" in button and "." not in (urlsplit(button["url"]).hostname or ""):
                return _refusal(400, f"Bad Request: inline keyboard button URL '{button['url']}' is invalid")
            if ("url" in button) is ("callback_data" in button):
                return _refusal(400, "Bad Request: Text buttons are unallowed in the inline keyboard")
        self.got.append(body)
        return web.json_response({"ok": True, "result": {"message_id": len(self.got)}})

    @staticmethod
    def buttons(body: dict[str, Any]) -> list[dict[str, str]]:
        rows = body.get("reply_markup", {"inline_keyboard": []})["inline_keyboard"]
        return [button for row in rows for button in row]

    def texts(self) -> list[str]:
        return [body["text"] for body in self.got]

    @staticmethod
    def too_many(seconds: int) -> tuple[int, Any, dict[str, str]]:
        said = f"Too Many Requests: retry after {seconds}"
        return 429, {"ok": False, "error_code": 429, "description": said, "parameters": {"retry_after": seconds}}, {}


def _refusal(status: int, description: str) -> web.Response:
    return web.json_response({"ok": False, "error_code": status, "description": description}, status=status)


class Slack(Standin):
    """https://docs.slack.dev: /reference/methods/chat.postMessage, /reference/block-kit/blocks"""

    path = "/api/chat.postMessage"
    token = "xoxb-s3cr3t-t0ken"
    places = frozenset({"U024BE7LH", "C024BE7LH"})
    address = "slack://U024BE7LH"
    gone = "slack://U0000000"

    def judge(self, request: web.Request, body: dict[str, Any]) -> web.Response:
        error = self._error(request, body)
        if error:
            return web.json_response({"ok": False, "error": error})
        self.got.append(body)
        return web.json_response({"ok": True, "channel": body["channel"], "ts": f"{len(self.got)}.000"})

    def _error(self, request: web.Request, body: dict[str, Any]) -> str:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return "invalid_auth"
        if body["channel"] not in self.places:
            return "channel_not_found"
        for block in body["blocks"]:
            texts = [block["text"]] if block["type"] == "section" else [part["text"] for part in block["elements"]]
            longest = 3000 if block["type"] == "section" else 75
            if any(text["type"] != "plain_text" or not 1 <= len(text["text"]) <= longest for text in texts):
                return "invalid_blocks"
        return "" if body["text"] else "no_text"

    @staticmethod
    def buttons(body: dict[str, Any]) -> list[dict[str, Any]]:
        return [part for block in body["blocks"] if block["type"] == "actions" for part in block["elements"]]

    def texts(self) -> list[str]:
        return [body["blocks"][0]["text"]["text"] for body in self.got]

    @staticmethod
    def too_many(seconds: int) -> tuple[int, Any, dict[str, str]]:
        return 429, {"ok": False, "error": "ratelimited"}, {"Retry-After": str(seconds)}


class Hook(Standin):
    """A receiver of json://, by apprise, which passes on no Retry-After."""

    path = "/{path:.*}"
    pause = False

    @property
    def address(self) -> str:  # type: ignore[override]
        return f"json://127.0.0.1:{self.server.port}/hook"

    @property
    def gone(self) -> str:  # type: ignore[override]
        return f"json://127.0.0.1:{self.server.port}/gone"

    def judge(self, request: web.Request, body: dict[str, Any]) -> web.Response:
        if request.match_info["path"] == "gone":
            return web.Response(status=410)
        self.got.append(body)
        return web.Response()

    def texts(self) -> list[str]:
        return [f"{body['title']}\n{body['message']}" for body in self.got]

    @staticmethod
    def too_many(seconds: int) -> tuple[int, Any, dict[str, str]]:
        return 429, {}, {"Retry-After": str(seconds)}


def value(button: dict[str, Any]) -> Any:
    """What a button of Slack sends back."""
    return json.loads(button["value"])
