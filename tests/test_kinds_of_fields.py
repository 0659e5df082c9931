"""Sections of kinds: the kinds there are say what a file may hold, and every error stands at its key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import pytest

from archsim.registry import NOISES, RULES
from archsim.units import FileModel, KindName, KindOf, errors_of
from archsim.units.either import without
from archsim.units.settings import SettingsOf


class Section(FileModel):
    noise: Annotated[Any, KindOf("archsim.noises")] = None
    adc: Annotated[str, KindName("archsim.adcs", besides=("none",))] = "none"
    rules: Annotated[Mapping[str, Any], SettingsOf("archsim.rules")] = {}


def errors(**data: Any) -> list[tuple[tuple[str | int, ...], str]]:
    with pytest.raises(ValueError, match=r".") as caught:
        Section.model_validate(data)
    return errors_of(caught.value, Section)


def test_a_section_becomes_the_kind_that_it_names() -> None:
    found = Section.model_validate({"noise": {"kind": "constant", "sigma": 0.03}}).noise
    assert isinstance(found, NOISES["constant"])
    assert Section.model_validate({"noise": found}).noise is found


@pytest.mark.parametrize(("given", "path", "said"), [
    (3, ("noise",), "must be a mapping with the key kind, one of "),
    ({}, ("noise", "kind"), "missing; needs one of constant"),
    ({"kind": "constnt"}, ("noise", "kind"), "did you mean 'constant'?"),
    ({"kind": 3}, ("noise", "kind"), "got 3"),
    ({"kind": "constant", "sigma": -1}, ("noise", "sigma"), "must not be negative; got -1"),
])  # fmt: skip
def test_a_wrong_section_is_told_at_its_key(given: object, path: tuple[str, ...], said: str) -> None:
    ((where, message),) = errors(noise=given)
    assert where == path
    assert said in message


def test_a_name_is_one_of_those_there_are() -> None:
    assert Section.model_validate({"adc": "sar"}).adc == "sar"
    ((where, message),) = errors(adc="sarr")
    assert where == ("adc",)
    assert "none, flash" in message.replace("'", "")


def test_settings_are_those_that_each_kind_has() -> None:
    assert Section.model_validate({"rules": {"bp": {}}}).rules == {"bp": {}}
    found = dict(errors(rules={"bb": {}, "dfa": 3, "bp": {"tempo": 1}}))
    assert "unknown learning rule; there are: bp" in found["rules", "bb"]
    assert found["rules", "dfa"] == "must be a mapping; got 3"
    assert found["rules", "bp", "tempo"].startswith("unknown key")


def test_the_schema_lists_the_kinds() -> None:
    schema = Section.model_json_schema()["properties"]
    assert schema["adc"]["enum"][0] == "none"
    assert len(schema["noise"]["oneOf"]) == len(NOISES)
    assert set(schema["rules"]["properties"]) == set(RULES)
    assert schema["rules"]["additionalProperties"] is False


def test_a_key_is_taken_out_where_it_is() -> None:
    data: dict[str, Any] = {"adc": {"rate": 1, "bits": 5}, "name": "a"}
    for path in (("adc", "rate"), ("adc", "speed"), ("name", "x"), ("no", "where")):
        without(data, path)
    assert data == {"adc": {"bits": 5}, "name": "a"}
