"""The row pattern: two wildcards and nothing else, beside a matcher that tries everything."""

from __future__ import annotations

from itertools import product
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitcheck.harness.core.patterns import RowPattern, fits, fits_architecture


def slow_fits(pattern: str, text: str) -> bool:
    """`*` eats any beginning of the text, `?` one character, all else itself."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(slow_fits(pattern[1:], text[eaten:]) for eaten in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and slow_fits(pattern[1:], text[1:])


SPECIAL = "ab*?[]!-=,\\.^$\n/"
TEXTS = st.text(alphabet=SPECIAL, max_size=8)


@given(TEXTS, TEXTS)
@settings(max_examples=2000, deadline=None, derandomize=True)
def test_a_pattern_fits_what_the_slow_matcher_says(pattern, text):
    assert fits(pattern, text) == slow_fits(pattern, text)


def test_all_short_patterns_on_all_short_texts():
    for size, length in product(range(4), range(4)):
        for pattern in map("".join, product("a*?[]!", repeat=size)):
            for text in map("".join, product("a[]!", repeat=length)):
                assert fits(pattern, text) == slow_fits(pattern, text), (pattern, text)


@given(TEXTS, st.data())
@settings(max_examples=500, deadline=None, derandomize=True)
def test_a_text_still_fits_once_characters_become_question_marks_and_stretches_stars(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    hidden = text.replace("*", "?")
    assert fits(hidden[:start] + "?" * (end - start) + hidden[end:], text)
    assert fits(f"{hidden[:start]}*{hidden[end:]}", text)


def test_many_stars_on_a_long_name_take_no_time():
    assert not fits("*a" * 40 + "b", "a" * 2000)


@pytest.mark.parametrize(
    ("pattern", "name", "fitting"),
    [
        ("dws", "dws", True),
        ("dws", "dws[depth=5]", True),
        ("dws[depth=5]", "dws[depth=5]", True),
        ("dws[depth=?]", "dws[depth=5]", True),
        ("*[depth=5]", "dws[depth=5]", True),
        ("d*", "dws[depth=5]", True),
        ("*", "weights", True),
        ("dws[depth=5]", "dws", False),
        ("dws[depth=5]", "dws[depth=6]", False),
        ("dws[depth=5]", "dws5", False),
        ("dws", "dws-2", False),
        ("dws", "DWS", False),
        ("[d]ws", "dws", False),
        ("dws[", "dws", False),
        ("", "dws", False),
        ("net.py:N?t", "net.py:Net[a=1]", True),
    ],
)
def test_architectures_fit_with_their_options_and_without(pattern, name, fitting):
    assert fits_architecture(pattern, name) == fitting


def test_a_row_matches_if_all_three_parts_do():
    row = SimpleNamespace(architecture="dws[depth=5]", check="law", case="tiny/invariant")
    parts = (("dws", "gmn"), ("la?", "l"), ("*", "tiny"))
    for chosen in product((0, 1), repeat=3):
        pattern = RowPattern(*(part[number] for part, number in zip(parts, chosen, strict=True)))
        assert pattern.matches(row) == (chosen == (0, 0, 0))


@pytest.mark.parametrize(
    ("parts", "exact"),
    [(("a[b=1]", "c", "d"), True), (("a*", "c", "d"), False), (("a", "c?", "d"), False), (("a", "c", "*"), False)],
)
def test_a_pattern_is_exact_without_a_wildcard(parts, exact):
    assert RowPattern(*parts).is_exact == exact
    assert RowPattern(*parts).place == " / ".join(parts)
