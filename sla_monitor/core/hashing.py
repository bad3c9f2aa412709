"""A hash that is the same in every process and on every machine, unlike Python's own."""

from __future__ import annotations

from hashlib import blake2b


def stable_hash(text: str) -> int:
    """63 bits."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()) >> 1
