"""JSON that cannot be computed with is refused, by the name of the field."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.json_reader import read_json

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)  # fmt: skip


@given(PLAIN)
def test_what_is_written_is_read_back(data):
    assert read_json(json.dumps(data, allow_nan=False)) == data


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": {"b": [1, NaN]}}', "a.b.1: is nan; a finite number is needed"),
        ('{"a": -Infinity}', "a: is -inf; a finite number is needed"),
        ('{"a": 1e400}', "a: is inf; a finite number is needed"),
        ('{"a": 18446744073709551616}', "a: is a whole number of 20 digits; at most 64 bits are read"),
        ('{"a": [-%s]}' % ("9" * 300), "a.0: is a whole number of 300 digits"),
        ('{"a": %s}' % ("9" * 5000), "a: is inf"),
        ('{"a": ' * 200 + "1" + "}" * 200, "a.a.a.a.a.a: is nested deeper than 100 levels"),
        ("[" * 100_000, "is nested deeper than 100 levels"),
        ("[" * 5000 + "]" * 5000, "is nested deeper than 100 levels"),
        ('{"a": ', "Expecting value"),
    ],
)  # fmt: skip
def test_what_cannot_be_computed_with_is_refused_by_its_field(text, said):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the whole message is compared
        read_json(text)
    assert str(caught.value).startswith(said)
