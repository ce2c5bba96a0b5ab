"""The verifier confirms every honest certificate of every kind, and refutes each one once a statement in it is false."""

from __future__ import annotations

import ast
import copy
import json
from fractions import Fraction
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from orbitcheck import mlp
from orbitcheck.harness.core.certificates import STATEMENTS
from orbitcheck.harness.core.result import digest
from orbitcheck.harness.front.cli import main
from orbitcheck.harness.oracles.functions.enclosure import enclose
from orbitcheck.harness.oracles.refinement import refine
from orbitcheck.harness.oracles.relation import certify
from orbitcheck.harness.pairs.making import make_pair, read_pairs
from orbitcheck.harness.verification import certificate as certificate_module
from orbitcheck.harness.verification.certificate import problem_of
from orbitcheck.harness.verification.exact.structure import Structure
from orbitcheck.harness.verification.proofs import CHECKS
from orbitcheck.harness.verification.proofs.matrices import components, rank
from orbitcheck.harness.weights.pair import Pair
from orbitcheck.harness.weights.space import NamedSpace

SMALL, SMOOTH = (NamedSpace(mlp(2, 4, 3, 1, activation=name)).to_json() for name in ("relu", "tanh"))
PAIRS = {
    "same-orbit": {"space": SMALL, "pairs": {"family": "same-orbit", "ties": "all", "count": 2}},
    "generic": {"space": SMALL, "pairs": {"family": "generic", "count": 2}},
    "smooth": {"space": SMOOTH, "pairs": {"family": "generic", "count": 2}},
    "sign-flip": {"space": SMOOTH, "pairs": {"family": "sign-flip", "count": 2}},
    "rescaling": {"space": SMALL, "pairs": {"family": "relu-rescaling", "count": 2}},
    "dead": {"space": SMALL, "pairs": {"family": "dead-neuron", "count": 2}},
    "split": {"space": SMALL, "pairs": {"family": "split-neuron", "count": 2}},
    "cycles": {"space": None, "pairs": {"family": "bipartite-cycles", "cycles": [[4], [2, 2]], "count": 1}},
    "strongly-regular": {"space": None, "pairs": {"family": "strongly-regular", "count": 1}},
    "biplanes": {"space": None, "pairs": {"family": "biplanes", "count": 1}},
    "first": {
        "space": None,
        "pairs": {"family": "bipartite-cycles", "cycles": [[4], [2, 2]], "general_position": "first", "count": 3},
    },
    "ladder": {"space": None, "pairs": {"family": "round-ladder", "rounds": [1, 3, 6], "count": 1}},
    "direction": {"space": None, "pairs": {"family": "direction", "count": 1}},
}


@cache
def certified(name: str) -> list:
    """`(pair, certificate, what a row says)` of every case."""
    family, settings, space = read_pairs(PAIRS[name])
    made = [make_pair(PAIRS[name], case) for case in family.cases(settings, space)]
    relations = [(pair, certify(pair)) for pair in made]
    return [(pair, r.certificate, [r.orbit, r.round, r.function]) for pair, r in relations]


def problem(pair, certificate, told) -> str | None:
    return problem_of(certificate, pair, told)


def sealed(certificate: dict) -> dict:
    """The certificate with its digest made anew, as a forger would."""
    content = {key: value for key, value in certificate.items() if key != "sha256"}
    return {**content, "sha256": digest(content)}


@pytest.mark.parametrize("name", PAIRS)
def test_honest_certificates_are_confirmed(name):
    for pair, certificate, told in certified(name):
        assert problem(pair, json.loads(json.dumps(certificate)), told) is None


def test_every_kind_of_proof_is_among_them():
    kinds = {
        (part, certificate[part]["kind"])
        for name in PAIRS
        for _, certificate, _ in certified(name)
        for part in ("refinement", "orbit", "function")
    }
    assert kinds >= {
        ("refinement", "orbit"),
        ("refinement", "colouring"),
        ("refinement", "round"),
        ("orbit", "permutation"),
        ("orbit", "refinement"),
        ("orbit", "rank"),
        ("orbit", "individualisation"),
        ("function", "orbit"),
        ("function", "refinement"),
        ("function", "normal-form"),
        ("function", "input"),
    }


