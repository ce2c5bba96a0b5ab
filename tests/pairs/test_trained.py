"""Pairs of real networks, on a small population in place of a trained zoo: what each variant keeps and what it changes."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from orbitcheck import Weights, mlp
from orbitcheck.harness.core.parameters import SuiteValueError, parse_parameters
from orbitcheck.harness.oracles.relation import certify
from orbitcheck.harness.pairs import PAIR_FAMILIES
from orbitcheck.harness.zoo import population as store

FAMILY = PAIR_FAMILIES["trained"]
SPACE = mlp(3, 8, 5, 2)


@pytest.fixture
def nets(monkeypatch: pytest.MonkeyPatch):
    generator = torch.Generator().manual_seed(0)
    weights = Weights(
        SPACE, {name: torch.randn(6, *shape, 1, generator=generator) for name, shape in SPACE.shapes.items()}
    )
    monkeypatch.setattr(store, "population", lambda reference: SimpleNamespace(weights=weights, space=SPACE))


def pairs(variant: str, **parameters):
    settings = parse_parameters(
        FAMILY.parameters, {"zoo": "digits-inr", "variants": [variant], "count": 2, **parameters}
    )
    cases = FAMILY.cases(settings, None)
    return {case: FAMILY.make(settings, None, case, np.random.default_rng(len(case))) for case in cases}


def test_quantised_networks_have_few_values_and_a_copy_of_one_is_in_its_orbit(nets):
    made = pairs("quantised", bits=[8, 4, 2])
    assert list(made) == [f"quantised bits={bits} #{n}" for bits in (8, 4, 2) for n in range(2)]
    for case, pair in made.items():
        levels = 2 ** int(case.split("=")[1].split()[0])
        assert all(len(np.unique(value)) <= levels for value in pair.w.values())
        steps = {name: np.ptp(value) / (levels - 1) for name, value in pair.v.items()}
        assert all(np.abs(pair.v[name] - pair.w[name]).max() <= step * 0.5001 for name, step in steps.items())
    for pair in pairs("quantised-same-orbit", bits=[2]).values():
        assert all(len(np.unique(value)) <= 4 for value in pair.v.values())
        relation = certify(pair)
        assert relation.orbit == "same" and not all(relation.general_position)


def test_pruned_networks_lose_the_smallest_weights(nets):
    for case, pair in pairs("pruned", pruned=[0.5, 0.9, 0.99]).items():
        share = float(case.split("=")[1].split()[0])
        for name, value in pair.w.items():
            if value.ndim < 2:
                assert np.array_equal(value, pair.v[name])
                continue
            kept = value != 0
            assert abs(1 - kept.mean() - share) <= 1 / value.size
            assert np.array_equal(value[kept], pair.v[name][kept])
            if kept.any():
                assert np.abs(value[kept]).min() > np.abs(pair.v[name][~kept]).max()
    assert all(certify(pair).orbit == "same" for pair in pairs("pruned-same-orbit", pruned=[0.9]).values())


def test_the_other_variants(nets):
    assert all(certify(pair).orbit == "same" for pair in pairs("same-orbit").values())
    assert all(certify(pair).function == "different" for pair in pairs("two-networks").values())
    for pair in pairs("nudged").values():
        assert sum(int((pair.v[name] != pair.w[name]).sum()) for name in pair.v) == 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"bits": [1]}, "greater than or equal to 2, got 1"),
        ({"bits": [4, 4]}, "4 is listed twice"),
        ({"pruned": [1.0]}, "less than 1"),
        ({"pruned": []}, "at least 1 item"),
        ({"zoo": "digit-inr"}, 'did you mean "digits-inr"?'),
    ],
)
def test_impossible_parameters_are_refused(wrong, words):
    with pytest.raises(SuiteValueError, match=r"pairs") as caught:
        FAMILY.cases(parse_parameters(FAMILY.parameters, {"zoo": "digits-inr", **wrong}, ("pairs",)), None)
    assert words in str(caught.value)
