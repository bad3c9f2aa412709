"""The one catalogue of what managers read: every kind of notice in every language.

A text may name in braces what `policy.templates.PLACEHOLDERS` has. A line that names something unknown is left out; a
title names only `lead`. Teams may replace them in the policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

FALLBACK = "en"
"""The language of managers who have none of ours."""


class Text(NamedTuple):
    title: str
    lines: tuple[str, ...]


_DUE_EN = ("Respond by {due}: {left} left.", "It was due by {due}, {late} ago.")
_DUE_RU = ("Ответьте до {due}: осталось {left}.", "Срок был {due}, прошло {late}.")
_WHO_EN = ("Customer: {customer}", "Source: {source}", "Lead id: {lead_id}")
_WHO_RU = ("Клиент: {customer}", "Источник: {source}", "Номер лида: {lead_id}")

TEXTS: Mapping[str, Mapping[str, Text]] = {
    "assigned": {
        "en": Text("New lead for you: {lead}", (*_DUE_EN, "Why you: {reason}.", "Before you: {from_name}.")),
        "ru": Text("Вам новый лид: {lead}", (*_DUE_RU, "Почему вам: {reason}.", "До вас: {from_name}.")),
    },
    "warning": {
        "en": Text(
            "Still no response: {lead}",
            (*_DUE_EN, "{share}% of the time has passed."),
        ),
        "ru": Text(
            "Лид ещё ждёт ответа: {lead}",
            (*_DUE_RU, "Прошло {share}% времени."),
        ),
    },
    "reassigned_away": {
        "en": Text("No longer your lead: {lead}", ("It went to {to_name}.", "Why: {reason}.")),
        "ru": Text("Лид больше не ваш: {lead}", ("Теперь им занимается {to_name}.", "Причина: {reason}.")),
    },
    "breached": {
        "en": Text(
            "Nobody responded in time: {lead}",
            ("Held by {holder}.", "The lead stays where it is: please respond now.", *_DUE_EN),
        ),
        "ru": Text(
            "Лид остался без ответа в срок: {lead}",
            ("Лид у: {holder}.", "Лид остаётся на месте: ответьте сейчас.", *_DUE_RU),
        ),
    },
    "escalated": {
        "en": Text(
            "Escalated to you: {lead}",
            ("No more managers will be tried.", "Why: {reason}.", "Last held by {from_name}.", *_DUE_EN),
        ),
        "ru": Text(
            "Лид передан вам: {lead}",
            ("Других менеджеров больше не будет.", "Причина: {reason}.", "Последний менеджер: {from_name}.", *_DUE_RU),
        ),
    },
    "unassignable": {
        "en": Text(
            "Nobody can take this lead: {lead}",
            ("Every manager is off shift, busy or not suited.", "Why it needs a manager: {reason}.", *_DUE_EN),
        ),
        "ru": Text(
            "Лид некому передать: {lead}",
            (
                "Все менеджеры не на смене, заняты или не подходят.",
                "Почему нужен менеджер: {reason}.",
                *_DUE_RU,
            ),
        ),
    },
    "no_team": {
        "en": Text(
            "A lead of no team: {lead}",
            ("Neither the lead nor the policy names a team. Take it, or give it to somebody.", *_DUE_EN),
        ),
        "ru": Text(
            "Лид без команды: {lead}",
            ("Команда не названа ни в лиде, ни в политике. Заберите его или передайте кому-нибудь.", *_DUE_RU),
        ),
    },
    "answered": {
        "en": Text("Answered: {lead}", ("{by} has responded; you need not.",)),
        "ru": Text("Клиенту ответили: {lead}", ("Ответил(а) {by}, от вас ничего не требуется.",)),
    },
    "taken": {
        "en": Text("Somebody has it now: {lead}", ("Held by {holder}.", "Why: {reason}.")),
        "ru": Text("Лид уже взяли: {lead}", ("Сейчас его ведёт {holder}.", "Причина: {reason}.")),
    },
    "closed": {
        "en": Text("Closed: {lead}", ("Nothing is to be done any more.", "Why: {reason}.", "By: {by}.")),
        "ru": Text("Лид закрыт: {lead}", ("Делать больше ничего не нужно.", "Причина: {reason}.", "Кто: {by}.")),
    },
    "joined": {
        "en": Text(
            "Part of another lead now: {lead}",
            ("The same customer: it goes on as {into}.", "Do not call because of this one."),
        ),
        "ru": Text(
            "Лид стал частью другого: {lead}",
            ("Это тот же клиент, продолжение в лиде {into}.", "По этому лиду звонить не нужно."),
        ),
    },
    "retracted": {
        "en": Text(
            "Breach taken back: {lead}",
            ("A response in time was proven later: at {responded}.", "Why: {reason}.", "The lead stays with {holder}."),
        ),
        "ru": Text(
            "Нарушение снято: {lead}",
            (
                "Позже подтвердилось, что ответ был в срок: {responded}.",
                "Причина: {reason}.",
                "Лид остаётся у: {holder}.",
            ),
        ),
    },
    "contact_breached": {
        "en": Text(
            "Nobody has spoken to the customer: {lead}",
            ("Held by {holder}.", *_DUE_EN),
        ),
        "ru": Text(
            "С клиентом так и не поговорили: {lead}",
            ("Лид у: {holder}.", *_DUE_RU),
        ),
    },
    "missed_call": {
        "en": Text("Missed call: {lead}", ("The customer called and nobody answered: please call back.", *_DUE_EN)),
        "ru": Text("Пропущенный звонок: {lead}", ("Клиент звонил, никто не ответил: перезвоните.", *_DUE_RU)),
    },
    "absent": {
        "en": Text("Held by somebody absent: {lead}", ("{holder} is away; the clock runs on.", *_DUE_EN)),
        "ru": Text(
            "Лид у отсутствующего менеджера: {lead}",
            ("{holder} отсутствует, время идёт.", *_DUE_RU),
        ),
    },
    "undelivered": {
        "en": Text(
            "A manager could not be told: {lead}",
            ("{holder} does not get notices by {channel}: {reason}.", "Not told: {about}.", *_DUE_EN),
        ),
        "ru": Text(
            "Менеджера не удалось известить: {lead}",
            ("{holder} не получает уведомлений через {channel}: {reason}.", "Не передано: {about}.", *_DUE_RU),
        ),
    },
    "stuck": {
        "en": Text("We cannot follow this lead: {lead}", ("An error of ours stops its timer. Please look after it.",)),
        "ru": Text("Не можем следить за лидом: {lead}", ("Ошибка на нашей стороне. Проследите за ним сами.",)),
    },
}

OTHER = {
    "en": Text("News of a lead: {lead}", ("{reason}",)),
    "ru": Text("Новости о лиде: {lead}", ("{reason}",)),
}
"""For a kind that this version does not know: written by a newer one."""

WHO: Mapping[str, tuple[str, ...]] = {"en": _WHO_EN, "ru": _WHO_RU}
"""The last lines of every text."""


class Digest(NamedTuple):
    """Several notices as one message. title: names `count`. when, late: of one that is due, or was; name `due` with
    `left` or `late`. more: names `count`, of those that are not listed.
    """

    title: str
    when: str
    late: str
    more: str


DIGEST: Mapping[str, Digest] = {
    "en": Digest("{count} notices at once", "by {due}, {left} left", "was due {due}, {late} ago", "And {count} more."),
    "ru": Digest(
        "Уведомлений сразу: {count}", "до {due}, осталось {left}", "срок был {due}, прошло {late}", "И ещё {count}."
    ),
}

TAKE: Mapping[str, str] = {"en": "Take it", "ru": "Взять"}
"""What stands on the button, and before the link, by which a manager takes a lead."""

OPEN: Mapping[str, str] = {"en": "Open in browser", "ru": "Открыть в браузере"}
"""What stands on the link beside a button that takes the lead."""

BOARD: Mapping[str, str] = {"en": "Open the board", "ru": "Открыть доску"}
"""What stands on the link of a digest."""

TEST: Mapping[str, str] = {"en": "[test]", "ru": "[тест]"}
"""In front of the title of a test lead."""

REASONS: Mapping[str, Mapping[str, str]] = {
    "given": {"en": "named as its owner", "ru": "указан владельцем лида"},
    "assigned": {"en": "it had no manager", "ru": "у лида не было менеджера"},
    "no_response": {"en": "no response in time", "ru": "нет ответа в срок"},
    "absent": {"en": "the manager is absent", "ru": "менеджер отсутствует"},
    "unassigned": {"en": "taken away in the CRM", "ru": "снят с менеджера в CRM"},
    "manual": {"en": "assigned by a person", "ru": "назначил человек"},
    "rule": {"en": "assigned by a rule", "ru": "назначено правилом"},
    "claimed": {"en": "claimed", "ru": "лид забрали"},
    "reopened": {"en": "reopened", "ru": "лид открыт снова"},
    "left": {"en": "no longer in the policy", "ru": "больше нет в политике"},
    "erased": {"en": "erased", "ru": "данные удалены"},
    "closed_before_due": {
        "en": "the lead had ended before it was due, and that was told later",
        "ru": "лид завершили до срока, но сообщили об этом позже",
    },
    "max_turns": {"en": "enough managers were tried", "ru": "менеджеров пробовали достаточно"},
}
"""Reasons of a change of holder, in words; one that is not here is shown as it is."""
