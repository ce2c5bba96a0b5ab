"""The verifier confirms every honest certificate of every kind, and refutes each one once a statement in it is false."""

from __future__ import annotations

import copy
import json
from functools import cache

import pytest
from click.testing import CliRunner

from orbitcheck import mlp
from orbitcheck.harness.cli import main
from orbitcheck.harness.oracles.relation import certify
from orbitcheck.harness.pairs.making import make_pair, read_pairs
from orbitcheck.harness.result import digest
from orbitcheck.harness.space import NamedSpace
from orbitcheck.harness.verify import components, problem_of, rank, refined

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
    return problem_of(certificate, pair.space, pair.v, pair.w, told)


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
    from orbitcheck.harness.oracles.refinement import refine

    for name in PAIRS:
        for pair, _, _ in certified(name):
            parted = refine(pair.space, [pair.v, pair.w]).round_of_separation(0, 1)
            for rounds in range(8):
                left, right = refined(pair.space, [pair.v, pair.w], rounds)
                same = sorted(c for layer in left for c in layer) == sorted(c for layer in right for c in layer)
                assert same == (parted is None or rounds < parted)


def test_ranks_and_components_by_hand():
    assert rank([[1, 1], [1, -1]], "Q") == 2
    assert rank([[1, 1], [1, -1]], 2) == 1
    assert rank([[0, 0], [0, 0]], "Q") == 0
    assert components([[1, 0], [0, 1]]) == [2, 2]
    assert components([[1, 0], [1, 0]]) == [1, 3]


def test_the_command_confirms_a_run_and_notices_tampering(tmp_path):
    suite = tmp_path / "s.yaml"
    suite.write_text(
        "suite: s\nversion: 1\ntitle: T\nchecks:\n  - {id: a, kind: separation, pairs: {family: direction, count: 2}}\n"
    )
    out = tmp_path / "out"
    call = CliRunner().invoke
    assert call(main, ["run", str(suite), "-a", "stats", "-o", str(out), "-j", "1"]).exit_code == 0
    good = call(main, ["verify", str(out)])
    assert good.exit_code == 0
    assert "2 of 2 certificates verified" in good.output
    data = json.loads((out / "results.json").read_text())
    certificate = data["results"][0]["certificate"]
    certificate["refinement"]["round"] += 1
    (out / "results.json").write_text(json.dumps(data))
    assert call(main, ["verify", str(out)]).exit_code == 1
    data["results"][0]["certificate"] = sealed(certificate)
    data["sha256"] = digest({key: value for key, value in data.items() if key != "sha256"})
    (out / "results.json").write_text(json.dumps(data))
    bad = call(main, ["verify", str(out)])
    assert bad.exit_code == 1
    assert "1 of 2 certificates verified" in bad.output
