"""The policy file as it is written: its keys, their meaning, units and bounds. Key names are contract.

Everything that one value can be checked for alone is checked here; `checks.py` compares them with each other.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema

from sla_monitor import numbering
from sla_monitor.core.calendar import zone
from sla_monitor.core.outcomes import TYPES
from sla_monitor.core.rules import NOTICES, Bounds, Intervals
from sla_monitor.core.rules import Manager as CoreManager
from sla_monitor.core.rules import Policy as CorePolicy
from sla_monitor.core.rules import Source as CoreSource
from sla_monitor.core.spelling import key
from sla_monitor.documents import did_you_mean
from sla_monitor.values import Duration, Matching, Span

from . import templates
from .chats import check_address
from .endpoints import endpoint, private
from .hours import (
    SPAN,
    check_day,
    check_quiet,
    countries,
    is_iso_date,
    make_week,
    parse_days,
    parse_days_off,
    parse_span,
    subdivisions,
)

MANAGER = CoreManager("")
POLICY = CorePolicy()
SOURCE = CoreSource("")
BOUNDS = Bounds()
OUTCOMES = tuple(f"{name}.v1" for name in TYPES)


def _zone(name: str) -> str:
    try:
        return zone(name).key
    except ZoneInfoNotFoundError:
        raise ValueError("is no known time zone; write one such as Europe/Moscow") from None


def _phone(text: str) -> str:
    """E.164, whatever the spaces and brackets; without a country code nobody could tell whose it is."""
    use, number = numbering.read(text, None)
    if use is numbering.Use.WITHHELD:  # a carrier's word for it in digits: harmless, as no such call has a number
        return text
    if number is None and "+" not in text:
        raise ValueError("must be a phone number with its country code, such as +74951234567")
    if number is None:
        raise ValueError("cannot be a phone number: too short or too long for its country")
    return key(number)


def _region(code: str) -> str:
    if code not in numbering.REGIONS:
        raise ValueError("must be an ISO country code in capitals, such as RU")
    return code


def _country(code: str) -> str:
    if subdivisions(code) is None:
        hint = did_you_mean(code.upper(), countries()) if len(code) == 2 else "; write an ISO code such as RU"
        raise ValueError(f"is no country whose holidays are known{hint}")
    return code


def _days(text: str) -> str:
    parse_days(text)
    return text


def _date(text: str) -> str:
    if not is_iso_date(text):
        raise ValueError("must be a date such as 2026-12-31")
    return text


def _days_off(text: str) -> str:
    parse_days_off(text)
    return text


def _kind(name: str) -> str:
    if name not in NOTICES:
        raise ValueError("is no kind of notice" + did_you_mean(name, NOTICES))
    return name


def _language(name: str) -> str:
    if name not in templates.LANGUAGES:
        raise ValueError("is no language of notices" + did_you_mean(name, templates.LANGUAGES))
    return name


def _hours(hours: dict[str, Intervals]) -> dict[str, Intervals]:
    make_week(hours)
    return hours


def _share(text: object) -> int:
    match = re.fullmatch(r"([0-9]{1,3}) *%", text) if isinstance(text, str) else None
    percent = int(match[1]) if match else text
    if not isinstance(percent, int) or not 1 <= percent <= 99:
        raise ValueError("must be a share of the target from 1% to 99%, such as 60%")
    return percent


def _ascending(shares: tuple[int, ...]) -> tuple[int, ...]:
    if list(shares) != sorted(set(shares)):
        raise ValueError("must rise, such as [60%, 85%]")
    return shares


def _address(url: str) -> str:
    """The value is not repeated: it may carry a password."""
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", url):
        raise ValueError("must be an address with its scheme, such as log:// or json://crm.example/hook")
    if wrong := check_address(url):
        raise ValueError(wrong)
    return url


def _outcome(name: str) -> str:
    if name not in OUTCOMES:
        raise ValueError(f"is no type of outcome{did_you_mean(name, OUTCOMES)}")
    return name


Name = Annotated[str, Matching(r"^[^\s/\x00-\x1f\x7f]{1,64}$", "must be 1 to 64 characters, without spaces or slashes")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Zone = Annotated[str, AfterValidator(_zone)]
Phone = Annotated[str, AfterValidator(_phone)]
Region = Annotated[str, AfterValidator(_region)]
Country = Annotated[str, AfterValidator(_country)]
Days = Annotated[str, AfterValidator(_days)]
Day = Annotated[str, AfterValidator(_date)]
OpenSpan = Annotated[
    tuple[int, int],
    BeforeValidator(parse_span),
    WithJsonSchema({"type": "string", "pattern": SPAN, "examples": ["09:00-18:00", "22:00-06:00", "00:00-24:00"]}),
]
OpenSpans = Annotated[tuple[OpenSpan, ...], AfterValidator(check_day)]
DaysOff = Annotated[
    str,
    AfterValidator(_days_off),
    WithJsonSchema({"type": "string", "examples": ["2026-12-31", "2027-01-05..2027-01-09"]}),
]
Kind = Annotated[str, AfterValidator(_kind), WithJsonSchema({"enum": list(NOTICES)})]
Language = Annotated[str, AfterValidator(_language), WithJsonSchema({"enum": list(templates.LANGUAGES)})]
Title = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(templates.check_text)]
Body = Annotated[str, StringConstraints(min_length=1, max_length=2000), AfterValidator(templates.check_text)]
Share = Annotated[
    int,
    BeforeValidator(_share),
    PlainSerializer(lambda percent: f"{percent}%", return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]?%$", "examples": ["60%"]}),
]
Address = Annotated[str, AfterValidator(_address)]
Endpoint = Annotated[str, AfterValidator(endpoint)]
SecretFile = Annotated[str, Matching(r"^/[^\x00-\x1f]{1,500}$", "must be an absolute path: each worker reads it")]
OutcomeType = Annotated[str, AfterValidator(_outcome), WithJsonSchema({"type": "string", "enum": list(OUTCOMES)})]


class Section(BaseModel):
    """Unknown keys are mistakes: a typing error must not turn a promise off."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Defaults as they are written in the file: `10m`, not its milliseconds."""
        schema = handler(core)
        written = cls.model_construct().model_dump(mode="json", by_alias=True)
        for name, field in handler.resolve_ref_schema(schema)["properties"].items():
            if "default" in field:
                field["default"] = written[name]
        return schema


