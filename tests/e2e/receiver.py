"""A webhook's receiver in a thread of the test: verifies every signature, and answers when it is let."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from base64 import b64encode
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from tests.standard_webhooks import verify

SECRET = "whsec_" + b64encode(bytes(range(32))).decode()


class Receiver(ThreadingHTTPServer):
    """status: of every answer. open: answers wait for it. accepted: (id, body) of each 2xx, in order.

    answers: status -> how often it was given.
    """

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.status = 200
        self.open = threading.Event()
        self.open.set()
        self.accepted: list[tuple[str, dict[str, Any]]] = []
        self.forged: list[str] = []
        self.arrived: Counter[str] = Counter()
        self.answers: Counter[int] = Counter()
        self.changed = threading.Condition()

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}).start()
        return super().__enter__()

    def __exit__(self, *_: object) -> None:
        self.open.set()
        self.shutdown()
        super().__exit__(*_)

    def entry(self, directory: Path, name: str = "crm") -> str:
        """Its entry in the policy, with a secret in the directory."""
        secret = directory / "webhook-secret"
        secret.write_text(SECRET)
        url = f"http://127.0.0.1:{self.server_port}/hook"
        return f"{{name: {name}, url: '{url}', secret_file: {secret}, allow_private: true}}"

    def until(self, holds: Any, limit: float = 30) -> None:
        """Return when `holds()`, looked at after each request."""
        with self.changed:
            assert self.changed.wait_for(holds, limit), f"arrived {self.arrived}"

    async def arrival(self, holds: Any, limit: float = 60) -> None:
        """`until`, while the event loop goes on."""
        await asyncio.to_thread(self.until, holds, limit)

    def ids(self) -> list[str]:
        """Of what was accepted, each once, in the order of the first time."""
        return list(dict.fromkeys(event_id for event_id, _ in self.accepted))


class _Handler(BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        server, event_id = self.server, self.headers["webhook-id"]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with server.changed:
            server.arrived[event_id] += 1
            if event_id and not verify(SECRET, self.headers, body, time.time()):  # a channel's notices are not signed
                server.forged.append(event_id)
            server.changed.notify_all()
        server.open.wait()
        status = server.status
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
        with server.changed:
            server.answers[status] += 1
            if status < 300:
                server.accepted.append((event_id, json.loads(body)))
            server.changed.notify_all()

    def handle(self) -> None:
        """A sender that is killed breaks its connections."""
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Nothing of it is of interest."""
