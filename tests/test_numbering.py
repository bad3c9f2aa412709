"""What is a customer's number, over many countries: tests/vectors/numbers.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import phonenumbers
import pytest

from sla_monitor.core.spelling import key
from sla_monitor.numbering import REGIONS, Reading, Use, read

VECTORS = json.loads((Path(__file__).parent / "vectors" / "numbers.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=[f"{v['raw']} {v.get('region', '')}" for v in VECTORS])
def test_a_number_is_what_the_table_says(vector: dict[str, Any]):
    found = read(vector["raw"], vector.get("region"), international=vector.get("international", False))
    assert found == Reading(Use(vector["use"]), vector.get("number")), vector.get("why")


@pytest.mark.parametrize("region", sorted(REGIONS))
def test_a_number_of_any_country_is_known_however_it_is_written(region: str):
    example = phonenumbers.example_number(region)
    assert example is not None
    e164 = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    home = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL)
    written = (e164, phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.INTERNATIONAL))
    readings = {read(raw, None) for raw in written} | {read(home, region), read(e164[1:], None, international=True)}
    assert readings == {Reading(Use.JOINS, e164)}


@pytest.mark.parametrize("label", [" Max", " (Home)", " моб.", ", Herr Meier", " private"])
def test_a_label_behind_a_number_of_any_country_changes_nothing(label: str):
    for region in sorted(REGIONS):
        number = phonenumbers.example_number(region)
        for form in (phonenumbers.PhoneNumberFormat.NATIONAL, phonenumbers.PhoneNumberFormat.INTERNATIONAL):
            written = phonenumbers.format_number(number, form)
            if len(phonenumbers.normalize_digits_only(written)) >= 7:
                assert read(written + label, region) == read(written, region)


@pytest.mark.parametrize(
    "extension", [" wew. 12", " Durchwahl 12", " д. 12", ", poste 12", "(内線12)", " / l.12", " (12 wew.)"]
)
def test_nothing_joins_by_a_number_with_few_digits_behind_a_word(extension: str):
    for region in sorted(REGIONS):
        number = phonenumbers.example_number(region)
        written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        if len(e164) > 7:
            assert read(written + extension, region) == Reading(Use.SHARED, e164)


@pytest.mark.parametrize("before", ["", "Tel: ", "tel:", "Tel. (mobil): ", "тел. "])
@pytest.mark.parametrize("behind", [" mobile", " (Anna)", " 24h", " (8-20h)", " 8:00-20:00h"])
def test_labels_on_both_sides_and_hours_change_nothing(before: str, behind: str):
    for region in sorted(REGIONS):
        number = phonenumbers.example_number(region)
        written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
        if len(phonenumbers.normalize_digits_only(written)) >= 7:
            assert read(before + written + behind, region) == read(written, region)


@pytest.mark.parametrize(
    "spellings",
    [
        ("+5215512345678", "+525512345678"),
        ("+5491123456789", "+541123456789"),
        ("+551187654321", "+5511987654321"),
        ("+22997123456", "+2290197123456"),
    ],
)
def test_r24_the_spellings_of_one_mobile_have_one_key(spellings: tuple[str, ...]):
    assert len({key(number) for number in spellings}) == 1


@pytest.mark.parametrize("number", ["+551134567890", "+74951234567", "+5511987654321", "+54", ""])
def test_a_number_of_one_spelling_is_its_own_key(number: str):
    assert key(number) == number