class Holidays(Section):
    country: Country = Field(description="ISO country code, such as RU.")
    subdiv: str | None = Field(None, description="Its subdivision, where that has holidays of its own.")
    except_: tuple[Day, ...] = Field((), alias="except", description="Dates that are worked all the same.")

    @model_validator(mode="after")
    def _known_subdivision(self) -> Holidays:
        known = subdivisions(self.country) or []
        if self.subdiv and self.subdiv not in known:
            raise ValueError(f"has an unknown subdiv of {self.country}{did_you_mean(self.subdiv, known)}")
        return self


class Calendar(Section):
    """When time counts."""

    timezone: Zone = Field(description="IANA name, such as Europe/Moscow.")
    hours: Annotated[dict[Days, OpenSpans], AfterValidator(_hours)] = Field(
        description="Day or range of days -> hours. A span over midnight belongs to the day it starts on."
    )
    dates: dict[Day, OpenSpans] = Field({}, description="Date -> hours instead of its weekday's; `[]` is closed.")
    holidays: Holidays | None = Field(None, description="Public holidays are closed; `dates` win over them.")


class Manager(Section):
    """Who can be given a lead. The key is the id that CRM and PBX send, or that notices and reports show."""

    name: str = Field(MANAGER.name, max_length=200, description="For people; the id if left out.")
    shift: str | None = Field(MANAGER.shift, description="The calendar of the manager's work; always if left out.")
    skills: tuple[Text, ...] = Field(MANAGER.skills, description="What `require.skills` asks for.")
    languages: tuple[Text, ...] = Field(MANAGER.languages, description="Languages spoken; any if left out.")
    capacity: int | None = Field(MANAGER.capacity, ge=1, description="Open leads at once; no limit if left out.")
    weight: int = Field(MANAGER.weight, ge=1, le=100, description="Share of the leads under the strategy `weighted`.")
    extensions: tuple[Text, ...] = Field(MANAGER.extensions, description="Internal numbers at the PBX.")
    phones: tuple[Phone, ...] = Field(MANAGER.phones, description="Own numbers, with the country code.")
    ids: dict[Name, Text] = Field(
        dict(MANAGER.ids),
        description='Source -> their id there, such as `bitrix: "1269"`: owners and callers by it are them.',
    )
    notify: tuple[Address, ...] = Field(MANAGER.notify, description="Where notices go, all of them.")
    days_off: tuple[DaysOff, ...] = Field(
        MANAGER.days_off, description="Dates, or spans such as 2027-01-05..2027-01-09, on which no shift begins."
    )
    quiet: Annotated[tuple[OpenSpan, ...], AfterValidator(check_quiet)] = Field(
        MANAGER.quiet,
        description="Hours of every day in which notices wait for their end, in the zone of the shift, else of the "
        "policy: docs/notifications.md.",
    )
    urgent: tuple[Kind, ...] = Field(
        MANAGER.urgent, description="Kinds of notices that come in quiet hours too; `[]` lets nothing through."
    )


