"""Statements of a run tampered with, digests made anew: 500 at random and 50 aimed; each is noticed or still true, in bounded time."""

from __future__ import annotations

import contextlib
import copy
import itertools
import json
import time
from fractions import Fraction

import numpy as np
import pytest

from orbitcheck.harness.checks import CHECK_KINDS
from orbitcheck.harness.core.certificates import Part
from orbitcheck.harness.core.cleaning import BorderError
from orbitcheck.harness.core.result import digest
from orbitcheck.harness.oracles.functions.enclosure import enclose
from orbitcheck.harness.oracles.refinement import refine
from orbitcheck.harness.pairs.making import make_pair, pair_content
from orbitcheck.harness.running.border import read_row, read_run
from orbitcheck.harness.running.verifying.verified import verified, whole
from orbitcheck.harness.verification.rows import Rows
from orbitcheck.harness.weights.pair import Pair

SECONDS = 5.0
RANDOM = 500
DERIVED = (
    "outcome",
    "predicted",
    "observed",
    "reason",
    "id",
    "seed",
    "kind",
    "case",
    "claim",
    "fault",
    "refusal",
    "dtype",
)
"""Fields of a row that follow from its check, certificate and evidence."""
FACTS = (
    "family",
    "space",
    "relation",
    "round",
    "orbit",
    "function",
    "ground",
    "prediction",
    "digits",
    "ratio",
    "draws",
)
"""Fields of the evidence of a pair that follow from the others."""
LIKE = {
    "outcome": ("pass", "fail", "undecided", "observed", "error", "not-applicable"),
    "relation": ("same", "different", "equal", "equivalent", "unknown"),
    "kind": (
        "orbit",
        "refinement",
        "normal-form",
        "colouring",
        "forward-refinement",
        "permutation",
        "rank",
        "input",
        "none",
    ),
    "orbit": ("same", "different", "unknown"),
    "function": ("equal", "different", "unknown"),
    "predicted": ("separated", "not separated", "any"),
    "observed": ("separated", "not separated", "no gap", "unclear"),
}
HOSTILE = (
    None,
    True,
    False,
    -1,
    0,
    1,
    10**18,
    1e300,
    "",
    "1e999999999",
    "0x1p1000000000",
    "9" * 4000,
    "1/0",
    "nan",
    [],
    {},
    [[]],
)


MADE: dict[str, Pair] = {}


def make(parameters, case) -> Pair:
    """The pair of a row, made once."""
    key = pair_content(parameters, case)
    if key not in MADE:
        MADE[key] = make_pair(parameters, case)
    return MADE[key]


def sealed(row: dict) -> dict:
    """The row with the digest of its certificate made anew."""
    certificate = row.get("certificate")
    if isinstance(certificate, dict):
        content = {key: value for key, value in certificate.items() if key != "sha256"}
        row["certificate"] = {**content, "sha256": digest(content)}
    return row


def noticed(run, row: dict, change) -> bool:
    """Whether the border or `verify` refuses a row that was changed; each in bounded time."""
    start = time.process_time()
    forged = copy.deepcopy(row)
    change(forged)
    forged = sealed(forged)
    try:
        found = Rows(run, make, CHECK_KINDS).found(read_row(forged)).problem is not None
    except BorderError:
        found = True
    assert time.process_time() - start < SECONDS, change
    return found


def places(value, path=()):
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in inner:
        yield (*path, key)
        yield from places(entry, (*path, key))


def at(value, path):
    for key in path:
        value = value[key]
    return value


def other(value, name, dice):
    """Another value that could stand there, or one that could not."""
    if dice.random() < 0.15:
        return HOSTILE[dice.integers(len(HOSTILE))]
    if name in LIKE:
        return LIKE[name][dice.integers(len(LIKE[name]))]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + int(dice.choice([-2, -1, 1, 2]))
    if isinstance(value, float):
        return value * float(dice.choice([0.5, 2.0, 1e3]))
    if isinstance(value, list) and value:
        return value[:-1] if dice.random() < 0.5 else [*value, value[0]]
    if isinstance(value, str) and "0x" in value:
        return (float.fromhex(value) + float(dice.choice([-1, 2.0**-8, 0.5]))).hex()
    try:
        return str(Fraction(value) + Fraction(int(dice.choice([-1, 1])), int(dice.choice([1, 2**20]))))
    except (TypeError, ValueError):
        return f"{value}x" if isinstance(value, str) else "x"


