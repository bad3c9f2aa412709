"""Addresses as settings have them: where we serve and are reached, where brokers and proxies are."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, PlainSerializer
from pydantic_settings import NoDecode


class Listen(NamedTuple):
    """Where HTTP is served. Port 0: any that is free."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host == "localhost" or (_is_address(self.host) and ip_address(self.host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _listen(text: object) -> object:
    match = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^\s:\[\]]+):([0-9]{1,5})", text) if isinstance(text, str) else None
    if match is None and isinstance(text, str):
        raise ValueError("must be host:port, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080")
    return Listen(match[1].strip("[]"), _port(int(match[2]))) if match else text


def _port(port: int) -> int:
    if port > 65535:
        raise ValueError("must have a port from 0 (any that is free) to 65535")
    return port


def _networks(text: object) -> object:
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",")) if isinstance(text, str) else text
    except ValueError:
        raise ValueError("must be addresses or networks, such as 10.0.0.5 or 10.0.0.0/24,fd00::/8") from None


def _broker(text: str) -> str:
    if text.startswith("kafka://"):
        if not re.fullmatch(r"kafka://[^\s/@,:]+:[0-9]{1,5}(,[^\s/@,:]+:[0-9]{1,5})*", text):
            raise ValueError("must be kafka://host:port, or several, as in kafka://a:9092,b:9092")
        return text
    if not re.match(r"sqlite:///.", text) or text.endswith(("/", ":memory:")):
        raise ValueError("must be sqlite:///path/of/the/file.db (sqlite:////path from the root)")
    return text


def _public_url(url: str) -> str:
    """A link is a key: only this machine may be reached in the clear."""
    match = re.fullmatch(r"(https?)://(\[[0-9a-fA-F:.]+\]|[^\s/@:?#\[\]]+)(:[0-9]{1,5})?(/[^\s?#]*)?", url)
    if match is None or (match[1] == "http" and not Listen(match[2].strip("[]"), 0).loopback):
        raise ValueError("must be https://host, with nothing behind it but a port and a path")
    return url.rstrip("/")


Address = Annotated[Listen, NoDecode, BeforeValidator(_listen), PlainSerializer(str, return_type=str)]


Networks = Annotated[
    tuple[IPv4Network | IPv6Network, ...],
    NoDecode,
    BeforeValidator(_networks),
    PlainSerializer(lambda networks: ",".join(map(str, networks)), return_type=str),
]

Broker = Annotated[str, BeforeValidator(_broker)]

PublicUrl = Annotated[str, BeforeValidator(_public_url)]
