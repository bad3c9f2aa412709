"""What the buttons of notices send back: verified, from the manager whom the button is for, and answered."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs

import aiohttp
from aiohttp import web

from sla_monitor.claims import LAST_TURN, TAKE, Claim
from sla_monitor.core.rules import MINUTE, SECOND, Manager
from sla_monitor.errors import TryAgain
from sla_monitor.policy.chats import SLACK, TELEGRAM, reached_at

from .claim_page import local_time, who_was_faster
from .claim_texts import WORDS
from .claiming import Claiming, Fate, Found
from .context import Web
from .limits import KIB, Gate, read_body
from .problems import Refused
from .views import Views, due_at

logger = logging.getLogger(__name__)

LARGEST = 64 * KIB
"""Bytes of a call-back."""

FRESH = 5 * MINUTE
"""How old a signature may be."""

FIELDS = 10
"""Of a form; Slack sends one."""

TOAST = 200
"""Characters of an answer; Telegram takes no more."""

ANSWER_TIMEOUT = aiohttp.ClientTimeout(total=10)

TRY_AGAIN = "It is not known whether that was kept. Please press again; twice does no harm."

PATIENCE = 2.0
"""Seconds that Slack waits for what became of a claim; it wants an answer within 3, and takes news later."""

UNSIGNED = {
    "en": "This button is no longer valid. Open the lead by the link or on the board.",
    "ru": "Эта кнопка больше не действует. Откройте лид по ссылке или на доске.",
}
"""Of a notice that was written before the secret was changed; or made up."""

NOT_YOURS = {"en": "This button is for somebody else.", "ru": "Эта кнопка не для вас."}


class Callbacks:
    def __init__(self, context: Web, views: Views) -> None:
        self._web, self._secrets = context, context.secrets
        self._gate = Gate(context.limits)
        self._claiming = Claiming(context, views)
        self._answering: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Abandon the answers that are under way."""
        for task in self._answering:
            task.cancel()
        await asyncio.gather(*self._answering, return_exceptions=True)

    # Telegram: https://core.telegram.org/bots/api#setwebhook

    async def telegram(self, request: web.Request) -> web.Response:
        """POST /callbacks/telegram. The answer to the button is the answer to the request."""
        secret = _configured(self._secrets.telegram, "SLA_TELEGRAM_SECRET")
        given = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        if not hmac.compare_digest(given.encode(errors="surrogateescape"), secret.encode()):
            raise _unverified()
        query = _object(_json(await self._body(request)).get("callback_query"))
        said = await self._pressed_in_telegram(query)
        if said is None:
            return web.json_response({})
        answer = {"method": "answerCallbackQuery", "callback_query_id": query.get("id"), "text": said[:TOAST]}
        return web.json_response(answer | {"show_alert": True})

    async def _pressed_in_telegram(self, query: Mapping[str, Any]) -> str | None:
        """What to say to who pressed; None if it was no button of ours."""
        data = query.get("data")
        if not isinstance(data, str) or data.partition(":")[0] != TAKE:
            return None
        who = str(_object(query.get("from")).get("id"))
        chat = str(_object(_object(query.get("message")).get("chat")).get("id"))
        managers = self._web.rules().managers
        told = [manager.id for manager in reached_at(managers, TELEGRAM, chat)]
        pressed = list(reached_at(managers, TELEGRAM, who))
        mine = {manager.id: manager for manager in pressed if manager.id in told}
        claim = self._web.claims.pressed(_whole(data), mine)
        if claim is not None:
            return await self._take(mine[claim.manager_id], claim)
        return UNSIGNED[_language(pressed[0])] if mine else _not_for(pressed)

    # Slack: https://docs.slack.dev/interactivity/handling-user-interaction

    async def slack(self, request: web.Request) -> web.Response:
        """POST /callbacks/slack. The answer to the button goes where Slack says, after the request was answered."""
        secret = _configured(self._secrets.slack, "SLA_SLACK_SECRET")
        body = await self._body(request)
        self._verify_slack(request, body, secret)
        payload = _json(_payload(body))
        pressed = asyncio.create_task(self._pressed_in_slack(payload))
        done, _ = await asyncio.wait({pressed}, timeout=PATIENCE)
        if done:
            pressed.result()  # what cannot be stored is to be sent again
        task = asyncio.create_task(self._answer_slack(pressed, payload.get("response_url")))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)
        return web.Response()

    async def _answer_slack(self, pressed: asyncio.Task[str | None], hook: Any) -> None:
        try:
            said = await pressed
        except TryAgain:  # found out after the request was answered
            said = TRY_AGAIN
        if said and isinstance(hook, str) and hook.startswith(self._secrets.slack_hooks):
            await _tell_slack(hook, said)

    def _verify_slack(self, request: web.Request, body: bytes, secret: str) -> None:
        """https://docs.slack.dev/authentication/verifying-requests-from-slack. Raises Refused."""
        stamp = request.headers.get("X-Slack-Request-Timestamp", "")
        given = request.headers.get("X-Slack-Signature", "")
        signed = hmac.new(secret.encode(), b"v0:%b:%b" % (stamp.encode(errors="replace"), body), sha256)
        made = f"v0={signed.hexdigest()}".encode()
        fresh = stamp.isascii() and stamp.isdigit() and abs(self._web.clock.now() - int(stamp[:15]) * SECOND) <= FRESH
        if not (hmac.compare_digest(given.encode(errors="surrogateescape"), made) and fresh):
            raise _unverified()

    async def _pressed_in_slack(self, payload: Mapping[str, Any]) -> str | None:
        actions = payload.get("actions")
        action = _object(actions[0]) if isinstance(actions, list) and actions else {}
        if payload.get("type") != "block_actions" or action.get("action_id") != "take":
            return None
        asked = _value(action.get("value"))
        who = str(_object(payload.get("user")).get("id"))
        pressed = list(reached_at(self._web.rules().managers, SLACK, who))
        mine = next((manager for manager in pressed if manager.id == asked.get("manager")), None)
        if mine is None:
            return _not_for(pressed)
        turn = asked.get("turn")
        known = turn if type(turn) is int else 0
        return await self._take(mine, Claim(_whole(str(asked.get("lead"))), known, mine.id, self._web.clock.now()))

    # both

    async def _body(self, request: web.Request) -> bytes:
        with self._gate.admit(min(request.content_length or LARGEST, LARGEST)):
            return await read_body(request, LARGEST, self._web.limits.body_seconds)

    async def _take(self, manager: Manager, claim: Claim) -> str:
        """What became of it, in the first of the manager's languages that we have.

        What no button of ours says, though it passed for one, is of no lead: services repeat what is not answered 200.
        """
        possible = 0 < claim.turn <= LAST_TURN
        found = await self._claiming.take(claim) if possible else Found(None, Fate.GONE)
        words = WORDS[_language(manager)]
        who = who_was_faster(found, words, self._web.rules())
        title, text = words.tapped.get(found.fate, words.said[found.fate])
        said = f"{title}. {text}".format(lead=claim.lead_id, who=who)
        rules, now = self._web.rules(), self._web.clock.now()
        due = local_time(due_at(found.lead), manager.id, rules, now) if found.lead else None
        return f"{said} {words.due}: {due}." if due and found.fate is Fate.YOURS else said