def leaves(value, path=()):
    """Paths of all leaves of plain JSON."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if isinstance(value, dict | list) and value:
        for key, part in items:
            yield from leaves(part, (*path, key))
    else:
        yield path


def changed(certificate: dict, path: tuple, new) -> dict:
    forged = copy.deepcopy(certificate)
    at = forged
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = new(at[path[-1]])
    return forged


def other(value):
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        swaps = {"same": "different", "different": "equal", "equal": "different", "equivalent": "different"}
        return swaps.get(value) or (value[:-1] + ("0" if value[-1] != "0" else "1") if value else "x")
    return 1 if value is None else None


@pytest.mark.parametrize("name", PAIRS)
def test_any_changed_byte_breaks_the_digest(name):
    pair, certificate, told = certified(name)[0]
    for path in leaves(certificate):
        assert problem(pair, changed(certificate, path, other), told) is not None, path


STILL_TRUE = ("neuron", "neurons", "v", "w")
"""Other neurons of one colour, other individualising neurons and other intervals may prove the same statement."""


@pytest.mark.parametrize("name", PAIRS)
def test_a_forged_statement_is_refuted_though_its_digest_is_made_anew(name):
    for pair, certificate, told in certified(name):
        tried = 0
        for path in leaves({key: value for key, value in certificate.items() if key != "sha256"}):
            if any(part in STILL_TRUE for part in path):
                continue
            forged = sealed(changed(certificate, path, other))
            assert problem(pair, forged, told) is not None, path
            tried += 1
        assert tried > 10


def still_true(pair, certificate: dict) -> bool:
    """Whether the statements that admit other witnesses hold, by the oracles' code, of which the verifier knows nothing."""
    part, space = certificate["refinement"], pair.space
    if part["kind"] == "round":
        net, layer, i = part["neuron"]
        colours = refine(space, [pair.v, pair.w]).colours[part["round"]][layer]
        counts = [int((colours[side] == colours[net, i]).sum()) for side in (0, 1)]
        if counts != part["counts"] or counts[0] == counts[1]:
            return False
    if certificate["orbit"].get("kind") == "individualisation":
        chosen = [tuple(neuron) for neuron in certificate["orbit"]["neurons"]]
        if len(set(chosen)) < len(chosen):
            return False
        for images in product(*(range(space.widths[layer]) for layer, _ in chosen)):
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


def nudged(value, rng: np.random.Generator):
    """Another value that could stand there: a neighbouring number, a number a little off, the other truth."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return max(0, value + int(rng.choice([-2, -1, 1, 2])))
    if isinstance(value, str) and "0x" in value:
        return (float.fromhex(value) + float(rng.choice([-1, 2.0**-8, 0.5, 64]))).hex()
    try:
        return str(Fraction(value) + Fraction(int(rng.choice([-1, 1])), int(rng.choice([1, 2**20]))))
    except (TypeError, ValueError):
        return other(value)


@pytest.mark.parametrize("name", [name for name in PAIRS if name not in ("smooth", "biplanes")])
def test_a_random_forgery_is_refuted_exactly_if_it_is_false(name):
    """One or two numbers of a witness changed and the digest made anew: the verifier and the oracles' code agree."""
    rng = np.random.default_rng(len(name))
    for pair, certificate, told in certified(name):
        places = [
            path
            for path in leaves({key: certificate[key] for key in ("refinement", "orbit", "function")})
            if path[-1] not in ("kind", "relation", "round", "tensor", "field", "entry")
            and not {"colours", "element", "values"} & set(path)
        ]
        for _ in range((6 if name == "strongly-regular" else 25) if places else 0):
            forged = certificate
            for path in (
                rng.permutation(np.array(places, dtype=object))[: rng.integers(1, 3)] if len(places) > 1 else places
            ):
                forged = changed(forged, tuple(path), lambda value: nudged(value, rng))
            try:
                wanted = still_true(pair, forged)
            except (IndexError, ValueError):
                wanted = False
            assert (problem(pair, sealed(forged), told) is None) == wanted, forged


