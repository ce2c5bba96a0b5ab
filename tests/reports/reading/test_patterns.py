"""Where the law breaks is told by one fact of the cases, or not at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orbitcheck.harness.core.result import Result, Run
from orbitcheck.reports.html import html
from orbitcheck.reports.reading.patterns import breaks_where

Row = Callable[..., Result]
SHALLOW, DEEP = "mlp(2, 5, 1, activation='relu')", "mlp(2, 5, 4, 1, activation='relu')"


def rows(make_row: Row, *told: tuple[str, str, str, str, str]) -> list[Result]:
    return [
        make_row(
            case=str(n), outcome=outcome, evidence={"space": space, "output": output, "mode": mode, "input": given}
        )
        for n, (outcome, space, output, mode, given) in enumerate(told)
    ]


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ([("pass", SHALLOW), ("fail", DEEP)] * 2,
         "every case of more hidden layers breaks the law (2), every case of one keeps it (2)"),
        ([("pass", SHALLOW), ("fail", DEEP), ("fail", DEEP), ("pass", DEEP), ("pass", SHALLOW)],
         "2 of 3 cases of more hidden layers break the law, every case of one keeps it (2)"),
        ([("fail", SHALLOW), ("pass", DEEP)] * 2,
         "every case of one hidden layer breaks the law (2), every case of more keeps it (2)"),
        ([("pass", SHALLOW), ("fail", DEEP)], ""),  # one case a side says nothing
        ([("fail", SHALLOW), ("pass", SHALLOW), ("fail", DEEP), ("pass", DEEP)], ""),
        ([("fail", SHALLOW), ("fail", DEEP)] * 2, ""),
        ([("pass", "image-mlp(3)"), ("fail", DEEP)] * 2, ""),  # hidden layers are not told of every case
    ],
)  # fmt: skip
def test_hidden_layers_part_the_cases_or_do_not(make_row: Row, told: list[tuple[str, str]], sentence: str) -> None:
    found = rows(make_row, *((outcome, space, "invariant", "eval", "generic") for outcome, space in told))
    assert breaks_where(found) == sentence


def test_any_one_fact_may_part_them(make_row: Row) -> None:
    outputs = rows(
        make_row, *[("fail", DEEP, "equivariant", "eval", "ties"), ("pass", DEEP, "invariant", "eval", "ties")] * 2
    )
    assert breaks_where(outputs) == (
        "every case with an equivariant output breaks the law (2), every case with the other output keeps it (2)"
    )
    modes = rows(
        make_row, *[("fail", DEEP, "invariant", "train", "ties"), ("pass", DEEP, "invariant", "eval", "ties")] * 2
    )
    assert breaks_where(modes).startswith("every case in train mode breaks the law (2)")
    inputs = rows(
        make_row,
        *[
            ("fail", DEEP, "invariant", "eval", "ties"),
            ("pass", DEEP, "invariant", "eval", "a"),
            ("pass", SHALLOW, "invariant", "eval", "b"),
        ]
        * 2,
    )
    assert (
        breaks_where(inputs)
        == "every case on the input 'ties' breaks the law (2), every case on any other keeps it (4)"
    )
    assert breaks_where([]) == ""


def test_the_page_says_it_below_the_headline_and_in_the_verdict(make_row: Row) -> None:
    found = rows(
        make_row,
        *(
            (outcome, space, "invariant", "eval", "generic")
            for outcome, space in [("pass", SHALLOW), ("fail", DEEP)] * 2
        ),
    )
    page = html(Run("0", {}, [], [{"name": "dws", "options": {}}], found))
    assert page.count("every case of more hidden layers breaks the law (2), every case of one keeps it (2)") == 2