def _not_for(pressed: Sequence[Manager]) -> str:
    return NOT_YOURS[_language(pressed[0]) if pressed else "en"]


def _language(manager: Manager) -> str:
    return next((language for language in manager.languages if language in WORDS), "en")


async def _tell_slack(hook: str, said: str) -> None:
    """Show the answer to who pressed, and to nobody else. Names and ids in it cannot become markup."""
    plain = said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    answer = {"response_type": "ephemeral", "replace_original": False, "text": plain}
    try:
        async with (
            aiohttp.ClientSession(timeout=ANSWER_TIMEOUT, trust_env=True) as session,
            session.post(hook, json=answer, allow_redirects=False) as response,
        ):
            logger.debug("slack: the answer to a button: HTTP %d", response.status)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        logger.warning("slack: a button could not be answered: %s", type(error).__name__)


def _configured(secret: str | None, setting: str) -> str:
    if not secret:
        raise Refused(404, f"no call-backs are taken here: {setting} is not set")
    return secret


def _unverified() -> Refused:
    return Refused(401, "the call-back is not signed as it must be, or too old", close=True)


def _json(raw: bytes) -> Mapping[str, Any]:
    """Raises Refused (400)."""
    try:
        return _object(json.loads(raw))
    except (ValueError, RecursionError):
        raise Refused(400, "the body must be JSON") from None


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _payload(body: bytes) -> bytes:
    """What a form of Slack's carries. Raises Refused (400)."""
    try:
        form = parse_qs(body.decode(errors="replace"), max_num_fields=FIELDS)
    except ValueError:
        raise Refused(400, f"the form must have at most {FIELDS} fields") from None
    return form.get("payload", [""])[0].encode()


def _value(said: Any) -> Mapping[str, Any]:
    """What a button of Slack's sends back; nothing, if it is none of ours."""
    try:
        return _json(str(said).encode(errors="replace"))
    except Refused:
        return {}


def _whole(text: str) -> str:
    """JSON may hold halves of characters."""
    return text.encode(errors="replace").decode()
