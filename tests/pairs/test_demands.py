"""Impossible parameters are refused when cases are asked for, in one clear line, at their place below the check."""

from __future__ import annotations

from typing import Any

import pytest

from orbitcheck import WeightSpace, mlp
from orbitcheck.harness.core.parameters import SuiteValueError, parse_parameters
from orbitcheck.harness.pairs import PAIR_FAMILIES

CONVOLUTION = WeightSpace((("A", ("x", "y")), ("B", ("y",))), (("x", 2), ("y", 4)), ("y",))
NARROW = mlp(3, 1, 1, 2)
SMALL = mlp(1, 3, 1)


def refusal(family: str, parameters: dict[str, Any], space: WeightSpace | None) -> SuiteValueError:
    entry = PAIR_FAMILIES[family]
    with pytest.raises(SuiteValueError) as caught:
        entry.cases(parse_parameters(entry.parameters, parameters, ("pairs",)), space)
    return caught.value


@pytest.mark.parametrize(
    ("family", "parameters", "space", "place", "words"),
    [
        ("bipartite-cycles", {"cycles": [[4], [3, 1]]}, None, "pairs.cycles.1.1", "n of at least 2, got 1"),
        ("bipartite-cycles", {"cycles": [[4], [-4]]}, None, "pairs.cycles.1.0", "n of at least 2, got -4"),
        ("bipartite-cycles", {"cycles": [[4], [2, 3]]}, None, "pairs.cycles", "same sum, got 4 and 5"),
        ("bipartite-cycles", {"cycles": [[2, 3], [3, 2]]}, None, "pairs.cycles", "the same graph"),
        ("bipartite-cycles", {"cycles": [[], []]}, None, "pairs.cycles", "the same graph"),
        ("bipartite-cycles", {"cycles": [[4]]}, None, "pairs.cycles", "at least 2 items"),
        ("bipartite-cycles", {"cycles": [[400], [200, 200]]}, None, "pairs.cycles", "up to 256"),
        ("bipartite-cycles", {"cycles": [[4.5], [2, 2]]}, None, "pairs.cycles.0.0", "integer, got 4.5"),
        (
            "bipartite-cycles",
            {"general_position": "third"},
            None,
            "pairs.general_position",
            "available: both, first, none, second",
        ),
        ("bipartite-cycles", {"bits": 2}, None, "pairs.bits", "needs general_position first, second or both"),
        ("bipartite-cycles", {"count": 0}, None, "pairs.count", "greater than or equal to 1, got 0"),
        ("bipartite-cycles", {"count": True}, None, "pairs.count", "integer, got True"),
        ("bipartite-cycles", {"cycle": [[4], [2, 2]]}, None, "pairs.cycle", 'did you mean "cycles"?'),
        ("bipartite-cycles", {}, mlp(1, 5, 5, 1), "space", "hidden widths (4, 4)"),
        ("bipartite-cycles", {}, mlp(1, 4, 4, 4, 1), "space", "hidden widths (4, 4)"),
        ("bipartite-cycles", {}, CONVOLUTION, "space", "do not fit"),
        ("regular-bipartite", {"size": 6, "degree": 1}, None, "pairs.degree", "from 2 to 4, got 1"),
        ("regular-bipartite", {"size": 6, "degree": 5}, None, "pairs.degree", "from 2 to 4, got 5"),
        ("regular-bipartite", {"size": 3}, None, "pairs.size", "greater than or equal to 4"),
        ("biplanes", {"ranks": [[6, 9]]}, None, "pairs.ranks.0.1", "no 2-(16,6,2) design has GF(2)-rank 9"),
        ("biplanes", {"ranks": [[6, 7], [8, 8]]}, None, "pairs.ranks.1", "the same design"),
        ("biplanes", {"ranks": [[6, 7], [6, 7]]}, None, "pairs.ranks.1", "listed twice"),
        ("cai-furer-immerman", {}, mlp(1, 12, 16, 1), "space", "hidden widths (16, 12)"),
        ("strongly-regular", {}, mlp(1, 12, 16, 1), "space", "hidden widths (16, 16)"),
        ("round-ladder", {"rounds": [0]}, None, "pairs.rounds.0", "greater than or equal to 1"),
        ("round-ladder", {"rounds": [2, 3, 2]}, None, "pairs.rounds.2", "2 is listed twice"),
        ("round-ladder", {"rounds": [2, 3]}, mlp(1, 4, 4, 1), "space", "hidden widths (5, 5)"),
        ("round-ladder", {"rounds": []}, None, "pairs.rounds", "at least 1 item"),
        ("direction", {"size": 1}, None, "pairs.size", "greater than or equal to 2"),
        ("multiplicity", {"degrees": [2, 2]}, None, "pairs.degrees", "two different degrees from 1 to size - 1 = 3"),
        ("multiplicity", {"degrees": [1, 4]}, None, "pairs.degrees", "two different degrees from 1 to size - 1 = 3"),
        ("perturbation", {"sizes": [0.1]}, SMALL, "pairs.sizes.0", "multiple of 2^-22, at most 2, got 0.1"),
        ("perturbation", {"sizes": [1, "2^-30"]}, SMALL, "pairs.sizes.1", "multiple of 2^-22"),
        ("perturbation", {"sizes": [0]}, SMALL, "pairs.sizes.0", "positive multiple"),
        ("perturbation", {"sizes": [4]}, SMALL, "pairs.sizes.0", "at most 2, got 4"),
        ("perturbation", {"sizes": [float("nan")]}, SMALL, "pairs.sizes.0", "got nan"),
        ("perturbation", {"sizes": ["2**-4"]}, SMALL, "pairs.sizes.0", "valid number, got '2**-4'"),
        ("perturbation", {"sizes": [0.25, "2^-2"]}, SMALL, "pairs.sizes.1", "listed twice"),
        ("perturbation", {}, None, "space", "the check names none"),
        ("generic", {}, None, "space", "the check names none"),
        ("same-orbit", {}, None, "space", "the check names none"),
        ("same-orbit", {}, NARROW, "space", "two hidden neurons that can be swapped"),
        ("same-orbit", {"ties": "some"}, SMALL, "pairs.ties", "available: all, biases, none"),
        ("re-pairing", {}, NARROW, "space", "at least 2 neurons"),
        ("bias-reattachment", {}, CONVOLUTION, "space", "MLP spaces only"),
        ("split-neuron", {}, NARROW, "space", "at least 2 neurons"),
        ("dead-neuron", {}, CONVOLUTION, "space", "MLP spaces only"),
        ("relu-rescaling", {}, mlp(1, 3, 1, activation="tanh"), "space", "relu, leaky-relu, abs, identity only"),
        ("sign-flip", {}, SMALL, "space", "identity, tanh, sine only"),
        ("sign-flip", {}, None, "space", "the check names none"),
    ],
)
def test_impossible_parameters_are_refused(family, parameters, space, place, words):
    error = refusal(family, parameters, space)
    assert any(".".join(map(str, path)) == place and words in message for path, message in error.problems), error
    assert "\n" not in str(error)


def test_all_problems_are_reported_at_once():
    assert len(refusal("bipartite-cycles", {"cycles": [[1], [1, 0]]}, None).problems) == 3


@pytest.mark.parametrize("family", ["perturbation", "bipartite-cycles", "biplanes", "round-ladder", "split-neuron"])
def test_resolved_parameters_read_back(family):
    model = PAIR_FAMILIES[family].parameters
    assert model.model_validate(model().model_dump(mode="json")) == model()
