"""How a channel says that it could not hand a message over."""

from __future__ import annotations


class Failed(Exception):
    """The message was not handed over. reason: without secrets and personal data.

    permanent: the same attempt fails again. retry_after: ms that the receiver wants to be left alone, if it said so.
    refused: the receiver answered that it does not take this message now. asked: False if it was not even asked.
    unsure: there was no answer, and it may have been taken all the same.
    """

    def __init__(
        self,
        reason: str,
        *,
        permanent: bool = False,
        retry_after: int | None = None,
        refused: bool = False,
        asked: bool = True,
        unsure: bool = False,
    ) -> None:
        super().__init__(reason)
        self.permanent = permanent
        self.retry_after = retry_after
        self.refused = refused
        self.asked = asked
        self.unsure = unsure
