"""Errors as RFC 9457 problem details. They never repeat what the client sent."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web

from sla_monitor.errors import GiveUp, LogLost, TryAgain

from .problem_page import as_page, is_for_people

logger = logging.getLogger(__name__)

UNSTORED = "not known to be stored; send it again with the same ids"
UNREADABLE = "cannot be read now; ask again"

REASON = web.ResponseKey("reason", str)
"""Why a problem was answered, without what the client sent but names of its fields."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Refused(GiveUp):
    """A request that is answered with a problem. close: the rest of the request is not worth reading."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        close: bool = False,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers
        self.close = close
        self.members = members


def problem(status: int, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any) -> web.Response:
    """A response; members: more of the problem, like `errors`."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **members}
    response = web.Response(
        status=status, body=json.dumps(body).encode(), content_type="application/problem+json", headers=headers
    )
    first = next(iter(members.get("errors", ())), None)
    response[REASON] = f"{first['pointer']} {first['detail']}".strip() if first else detail
    return response


@web.middleware
async def answer_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever goes wrong into a problem; for people, into a page."""
    response = await _answer(request, handler)
    if isinstance(response, web.Response) and REASON in response and is_for_people(request):
        shown = as_page(request, response, response[REASON])
        shown[REASON] = response[REASON]
        return shown
    return response


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refused as refused:
        response = problem(refused.status, refused.detail, headers=refused.headers, **refused.members)
        if refused.close:
            response.force_close()
        return response
    except (TryAgain, LogLost):  # a worker that lost its log ends; what takes its place may have it
        return problem(503, UNREADABLE if request.method == "GET" else UNSTORED, headers={"Retry-After": "2"})
    except web.HTTPException as error:
        allow = error.headers.get("Allow")
        return problem(error.status, error.reason, headers={"Allow": allow} if allow else None)
    except ConnectionError:
        raise
    except Exception as error:  # noqa: BLE001 - the last resort
        # The message of an exception may hold personal data; where it happened does not.
        frames = "".join(traceback.format_tb(error.__traceback__))
        logger.error("%s %s failed: %s\n%s", request.method, route_of(request), type(error).__name__, frames)  # noqa: TRY400 - see above
        return problem(500, "a defect of the server; it has been logged")


def route_of(request: web.Request) -> str:
    """The address of its route, without what stands for an id."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "(no route)"
