"""Claim links: one tap in a notice takes the lead. A link is bound to a lead, its turn and a manager, and expires."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from .clock import Clock
from .core.events import Origin
from .errors import GiveUp
from .signing import Forged, Signer

SOURCE = "/sla-monitor/claim"
"""The CloudEvents `source` of every claim that is made with us."""


class Claim(NamedTuple):
    """What a link says: this manager may take this lead in this turn until then. expires_at: ms."""

    lead_id: str
    turn: int
    manager_id: str
    expires_at: int

    @property
    def event_id(self) -> str:
        """The same for every tap, so that the second is a duplicate."""
        named = msgspec.json.encode((self.lead_id, self.turn, self.manager_id))
        return blake2b(named, digest_size=16).hexdigest()

    @property
    def uid(self) -> int:
        """What the row of the lead remembers of it once it was applied."""
        return Origin(uri=SOURCE, id=self.event_id).uid()


class Expired(GiveUp):
    """A link that was good once. claim: what it said."""

    def __init__(self, claim: Claim) -> None:
        super().__init__("the link has expired")
        self.claim = claim


class ClaimLinks:
    """public_url: where managers reach us, no slash behind it. Without it or without secrets no link is written."""

    def __init__(self, clock: Clock, public_url: str | None = None, secrets: Sequence[str] = ()) -> None:
        self._clock, self._public_url = clock, public_url
        self._signer = Signer(secrets, "claim.v1")

    @property
    def board(self) -> str | None:
        """Where all leads are; None where nobody knows how managers reach us."""
        return self._public_url and f"{self._public_url}/"

    def on_board(self, lead_id: str) -> str | None:
        """Where a lead is on the board, for those who may see it there."""
        return self.board and f"{self.board}#lead={quote(lead_id, safe='')}"

    def url(self, lead_id: str, turn: int, manager_id: str, expires_at: int) -> str | None:
        """The link for a notice, the same whenever it is asked for. expires_at: ms."""
        if not self._public_url or not self._signer:
            return None
        payload = msgspec.json.encode(Claim(lead_id, turn, manager_id, expires_at))
        return f"{self._public_url}/claim/{self._signer.sign(payload)}"

    def read(self, token: str) -> Claim:
        """What a link says. Raises Forged, Expired."""
        try:
            claim = msgspec.json.decode(self._signer.open(token), type=Claim)
        except msgspec.MsgspecError:
            raise Forged from None
        if claim.expires_at <= self._clock.now():
            raise Expired(claim)
        return claim
