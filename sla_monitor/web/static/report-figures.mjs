// The columns of a report, with their words. Written by `python -m tests.docs` from sla_monitor/report/table.py.

export const COLUMNS = [
  [
    "received",
    "count",
    [
      "received"
    ],
    true,
    false
  ],
  [
    "in_time",
    "share",
    [
      "in_time",
      "decided"
    ],
    true,
    false
  ],
  [
    "attempt_p50_seconds",
    "spans",
    [
      "attempt_p50_seconds",
      "attempt_p90_seconds"
    ],
    true,
    false
  ],
  [
    "reassigned_away",
    "count",
    [
      "reassigned_away"
    ],
    false,
    false
  ],
  [
    "received_by_reassignment",
    "count",
    [
      "received_by_reassignment"
    ],
    false,
    true
  ],
  [
    "still_open",
    "count",
    [
      "still_open"
    ],
    false,
    false
  ],
  [
    "late_responses",
    "count",
    [
      "late_responses"
    ],
    false,
    false
  ],
  [
    "contact_p50_seconds",
    "spans",
    [
      "contact_p50_seconds",
      "contact_p90_seconds"
    ],
    false,
    false
  ],
  [
    "missed_calls_recovered",
    "part",
    [
      "missed_calls_recovered",
      "missed_calls"
    ],
    false,
    false
  ],
  [
    "escalated",
    "count",
    [
      "escalated"
    ],
    false,
    false
  ],
  [
    "closed_unanswered",
    "count",
    [
      "closed_unanswered"
    ],
    false,
    false
  ],
  [
    "contact_target_in_time",
    "part",
    [
      "contact_target_in_time",
      "contact_target_decided"
    ],
    false,
    false
  ],
  [
    "later_turns_in_time",
    "part",
    [
      "later_turns_in_time",
      "later_turns_decided"
    ],
    false,
    false
  ],
  [
    "unassignable",
    "count",
    [
      "unassignable"
    ],
    false,
    false
  ],
  [
    "late_given",
    "count",
    [
      "late_given"
    ],
    false,
    false
  ],
  [
    "undecided",
    "count",
    [
      "undecided"
    ],
    false,
    false
  ],
  [
    "ended_undecided",
    "count",
    [
      "ended_undecided"
    ],
    false,
    false
  ],
  [
    "joined",
    "count",
    [
      "joined"
    ],
    false,
    false
  ]
];

export const TITLES = {
  "en": {
    "received": "Leads",
    "in_time": "In time",
    "attempt_p50_seconds": "First attempt, half / nine of ten within",
    "reassigned_away": "Lost to others",
    "received_by_reassignment": "Got from others",
    "still_open": "Still open",
    "late_responses": "Answered late",
    "contact_p50_seconds": "First conversation, half / nine of ten within",
    "missed_calls_recovered": "Missed calls called back",
    "escalated": "Went to the head",
    "closed_unanswered": "Closed without a response",
    "contact_target_in_time": "Conversations in time",
    "later_turns_in_time": "Later turns in time",
    "unassignable": "Nobody eligible",
    "late_given": "Given too late",
    "undecided": "Not decided yet",
    "ended_undecided": "Ended before a decision",
    "joined": "Joined another"
  },
  "ru": {
    "received": "Лиды",
    "in_time": "В срок",
    "attempt_p50_seconds": "Первая попытка: половина / девять из десяти за",
    "reassigned_away": "Переданы другим",
    "received_by_reassignment": "Получены от других",
    "still_open": "Ещё ждут",
    "late_responses": "Ответили с опозданием",
    "contact_p50_seconds": "Первый разговор: половина / девять из десяти за",
    "missed_calls_recovered": "Пропущенные, которым перезвонили",
    "escalated": "Ушли руководителю",
    "closed_unanswered": "Закрыты без ответа",
    "contact_target_in_time": "Разговоры в срок",
    "later_turns_in_time": "Следующие ходы в срок",
    "unassignable": "Некому передать",
    "late_given": "Дали слишком поздно",
    "undecided": "Ещё не решено",
    "ended_undecided": "Закончились до решения",
    "joined": "Стали частью другого"
  }
};