def test_neurons_that_do_not_exist_prove_nothing():
    """A mark that no neuron carries would make any two nets look different."""
    pair, certificate, told = certified("strongly-regular")[0]
    assert certificate["orbit"]["kind"] == "individualisation"
    for neurons in ([[1, 99]], [[9, 0]], [[-1, 0]], [[1, -1]], [], [[1, 0], [1, 0]]):
        forged = sealed({**certificate, "orbit": {**certificate["orbit"], "neurons": neurons}})
        assert problem(pair, forged, told) is not None, neurons


@pytest.mark.parametrize("activation", ["relu", "leaky-relu", "abs", "gelu", "silu", "tanh", "sine", "identity"])
def test_a_normal_form_proof_by_opposite_neurons_is_confirmed(activation):
    """`phi(-z)` is `-phi(z)` or `phi(z) - c z`: a neuron turned round, and what that takes or adds made good by two others."""
    space = mlp(1, 4, 1, activation=activation)
    v = {"W1": np.array([[1.0], [2.0], [-2.0], [0.5]]), "b1": np.array([0.5, 1.0, -1.0, 0.0])}
    v |= {"W2": np.array([[1.0, 1.0, -1.0, 0.25]]), "b2": np.array([0.0])}
    odd = activation in ("tanh", "sine", "identity")
    skew = {"leaky-relu": 65 / 64, "abs": 0.0}.get(activation, 1.0)
    w = {name: array.copy() for name, array in v.items()}
    w["W1"][0], w["b1"][0] = -1.0, -0.5
    if odd:
        w["W2"][0, 0] = -1.0
    else:  # phi(z) = phi(-z) + c z, and c z is c/2 of phi(2z) - phi(-2z), which is 2 c z
        w["W2"][0, 1] += 0.5
        w["W2"][0, 2] -= 0.5
    pair = Pair(space, v, w)
    relation = certify(pair)
    assert relation.function == "equal", skew
    told = [relation.orbit, relation.round, relation.function]
    assert problem(pair, relation.certificate, told) is None


def folded(activation: str, shift: float = 0.0) -> Pair:
    """`u = 2 relu(x + 2) - relu(x) - relu(x - 1)` is never negative, so that `relu(u + 1) - 1` is `relu(u)`; no normal form sees it."""
    space = mlp(1, 3, 1, 1, activation=activation)
    v = {"W1": np.ones((3, 1)), "b1": np.array([2.0, 0.0, -1.0]), "W2": np.array([[2.0, -1.0, -1.0]])}
    v |= {"b2": np.zeros(1), "W3": np.ones((1, 1)), "b3": np.zeros(1)}
    return Pair(space, v, v | {"b2": np.ones(1) + shift, "b3": -np.ones(1) - shift})


def test_a_polyline_is_proved_by_all_its_kinks_and_by_points_beyond_them():
    pair = folded("relu")
    relation = certify(pair)
    certificate, told = relation.certificate, [relation.orbit, relation.round, relation.function]
    assert certificate["function"]["kind"] == "polyline"
    assert problem(pair, json.loads(json.dumps(certificate)), told) is None
    points = certificate["function"]["points"]
    with_points = [
        (["-100", *points, "100"], True),  # with others beside
        (points[::-1], False),  # rising
        ([points[0], *points], False),  # strictly
        ([*points[:-1], points[-1] + "/1"], False),  # in lowest terms
        (points[1:], False),  # no ray to the left of the first kink
        (points[:-1], False),
        *((points[:cut] + points[cut + 1 :], False) for cut, x in enumerate(points) if x in ("-2", "0", "1")),
        (points[:1], False),
        ([], False),
    ]
    for chosen, holds in with_points:
        forged = sealed({**certificate, "function": {**certificate["function"], "points": chosen}})
        assert (problem(pair, forged, told) is None) == holds, chosen


