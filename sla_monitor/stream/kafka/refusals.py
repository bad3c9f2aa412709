"""Why Kafka does not do what a client asked: what can be mended, in words that say how, or that it may pass."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress

from aiokafka import errors as kafka
from aiokafka.conn import collect_hosts, create_conn
from aiokafka.protocol.metadata import MetadataRequest

from sla_monitor.errors import Misconfigured, Problem, Unavailable

from .access import Access

LIMIT = 5.0
"""Seconds for an answer."""

FORBIDDEN = (
    kafka.TopicAuthorizationFailedError,
    kafka.GroupAuthorizationFailedError,
    kafka.TransactionalIdAuthorizationFailed,
    kafka.ClusterAuthorizationFailedError,
)
"""The user is known and may not."""


REMEDY = "`sla-monitor topics acls` shows how to give this user the rights of its role (docs/kafka.md, Security)"


def forbidden(error: BaseException, what: str) -> Misconfigured:
    """`what` was refused to this user."""
    return Misconfigured([Problem("Kafka", what, f"{type(error).__name__} {error}; {REMEDY}")])


async def explained(access: Access, error: BaseException, what: str) -> Misconfigured | Unavailable:
    """What became of `what`. Connects anew if it has to: aiokafka logs why it is not let in, and raises less."""
    if isinstance(error, FORBIDDEN):
        return forbidden(error, what)
    if isinstance(error, kafka.KafkaConnectionError | kafka.NodeNotReadyError):
        for host, port, _ in collect_hosts(access.servers):
            reason = await _knock(access, host, port)
            if found := _mistake(reason, f"{host}:{port}"):
                return Misconfigured([found])
            error = reason or error
    return Unavailable(f"{what}: Kafka at {access.servers} does not answer: {error!r}{_hint(error)}")


def _mistake(reason: BaseException | None, broker: str) -> Problem | None:
    """What of the settings has to be mended before this broker lets us in."""
    if isinstance(reason, ssl.SSLCertVerificationError):
        remedy = "it must be valid, of an authority in SLA_KAFKA_CA, and of the host that SLA_BROKER names"
        return Problem("SLA_KAFKA_CA", broker, f"its certificate is refused: {reason.verify_message}; {remedy}")
    alert = reason if isinstance(reason, ssl.SSLError) else getattr(reason, "__cause__", None)
    if isinstance(alert, ssl.SSLError) and "ALERT" in (alert.reason or ""):
        remedy = "name one that is valid and of an authority the broker trusts, and its SLA_KAFKA_KEY"
        return Problem("SLA_KAFKA_CERTIFICATE", broker, f"ours, or to have none, is refused ({alert.reason}); {remedy}")
    if isinstance(reason, kafka.SaslAuthenticationFailed):
        return Problem("SLA_KAFKA_USER", broker, "the user or the password is refused; set those that the broker knows")
    if isinstance(reason, kafka.UnsupportedSaslMechanismError):
        return Problem("SLA_KAFKA_SASL_MECHANISM", broker, "is not enabled there; set one that the broker has")
    return None


def _hint(error: BaseException) -> str:
    """A broker hangs up on who speaks another protocol, as it does when it goes down."""
    if not isinstance(error, kafka.KafkaConnectionError):
        return ""
    return "; does SLA_KAFKA_SECURITY_PROTOCOL say what the broker speaks there (docs/kafka.md, Security)?"


async def _knock(access: Access, host: str, port: int) -> BaseException | None:
    """Why one broker does not let us in; None if it does."""
    try:
        async with asyncio.timeout(LIMIT):
            connection = await create_conn(host, port, **access.security)
            try:
                await connection.send(MetadataRequest([]))
            finally:
                with suppress(OSError):
                    await connection.close()
    except (kafka.KafkaError, TimeoutError, OSError) as error:
        return error
    return None
