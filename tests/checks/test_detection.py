"""The limit of detection is graded, never guessed: a finer network scores more digits, a blind one is not passed."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from orbitcheck import Weights, mlp, register, transformer_block
from orbitcheck.extending import lora
from orbitcheck.harness.checks.detection.kind import KIND
from orbitcheck.harness.checks.detection.verdict import judge
from orbitcheck.harness.checks.separation.evidence import RungEvidence
from orbitcheck.harness.checks.stored import Stored
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.core.parameters import SuiteValueError, parse_parameters
from orbitcheck.harness.plugins.architecture import as_architecture
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.weights.space import NamedSpace

SPACES = {"tiny": NamedSpace(mlp(1, 4, 3, 1))}
PARAMETERS = KIND.resolve(parse_parameters(KIND.parameters, {"spaces": ["tiny"]}), SPACES)


class Moments(nn.Module):
    """Mean and mean square of every tensor, added to a constant of size `bulk` that hides small changes."""

    def __init__(self, space, output, *, bulk: float = 0.0):
        super().__init__()
        self.bulk = bulk
        self.read = nn.Linear(2 * len(space.tensors), output.dim)

    def forward(self, v: Weights) -> torch.Tensor:
        moments = [power.flatten(1).mean(1) for _, t in v.items() for power in (t, t.square())]
        return self.bulk + self.read(torch.stack(moments, 1))


def row(**options):
    architecture = as_architecture(register("moments", power="below-1-wl")(Moments)).with_options(options)
    return evaluate(Cell("s", "detection", "detection", PARAMETERS, "tiny", None, "moments"), architecture)


def test_a_network_that_hides_changes_in_bulk_scores_fewer_digits():
    fine, coarse = row(), row(bulk=1e6)
    assert fine.outcome == coarse.outcome == "observed"  # below 1-WL nothing is predicted
    assert fine.evidence.digits >= 10
    assert 2 <= coarse.evidence.digits <= fine.evidence.digits - 4


def test_a_blind_network_shows_nothing():
    blind = row(bulk=1e20)
    assert (blind.outcome, blind.observed) == ("observed", "nothing seen")
    assert blind.evidence.smallest_change is None


def rungs(*ratios: float, **last) -> dict[int, RungEvidence]:
    """A ladder of these ratios; `last` are facts of its last rung."""
    found = {t: RungEvidence(ratio) for t, ratio in enumerate(ratios, 1)}
    return {**found, len(ratios): replace(found[len(ratios)], **last)}


@pytest.mark.parametrize(
    ("exponent", "power", "low", "ladder", "outcome", "words"),
    [
        (None, "unknown", None, rungs(1.0), "observed", "nothing is predicted"),
        (-9, "below-1-wl", None, rungs(1e9, 1.0), "observed", "nothing is predicted"),
        (None, "1-wl", 2, rungs(1.0), "undecided", "void"),
        (None, "complete", None, rungs(1.0), "undecided", "void"),
        (-1, "complete", None, rungs(1.0), "pass", ""),
        (-13, "function", None, rungs(1.0), "pass", ""),
        (-9, "1-wl", None, {}, "pass", ""),  # the ladder lies outside its domain
        (-9, "1-wl", 2, rungs(1e12, 1e9, 1.0), "pass", ""),
        (-9, "1-wl", 3, rungs(1e12, 1e9, 999.0, trained=1e3), "pass", ""),
        (-9, "1-wl", 3, rungs(1e12, 1e9, 11.0), "undecided", "declared to round 3, shown to 2; declare rounds"),
        (-9, "1-wl", 3, rungs(1e12, 1e9, 1.0, trained=11.0), "undecided", "declared to round 3, shown to 2"),
        (-9, "1-wl", 3, rungs(1e12, 1e9, 1.0), "fail", "shown to 2, where its own rungs say that round 3 shows"),
        (-9, "1-wl", 6, rungs(1e8, 1e6, 1.0), "undecided", "declared to round 6, shown to 2"),
        (-9, "1-wl", 6, rungs(1e8, 1e6, 0.0, equal=True), "fail", "equal to the bit in round 3"),
        (-9, "1-wl", 9, rungs(*[1e9] * 8), "undecided", "declared to round 9, shown to 8"),
    ],
)
def test_what_is_declared_is_shown_or_the_row_is_not_green(exponent, power, low, ladder, outcome, words):
    found = judge(exponent, power, low, ladder)
    assert found.outcome == outcome
    assert words in found.reason


def test_an_unknown_space_has_its_place():
    with pytest.raises(SuiteValueError, match=r'spaces\.0: unknown space "tinny"; did you mean "tiny"'):
        KIND.resolve(parse_parameters(KIND.parameters, {"spaces": ["tinny"]}), SPACES)


def test_beyond_mlps_a_network_climbs_the_ladder_of_the_very_space():
    """A block of its own sizes: the rungs are pairs of heads and keys. Where no tensor carries a ladder, changes alone are asked."""
    spaces = {"block": NamedSpace(transformer_block(1, 2, 2, 1, 1)), "factors": NamedSpace(lora((3, 2), rank=2).space)}
    parameters = KIND.resolve(parse_parameters(KIND.parameters, {"spaces": list(spaces)}), spaces)

    def asked(name: str, case: str):
        return evaluate(Cell("s", "detection", "detection", parameters, case, None, name))

    seen = asked("unf[channels=8,depth=2]", "block")
    assert seen.outcome == "pass" and seen.evidence.shown >= seen.evidence.declared == 1
    assert set(seen.evidence.rungs) >= {"1", "2"}
    bare = asked("unf[channels=8,depth=2]", "factors")
    assert (bare.outcome, bare.evidence.declared, dict(bare.evidence.rungs)) == ("pass", None, {})
    declared = {"symmetry": "permutation", "power": "1-wl", "rounds": [1, 3], "domain": "all"}
    for case, found in (("block", seen), ("factors", bare)):
        again = KIND.rejudge(Stored(found.evidence, parameters, case, declared))
        assert again is not None and (again.outcome, again.evidence) == (found.outcome, found.evidence)