@pytest.mark.parametrize(("activation", "shift"), [("relu", -2.0), ("abs", -2.0), ("tanh", 0.0), ("gelu", 0.0)])
def test_a_polyline_proves_nothing_of_functions_that_differ_or_bend_all_along(activation, shift):
    certificate = certify(folded("relu")).certificate
    pair = folded(activation, shift)
    honest = certify(pair)
    assert honest.function == "different"
    for points in (certificate["function"]["points"], ["-9", "-8"], ["8", "9"], ["-9", "0", "9"]):
        forged = sealed({**honest.certificate, "function": {**certificate["function"], "points": points}})
        assert problem(pair, forged, [honest.orbit, honest.round, "equal"]) is not None, points


@pytest.mark.parametrize("name", ["generic", "smooth"])
def test_intervals_must_hold_the_values_and_be_disjoint(name):
    for pair, certificate, told in certified(name):
        part = certificate["function"]
        far = sealed(changed(certificate, ("function", "v"), lambda ends: ["1000000", "1000001"]))
        wide = sealed(changed(certificate, ("function", "v"), lambda ends: ["-1000000", "1000000"]))
        swapped = sealed({**certificate, "function": {**part, "v": part["w"], "w": part["v"]}})
        for forged in (far, wide, swapped):
            assert problem(pair, forged, told) is not None


@pytest.mark.parametrize("name", PAIRS)
def test_a_certificate_of_another_pair_or_another_row_is_refuted(name):
    cases = certified(name)
    pair, certificate, told = cases[0]
    assert problem(pair, certificate, [told[0], 99, told[2]]) is not None
    stranger = certified("generic" if name != "generic" else "dead")[0][1]
    assert problem(pair, stranger, told) is not None
    for missing in set(certificate) - {"sha256"}:
        forged = {key: value for key, value in certificate.items() if key != missing}
        assert problem(pair, sealed(forged), told) is not None


def test_its_refinement_agrees_with_the_oracle():
    for name in PAIRS:
        for pair, _, _ in certified(name):
            first = refine(pair.space, [pair.v, pair.w]).round_of_separation(0, 1)
            for rounds in (*range(8), None):
                apart = first is not None and (rounds is None or rounds >= first)
                assert Structure(pair.space, [pair.v, pair.w]).parted(rounds) == apart


def test_ranks_and_components_by_hand():
    assert rank([[1, 1], [1, -1]], "Q") == 2
    assert rank([[1, 1], [1, -1]], 2) == 1
    assert rank([[0, 0], [0, 0]], "Q") == 0
    assert components([[1, 0], [0, 1]]) == [2, 2]
    assert components([[1, 0], [1, 0]]) == [1, 3]


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> str:
    """`results.json` of a run of two pairs."""
    folder = tmp_path_factory.mktemp("run")
    suite, out = folder / "s.yaml", folder / "out"
    suite.write_text(
        "suite: s\nversion: 1\ntitle: T\nchecks:\n  - {id: a, kind: separation, pairs: {family: direction, count: 2}}\n"
    )
    assert CliRunner().invoke(main, ["run", str(suite), "-a", "nfn-hnp", "-o", str(out), "-j", "1"]).exit_code == 0
    return (out / "results.json").read_text()


