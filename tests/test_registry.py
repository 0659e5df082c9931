"""Kinds come from the package, from entry points and from scripts; a wrong one is an error with its name."""

from __future__ import annotations

import abc
import re
from importlib.metadata import EntryPoint
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import BaseModel, ConfigDict

from archsim import PluginError, registry
from archsim.registry import FAMILIES, Registry, register
from archsim.units import KindName, SettingsOf


class Law(abc.ABC):
    kind = ""

    @abc.abstractmethod
    def steps(self, bits: int) -> int: ...


class Ramp(Law):
    kind = "ramp"

    def steps(self, bits: int) -> int:
        return 1 << bits


class Nameless(Law):
    def steps(self, bits: int) -> int:
        return bits


class Unfinished(Law):
    kind = "unfinished"


class OtherRamp(Ramp):
    pass


@pytest.fixture
def laws():
    yield Registry("law", "archsim.test_laws", Law)
    del FAMILIES["archsim.test_laws"]


def bring(monkeypatch, *values):
    points = [EntryPoint(f"p{i}", value, "archsim.test_laws") for i, value in enumerate(values)]
    monkeypatch.setattr(registry, "entry_points", lambda group: points if group == "archsim.test_laws" else [])


def test_a_script_registers_a_kind_in_a_line(laws):
    register(Ramp)
    assert laws["ramp"] is Ramp
    assert laws.names() == ("ramp",)


def test_a_package_brings_a_kind_by_an_entry_point(laws, monkeypatch):
    bring(monkeypatch, f"{__name__}:Ramp")
    monkeypatch.setattr(EntryPoint, "load", lambda self: globals()[self.value.split(":")[1]])
    assert dict(laws) == {"ramp": Ramp}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("no_such_module:Ramp", r"law 'p0' of the plug-in .*no_such_module:Ramp\) cannot be loaded: Module"),
        ("json:JSONDecoder", r"must be a subclass of .*Law"),
    ],
)
def test_a_wrong_plug_in_is_an_error_with_its_name(laws, monkeypatch, value, said):
    bring(monkeypatch, value)
    with pytest.raises(PluginError, match=said):
        laws.names()
    with pytest.raises(PluginError):  # and stays one
        laws.names()


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Nameless, "class attribute 'kind' must be a name"),
        (Unfinished, "lacks steps"),
        (OtherRamp, "the name 'ramp' is taken by .*Ramp"),
        (int, "must be a subclass"),
        (3, "must be a subclass"),
    ],
)
def test_an_incomplete_kind_is_refused(laws, kind, said):
    laws.register(Ramp)
    with pytest.raises(PluginError, match=said):
        laws.register(kind)
    assert laws.names() == ("ramp",)


@pytest.mark.usefixtures("laws")
def test_a_kind_of_no_family_is_refused_with_the_bases_that_there_are():
    with pytest.raises(PluginError, match=r"'int' derives from none of the bases .*Law"):
        register(int)


def test_who_has_read_the_kinds_is_told_of_a_later_one(laws):
    told = []
    laws.changed.append(lambda: told.append(laws.names()))
    register(Ramp)
    assert told == []
    laws.names()
    register(Ramp)
    assert told == [("ramp",)]


class Broken(Ramp):
    kind = "broken"

    def steps(self, bits: int) -> int:
        return bits // 0


def test_what_goes_wrong_in_a_plug_in_carries_its_name(laws):
    laws.register(Broken)
    with (
        pytest.raises(PluginError, match=r"law 'broken' \(.*Broken\): ZeroDivisionError"),
        laws.calling("broken") as kind,
    ):
        kind().steps(3)
    with pytest.raises(MemoryError), laws.calling("broken"):
        raise MemoryError


def test_a_workers_process_knows_all_of_archsims_own_kinds():
    for family in FAMILIES.values():
        for kind in family.values():
            assert kind.__module__.startswith("archsim."), kind


class Sized(BaseModel):
    """A kind with settings."""

    class Settings(BaseModel):
        """Its settings."""

        model_config = ConfigDict(extra="forbid")
        size: int = 1

    kind: ClassVar[str] = "sized"


class Held(BaseModel):
    """What a file says of kinds, and of their names."""

    settings: Annotated[dict[str, Any], SettingsOf("archsim.test_sized")] = {}
    name: Annotated[str, KindName("archsim.test_sized")] = "sized"


@pytest.fixture
def sized():
    family = Registry("sized thing", "archsim.test_sized", Sized)
    family.register(Sized)
    yield
    del FAMILIES["archsim.test_sized"]


@pytest.mark.usefixtures("sized")
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"settings": {"sizd": {}}}, "sizd: unknown sized thing; there are: sized; did you mean 'sized'?"),
        ({"settings": {"sized": 4}}, "sized: must be a mapping; got 4"),
        ({"settings": {"sized": {"size": "wide"}}}, "sized.size: must be a valid integer"),
        ({"name": "other"}, "Input should be sized"),
    ],
)
def test_settings_and_names_of_kinds_are_checked_by_the_register(given, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        Held.model_validate(given)
    assert Held.model_validate({"settings": {"sized": {"size": 2}}}).settings == {"sized": {"size": 2}}


@pytest.mark.usefixtures("sized")
def test_the_schema_of_settings_and_names_lists_the_kinds():
    found = Held.model_json_schema()["properties"]
    assert list(found["settings"]["properties"]) == ["sized"]
    assert found["name"]["enum"] == ["sized"]
