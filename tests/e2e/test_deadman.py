"""The dead man's switch as a process: it speaks to a hook of ours, is killed, and goes on where it was."""

from __future__ import annotations

import json
import queue
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.e2e.process import PATIENCE
from tests.e2e.served import Served


class Hook:
    """Takes what json:// sends. told: titles, in order."""

    def __init__(self) -> None:
        self.told: queue.Queue[str] = queue.Queue()
        told = self.told

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                told.put(body["title"])

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"json://127.0.0.1:{self._server.server_port}/secret"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def next(self) -> str:
        return self.told.get(timeout=PATIENCE)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    yield made
    made.close()


def start(directory: Path, hook: Hook) -> Served:
    (directory / "addresses").write_text(hook.address + "\n")
    places = ["--notify-file", str(directory / "addresses"), "--data-dir", str(directory / "data")]
    return Served(directory, "deadman", "--silence", "1s", "--listen", "127.0.0.1:0", *places)


def test_a_silent_monitoring_is_told_of_through_a_kill(tmp_path: Path, hook: Hook) -> None:
    switch = start(tmp_path, hook)
    try:
        assert hook.next() == "sla-monitor: its monitoring is silent"
        assert json.loads(switch.get("/ping")) == {"sign": True}
        assert hook.next() == "sla-monitor: its monitoring is heard again"
        switch.end(signal.SIGKILL)
        switch = start(tmp_path, hook)
        assert hook.next() == "sla-monitor: its monitoring is silent"
    finally:
        code = switch.end()
    assert code == 0
    assert "tells json://127.0.0.1 after 1s without a sign, every 1h again, and when signs come back" in switch.log
    assert "secret" not in switch.log