def test_the_command_confirms_a_run_and_notices_tampering(finished, tmp_path):
    call, out = CliRunner().invoke, tmp_path / "out"
    out.mkdir()
    (out / "results.json").write_text(finished)
    good = call(main, ["verify", str(out)])
    assert good.exit_code == 0
    assert "2 rows, 0 refuted, 2 proved, 2 judged again, 0 measured only" in good.output
    data = json.loads((out / "results.json").read_text())
    certificate = data["results"][0]["certificate"]
    certificate["refinement"]["round"] += 1
    (out / "results.json").write_text(json.dumps(data))
    changed = call(main, ["verify", str(out)])
    assert changed.exit_code == 2 and "changed after it was written" in changed.stderr
    data["results"][0]["certificate"] = sealed(certificate)
    data["sha256"] = digest({key: value for key, value in data.items() if key != "sha256"})
    (out / "results.json").write_text(json.dumps(data))
    bad = call(main, ["verify", str(out)])
    assert bad.exit_code == 1
    assert "2 rows, 1 refuted, 1 proved, 1 judged again, 0 measured only" in bad.output
    (out / "results.json").write_text(finished)
    again = call(main, ["verify", str(out), "--rerun", "1", "--seed", "7"])
    assert again.exit_code == 0, again.output
    assert "1 rows measured again (--seed 7): 0 differ" in again.output


def test_it_shares_nothing_with_the_oracles_and_is_short_enough_to_read():
    """Of the package it imports data types and pure verdicts; docstrings and blank lines are not counted."""
    folder = Path(certificate_module.__file__).parent
    for path in folder.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source)
        inside = len(path.relative_to(folder).parts)
        imported = {
            node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level > inside
        }
        allowed = ("core.", "weights.", "checks.prediction", "checks.kinds", "checks.stored", "checks.applicability")
        pure = (".verdict", ".evidence")
        assert all(name.startswith(allowed) or name.endswith(pure) for name in imported), (path, imported)
        texts = [node for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)]
        prose = {line for node in texts for line in range(node.lineno, (node.end_lineno or 0) + 1)}
        code = [line for number, line in enumerate(source.splitlines(), 1) if line.strip() and number not in prose]
        assert len(code) < 150, path


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("function", "v"), ["1/0", "2"]),
        (("function", "v"), ["nan", "2"]),
        (("function", "kind"), "oracle"),
        (("refinement", "round"), -1),
        (("refinement", "neuron"), [0, 1, 99]),
        (("vectors",), []),
    ],
)
def test_nonsense_is_refuted_in_one_line(path, value):
    for name in ("generic", "same-orbit"):
        for pair, certificate, told in certified(name):
            if len(path) == 1 or path[1] in certificate[path[0]]:
                found = problem(pair, sealed(changed(certificate, path, lambda _: value)), told)
                assert found and "\n" not in found


@pytest.mark.parametrize("change", ["no key", "another key", "another family", "another parameter"])
def test_a_run_of_another_version_is_refused_in_one_line(finished, tmp_path, change):
    """Also where its digest is right: the suites in it are not what this version writes."""
    call, out = CliRunner().invoke, tmp_path / "out"
    out.mkdir()
    data = json.loads(finished)
    content = data["suites"][0]
    if change == "no key":
        del content["architectures"]
    elif change == "another key":
        content["unheard_of"] = 1
    else:
        content["checks"][0]["parameters"]["pairs"]["family" if change == "another family" else "unheard_of"] = "x"
    data["sha256"] = digest({key: value for key, value in data.items() if key != "sha256"})
    (out / "results.json").write_text(json.dumps(data))
    baseline = ["--baseline", str(tmp_path / "b.json")]
    for command in (["verify"], ["report"], ["gate", *baseline, "--update"], ["gate", *baseline], ["reproduce"]):
        row = [data["results"][0]["id"]] if command == ["reproduce"] else []
        answer = call(main, [command[0], str(out), *row, *command[1:]])
        assert isinstance(answer.exception, SystemExit | None), (command, answer.exception)
        if command[0] == "verify":
            assert answer.exit_code in (1, 2)
            told = answer.stdout.partition("2 rows")[0] if answer.exit_code == 1 else answer.stderr  # else progress
            assert "Traceback" not in answer.output and len(told.splitlines()) == (2 if answer.exit_code == 1 else 1)


def test_every_statement_has_a_type_and_a_verifier():
    assert set(STATEMENTS) == set(CHECKS)
