"""Where the brokers are, and how to be let in: what every client of Kafka is given."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sla_monitor.errors import Misconfigured, Problem
from sla_monitor.settings import Settings, readable


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """security: in aiokafka's words, plain text if it says nothing; it has the password, so it is never shown."""

    servers: str
    security: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, settings: Settings) -> Access:
        """Reads the files that the settings name. Raises Misconfigured."""
        protocol = settings.kafka_security_protocol
        security: dict[str, Any] = {"security_protocol": str(protocol)}
        if protocol.tls:
            security["ssl_context"] = _tls(settings)
        if protocol.sasl:
            security["sasl_mechanism"] = str(settings.kafka_sasl_mechanism)
            security["sasl_plain_username"] = settings.kafka_user
            security["sasl_plain_password"] = settings.reveal("kafka_password")
        return cls(servers=settings.servers or "", security=security)

    def client(self) -> dict[str, Any]:
        """Arguments of every client of aiokafka."""
        return {"bootstrap_servers": self.servers, **self.security}


def _tls(settings: Settings) -> ssl.SSLContext:
    """Brokers' certificates are checked, and that they are of the host that was meant."""
    if settings.kafka_ca:
        readable("kafka_ca", settings.kafka_ca)
    try:
        context = ssl.create_default_context(cafile=settings.kafka_ca)
    except ssl.SSLError:
        raise _wrong("SLA_KAFKA_CA", settings.kafka_ca, "holds no certificate in PEM") from None
    if settings.kafka_certificate and settings.kafka_key:
        _show_certificate(context, settings)
    return context


def _show_certificate(context: ssl.SSLContext, settings: Settings) -> None:
    certificate, key = settings.kafka_certificate, settings.kafka_key
    assert certificate is not None
    assert key is not None
    password = settings.reveal("kafka_key_password") or ""  # without one OpenSSL would ask the terminal
    if b"-----BEGIN CERTIFICATE-----" not in readable("kafka_certificate", certificate):
        raise _wrong("SLA_KAFKA_CERTIFICATE", certificate, "holds no certificate in PEM")
    if b"PRIVATE KEY-----" not in (held := readable("kafka_key", key)):
        raise _wrong("SLA_KAFKA_KEY", key, "holds no private key in PEM")
    try:
        context.load_cert_chain(certificate, key, password)
    except (ssl.SSLError, ValueError) as error:
        if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
            raise _wrong("SLA_KAFKA_KEY", key, f"is not the key of {certificate}") from None
        if b"ENCRYPTED" in held:
            raise _wrong("SLA_KAFKA_KEY_PASSWORD", key, "is not opened by this password, or by none") from None
        raise _wrong("SLA_KAFKA_KEY", key, f"cannot be used with {certificate}: {error}") from None


def _wrong(variable: str, path: object, message: str) -> Misconfigured:
    return Misconfigured([Problem(variable, str(path), message)])
