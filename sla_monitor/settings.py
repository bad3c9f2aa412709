"""Settings: the environment `SLA_*`, each defined once with its meaning, unit and bounds; docs/settings.md shows them.

A flag of a command wins over the environment. Each secret can be a file instead, named by `..._FILE`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from .addresses import Address, Broker, Listen, Networks, PublicUrl
from .core.rules import DAY, MINUTE, SECOND
from .documents import did_you_mean, plain_message
from .errors import Misconfigured, Problem
from .values import Duration, Matching, Size, Span

PREFIX = "SLA_"

OURS_FOR_TESTS = re.compile(r"SLA_(TEST_.*|VECTORS)")
KUBERNETES = re.compile(r"SLA_.*_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_[0-9]+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?)")
"""Kubernetes puts these into every pod beside a service whose name begins with `sla-`."""


def _often_enough(heartbeat: int) -> int:
    if heartbeat > MINUTE:
        raise ValueError("must be 1m at most: alerts expect a heartbeat within two minutes")
    return heartbeat


class SecurityProtocol(StrEnum):
    """How Kafka is spoken to, in Kafka's own words."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"

    @property
    def sasl(self) -> bool:
        """Whether a user and a password are sent."""
        return self.startswith("SASL_")

    @property
    def tls(self) -> bool:
        return self.endswith("SSL")


class Mechanism(StrEnum):
    """How the password is proven, in Kafka's own words."""

    SCRAM_SHA_512 = "SCRAM-SHA-512"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    PLAIN = "PLAIN"


HEADER = Matching(r"^[A-Za-z0-9-]{1,64}$", "must be the name of an HTTP header, such as X-Forwarded-Email")

BASE = Matching(r"^https?://[^\s/?#@]+(/[^\s?#]*[^\s?#/])?$", "must be http:// or https:// and a host, without a slash")
TOPIC = Matching(r"^[A-Za-z0-9._-]{0,100}$", "must be up to 100 letters, digits, dots, dashes and underscores")