class Template(Section):
    """A notice in a team's own words. Placeholders and what they stand for: docs/notifications.md."""

    title: Title | None = Field(None, description="One line, such as `Call {lead} back`; built in if left out.")
    body: Body | None = Field(
        None, description="Lines; one that names what is not known of a lead is left out. Built in if left out."
    )


class Team(Section):
    name: Text = Field("", description="As the pages show it; the id if left out.")
    head: str | None = Field(None, description="The manager who is told of what goes wrong.")
    managers: tuple[str, ...] = Field((), description="In the order of their turns. A manager is in one team.")
    strategy: Literal["round_robin", "weighted", "least_loaded", "longest_idle"] = Field(
        "round_robin", description="How the next manager is chosen of those who can take a lead."
    )
    templates: dict[Kind, dict[Language, Template]] = Field(
        {}, description="Own words for notices to its people: kind -> language -> text."
    )


class Match(Section):
    """All that is given must be so; of each list, one value is enough."""

    channel: tuple[Text, ...] = Field((), description="Such as web, phone, missed_call.")
    priority: tuple[Text, ...] = Field((), description="As the lead has it.")
    source: tuple[Text, ...] = Field((), description="The name of the key that sent the lead.")
    language: tuple[Text, ...] = Field((), description="As the lead has it.")
    region: tuple[Text, ...] = Field((), description="As the lead has it.")
    team: tuple[str, ...] = Field((), description="The lead's team, else its owner's.")


class Require(Section):
    skills: tuple[Text, ...] = Field((), description="All of them are needed to take the lead.")


class Policy(Section):
    """What is promised. Keys left out come from the policy `default`, then from the values shown here."""

    name: Name = Field(description="Shown in outcomes, views and metrics. `default` takes what no other matches.")
    title: Text = Field("", description="As the pages show it, such as *10 min, hot*; the name if left out.")
    match: Match = Field(Match(), description="The leads it is for; the first policy that matches a lead is its own.")
    team: str | None = Field(POLICY.team, description="For leads that name neither a team nor an owner in one.")
    target: Span = Field(POLICY.target, description="Open time from the start until a response is due.")
    response: Literal["attempt", "contact"] = Field("attempt", description="What counts as the response.")
    calendar: str | None = Field(POLICY.calendar, description="The customer's; the team's shifts if left out.")
    require: Require | None = Field(None, description="What a manager must have to take the lead.")
    warn_at: Annotated[tuple[Share, ...], AfterValidator(_ascending)] = Field(
        POLICY.warn_at, description="Shares of the target at which the holder is reminded."
    )
    on_breach: Literal["reassign", "notify"] = Field(
        "reassign", description="Give the lead to the next manager, or only tell holder and head."
    )
    max_turns: int = Field(POLICY.max_turns, ge=1, le=50, description="Turns until the lead is escalated.")
    escalate_to: str = Field(POLICY.escalate_to, description="`head` of the team, or a manager.")
    allowance: Duration = Field(POLICY.allowance, description="How late a proof may arrive before a breach is decided.")
    unowned: Literal["assign", "wait"] = Field(
        "assign", description="Leads without an owner: given out, or left to CRM."
    )
    unowned_after: Duration = Field(POLICY.unowned_after, description="How long `wait` waits for an owner.")
    on_absence: Literal["wait", "reassign"] = Field("wait", description="When a holder goes off shift or offline.")
    absence_grace: Duration = Field(POLICY.absence_grace, description="Absences shorter than this are none.")
    contact_target: Span | None = Field(
        POLICY.contact_target, description="Open time until the customer was spoken to."
    )
    join_same_number: bool = Field(
        POLICY.join_same_number, description="Leads of one number are one while one is open."
    )
    apply_to_open: bool = Field(
        POLICY.apply_to_open,
        description="Whether a change counts for open leads of this policy's name; renamed, it reaches none of them.",
    )
    objective: float = Field(POLICY.objective, gt=0, lt=1, description="Share that is to be in time, for reports.")
    notify_owner: bool = Field(POLICY.notify_owner, description="Tell an owner that CRM chose of the lead.")


