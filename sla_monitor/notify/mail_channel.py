"""mailto:// and mailtos://: a mail. apprise reads the address and writes the mail; the talk with the server is ours.

apprise does not tell what a server said, and that is what decides: a 5xx to the recipient or to the mail itself is the
end of this mail, one to anything before it says that nothing gets through for now.
"""

from __future__ import annotations

import asyncio
import re
import smtplib
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import apprise
from apprise.plugins.email import NotifyEmail

from sla_monitor.core.effects import Send

from . import apprise_channel
from .address import shown
from .failure import Failed
from .provider import REASON_LENGTH
from .render import UNLIMITED, Message

THREADS = 8
AT_ONCE = 4
"""Mails at once to one server."""

PATIENCE = 30
"""Seconds for each answer of a server: some let senders wait on purpose."""

ACCEPTED = 250


class MailChannel:
    """Each attempt is a connection of its own."""

    personal = True
    at_once = AT_ONCE

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="mail")

    def longest(self, _: str) -> int:
        return UNLIMITED

    async def send(self, notice: Send, message: Message) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, deliver, notice.channel, message)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def check(address: str) -> str | None:
    """What keeps a mail from going out, as far as the address says it."""
    return _misread(address) or apprise_channel.check(address)


def _misread(address: str) -> str | None:
    """A sign that ends a user or password where it stands as it is, so that the rest is taken for something else."""
    rest = address.partition("://")[2]
    for sign in "#;":
        if sign in rest:
            return _escape(sign)
    place = re.split("[/?]", rest, maxsplit=1)[0]
    if place.count("@") > 1:
        return _escape("@")
    port = place.partition(":")[2]
    if "@" not in place and port and not port.isdecimal():
        return _escape("/" if "/" in rest.partition("?")[0] else "?")
    return None


def _escape(sign: str) -> str:
    return f"has a `{sign}` in the middle of it; in a user, a password or a path write {quote(sign, safe='')} instead"


def deliver(address: str, message: Message) -> None:
    """Hand a mail over. Raises Failed."""
    target = apprise_channel.target_of(address)
    if not isinstance(target, NotifyEmail):
        raise Failed(f"{shown(address)} cannot be used", permanent=True)
    talk = Talk(address, target)
    try:
        talk.connect()
        for mail in _mails(target, message):
            talk.hand_over(mail)
    except (OSError, smtplib.SMTPException) as error:
        raise talk.down(error) from None
    finally:
        talk.end()


def _mails(target: NotifyEmail, message: Message) -> Iterator[Any]:
    """As apprise writes them, in plain text; one, as an address is of one receiver."""
    mails: Iterator[Any] = NotifyEmail.prepare_emails(
        subject=message.title,
        body=message.text,
        notify_format=apprise.NotifyFormat.TEXT,
        from_addr=target.from_addr,
        to=target.targets,
        cc=target.cc,
        bcc=target.bcc,
        reply_to=target.reply_to,
        smtp_host=target.smtp_host,
        headers={"X-Application": target.app_id, "Auto-Submitted": "auto-generated", **target.headers},
        names=target.names,
        pgp=target.pgp,
        pgp_mode=target.pgp_mode,
        tzinfo=target.tzinfo,
    )
    return mails


class Talk:
    """With a mail server (RFC 5321)."""

    def __init__(self, address: str, target: NotifyEmail) -> None:
        self._address, self._target = address, target
        self._server: smtplib.SMTP | None = None

    def connect(self) -> smtplib.SMTP:
        """Up to where mails are taken. Raises OSError and SMTPException."""
        target, context = self._target, self._context()
        if target.secure_mode == "ssl":
            server: smtplib.SMTP = smtplib.SMTP_SSL(target.smtp_host, target.port, timeout=PATIENCE, context=context)
        else:
            server = smtplib.SMTP(target.smtp_host, target.port, timeout=PATIENCE)
        self._server = server
        server.ehlo_or_helo_if_needed()
        if target.secure_mode == "starttls":
            server.starttls(context=context)
        if target.user and target.password:
            server.login(target.user, target.password)
        return server

    def hand_over(self, mail: Any) -> None:
        """Raises Failed; OSError and SMTPException when nothing gets through."""
        server = self._server or self.connect()
        self._need(server.mail(self._target.from_addr[1]))
        receiver, *copies = mail.to_addrs
        self._take(server.rcpt(receiver))
        for copy in copies:  # one that is refused is nobody whom the policy names
            server.rcpt(copy)
        try:
            self._take(server.data(mail.body))
        except smtplib.SMTPDataError as error:
            self._take((error.smtp_code, error.smtp_error))

    def _need(self, answer: tuple[int, bytes]) -> None:
        code, said = answer
        if code != ACCEPTED:
            raise smtplib.SMTPResponseException(code, said)

    def _take(self, answer: tuple[int, bytes | str]) -> None:
        """What the server says of this mail."""
        code, said = answer
        if not 200 <= code < 300:
            raise self._failed(f"{code} {_text(said)}", permanent=code >= 500, refused=True)

    def down(self, error: Exception) -> Failed:
        """Nothing gets through, whichever mail it is."""
        if isinstance(error, smtplib.SMTPResponseException):
            return self._failed(f"{error.smtp_code} {_text(error.smtp_error)}")
        if isinstance(error, TimeoutError):
            return self._failed("no answer in time", unsure=True)
        return self._failed(f"cannot be reached ({getattr(error, 'strerror', None) or type(error).__name__})")

    def _failed(self, said: str, *, permanent: bool = False, refused: bool = False, unsure: bool = False) -> Failed:
        reason = f"{shown(self._address)}: {apprise_channel.redacted(said, self._address)}"
        return Failed(reason[:REASON_LENGTH], permanent=permanent, refused=refused, unsure=unsure)

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if not self._target.verify_certificate:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context

    def end(self) -> None:
        """The mail is taken, or not, before this is said."""
        if self._server is not None:
            with suppress(OSError, smtplib.SMTPException):
                self._server.quit()


def _text(said: bytes | str) -> str:
    return " ".join((said.decode("utf-8", "replace") if isinstance(said, bytes) else said).split())
