"""`sla-monitor webhooks`, on what a worker has left in its rows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sla_monitor.codec import RowCodec, decode_record
from sla_monitor.core import relay
from sla_monitor.core.effects import Log
from sla_monitor.core.events import WebhookEnabled
from sla_monitor.core.notifications import REDUCER
from sla_monitor.core.relay import Attempt, Delivery, Endpoint, Outbox, entry
from sla_monitor.core.rules import Webhook
from tests.commands.shelf import Run, Shelf
from tests.standard_webhooks import verify
from tests.world import T0, sales

SECRET = "whsec_" + "QUJD" * 8
CODEC = RowCodec(REDUCER.kinds)


class Receiver(ThreadingHTTPServer):
    """Answers with `status`, and keeps what it got."""

    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.got: list[tuple[Any, bytes]] = []


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.server.got.append((self.headers, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(b"hello \x1b[31m")

    def log_message(self, *_: Any) -> None:
        """Nothing of it is of interest."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield server
        server.shutdown()


@pytest.fixture
def crm(receiver: Receiver, tmp_path: Path) -> Webhook:
    (tmp_path / "secret").write_text(SECRET)
    url = f"http://127.0.0.1:{receiver.server_port}/hook"
    return Webhook("crm", url, str(tmp_path / "secret"), ("lead.reassigned",), allow_private=True)


@pytest.fixture
def bi(crm: Webhook) -> Webhook:
    return replace(crm, name="bi", types=())


@pytest.fixture
def applied(shelf: Shelf, crm: Webhook, bi: Webhook) -> Shelf:
    """Both are in the policy in force; crm has answered 410, and a delivery waits for it."""
    shelf.enforce(sales(webhooks={"crm": crm, "bi": bi}))
    attempts = [Attempt("L1:1:a", 1, T0, 204, "", 12), Attempt("L1:1:b", 1, T0 + 1_000, 410, "410: gone", 7)]
    rows = {
        relay.ENDPOINT + "crm": Endpoint("crm", T0 + 9_000, entry(crm), T0 + 1_000, T0, T0 + 1_000, attempts),
        relay.OUTBOX + "L1": Outbox("L1", [Delivery("crm", "L1:1:b", T0 + 500, T0 + 9_000, "{}")]),
        relay.OUTBOX + "L2": Outbox("L2", [Delivery("old", "L2:1:b", T0 + 600, T0 + 9_000, "{}")]),
    }
    shelf.write(Log.NOTIFICATIONS, {key.encode(): CODEC.encode(row) for key, row in rows.items()})
    return shelf


def test_list_shows_state_pending_and_the_last_success_and_failure(run: Run, applied: Shelf) -> None:
    crm, bi, old = run("webhooks", "list").json
    assert crm == {
        "name": "crm",
        "state": "disabled",
        "types": ["lead.reassigned.v1"],
        "disabled_at": "2030-03-17T17:46:41.000Z",
        "pending": 1,
        "oldest_pending_at": "2030-03-17T17:46:40.500Z",
        "last_success_at": "2030-03-17T17:46:40.000Z",
        "last_failure_at": "2030-03-17T17:46:41.000Z",
        "last_failure": "410: gone",
    }
    assert (bi["state"], bi["pending"], bi["last_success_at"]) == ("enabled", 0, None)
    assert (old["name"], old["state"], old["pending"]) == ("old", "not in the policy", 1)


def test_list_is_read_by_people(run: Run, applied: Shelf) -> None:
    assert run("webhooks", "list", "--no-json").out.splitlines() == [
        "crm: disabled since 2030-03-17 17:46:41.000; gets lead.reassigned.v1",
        "    pending 1, the oldest since 2030-03-17 17:46:40.500; last success 2030-03-17 17:46:40.000",
        "    last failure 2030-03-17 17:46:41.000: 410: gone",
        "bi: enabled; gets every outcome",
        "    pending 0; last success never",
        "old: not in the policy; gets nothing any more",
        "    pending 1, the oldest since 2030-03-17 17:46:40.600; last success never",
    ]


def test_an_entry_that_was_changed_since_is_enabled(run: Run, applied: Shelf, crm: Webhook) -> None:
    applied.enforce(sales(webhooks={"crm": replace(crm, url=crm.url + "/new")}))
    assert run("webhooks", "list").json[0]["state"] == "enabled"


def test_without_webhooks_the_list_says_so(run: Run, shelf: Shelf) -> None:
    assert run("webhooks", "list", "--no-json").out == "The policy has no webhooks.\n"


def test_log_shows_what_was_attempted_when_and_with_which_status(run: Run, applied: Shelf) -> None:
    assert run("webhooks", "log", "crm", "--no-json").out.splitlines() == [
        "2030-03-17 17:46:40.000  L1:1:a  try 1  12 ms  204",
        "2030-03-17 17:46:41.000  L1:1:b  try 1  7 ms  410: gone",
    ]
    first, _ = run("webhooks", "log", "crm").json
    assert first == {
        "outcome_id": "L1:1:a",
        "number": 1,
        "at": "2030-03-17T17:46:40.000Z",
        "status": 204,
        "error": "",
        "took": 12,
    }
    assert run("webhooks", "log", "bi", "--no-json").out == "Nothing was posted yet.\n"


def test_a_name_that_is_not_there_is_told_with_the_nearest(run: Run, applied: Shelf) -> None:
    for command in ("log", "test", "enable"):
        answer = run("webhooks", command, "crn")
        assert (answer.code, "did you mean `crm`?" in answer.err) == (2, True)


def test_enable_is_written_where_every_partition_reads_it(run: Run, applied: Shelf) -> None:
    assert run("webhooks", "enable", "crm").json == {"enabled": "crm", "partitions": 1}
    fact = decode_record(applied.read(Log.NOTIFICATIONS)[-1].value)
    assert isinstance(fact, WebhookEnabled)
    assert fact.webhook == "crm"


def test_a_test_event_is_signed_and_what_came_back_is_shown(run: Run, applied: Shelf, receiver: Receiver) -> None:
    answer = run("webhooks", "test", "crm", "--no-json")
    ((headers, body),) = receiver.got
    assert (answer.code, answer.out.startswith("crm: 200: accepted (")) == (0, True)
    assert answer.out.splitlines()[1] == "It said: hello �[31m"
    assert headers["webhook-id"].startswith("test:crm:")
    assert b'"type":"webhook.test.v1"' in body
    assert verify(SECRET, headers, body, float(headers["webhook-timestamp"]))


def test_a_test_that_is_not_accepted_is_exit_code_1(run: Run, applied: Shelf, receiver: Receiver) -> None:
    receiver.status = 401
    answer = run("webhooks", "test", "crm")
    assert (answer.code, answer.json["status"], answer.json["accepted"]) == (1, 401, False)


def test_an_entry_can_be_tried_before_it_is_applied(
    run: Run, shelf: Shelf, crm: Webhook, receiver: Receiver, tmp_path: Path
) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(f"webhooks: [{{name: new, url: '{crm.url}', secret_file: {crm.secret_file}, allow_private: true}}]")
    assert run("webhooks", "test", "new", "--policy", str(file)).code == 0
    assert len(receiver.got) == 1
