"""Claim links: one tap in a notice takes the lead. A link is bound to a lead, its turn and a manager, and expires."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


TAKE = "take"
"""What the data of a button that takes a lead begins with."""
BUTTON_BYTES = 64
"""What Telegram lets a button send back."""
LAST_TURN = 1_000_000
"""The last turn that an event can name."""


class Claim(NamedTuple):
    """What a link says: this manager may take this lead in this turn until then. expires_at: ms."""

    lead_id: str
    turn: int
    manager_id: str
    expires_at: int

    @property
    def event_id(self) -> str:
        """The same for every tap, so that the second is a duplicate."""
        return blake2b(_named(self.lead_id, self.turn, self.manager_id), digest_size=16).hexdigest()

    @property
    def uid(self) -> int:
        """What the row of the lead remembers of it once it was applied."""
        return Origin(uri=SOURCE, id=self.event_id).uid()


def _named(lead_id: str, turn: int, manager_id: str) -> bytes:
    return msgspec.json.encode((lead_id, turn, manager_id))


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
        self._buttons = Signer(secrets, "button.v1")

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

    def button(self, lead_id: str, turn: int, manager_id: str) -> str | None:
        """What a button in Telegram sends back, `take:TURN:SEAL:LEAD`; None if it finds no room, or nothing is signed.

        Whoever has a client of their own can send anything as a button: the seal says that this manager was told of
        this turn of this lead.
        """
        if not self._buttons:
            return None
        seal = self._buttons.seal(_named(lead_id, turn, manager_id))
        data = f"{TAKE}:{turn}:{seal}:{lead_id}"
        return data if len(data.encode()) <= BUTTON_BYTES else None

    def pressed(self, data: str, manager_ids: Iterable[str]) -> Claim | None:
        """The claim of a button that one of these managers was sent; None if it is of none of them."""
        verb, _, rest = data.partition(":")
        number, _, rest = rest.partition(":")
        seal, _, lead_id = rest.partition(":")
        if verb != TAKE or not (number.isascii() and number.isdigit()) or len(number) > len(str(LAST_TURN)):
            return None
        turn = int(number)
        for manager_id in manager_ids:
            if self._buttons.sealed(_named(lead_id, turn, manager_id), seal):
                return Claim(lead_id, turn, manager_id, self._clock.now())
        return None

    def read(self, token: str) -> Claim:
        """What a link says. Raises Forged, Expired."""
        try:
            claim = msgspec.json.decode(self._signer.open(token), type=Claim)
        except msgspec.MsgspecError:
            raise Forged from None
        if claim.expires_at <= self._clock.now():
            raise Expired(claim)
        return claim
