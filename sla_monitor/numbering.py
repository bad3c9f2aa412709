"""What is a customer's number: the one answer, for events and for the policy.

A number that is valid names one customer. One that is only possible may be anybody's: made up in a form, or local to a
town. What carriers write for a withheld number, and what is too short, is none.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

import phonenumbers

from sla_monitor.core.spelling import key

FEWEST_DIGITS = 7
"""National digits of a number that is possible but not valid; fewer is an extension or a short code."""

REGIONS: frozenset[str] = frozenset(phonenumbers.SUPPORTED_REGIONS)
"""ISO codes of the countries whose numbers are known."""


class Use(StrEnum):
    """What a number can be used for, the best first."""

    JOINS = "joins"  # one customer's: leads that have it are one
    SHARED = "shared"  # many may have it: nothing joins by it, and calls are matched while one lead alone has it
    WITHHELD = "withheld"  # the caller, or who filled in the form, gave none
    NONE = "none"  # somebody wrote something that cannot be a number


class Reading(NamedTuple):
    """number: E.164; None for what is none."""

    use: Use
    number: str | None = None


_KEYPAD = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")

_WORDS = ("anonymous", "restricted", "blocked", "unknown", "unavailable", "private", "withheld")

SPELLED = frozenset(word.translate(_KEYPAD) for word in _WORDS)
"""What carriers send where only digits may stand: the words on the keys of a phone."""

_SAID = frozenset(
    {
        *(*_WORDS, "hidden", "caller"),
        *("скрыт", "скрыто", "скрытый", "неизвестен", "неизвестный", "анонимный", "определен", "определён"),
        *("privat", "anonym", "unbekannt", "unterdrückt"),
        *("privé", "prive", "inconnu", "anonyme", "masqué", "privado", "desconocido", "anónimo"),
    }
)
"""What a word says that stands where a number should, and not beside one."""

_WORD = re.compile(r"[^\W\d_]+")
_VANITY = re.compile(
    r"(?:\+?[178]|0)?[\s.(-]*8(?:00|33|44|55|66|77|88)[\s).-]*[A-Za-z][A-Za-z\d\s-]{5,}"
    r"|0800[\s-]?[A-Z]{5}|1300[\s-]?[A-Z]{6}"
)
"""A free number whose letters are keys: 1-800-FLOWERS, and the shorter ones of New Zealand and Australia."""

_COUNTED = re.compile(r"(?:[^\W\d_][^\d+]*[1-9][:)]|[1-9]\))\s+|[^\d+]*(?:\d[^\d+]*){1,4}(?=\+\s?\(?\d)")
"""What stands before a number and has digits of its own: Mobile 2: ..., 1) ..., Office 2 +7 ..."""

_EXTENSION = re.compile(
    r"(?<![^\W\d_])(?:extension|extn?|x|int|anexo|добавочный|доб|вн)[\s:.=#№]*([0-9]{1,7})(?![0-9])", re.IGNORECASE
)
"""What one of many behind a number has, by the words that tell; other words have it in every language."""

_RUN = re.compile(r"\d[\d\s()./-]*")
_HOURS = r"\d{1,2}(?:\s?[-–—:]\s?\d{1,2})*$"
_OPEN_BRACKET = re.compile(r"[(\[][^()\[\]]*$")
_GLUED = re.compile(r"(?<=\s)" + _HOURS)
_ENDS_GLUED = re.compile(_HOURS)
_UNIT_LETTERS = 3
"""Letters of a word whose digits are glued to it: 24h, 20hrs; longer ones are labels glued to a number."""

_BETWEEN = " \t([{-–—,;:/"

_IN_BRACKETS = re.compile(r"[^<>]*<([^<>]+)>[^<>]*")
_URI = re.compile(r"tel:[+0-9().-]+(?:;\S*)?", re.IGNORECASE)
_SCHEME = re.compile(r"(sips?|callto|whatsapp|h323):(//)?", re.IGNORECASE)
_DIALLED = re.compile(r"\+?[0-9\s().-]+")
_MESSENGER = ("s.whatsapp.net", "c.us")
"""Hosts whose users are numbers, international and without their plus."""

_ARGENTINA = "+54"
"""Its two spellings are both right, each from where it is dialled: numbers are shown as they came."""


def to_e164(raw: str, region: str | None) -> str | None:
    """E.164, or None for what is no number. region: the ISO country of numbers without a country code."""
    return read(raw, region).number


@lru_cache(maxsize=4096)
def read(raw: str, region: str | None, *, international: bool = False) -> Reading:
    """What somebody wrote as a number. international: whether they write country codes without the plus."""
    text = _bare(raw)
    if text is None:
        return Reading(Use.NONE)
    if _withheld(text, _digits(text)):
        return Reading(Use.WITHHELD)
    return _dialled(_unlabelled(text, region, international), region, international)


def _dialled(text: str, region: str | None, international: bool) -> Reading:
    readings = [_parsed(text, region)]
    if international and _DIALLED.fullmatch(text) and not text.startswith("+"):
        digits = _digits(text)
        place = 1 if _has_trunk_prefix(digits, region) else 0
        readings.insert(place, _parsed("+" + digits.removeprefix("00"), None))
    return min(readings, key=lambda reading: _ORDER[reading.use])


_ORDER = {use: place for place, use in enumerate(Use)}


def _withheld(text: str, digits: str) -> bool:
    """A word, its digits, or blanks, dashes and zeros where a number should be; a word beside one is a label."""
    words = _WORD.findall(text.casefold())
    if digits in SPELLED or (len(digits) < FEWEST_DIGITS and _SAID.intersection(words)):
        return True
    return not words and (not digits.strip("0") or text == "-1")


def _digits(text: str) -> str:
    return phonenumbers.normalize_digits_only(text)


def _unlabelled(text: str, region: str | None, international: bool) -> str:
    """Without the words beside a number, which are not its digits; what stands behind the first one after it goes too.

    An extension stays, and so do letters that are keys.
    """
    if _URI.fullmatch(text) or _VANITY.fullmatch(text):
        return text
    counted = _COUNTED.match(text)
    kept, done = "", counted.end() if counted else 0
    for word in _WORD.finditer(text, done):
        kept, done = kept + text[done : word.start()], word.end()
        if len(_digits(kept)) >= FEWEST_DIGITS:
            number = _without_remark(kept, word[0], region, international)
            beside = _ENDS_GLUED.sub("", kept[len(number) :]) + text[word.start() :]
            return number.rstrip(_BETWEEN) + _extension(beside)
    return (kept + text[done:]).strip()


def _without_remark(kept: str, word: str, region: str | None, international: bool) -> str:
    """Without the digits that are of the word behind them, 24h or (8-20h), if a valid number is left."""
    remark = _OPEN_BRACKET.search(kept) or (_GLUED.search(kept) if len(word) <= _UNIT_LETTERS else None)
    number = kept[: remark.start()] if remark else kept
    valid = _dialled(number.rstrip(_BETWEEN), region, international).use is Use.JOINS
    return number if valid else kept


def _extension(beside: str) -> str:
    """The extension among what stands behind a number, as the parser reads it: any few digits may be one."""
    labelled = _EXTENSION.search(beside)
    few = (digits for run in _RUN.findall(beside) if 0 < len(digits := _digits(run)) < FEWEST_DIGITS)
    extension = labelled[1] if labelled else next(few, None)
    return f" ext. {extension}" if extension else ""


def _has_trunk_prefix(digits: str, region: str | None) -> bool:
    """Whether they begin as a number dialled within the region does, and so not with another's country code."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region or "", None)
    return bool(metadata and metadata.national_prefix and digits.startswith(metadata.national_prefix))


