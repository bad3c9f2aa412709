"""mailto:// against a mail server that says what a test wants to hear."""

from __future__ import annotations

import asyncio
import socketserver
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from sla_monitor.clock import ManualClock
from sla_monitor.core.attempts import MAIL_LIMIT
from sla_monitor.core.effects import Send
from sla_monitor.core.events import Sent
from sla_monitor.core.rules import Manager, Rules
from sla_monitor.notify.channels import check, registry
from sla_monitor.notify.sender import Sender

RULES = Rules(managers={"anna": Manager("anna")})
SECRET = "s3cr3t-passw0rd"


class Server(socketserver.ThreadingTCPServer):
    """answers: by the first word of a command, `.` for the mail itself, `` for the greeting; pause: seconds before
    each.

    mails: what was taken. said: the commands.
    """

    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Talk)
        self.answers: dict[str, str] = {}
        self.pause = 0.0
        self.mails: list[str] = []
        self.said: list[str] = []

    @property
    def address(self) -> str:
        return f"mailto://127.0.0.1:{self.server_address[1]}/?to=anna@shop.example&from=sla@shop.example&mode=insecure"


class Talk(socketserver.StreamRequestHandler):
    server: Server

    def say(self, command: str, usual: str) -> str:
        time.sleep(self.server.pause)
        answer = self.server.answers.get(command, usual)
        self.wfile.write(answer.encode() + b"\r\n")
        return answer

    def handle(self) -> None:
        self.say("", "220 mail.example")
        for raw in self.rfile:
            line = raw.decode().strip()
            self.server.said.append(line)
            command = line.split(" ")[0].split(":")[0].upper()
            if command == "QUIT":
                return
            usual = {"DATA": "354 go on", "AUTH": "235 ok"}.get(command, "250 ok")
            if self.say(command, usual).startswith("354"):
                self.take()

    def take(self) -> None:
        lines = []
        for raw in self.rfile:
            if raw == b".\r\n":
                break
            lines.append(raw.decode())
        if self.say(".", "250 queued").startswith("250"):
            self.server.mails.append("".join(lines))


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield made
        made.shutdown()


async def send(tmp_path: Any, channel: str, limit: int = MAIL_LIMIT, *, times: int = 1) -> list[Sent]:
    sender = Sender(registry(tmp_path, ManualClock()), ManualClock(), lambda *_: None)
    effect = Send(
        key="row",
        notice_id="L1:1:assigned:anna",
        lead_id="L1",
        manager_id="anna",
        channel=channel,
        kind="assigned",
        turn=1,
        at=0,
        attempt=1,
        limit=limit,
        test=False,
        details={"lead_name": "<b>Ivan</b> & Co"},
    )
    ended = [await sender.send(effect, RULES) for _ in range(times)]
    await sender.close()
    return ended


async def test_a_mail_is_plain_text_to_the_one_who_is_named(tmp_path, server):
    (sent,) = await send(tmp_path, server.address)
    assert sent.error is None
    (mail,) = server.mails
    assert "Subject: New lead for you: <b>Ivan</b> & Co" in mail
    assert "Content-Type: text/plain" in mail
    assert "rcpt TO:<anna@shop.example>" in server.said


@pytest.mark.parametrize("command", ["RCPT", "DATA", "."])
async def test_a_mail_that_its_receiver_never_takes_is_over(tmp_path, server, command):
    server.answers[command] = "554 spam, says anna@shop.example"
    (sent,) = await send(tmp_path, server.address)
    assert sent.permanent
    assert sent.error.startswith("mailto://127.0.0.1: 554 spam")
    assert "shop.example" not in sent.error


@pytest.mark.parametrize("command", ["RCPT", "DATA", "."])
async def test_a_mail_that_its_receiver_does_not_take_now_is_tried_again_and_others_pass(tmp_path, server, command):
    server.answers[command] = "451 greylisted"
    (sent,) = await send(tmp_path, server.address)
    assert (sent.permanent, sent.refused) == (False, True)


@pytest.mark.parametrize("command", ["", "EHLO", "MAIL"])
async def test_a_server_that_takes_nothing_is_down_whichever_mail_it_is(tmp_path, server, command):
    server.answers |= (
        {command: "554 no service", "HELO": "554 no service"} if command == "EHLO" else {command: "554 no"}
    )
    (sent,) = await send(tmp_path, server.address)
    assert (sent.permanent, sent.refused) == (False, False)
    assert "554" in sent.error


async def test_a_wrong_password_is_no_fault_of_the_mail_and_is_not_shown(tmp_path, server):
    server.answers |= {"EHLO": "250-mail.example\r\n250 AUTH PLAIN", "AUTH": f"535 {SECRET} is wrong"}
    port = server.server_address[1]
    (sent,) = await send(
        tmp_path, f"mailto://anna:{SECRET}@127.0.0.1:{port}/?to=a@b.example&from=c@d.example&mode=insecure"
    )
    assert (sent.permanent, sent.refused) == (False, False)
    assert "535" in sent.error
    assert SECRET not in sent.error


async def test_a_copy_goes_with_the_mail(tmp_path, server):
    (sent,) = await send(tmp_path, f"{server.address}&cc=boss@shop.example")
    assert sent.error is None
    assert len([line for line in server.said if line.startswith("rcpt")]) == 2


async def test_a_server_that_is_not_there_is_to_be_tried_again(tmp_path, server):
    server.server_close()
    (sent,) = await send(tmp_path, server.address.replace(str(server.server_address[1]), "9"))
    assert (sent.permanent, "cannot be reached" in sent.error) == (False, True)


async def test_a_mail_that_was_taken_too_late_is_not_sent_again(tmp_path, server):
    server.pause = 0.05
    sender = Sender(registry(tmp_path, ManualClock()), ManualClock(), lambda *_: None)
    effect = Send(
        key="row",
        notice_id="n",
        lead_id="L1",
        manager_id="anna",
        channel=server.address,
        kind="assigned",
        turn=1,
        at=0,
        attempt=1,
        limit=100,
        test=False,
        details={},
    )
    assert (await sender.send(effect, RULES)).error == "no answer in time"
    await asyncio.wait({*sender._running.values()})
    assert (await sender.send(effect, RULES)).error is None
    assert len(server.mails) == 1
    await sender.close()


@pytest.mark.parametrize(
    "address",
    [
        "mailto://ann:p%40ss@mail.example.com",
        "mailto://ann:100%sure@mail.example.com",
        "mailtos://ann:secret@mail.example.com:465/?to=bob@shop.example&mode=ssl",
        "mailtos://ann%40gmail.com:secret@gmail.com/bob@shop.example",
        "mailtos://mail.example.com?user=ann&pass=12%3B34&to=b@example.com&from=c@example.com",
        "mailto://127.0.0.1:2525/?to=anna@example.com&from=sla@example.com&mode=insecure",
    ],
)
def test_what_apprise_takes_is_taken(address):
    assert check(address) is None


@pytest.mark.parametrize(
    ("address", "instead"),
    [
        ("mailto://ann:p@ss@mail.example.com", "%40"),
        ("mailto://ann:a#b@mail.example.com", "%23"),
        ("mailto://ann:a/b@mail.example.com", "%2F"),
        ("mailto://ann:a?b@mail.example.com", "%3F"),
        ("mailtos://mail.example.com?user=ann&pass=12;34&to=b@example.com", "%3B"),
    ],
)
def test_a_password_that_would_be_cut_is_named_with_what_to_write_and_not_shown(address, instead):
    said = check(address)
    assert instead in said
    assert not any(password in said for password in ("p@ss", "a#b", "a/b", "a?b", "12;34"))
