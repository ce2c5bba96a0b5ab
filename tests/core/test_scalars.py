"""Plain scalars as YAML 1.2's core schema reads them, where YAML 1.1 would read something else."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitcheck.harness.core.scalars import parse_scalar

LAW = settings(deadline=None, derandomize=True, max_examples=300)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("null", None), ("Null", None), ("NULL", None), ("nULL", "nULL"),
        ("true", True), ("True", True), ("FALSE", False), ("tRUE", "tRUE"),
        ("on", "on"), ("off", "off"), ("yes", "yes"), ("no", "no"), ("y", "y"),
        ("0", 0), ("-12", -12), ("+7", 7), ("010", 10), ("0o17", 15), ("0xfF", 255), ("-0x1", "-0x1"), ("0b11", "0b11"),
        ("1_000", "1_000"), ("190:20:30", "190:20:30"), ("2001-12-14", "2001-12-14"), ("１", "１"),
        ("1.5", 1.5), ("1.", 1.0), (".5", 0.5), ("-.5", -0.5), ("1e-3", 0.001), ("1E3", 1000.0), ("+12.3e+2", 1230.0),
        (".inf", math.inf), ("+.Inf", math.inf), ("-.INF", -math.inf), ("inf", "inf"), ("nan", "nan"), ("-.nan", "-.nan"),
        (".", "."), ("e3", "e3"), ("1e", "1e"), ("--1", "--1"), ("1 2", "1 2"), ("dws", "dws"),
    ],
)  # fmt: skip
def test_a_plain_scalar_reads_as_the_core_schema_says(text, value):
    assert parse_scalar(text) == value
    assert type(parse_scalar(text)) is type(value)


@pytest.mark.parametrize("text", [".nan", ".NaN", ".NAN"])
def test_not_a_number_is_read(text):
    assert math.isnan(parse_scalar(text))


@given(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False)))
@LAW
def test_numbers_that_python_prints_are_read_back(number):
    again = parse_scalar(repr(number))
    assert again == number and type(again) is type(number)


@given(st.text(max_size=12))
@LAW
def test_any_text_reads_as_something_and_other_texts_as_themselves(text):
    value = parse_scalar(text)
    assert value is None or isinstance(value, bool | int | float) or value == text