def is_same(before, after) -> bool:
    """Whether both say the same: the same value of the same type, or 0 for 0.0, one number in JSON."""
    return before == after and (type(before) is type(after) or (type(before), type(after)) == (float, int))


def still_true(row: dict, parameters) -> bool:
    """Whether the statements that admit other witnesses hold, by the oracles' code, of which the verifier knows nothing."""
    certificate, pair = row["certificate"], make(parameters, row["case"])
    part, space = certificate["refinement"], pair.space
    if part["kind"] == "round":
        net, layer, i = part["neuron"]
        colours = refine(space, [pair.v, pair.w]).colours[part["round"]][layer]
        counts = [int((colours[side] == colours[net, i]).sum()) for side in (0, 1)]
        if min(net, layer, i) < 0 or counts != part["counts"] or counts[0] == counts[1]:
            return False
    if part["kind"] == "colouring":
        stable = refine(space, [pair.v, pair.w]).stable
        names = [
            (layer, own, said)
            for layer, colours in enumerate(stable)
            for net in (0, 1)
            for own, said in zip(colours[net].tolist(), part["colours"][net][layer], strict=True)
        ]
        sizes = {len({name[:2] for name in names}), len({(name[0], name[2]) for name in names}), len({*names})}
        if len(sizes) > 1:
            return False
    if certificate["orbit"].get("kind") == "individualisation":
        chosen = [tuple(neuron) for neuron in certificate["orbit"]["neurons"]]
        if len(set(chosen)) < len(chosen) or min(map(min, chosen)) < 0:
            return False
        for images in itertools.product(*(range(space.widths[layer]) for layer, _ in chosen)):
            marks = [np.zeros((2, width), dtype=int) for width in space.widths]
            for mark, ((layer, i), image) in enumerate(zip(chosen, images, strict=True), 1):
                marks[layer][0, i], marks[layer][1, image] = mark, mark
            if refine(space, [pair.v, pair.w], marks=marks).round_of_separation(0, 1) is None:
                return False
    part = certificate["function"]
    if part["kind"] == "input":
        x = [float.fromhex(coordinate) for coordinate in part["x"]]
        ends = [[Fraction(end) for end in part[side]] for side in ("v", "w")]
        if not (ends[0][1] < ends[1][0] or ends[1][1] < ends[0][0]):
            return False
        for vector, (low, high) in zip((pair.v, pair.w), ends, strict=True):
            inner = enclose(space, vector, x)[part["output"]]
            if not low <= inner[0] <= inner[1] <= high:
                return False
    return True


WITNESSES = {"neuron", "neurons", "x", "v", "w", "colours", "element"}
"""Where other values may prove the same."""


def may_be_true(row: dict, path, parameters) -> bool:
    """A witness that another one replaced, and that still proves what is said."""
    if path[0] == "certificate" and path[-1] == "kind":
        return True  # the relation stands as it was, and another proof of it was followed
    if path[0] != "certificate" or not WITNESSES & set(map(str, path)) or "vectors" in path:
        return False
    try:
        return still_true(row, parameters)
    except (IndexError, KeyError, TypeError, ValueError):
        return False


@pytest.fixture(scope="module")
def rows(honest) -> list[dict]:
    return json.loads(json.dumps([row.to_json() for row in honest.results]))


@pytest.fixture(scope="module")
def parameters(honest) -> dict:
    return {(suite["name"], check["id"]): check["parameters"] for suite in honest.suites for check in suite["checks"]}


def test_the_run_is_verified_and_has_every_kind_of_proof(honest):
    found = verified(honest)
    assert not found.refuted, [*found.problems, *(each.problem for each in found.rows if each.problem)]
    counted = found.count()
    assert counted["rows"] == len(honest.results) and counted["proved"] > 40 and counted["judged again"] > 40
    kinds = {
        (part, row.certificate[part]["kind"])
        for row in honest.results
        if row.certificate
        for part in Part
        if part in row.certificate
    }
    assert len(kinds) >= 12
    assert {row.kind for row in honest.results} == {*CHECK_KINDS}