class Settings(BaseSettings):
    """Frozen, made by `read_settings`. Spans are in ms, sizes in bytes."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    broker: Broker | None = Field(
        None,
        description="Where the logs are: `sqlite:///path`, the log of one machine (`SLA_DATA_DIR`/sla.db if left out), "
        "or `kafka://host:port,host:port`.",
    )
    data_dir: Path = Field(Path("sla-data"), description="The directory of the log file and of what else is kept.")
    listen: Address = Field(
        Listen("127.0.0.1", 8080),
        description="host:port of HTTP; port 0 takes any that is free. Without keys only loopback is served.",
    )
    policy: Path | None = Field(None, description="The policy file. 10 minutes, around the clock, without.")
    keys: Path | None = Field(None, description="The key file (`sla-monitor keys new`).")
    public_url: PublicUrl | None = Field(
        None,
        description="Where people reach the board and claim links: `https://sla.example.com`. Without it notices carry "
        "no claim link.",
    )
    secret: SecretStr | None = Field(
        None,
        description="What claim links and sessions are signed with, 32 characters or more. Made once in `SLA_DATA_DIR` "
        "if left out; on Kafka worker and web share it, and there are neither without it.",
    )
    secret_file: Path | None = Field(
        None, description="The file of `SLA_SECRET`. Of several lines the first signs and all are accepted."
    )
    proxy_header: Annotated[str, HEADER] | None = Field(
        None, description="The header in which a proxy that signs people in says who comes, as in `X-Forwarded-Email`."
    )
    trusted_proxies: Networks = Field(
        (),
        description="The addresses or networks of such proxies, with commas between; from others it says nothing.",
    )
    kafka_partitions: int = Field(
        6, ge=1, le=500, description="Partitions of each topic that `topics apply` makes; never changed afterwards."
    )
    kafka_replication: int | None = Field(
        None, ge=1, le=10, description="Replicas of each topic that `topics apply` makes. 3, or as many as there are."
    )
    kafka_commit_interval: float = Field(
        0.1,
        ge=0,
        le=2,
        description="Seconds from the beginning of a partition's transaction to that of the next, while less than 500 "
        "records wait for it. The first after a pause waits for nothing.",
    )
    kafka_security_protocol: SecurityProtocol = Field(
        SecurityProtocol.PLAINTEXT, description="`PLAINTEXT`, `SSL`, `SASL_SSL` or `SASL_PLAINTEXT`: docs/kafka.md."
    )
    kafka_ca: Path | None = Field(
        None, description="The authorities, PEM, that brokers' certificates must be of. Those of the system, without."
    )
    kafka_certificate: Path | None = Field(
        None, description="Our certificate with those between it and its authority, PEM, where brokers ask for one."
    )
    kafka_key: Path | None = Field(None, description="The key of the certificate, PEM.")
    kafka_key_password: SecretStr | None = Field(None, description="What the key is encrypted with.")
    kafka_key_password_file: Path | None = Field(None, description="The file of `SLA_KAFKA_KEY_PASSWORD`.")
    kafka_sasl_mechanism: Mechanism = Field(
        Mechanism.SCRAM_SHA_512, description="`SCRAM-SHA-512`, `SCRAM-SHA-256` or `PLAIN`."
    )
    kafka_user: str | None = Field(None, description="The user of SASL.")
    kafka_password: SecretStr | None = Field(None, description="The password of the user.")
    kafka_password_file: Path | None = Field(None, description="The file of `SLA_KAFKA_PASSWORD`.")
    kafka_sasl_without_tls: bool = Field(
        False, description="Allow `SASL_PLAINTEXT`, which shows passwords or what guesses them to the network."
    )
    telegram_token: SecretStr | None = Field(
        None, description="The token of the bot that `telegram://` sends by: docs/notifications.md."
    )
    telegram_token_file: Path | None = Field(None, description="The file of `SLA_TELEGRAM_TOKEN`.")
    telegram_secret: SecretStr | None = Field(
        None, description="The `secret_token` of the bot's webhook. With it messages have a button that takes the lead."
    )
    telegram_secret_file: Path | None = Field(None, description="The file of `SLA_TELEGRAM_SECRET`.")
    telegram_url: Annotated[str, BASE] = Field("https://api.telegram.org", description="Where the Bot API is.")
    slack_token: SecretStr | None = Field(
        None, description="The bot token (`xoxb-`) of the app that `slack://` sends by: docs/notifications.md."
    )
    slack_token_file: Path | None = Field(None, description="The file of `SLA_SLACK_TOKEN`.")
    slack_secret: SecretStr | None = Field(
        None, description="The signing secret of the app. With it messages have a button that takes the lead."
    )
    slack_secret_file: Path | None = Field(None, description="The file of `SLA_SLACK_SECRET`.")
    slack_url: Annotated[str, BASE] = Field("https://slack.com", description="Where the Web API is, before `/api`.")
    topic_prefix: Annotated[str, TOPIC] = Field("sla.", description="What the names of all topics begin with.")
    clock_speed: float = Field(
        1.0,
        gt=0,
        le=3600,
        allow_inf_nan=False,
        description="How much faster than real time rules and timers run. Other than 1 only on loopback.",
    )
    events_retention: Span = Field(
        7 * DAY, description="How long the logs keep what was applied. Erased data is gone after this (`erase_within`)."
    )
    outcomes_retention: Span = Field(
        400 * DAY, description="How long outcomes are kept, which audits and reports read: a year and a month."
    )
    dead_letters_retention: Span = Field(
        7 * DAY, description="How long dead letters are kept. Erased data is gone after this (`erase_within`)."
    )
    event_bytes: Size = Field(64 * 1024, ge=1024, le=1024**2, description="The largest event.")
    batch_events: int = Field(500, ge=1, le=10_000, description="The most events of a batch.")
    batch_bytes: Size = Field(1024**2, ge=1024, le=64 * 1024**2, description="The largest batch, decompressed.")
    json_depth: int = Field(32, ge=4, le=100, description="The deepest nesting of an event.")
    header_deadline: Span = Field(10 * SECOND, description="How long a client may take to send the head of a request.")
    body_deadline: Span = Field(10 * SECOND, description="How long a client may take to send the body of a request.")
    heartbeat: Annotated[Span, AfterValidator(_often_enough)] = Field(
        30 * SECOND, description="How often `up` and `web` send a heartbeat the whole way that leads go; 1m at most."
    )
    metrics_managers: bool = Field(True, description="Whether metrics tell managers apart, by their ids.")
    stop_deadline: Duration = Field(20 * SECOND, description="How long a stop may take before it is cut off.")

    @model_validator(mode="after")
    def _fast_only_at_home(self) -> Settings:
        if self.clock_speed != 1 and not self.listen.loopback:
            raise ValueError(
                "SLA_CLOCK_SPEED other than 1 is served on loopback only; set SLA_LISTEN to 127.0.0.1:8080"
            )
        return self

    @model_validator(mode="after")
    def _only_known_proxies(self) -> Settings:
        if bool(self.proxy_header) != bool(self.trusted_proxies):
            raise ValueError("SLA_PROXY_HEADER and SLA_TRUSTED_PROXIES need each other; set both or neither")
        return self

    @model_validator(mode="after")
    def _secured_as_said(self) -> Settings:
        mistakes = [*_security_mistakes(self), *_secrets_said_twice(self)]
        if mistakes:
            raise ValueError("\n".join(mistakes))
        return self

    def reveal(self, name: str) -> str | None:
        """A secret, from its own setting or from the file of it, without the end of its line. Raises Misconfigured."""
        said, path = getattr(self, name), getattr(self, f"{name}_file")
        if path is None:
            return said.get_secret_value() if said else None
        found = readable(f"{name}_file", path).decode(errors="replace").rstrip("\r\n")
        if not found:
            raise Misconfigured([Problem(_variable(f"{name}_file"), str(path), "is empty")])
        return found

    def is_set(self, name: str) -> bool:
        """Whether a secret is given, by its own setting or by that of its file."""
        return getattr(self, name) is not None or getattr(self, f"{name}_file") is not None

    @property
    def servers(self) -> str | None:
        """The addresses of Kafka; None on the embedded log."""
        kafka = self.broker is not None and self.broker.startswith("kafka://")
        return self.broker.removeprefix("kafka://") if self.broker and kafka else None

    @property
    def database(self) -> Path:
        """The file of the embedded log. Raises Misconfigured on Kafka."""
        if self.servers:
            message = (
                "names Kafka, and `up` works on the embedded log only: run `sla-monitor worker` and `sla-monitor web`"
            )
            raise Misconfigured([Problem("SLA_BROKER", "", message)])
        return Path(self.broker.removeprefix("sqlite:///")) if self.broker else self.data_dir / "sla.db"


def _security_mistakes(settings: Settings) -> Iterator[str]:
    """What is set for nothing, what is missing beside it, and passwords that anybody could read."""
    protocol = settings.kafka_security_protocol
    remedy = f"does nothing with {protocol}; leave it out, or set SLA_KAFKA_SECURITY_PROTOCOL to"
    for name in _set(settings, *CERTIFICATES) if not protocol.tls else ():
        yield f"{name} {remedy} SSL or SASL_SSL"
    for name in _set(settings, *USERS) if not protocol.sasl else ():
        yield f"{name} {remedy} SASL_SSL"
    if protocol.sasl:
        yield from _user_mistakes(settings)
    if (settings.kafka_certificate is None) != (settings.kafka_key is None):
        yield "SLA_KAFKA_CERTIFICATE and SLA_KAFKA_KEY need each other; set both or neither"


def _secrets_said_twice(settings: Settings) -> Iterator[str]:
    for name in (name.removesuffix("_file") for name in type(settings).model_fields if name.endswith("_file")):
        if len(both := _set(settings, name, f"{name}_file")) > 1:
            yield f"{' and '.join(both)} say the same; leave one of them out"


def _user_mistakes(settings: Settings) -> Iterator[str]:
    if not (settings.kafka_user and _set(settings, "kafka_password", "kafka_password_file")):
        needed = "SLA_KAFKA_USER and SLA_KAFKA_PASSWORD or SLA_KAFKA_PASSWORD_FILE"
        yield f"SLA_KAFKA_SECURITY_PROTOCOL is {settings.kafka_security_protocol}, which needs {needed}"
    if not (settings.kafka_security_protocol.tls or settings.kafka_sasl_without_tls):
        yield (
            "SLA_KAFKA_SECURITY_PROTOCOL is SASL_PLAINTEXT, which shows the network passwords or what guesses them: "
            "set SASL_SSL, or allow it with SLA_KAFKA_SASL_WITHOUT_TLS=true"
        )


CERTIFICATES = ("kafka_ca", "kafka_certificate", "kafka_key", "kafka_key_password", "kafka_key_password_file")
USERS = ("kafka_user", "kafka_password", "kafka_password_file")


def _set(settings: Settings, *names: str) -> list[str]:
    """The variables of those that are set."""
    return [_variable(name) for name in names if getattr(settings, name) is not None]


def read_settings(flags: Mapping[str, Any] | None = None) -> Settings:
    """The settings of the environment. flags: what the command line says of them by name; None says nothing.

    Raises Misconfigured with every mistake: bad values, and variables `SLA_*` that are none of ours.
    """
    said = {name: value for name, value in (flags or {}).items() if value is not None}
    problems = list(_strangers(os.environ))
    try:
        settings = Settings(**said)
    except ValidationError as error:
        bad = [_problem(details, said) for details in error.errors(include_url=False)]
        raise Misconfigured([*problems, *bad]) from None
    if problems:
        raise Misconfigured(problems)
    return settings


def readable(name: str, path: Path) -> bytes:
    """What is in the file that a setting names. Raises Misconfigured."""
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"cannot be read: {error.strerror}; name a file that this user may read"
        raise Misconfigured([Problem(_variable(name), str(path), message)]) from None


def variables() -> list[str]:
    """Every variable of the environment that is read."""
    return [_variable(name) for name in Settings.model_fields]


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _strangers(environ: Iterable[str]) -> Iterator[Problem]:
    known = variables()
    for name in sorted(environ):
        foreign = not name.startswith(PREFIX) or OURS_FOR_TESTS.fullmatch(name) or KUBERNETES.fullmatch(name)
        if name not in known and not foreign:
            yield Problem(name, "", "is no setting" + did_you_mean(name, known))


def _problem(details: ErrorDetails, flags: Iterable[str]) -> Problem:
    """A bad value, named as it was given: a flag or a variable."""
    name = str(details["loc"][0]) if details["loc"] else ""
    flag, variable = f"--{name.replace('_', '-')}", _variable(name)
    place = (flag if name in flags else variable) if name else ""
    return Problem(place, "", plain_message(details))


def settings_markdown() -> str:
    """docs/settings.md; `python -m sla_monitor.settings` prints it."""
    shown = Settings.model_construct().model_dump(mode="json")
    rows = [_row(name, shown[name], field.description or "") for name, field in Settings.model_fields.items()]
    return "\n".join((*INTRODUCTION, *rows, ""))


INTRODUCTION = (
    "# Settings",
    "",
    "Read from the environment; a flag of a command wins over it. Durations are `90s`, `10m`, `1h30m`, `7d`; sizes",
    "are `64KiB`, `1MiB` or bytes. A name that begins with `SLA_` and is not below stops the start, as a typing error",
    "would; `SLA_TEST_*`, `SLA_VECTORS` and what Kubernetes adds for services are passed over.",
    "",
    "| variable | default | meaning |",
    "|---|---|---|",
)


def _row(name: str, default: object, meaning: str) -> str:
    return f"| `{_variable(name)}` | {'' if default is None else f'`{default}`'} | {meaning} |"


if __name__ == "__main__":
    sys.stdout.write(settings_markdown())
