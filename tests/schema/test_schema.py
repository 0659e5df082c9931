"""Every key of every kind of file says what it means, and no text is left over."""

from __future__ import annotations

import pytest

from archsim.errors import SpecError
from archsim.examples import KINDS
from archsim.schema import FOLDER, keys, meaning, schema_of
from archsim.yaml_reader import read_yaml


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_says_what_it_means(kind):
    schema, texts = schema_of(kind), read_yaml(FOLDER / f"{kind}.yaml", SpecError).data
    unsaid = {".".join((*path, key)) for path, key, _ in keys(schema, kind) if not meaning(texts, path, key)}
    assert not unsaid


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_is_of_a_key_that_does_not_exist(kind):
    texts, used = read_yaml(FOLDER / f"{kind}.yaml", SpecError).data, set()
    for path, key, _ in keys(schema_of(kind), kind):
        names = (".".join(path), path[-1], "*")
        used |= set([(name, key) for name in names if key in texts.get(name, {})][:1])
    assert not {(name, key) for name, table in texts.items() for key in table} - used


def test_units_stand_beside_the_meaning():
    pulse = schema_of("chip")["$defs"]["Device"]["properties"]["read_pulse"]["description"]
    assert pulse.startswith("time that a read takes of the array, above zero. A time with its unit (ps, ns")