def test_500_random_tamperings_are_noticed_or_still_true(honest, rows, parameters):
    dice = np.random.default_rng(0)
    unnoticed, tried = [], 0
    while tried < RANDOM:
        row = rows[dice.integers(len(rows))]
        inside = dice.choice(["certificate", "certificate", "row", "facts"])
        if inside == "row":
            path = (str(dice.choice(DERIVED)),)
        elif row["certificate"] is None:
            continue
        elif inside == "facts":
            path = ("evidence", str(dice.choice(FACTS)))
        else:
            part = str(dice.choice(["refinement", "orbit", "function", "general_position", "vectors", "space"]))
            listed = [("certificate", part, *path) for path in places(row["certificate"][part])]
            path = listed[dice.integers(len(listed))]
        value = other(at(row, path), path[-1], dice)
        if is_same(at(row, path), value):
            continue
        forged = copy.deepcopy(row)
        at(forged, path[:-1])[path[-1]] = value
        if not noticed(honest, forged, lambda _: None) and not may_be_true(
            forged, path, parameters.get((row["suite"], row["check"]))
        ):
            unnoticed.append((row["architecture"], row["check"], path, str(at(row, path))[:60], str(value)[:60]))
        tried += 1
    assert not unnoticed, unnoticed


def put(*path_and_value):
    """A change: the value at the path."""
    *path, value = path_and_value

    def change(row):
        at(row, path[:-1])[path[-1]] = value

    return change


def drop(*path):
    def change(row):
        del at(row, path[:-1])[path[-1]]

    return change


POLYLINE = {"relation": "equal", "kind": "polyline"}


def weakened(part):
    """The relation of one part is said to be unknown, in the row too."""
    unknown = {"relation": "unknown", "reason": "none"} if part == "orbit" else {"relation": "unknown", "kind": "none"}

    def change(row):
        row["certificate"][part] = unknown
        row["evidence"][part] = "unknown"

    return change


def forged_equal(function):
    def change(row):
        row["certificate"]["function"] = function
        row["evidence"]["function"] = "equal"

    return change


def wide(row):
    """Intervals that touch, or overlap."""
    part = row["certificate"]["function"]
    part["v"] = part["w"] = ["-1000", "1000"]


def swapped(row):
    part = row["certificate"]["function"]
    part["v"], part["w"] = part["w"], part["v"]


def measured(name, value):
    """All draws show something else, and their summary is left."""

    def change(row):
        for draw in row["evidence"]["measured"]:
            draw[name] = value

    return change


DIFFERENT = "generic"
AIMED = [
    # proofs that prove nothing
    *(
        (DIFFERENT, forged_equal({**POLYLINE, "points": points}))
        for points in (["0", "0"], ["0/1", "0/1"], ["1", "0"], ["0", "1"], ["-1", "0", "1"])
    ),
    *(
        (DIFFERENT, forged_equal({"relation": "equal", "kind": kind}))
        for kind in ("orbit", "refinement", "forward-refinement", "normal-form")
    ),
    ("curved", forged_equal({**POLYLINE, "points": ["-1", "1"]})),
    *((name, wide) for name in (DIFFERENT, "curved")),
    *((name, swapped) for name in (DIFFERENT, "curved")),
    # indices that are none
    *(
        (name, put("certificate", "function", "output", value))
        for name in (DIFFERENT, "curved")
        for value in (-1, True, False, 9)
    ),
    ("ladder", put("certificate", "refinement", "neuron", 0, True)),
    ("ladder", put("certificate", "refinement", "neuron", 2, -1)),
    ("regular", put("certificate", "orbit", "neurons", [[1, 99]])),
    # numbers that hang
    ("cycles", put("certificate", "orbit", "field", 10**18)),
    ("cycles", put("certificate", "orbit", "field", 2**61 - 1)),
    ("cycles", put("certificate", "orbit", "field", 4)),
    (DIFFERENT, forged_equal({**POLYLINE, "points": ["-1e1000000000", "1e1000000000"]})),
    (DIFFERENT, put("certificate", "function", "x", ["0x1p1000000000"])),
    ("curved", put("certificate", "function", "x", ["0x1.fffffffffffffp+1023"] * 2)),
    (DIFFERENT, put("certificate", "function", "v", ["1e1000000000", "1e1000000000"])),
    # what is there no longer, or says less
    *((name, put("certificate", None)) for name in (DIFFERENT, "cycles")),
    *((name, put("evidence", {})) for name in (DIFFERENT, "cycles")),
    *((name, weakened("orbit")) for name in ("same-orbit", "cycles", "regular", DIFFERENT)),
    *((name, weakened("function")) for name in (DIFFERENT, "rescaling", "sign-flip", "same-orbit", "curved")),
    (DIFFERENT, drop("certificate", "orbit")),
    # verdicts
    (DIFFERENT, put("outcome", "not-applicable")),
    (DIFFERENT, put("refusal", "no-symmetry")),
    (DIFFERENT, put("observed", "no gap")),
    (DIFFERENT, put("evidence", "measured", [])),
    ("law", put("outcome", "undecided")),
    ("law", put("observed", "")),
    *(
        ("law", put("evidence", name, value))
        for name, value in (
            *(
                ("output", "equivariant"),
                ("input", "ties"),
                ("mode", "train"),
                ("space", "mlp(1, 2, 1, activation='relu')"),
            ),
            *(("continuous", False), ("properties", {}), ("beside", "elsewhere"), ("pairs", 1), ("exhaustive", True)),
        )
    ),
    ("law", lambda row: row.update(reason="", evidence={**row["evidence"], "pairs": 0, "bound": None})),
    ("span", put("evidence", "rank", 1)),
    ("norms", put("outcome", "error")),
    ("position", put("evidence", "shares", {"general-position": 0.5})),
    ("limit", put("evidence", "t_res", 9)),
    ("bank", put("evidence", "nets", 9)),
    ("bank", put("evidence", "by_round", None)),
    (DIFFERENT, measured("gap", 0.0)),
    (DIFFERENT, measured("fault", "invalid")),
]


