"""A second prediction for pairs: the table of protocol.md, section 3, cell by cell, against the product's."""

from __future__ import annotations

import itertools

import pytest

from orbitcheck.harness.checks.prediction import Ground, Seen, predict

POWERS = ("below-1-wl", "1-wl", "complete", "function", "unknown")
LINES = {
    # relation of the pair: what is predicted of each power; "t": by the rounds that are declared
    "one orbit": ("not", "not", "not", "not", "not"),
    "1-WL-equivalent, two orbits": ("not", "not", "separated", "not", "any"),
    "1-WL-equivalent, orbits unknown": ("not", "not", "any", "not", "any"),
    "parted, same function": ("any", "t", "separated", "not", "any"),
    "parted, different functions": ("any", "t", "separated", "separated", "any"),
    "parted, functions unknown": ("any", "t", "separated", "any", "any"),
}
WORDS = {"not": Seen.NOT_SEPARATED, "separated": Seen.SEPARATED, "any": Seen.ANY}


FUNCTIONS = {"equal": "same function", "different": "different functions", "unknown": "functions unknown"}


def line(orbit: str, part: int | None, function: str) -> str:
    if orbit == "same":
        return "one orbit"
    if part is None:
        return f"1-WL-equivalent, {'orbits unknown' if orbit == 'unknown' else 'two orbits'}"
    return f"parted, {FUNCTIONS[function]}"


def second_prediction(orbit, part, function, power, rounds, related, symmetry) -> Seen:
    if related:
        return Seen.NOT_SEPARATED
    said = LINES[line(orbit, part, function)][POWERS.index(power)]
    refined = power in ("below-1-wl", "1-wl", "complete") and orbit != "same"
    if symmetry != "permutation" and refined and said != "not":
        return Seen.ANY  # of a larger group refinement knows nothing but nulls
    if said == "t":
        low, high = rounds
        said = "separated" if part <= low else "not" if part > high else "any"
    return WORDS[said]


RELATIONS = [
    ("same", None, "equal"),
    *((orbit, None, "equal") for orbit in ("different", "unknown")),
    *(("different", t, function) for t in range(6) for function in ("equal", "different", "unknown")),
]
"""All that are consistent: one orbit => 1-WL-equivalent => the same function."""


@pytest.mark.parametrize("power", POWERS)
def test_every_cell_of_the_table_is_predicted(power):
    for (orbit, part, function), related, symmetry, rounds in itertools.product(
        RELATIONS,
        (False, True),
        ("permutation", "permutation+scale", "permutation+sign"),
        [(1, 1), (1, 3), (2, 3), (3, 3), (4, 5)] if power == "1-wl" else [None],
    ):
        made = predict(
            orbit=orbit,
            separating_round=part,
            function=function,
            power=power,
            rounds=rounds,
            related=related,
            symmetry=symmetry,
        )
        wanted = second_prediction(orbit, part, function, power, rounds, related, symmetry)
        assert made.verdict is wanted, (orbit, part, function, related, symmetry, rounds)
        assert made.equal == (wanted is Seen.NOT_SEPARATED)


GROUNDS = {
    # what a prediction rests on, in the order in which it is asked
    Ground.ONE_ORBIT: lambda orbit, **_: orbit == "same",
    Ground.DECLARED_SYMMETRY: lambda related, **_: related,
    Ground.DECLARED_BLINDNESS: lambda unseen, **_: unseen != "",
    Ground.UNKNOWN_POWER: lambda power, **_: power == "unknown",
    Ground.SAME_FUNCTION: lambda power, part, function, **_: (
        power == "function" and (part is None or function == "equal")
    ),
    Ground.DIFFERENT_FUNCTIONS: lambda power, function, **_: power == "function" and function == "different",
    Ground.UNKNOWN_FUNCTION: lambda power, **_: power == "function",
    Ground.WL_EQUIVALENT: lambda power, part, **_: power != "complete" and part is None,
    Ground.LARGER_GROUP: lambda symmetry, **_: symmetry != "permutation",
    Ground.TWO_ORBITS: lambda power, orbit, **_: power == "complete" and orbit == "different",
    Ground.UNKNOWN_ORBIT: lambda power, **_: power == "complete",
    Ground.BELOW_WL: lambda power, **_: power == "below-1-wl",
    Ground.WITHIN_ROUNDS: lambda part, rounds, **_: part <= rounds[0],
    Ground.PAST_ROUNDS: lambda part, rounds, **_: part > rounds[1],
    Ground.BETWEEN_ROUNDS: lambda **_: True,
}


def test_every_prediction_names_its_ground():
    met = set()
    for power, (orbit, part, function), related, symmetry, unseen in itertools.product(
        POWERS, RELATIONS, (False, True), ("permutation", "permutation+sign"), ("", "incidence")
    ):
        for rounds in [(1, 1), (1, 3), (4, 5)] if power == "1-wl" else [None]:
            given = {"orbit": orbit, "function": function, "power": power, "related": related, "symmetry": symmetry}
            given["unseen"] = unseen
            wanted = next(ground for ground, holds in GROUNDS.items() if holds(part=part, rounds=rounds, **given))
            assert predict(separating_round=part, rounds=rounds, **given).ground is wanted
            met.add(wanted)
    assert met == {*GROUNDS}
    assert met | {Ground.TWO_FWL_EQUIVALENT, Ground.UNKNOWN_TWO_FWL} | {Ground.ASSERTED} == {*Ground}


PAIRS = [
    (orbit, part, function, pairs, number)
    for orbit, part, function in RELATIONS
    for pairs, number in (("equivalent", None), ("unknown", None), *(("different", t) for t in range(5)))
    if orbit != "same" or pairs == "equivalent"
    if part is None or (pairs != "equivalent" and (number or 0) <= part)
]
"""All that are consistent: one orbit => 2-FWL-equivalent => 1-WL-equivalent, round by round."""


@pytest.mark.parametrize("rounds", [(1, 2), (2, 8), (3, 3)])
def test_the_column_of_two_fwl(rounds):
    """By the table: the round of 2-FWL decides; where it is unknown that of 1-WL is no earlier, and nothing else is known."""
    low, high = rounds
    for (orbit, part, function, pairs, number), related, symmetry in itertools.product(
        PAIRS, (False, True), ("permutation", "permutation+scale")
    ):
        made = predict(
            orbit=orbit,
            separating_round=part,
            function=function,
            power="2-fwl",
            rounds=rounds,
            related=related,
            symmetry=symmetry,
            two_fwl=pairs,
            two_fwl_round=number,
        )
        if orbit == "same" or related or pairs == "equivalent":
            wanted = Seen.NOT_SEPARATED
        elif symmetry != "permutation":
            wanted = Seen.ANY
        elif pairs == "different":
            wanted = Seen.SEPARATED if number <= low else Seen.NOT_SEPARATED if number > high else Seen.ANY
        else:
            wanted = Seen.SEPARATED if part is not None and part <= low else Seen.ANY
        assert made.verdict is wanted, (orbit, part, function, pairs, number, related, symmetry)


def test_a_declared_blindness_is_named_and_says_that_the_two_are_one():
    made = predict(
        orbit="different", separating_round=1, function="different", power="1-wl", rounds=(2, 3), unseen="inner-signs"
    )
    assert (made.verdict, made.why, made.equal) == (Seen.NOT_SEPARATED, "declared blind to inner-signs", True)


def test_a_larger_group_is_named():
    made = predict(
        orbit="different",
        separating_round=1,
        function="equal",
        power="complete",
        rounds=None,
        symmetry="permutation+sign",
    )
    assert made.why == "refinement is not known modulo permutation+sign"
