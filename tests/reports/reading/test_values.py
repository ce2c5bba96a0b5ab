"""Values as people read them."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from orbitcheck.reports.reading.values import clean, compact, digits_text, number, one_line, seconds_text, shown


def test_values_read_as_people_write_them() -> None:
    assert [compact(v) for v in (0.0, 182, 0.0312, 3.14e-15, "inf", "nan", None, "text", True, 10**400)] == [
        "0", "182", "0.0312", "3.1e-15", "inf", "nan", "–", "–", "–", "inf",
    ]  # fmt: skip
    assert [number(v) for v in ("-inf", "3", [], False)] == [-math.inf, None, None, None]
    assert [digits_text(v) for v in (6.249, -0.04, "inf", "nan", -12)] == ["6.2", "0.0", "inf", "–", "<-9"]
    assert [seconds_text(v) for v in (0.04, 12.34, 99.97, 200, 7500, "nan")] == [
        "0.04 s", "12.3 s", "1 min 40 s", "3 min 20 s", "2 h 05 min", "–",
    ]  # fmt: skip
    assert [shown(v) for v in (None, "", [1, 2], {"a": 1}, True, 1e-9)] == [
        "–",
        "–",
        "[1, 2]",
        '{"a": 1}',
        "yes",
        "1.0e-09",
    ]


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.text(max_size=40))
def test_clean_text_is_legal_everywhere(value: str) -> None:
    found = clean(value)
    assert clean(found) == found
    found.encode()
    assert not any(ord(c) < 32 and c not in "\n\t" for c in found)
    assert len(one_line(value, 10)) <= 10