class Missed(Section):
    rejected: Literal["lead", "ignore"] = Field(
        "lead", description="A call that the PBX or a person rejected: a lead to call back, or nothing (a block list)."
    )


class Source(Section):
    """How a source of calls behaves. The key is the name of its key in SLA_KEYS."""

    calls: Literal["live", "after_end"] = Field("live", description="Whether calls are told while they last.")
    max_delay: Duration = Field(SOURCE.max_delay, description="How late its events may come.")
    default_region: Region | None = Field(None, description="Country of numbers without a country code.")
    international_without_plus: bool = Field(
        False,
        description="Whether it writes numbers with their country code and without the plus, as 375291234567. A valid "
        "number of `default_region` with the digit that is dialled before it there, as 84951234567 of RU, is one of "
        "there.",
    )
    missed: Missed = Field(Missed(), description="What becomes of calls that nobody took.")


class MaxHold(Section):
    ringing: Duration = Field(BOUNDS.max_hold_ringing, description="A call that rings or is queued.")
    talking: Duration = Field(BOUNDS.max_hold_talking, description="A call that was answered.")


class Limits(Section):
    min_ring: Duration = Field(BOUNDS.min_ring, description="An unanswered call that rang shorter is no attempt.")
    min_talk: Duration = Field(BOUNDS.min_talk, description="A shorter talk is no contact.")
    short_abandon: Duration = Field(BOUNDS.short_abandon, description="A caller who hung up sooner makes no lead.")
    missed_settle: Duration = Field(
        BOUNDS.missed_settle, description="A missed call answered elsewhere within it is none."
    )
    match_window: Span = Field(BOUNDS.match_window, description="How long calls wait for their lead.")
    max_event_age: Span = Field(BOUNDS.max_event_age, description="Older leads start no clock.")
    retract_window: Span = Field(BOUNDS.retract_window, description="How long late proof takes a breach back.")
    max_hold: MaxHold = Field(MaxHold(), description="How long a live call holds a breach.")
    max_catch_up: Span = Field(BOUNDS.max_catch_up, description="How long a breach waits for calls accepted before it.")
    erase_within: Span = Field(BOUNDS.erase_within, description="By when logs have lost the data of an erased lead.")
    digest_after: int = Field(
        BOUNDS.digest_after,
        ge=1,
        le=1000,
        description="Notices to one channel of a manager within `digest_window`; more of them become one message.",
    )
    digest_window: Span = Field(BOUNDS.digest_window, description="See `digest_after`.")


class Webhook(Section):
    """Where outcomes are posted to, signed ([webhooks.md](webhooks.md))."""

    name: Name | None = Field(None, description="In commands and logs; the host of `url` if left out.")
    url: Endpoint = Field(description="https://...")
    secret_file: SecretFile = Field(description="Absolute path of a file with its signing secrets, one a line.")
    types: tuple[OutcomeType, ...] = Field((), description="Types of outcome that it gets; all if left out.")
    allow_private: bool = Field(
        False, description="Whether its host may have an address that is not public, and http:// will do."
    )

    @model_validator(mode="after")
    def _public(self) -> Webhook:
        if not self.allow_private and (reason := private(self.url)):
            raise ValueError(reason)
        return self

    @property
    def known_as(self) -> str:
        return self.name or urlsplit(self.url).hostname or ""


class PolicyFile(Section):
    """The policy of sla-monitor: what is promised to leads, and who keeps the promise."""

    version: int = Field(1, ge=1, le=1, description="The version of this format.")
    calendars: dict[Name, Calendar] = Field({}, description="Opening hours by name.")
    managers: dict[Name, Manager] = Field({}, description="People by id.")
    teams: dict[Name, Team] = Field({}, description="Teams by id.")
    policies: tuple[Policy, ...] = Field((), description="The first that matches a lead is its own.")
    sources: dict[Name, Source] = Field({}, description="Sources of events by name.")
    limits: Limits = Field(Limits(), description="Bounds of what counts, for all policies.")
    own_numbers: tuple[Phone, ...] = Field(
        (), description="Numbers of the company: never a customer's, also not in a lead."
    )
    blocked_numbers: tuple[Phone, ...] = Field(
        (), description="Callers whose missed calls make no lead; leads do not join by them."
    )
    webhooks: tuple[Webhook, ...] = Field((), max_length=16, description="Where outcomes are posted to.")
