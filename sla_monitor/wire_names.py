"""What each kind of record and row is called in the logs, for ever.

The names are those that the classes had when they were first written. Rename a class, and its name here stays: what was
written before is read by it. A kind that is not written any more keeps its line for as long as a log may hold it.
"""

from __future__ import annotations

from .core import effects, events
from .core.deliver import Notices
from .core.heartbeat import Pulse
from .core.lead import Lead
from .core.ledger import Ledger
from .core.mailbox import Mailbox
from .core.noticed import Noted
from .core.phone import Number
from .core.relay import Endpoint, Outbox
from .core.roster import Held, SignedOut, Standing, Waiting

RECORDS: dict[type, bytes] = {
    # what producers send
    events.LeadCreated: b"LeadCreated",
    events.LeadAssigned: b"LeadAssigned",
    events.LeadUpdated: b"LeadUpdated",
    events.LeadClosed: b"LeadClosed",
    events.LeadReopened: b"LeadReopened",
    events.LeadErased: b"LeadErased",
    events.LeadClaimed: b"LeadClaimed",
    events.CallStarted: b"CallStarted",
    events.CallAnswered: b"CallAnswered",
    events.CallEnded: b"CallEnded",
    events.ContactRecorded: b"ContactRecorded",
    events.ManagerStatus: b"ManagerStatus",
    # ours
    events.RulesChanged: b"RulesChanged",
    events.WebhookEnabled: b"WebhookEnabled",
    events.Heartbeat: b"Heartbeat",
    events.SessionEnded: b"SessionEnded",
    events.Noticed: b"Noticed",
    # answers from one log to another
    events.Assigned: b"Assigned",
    events.Away: b"Away",
    events.Asked: b"Asked",
    events.Joined: b"Joined",
    events.JoinRefused: b"JoinRefused",
    events.Declined: b"Declined",
    events.JoinedReopened: b"JoinedReopened",
    events.Parted: b"Parted",
    events.PartErased: b"PartErased",
    events.Absorbed: b"Absorbed",
    events.Merged: b"Merged",
    events.Preceded: b"Preceded",
    # to the desk, the numbers, a lead
    effects.Ask: b"Ask",
    effects.Hold: b"Hold",
    effects.Free: b"Free",
    effects.OpenNumber: b"OpenNumber",
    effects.CloseNumber: b"CloseNumber",
    effects.Question: b"Question",
    effects.Join: b"Join",
    # to the notifications
    effects.Notify: b"Notify",
    effects.LeadState: b"LeadState",
    effects.Drop: b"Drop",
    effects.Relay: b"Relay",
    effects.Enqueue: b"Enqueue",
    effects.Refresh: b"Refresh",
    effects.Withdraw: b"Withdraw",
    effects.Told: b"Told",
}

ROWS: dict[type, bytes] = {
    Number: b"Number",
    Lead: b"Lead",
    Pulse: b"Pulse",
    Ledger: b"Ledger",
    Waiting: b"Waiting",
    Held: b"Held",
    Standing: b"Standing",
    SignedOut: b"SignedOut",
    Noted: b"Noted",
    Notices: b"Notices",
    Mailbox: b"Mailbox",
    Outbox: b"Outbox",
    Endpoint: b"Endpoint",
}
