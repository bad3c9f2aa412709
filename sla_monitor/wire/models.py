"""What producers send: the only definition of the wire. Schemas, docs and OpenAPI are generated from it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from .values import Attributes, Emails, Id, Instant, Link, LongId, Number, Phones, Span, Text, Uri, Word, Words

LeadId = Annotated[Id, Field(description="Global; prefix it per CRM.")]
CallId = Annotated[Id, Field(description="Unique within the event's source.")]
WHO = "A manager's id, their id at this source, or an extension or phone of exactly one manager."
ManagerId = Annotated[Id, Field(description=WHO)]
Owner = Annotated[
    Id | None,
    BeforeValidator(lambda given: None if given == "" else given),
    Field(description=f"{WHO} `null` or empty: nobody has it any more."),
]
Customer = Annotated[Number, Field(description="The customer's phone number, as the source writes it.")]
Direction = Literal["inbound", "outbound"]
AnsweredBy = Literal["manager", "customer", "machine", "ivr", "queue", "unknown"]
CallOutcome = Literal[
    "answered", "no_answer", "busy", "rejected", "canceled", "failed", "voicemail", "machine", "invalid_number"
]


class Wire(BaseModel):
    """Strict about types; unknown fields are ignored; an optional field may be null, which is as if absent."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)


class LeadTraits(Wire):
    phones: Phones | None = None
    emails: Emails | None = None
    channel: Word | None = None
    priority: Word | None = None
    language: Word | None = None
    region: Word | None = None
    skills: Words | None = None
    name: Text | None = None
    url: Link | None = Field(
        None, description="Where your system shows the lead: `https://` only. A link on the board."
    )
    attributes: Attributes | None = Field(None, description="Up to 32 scalars of your own; not used.")


class LeadCreated(LeadTraits):
    """A lead came in. Its customer's clock starts at `time`."""

    lead_id: LeadId
    owner_id: ManagerId | None = None
    team_id: Id | None = None
    test: bool | None = Field(None, description="Timed, but in no statistics; notices go to log:// only.")


class LeadAssigned(Wire):
    """Somebody gave the lead to a manager."""

    lead_id: LeadId
    owner_id: Owner
    assigned_by: Literal["human", "rule", "sla"] | None = None


class LeadUpdated(LeadTraits):
    """What changes. A field that is absent or null stays as it is; an empty list empties it."""

    lead_id: LeadId


class LeadClosed(Wire):
    """The lead is done with."""

    lead_id: LeadId
    reason: Literal["converted", "junk", "duplicate", "deleted", "merged"]
    merged_into: Id | None = None


class LeadReopened(Wire):
    """The lead starts a new customer's clock."""

    lead_id: LeadId


class LeadErased(Wire):
    """Forget the person: only lead_id, team and status stay. What it alone brought to one it joined goes too."""

    lead_id: LeadId


class CallStarted(Wire):
    """A call with a customer began to ring."""

    call_id: CallId
    direction: Direction
    customer_number: Customer | None = None
    lead_id: LeadId | None = None
    manager_id: ManagerId | None = None
    internal: bool | None = None


class CallAnswered(Wire):
    """A leg of the call was answered, by whom `answered_by` says."""

    call_id: CallId
    answered_by: AnsweredBy
    customer_number: Customer | None = None
    lead_id: LeadId | None = None
    manager_id: ManagerId | None = None


class CallEnded(Wire):
    """A call ended at `time`. Complete by itself: send only this if your PBX knows no more."""

    call_id: CallId
    direction: Direction
    outcome: CallOutcome
    talk_seconds: Span = Field(description="Talk between a manager and the customer, without ringing.")
    customer_number: Customer | None = None
    lead_id: LeadId | None = None
    started_at: Instant | None = None
    answered_at: Instant | None = None
    ring_seconds: Span | None = None
    manager_id: ManagerId | None = None
    internal: bool | None = None


class ContactRecorded(Wire):
    """A manager reached out in another way than by a call we see."""

    kind: Literal["message", "email", "meeting", "manual"]
    manager_id: ManagerId
    lead_id: LeadId | None = None
    customer_number: Customer | None = None
    automated: bool | None = Field(None, description="No human did it, such as an answer of a bot: it proves nothing.")


class LeadClaimed(Wire):
    """A manager takes the lead in the turn they saw."""

    lead_id: LeadId
    manager_id: ManagerId
    turn: int = Field(ge=1, le=1_000_000)


class ManagerStatus(Wire):
    """A manager's presence."""

    manager_id: ManagerId
    status: Literal["available", "busy", "away", "offline"]
    until: Instant | None = None


DATA: dict[str, type[Wire]] = {
    "lead.created.v1": LeadCreated,
    "lead.assigned.v1": LeadAssigned,
    "lead.updated.v1": LeadUpdated,
    "lead.closed.v1": LeadClosed,
    "lead.reopened.v1": LeadReopened,
    "lead.erased.v1": LeadErased,
    "call.started.v1": CallStarted,
    "call.answered.v1": CallAnswered,
    "call.ended.v1": CallEnded,
    "contact.recorded.v1": ContactRecorded,
    "lead.claimed.v1": LeadClaimed,
    "manager.status.v1": ManagerStatus,
}


class Envelope(Wire):
    """A CloudEvents 1.0 event. (`source`, `id`) is its identity: sending it again changes nothing."""

    specversion: Literal["1.0"]
    id: LongId
    source: Uri = Field(
        description="Who sends it: a URI reference, like /crm/main; /sla-monitor and what is below it is ours."
    )
    type: str
    time: Instant = Field(description="When it happened, RFC 3339 with an offset.")
    subject: LongId | None = None
    actor: Word | None = Field(
        None, description="Who did it, by an id; an extension of ours, shown in outcomes as `source:id`."
    )
    datacontenttype: str | None = Field(
        None, max_length=128, pattern=r"^application/([a-zA-Z0-9.+-]+\+)?json(\s*;.*)?$", description="JSON."
    )
    data: Any


def _event(kind: str, data: type[Wire]) -> type[Envelope]:
    fields: dict[str, Any] = {"type": (Literal[kind], ...), "data": (data, ...)}
    return create_model(f"{data.__name__}Event", __base__=Envelope, __doc__=data.__doc__, **fields)


EVENTS: dict[str, type[Envelope]] = {kind: _event(kind, data) for kind, data in DATA.items()}
"""The model of the whole event for each type."""