def test_50_aimed_tamperings_are_noticed(honest, rows):
    assert len(AIMED) >= 50
    unnoticed = []
    for number, (check, change) in enumerate(AIMED):
        row = next(row for row in rows if row["check"] == check and (row["evidence"] or {}).get("measured", True))
        if not noticed(honest, row, change):
            unnoticed.append((number, check))
    assert not unnoticed, unnoticed


def resealed(data: dict) -> str:
    content = {key: value for key, value in data.items() if key != "sha256"}
    return json.dumps({**content, "sha256": digest(content)})


def _outcome(data):
    data["conclusions"][0]["outcome"] = "undecided"


def _problem(data):
    data["problems"] = [{"kind": "conclusion", "about": "x", "text": "x"}]


def _excuse(data):
    row = next(row for row in data["results"] if row["declared"] is None)
    row["declared"] = "because"


def _lost_row(data):
    del data["results"][3]


def _twice(data):
    data["results"].append(data["results"][3])


def _declared(key, value):
    def change(data):
        next(entry for entry in data["architectures"] if entry["name"] == "nfn-hnp")[key] = value

    return change


def _options(data):
    data["results"][0]["options"] = {"depth": 9}


def _suite(data):
    data["suites"][0]["expected_failures"] = []


def _controls(data):
    data["controls"][0]["false_positives"] += 1


def _order(data):
    data["separation_order"]["pairs"] += 1


def _counts(data):
    data["counts"]["pass"] += 1


def _planted(data):
    data["planted"] = data["planted"][1:]


def _killers(data):
    data["killers"] = data["killers"][1:]


def _survivor(data):
    data["killers"][0]["outcome"] = "pass"


def _rate(data):
    data["conclusions"][0]["killers"]["planted"] += 1


WHOLE = [
    *(_outcome, _problem, _excuse, _lost_row, _twice, _options, _suite, _controls, _order, _planted, _counts),
    *(_killers, _survivor, _rate),
    *(_declared("rounds", [0, 9]), _declared("power", "unknown"), _declared("symmetry", "none")),
]


@pytest.mark.parametrize("change", WHOLE, ids=[change.__name__ for change in WHOLE])
def test_what_follows_from_all_rows_is_derived_again(honest, change):
    data = json.loads(json.dumps(honest.to_json()))
    change(data)
    with contextlib.suppress(BorderError):
        run = read_run(resealed(data))
        found = Rows(run, make, CHECK_KINDS)
        assert any(whole(run)) or any(found.found(row).problem for row in run.results if row.architecture == "nfn-hnp")
