"""Producers of other people's making, as they are: kcat on librdkafka, kafka-python, Kafka's console producer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from kafka import KafkaProducer

from tests.e2e.kafka_installation import Installation
from tests.kafka import RUN

MURMUR = ("-X", "partitioner=murmur2_random")
"""Lets librdkafka put keys where Kafka's own clients put them."""
PATIENCE = 60.0
"""Seconds for an acknowledgement."""


class Producers:
    """Who sends to the public topics of an installation."""

    def __init__(self, installation: Installation, tools: Path) -> None:
        """tools: a directory of our own, for the commands of a Kafka that is not installed."""
        self.servers, self.prefix = installation.servers, installation.prefix
        self._tools = tools
        self._python = KafkaProducer(bootstrap_servers=self.servers, max_request_size=8 << 20)
        console = tools / "kafka-console-producer.sh"
        console.write_text(f'#!/bin/sh\nexec {RUN} tool org.apache.kafka.tools.ConsoleProducer "$@"\n')
        console.chmod(0o755)

    def close(self) -> None:
        self._python.close()

    def kcat(self, value: bytes, *options: str | bytes, topic: str = "leads") -> None:
        command = ["kcat", "-P", "-b", self.servers, "-t", self.prefix + topic, "-X", "acks=all", *options]
        subprocess.run(command, input=value, check=True, timeout=PATIENCE)

    def send(self, value: bytes, topic: str = "leads", **how: Any) -> None:
        """By kafka-python."""
        self._python.send(self.prefix + topic, value, **how).get(timeout=PATIENCE)

    def in_transaction(self, values: Iterable[bytes], *, commit: bool) -> None:
        with KafkaProducer(bootstrap_servers=self.servers, transactional_id=f"{self.prefix}{commit}") as producer:
            producer.init_transactions()
            producer.begin_transaction()
            for value in values:
                producer.send(self.prefix + "leads", value)
            producer.flush()  # the records lie in the topic before their fate is decided
            producer.commit_transaction() if commit else producer.abort_transaction()

    def documented(self, language: str, example: str) -> None:
        """Run an example of the docs as it stands there, with the console producer on the path."""
        example = example.replace("localhost:9092", self.servers).replace("sla.leads", self.prefix + "leads")
        command = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}[language]
        env = os.environ | {"PATH": f"{self._tools}:{os.environ['PATH']}"}
        subprocess.run([*command, example], env=env, check=True, timeout=PATIENCE)


# How a story is sent: by its lead and its events as JSON.

Send = Callable[[Producers, str, list[bytes]], None]


def by_kcat(*options: str | bytes, key: str | None = "{}", topic: str = "leads", before: bytes = b"") -> Send:
    """A message a line. key: with the lead in its place."""

    def send(producers: Producers, lead: str, values: list[bytes]) -> None:
        head = b"" if key is None else key.format(lead).encode() + b"|"
        keyed = () if key is None else ("-K", "|")
        producers.kcat(b"\n".join(head + before + value for value in values), *keyed, *options, topic=topic)

    return send


def by_python(key: Callable[[str], bytes] = str.encode, size: int = 0, **how: Any) -> Send:
    """size: of each message in bytes, with blanks at its end."""

    def send(producers: Producers, lead: str, values: list[bytes]) -> None:
        for value in values:
            producers.send(value.ljust(size), key=key(lead), **how)

    return send


def in_binary_mode(producers: Producers, lead: str, values: list[bytes]) -> None:
    for value in values:
        said = json.loads(value)
        data = json.dumps(said.pop("data")).encode()
        headers = [option for name, text in said.items() for option in ("-H", f"ce_{name}={text}")]
        producers.kcat(data, "-k", lead, *MURMUR, *headers, "-H", "content-type=application/json")


def in_a_transaction(producers: Producers, _lead: str, values: list[bytes]) -> None:
    producers.in_transaction(values, commit=True)
