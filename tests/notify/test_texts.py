from __future__ import annotations

from string import Formatter

import pytest

from sla_monitor.core.rules import NOTICES
from sla_monitor.notify.texts import DIGEST, FALLBACK, OPEN, OTHER, REASONS, TAKE, TEST, TEXTS, WHO
from sla_monitor.policy.templates import LANGUAGES, PLACEHOLDERS
from sla_monitor.values import SPOKEN_UNITS

WORDS = set(PLACEHOLDERS)


def named(line: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(line) if name}


def test_every_kind_of_notice_has_a_text():
    assert set(TEXTS) == {*NOTICES}


def test_we_speak_english_and_russian():
    assert set(WHO) == set(LANGUAGES) == {"en", "ru"}
    assert FALLBACK in WHO


@pytest.mark.parametrize(
    "catalogue", [*TEXTS.values(), OTHER, TEST, DIGEST, TAKE, OPEN, SPOKEN_UNITS, *REASONS.values()]
)
def test_every_text_is_there_in_both_languages(catalogue):
    assert set(catalogue) == set(WHO)
    assert all(catalogue.values())


@pytest.mark.parametrize("kind", TEXTS)
def test_both_languages_tell_the_same(kind):
    english, russian = TEXTS[kind]["en"], TEXTS[kind]["ru"]
    assert [named(line) for line in english.lines] == [named(line) for line in russian.lines]


@pytest.mark.parametrize("text", [text for texts in (*TEXTS.values(), OTHER) for text in texts.values()])
def test_a_text_names_only_what_the_renderer_knows(text):
    assert named(text.title) == {"lead"}
    assert set().union(*map(named, text.lines)) <= WORDS


def test_the_russian_texts_are_russian():
    for texts in TEXTS.values():
        letters = [letter for letter in "".join(texts["ru"].lines) if letter.isalpha()]
        assert sum("а" <= letter.lower() <= "я" or letter in "ёЁ" for letter in letters) > len(letters) / 2
