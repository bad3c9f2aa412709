"""What the page of a claim link says, in every language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .claiming import Fate


class Said(NamedTuple):
    """title: names `lead`; text: names `who` has the lead."""

    title: str
    text: str


class Words(NamedTuple):
    """said: by what became of the lead for the manager; tapped: the same, where they have just taken their chance.

    left, late: how far off is what is `due`.
    """

    said: Mapping[Fate, Said]
    tapped: Mapping[Fate, Said]
    unstored: Said
    unread: Said
    expired: Said
    forged: Said
    button: str
    confirm: str
    again: str
    lead_id: str
    customer: str
    source: str
    due: str
    left: str
    late: str
    holder: str
    somebody: str
    nobody: str
    board: str
    call: str
    crm: str


_LATER_EN = "Look again in a moment: what you did is kept, and is not lost."
_LATER_RU = "Посмотрите ещё раз через минуту: нажатие сохранено и не потеряется."

EN = Words(
    said={
        Fate.OPEN: Said("Take the lead {lead}?", "Whoever taps first gets it."),
        Fate.YOURS: Said("The lead {lead} is yours", "Please respond in time."),
        Fate.TAKEN: Said("The lead {lead} is taken", "It is with {who} now."),
        Fate.ANSWERED: Said("The lead {lead} was answered", "Nothing is left to do; {who} responded."),
        Fate.CLOSED: Said("The lead {lead} is closed", "Nothing is left to do."),
        Fate.JOINED: Said("The lead {lead} is part of another", "The same customer has another lead; look there."),
        Fate.FOREIGN: Said("The lead {lead} cannot be yours", "It is of another team; ask the head of yours."),
        Fate.GONE: Said("The lead is gone", "It is no longer kept here."),
        Fate.REFUSED: Said("The lead {lead} cannot be yours", "You are not on the roster; ask the head of your team."),
    },
    tapped={
        Fate.OPEN: Said("Not known yet", _LATER_EN),
        Fate.TAKEN: Said("{who} was faster", "The lead {lead} is with them now."),
    },
    unstored=Said("Please tap again", "It is not known whether your tap was kept. Tapping twice does no harm."),
    unread=Said("Not to be seen just now", "Please open the link again in a moment."),
    expired=Said("This link has expired", "It was good for one turn of one lead. A newer notice has a newer link."),
    forged=Said("This link is not valid", "It was not made here, or was cut short on its way. Open the whole link."),
    button="Take the lead",
    confirm="Confirm, and see who it is",
    again="Look again",
    lead_id="Lead",
    customer="Customer",
    source="Source",
    due="Respond by",
    left="{left} left",
    late="{late} late",
    holder="With",
    somebody="somebody else",
    nobody="nobody",
    board="Open the board",
    call="Call",
    crm="Open in the CRM",
)

RU = Words(
    said={
        Fate.OPEN: Said("Забрать лид {lead}?", "Лид достанется тому, кто нажмёт первым."),
        Fate.YOURS: Said("Лид {lead} ваш", "Ответьте, пожалуйста, в срок."),
        Fate.TAKEN: Said("Лид {lead} уже забрали", "Теперь лид у: {who}."),
        Fate.ANSWERED: Said("На лид {lead} ответили", "Делать ничего не нужно. Ответ: {who}."),
        Fate.CLOSED: Said("Лид {lead} закрыт", "Делать ничего не нужно."),
        Fate.JOINED: Said("Лид {lead} стал частью другого", "У этого клиента есть другой лид, смотрите его."),
        Fate.FOREIGN: Said("Лид {lead} не может стать вашим", "Это лид другой команды; спросите руководителя."),
        Fate.GONE: Said("Лида больше нет", "Данные о нём уже не хранятся."),
        Fate.REFUSED: Said("Лид {lead} не может стать вашим", "Вас нет в списке менеджеров; спросите руководителя."),
    },
    tapped={
        Fate.OPEN: Said("Пока неизвестно", _LATER_RU),
        Fate.TAKEN: Said("{who}: на этот раз быстрее", "Лид {lead} теперь не у вас."),
    },
    unstored=Said("Нажмите ещё раз", "Неизвестно, сохранилось ли нажатие. Нажать дважды не повредит."),
    unread=Said("Сейчас не видно", "Откройте ссылку ещё раз через минуту."),
    expired=Said("Ссылка устарела", "Она была на один раз и на один лид. В новом уведомлении будет новая."),
    forged=Said("Ссылка недействительна", "Она создана не здесь или обрезана по дороге. Откройте её целиком."),
    button="Забрать лид",
    confirm="Подтвердить и узнать, кто это",
    again="Посмотреть ещё раз",
    lead_id="Лид",
    customer="Клиент",
    source="Источник",
    due="Ответить до",
    left="осталось {left}",
    late="прошло {late}",
    holder="Сейчас у",
    somebody="другого менеджера",
    nobody="никого",
    board="Открыть доску",
    call="Позвонить",
    crm="Открыть в CRM",
)

WORDS: Mapping[str, Words] = {"en": EN, "ru": RU}