def _bare(raw: str) -> str | None:
    """The number of an address: `"Shop" <sip:+358...@host;user=phone>` and its like; None if it names none.

    `tel:` is read by the parser.
    """
    in_brackets = _IN_BRACKETS.fullmatch(raw)
    text = (in_brackets[1] if in_brackets else raw).strip()
    scheme = _SCHEME.match(text)
    if scheme is None and "@" not in text:
        return text
    user, _, host = unquote(text[scheme.end() if scheme else 0 :]).partition("@")
    user = re.split("[;:]", user)[0].strip()
    if host.lower() in _MESSENGER:
        return f"+{user}"
    return user if _DIALLED.fullmatch(user) or user.casefold() in _SAID else None


def _parsed(text: str, region: str | None) -> Reading:
    try:
        number = phonenumbers.parse(text, region)
        extended = number.extension is not None
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        if not e164.startswith(_ARGENTINA):
            e164 = key(e164)
            number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return Reading(Use.NONE)
    if phonenumbers.is_valid_number(number):
        return Reading(Use.SHARED if extended else Use.JOINS, e164)
    long_enough = len(phonenumbers.national_significant_number(number)) >= FEWEST_DIGITS
    possible = phonenumbers.is_possible_number(number)
    return Reading(Use.SHARED, e164) if possible and long_enough else Reading(Use.NONE)
