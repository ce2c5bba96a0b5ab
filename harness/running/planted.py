"""Planted defects: in every run networks that break one rule each must be caught, and a sound one must not be accused.

A green run says something only if the same code, on the same machine, turns red where it should (protocol.md, section 4). The
networks here are tiny and are no architectures that anyone could name. What is not caught becomes a problem of the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..checks import CHECK_KINDS
from ..checks.equivariance.evidence import EquivarianceEvidence, Rule
from ..checks.prediction import Seen
from ..core.cell import Cell
from ..core.outcomes import Fault, Outcome, Trouble
from ..core.parameters import parse_parameters
from ..core.records import PlantRecord
from ..core.result import Problem
from ..weights.space import NamedSpace, mlp

SPACES = {"tiny": NamedSpace(mlp(2, 3, 3, 1))}
LAW = {"spaces": ["tiny"], "inputs": ["generic"], "outputs": ["invariant"], "samples": 2, "elements": 2}
PAIR = {"pairs": {"family": "bipartite-cycles", "cycles": [[4], [2, 2]], "count": 1}}
DIRECTION = {"pairs": {"family": "direction", "count": 1}}


@dataclass(frozen=True)
class Defect:
    """One planted network.

    Args:
        name: of its class in `planted_networks.py`.
        rule: what it breaks, in words.
        kind: the check kind that must say so.
        parameters: of the check, as a suite would give them.
        wanted: the outcome that it must get.
        sign: what the row must show: a broken rule, a fault or an observation.
    """

    name: str
    rule: str
    kind: str
    parameters: Mapping[str, Any]
    wanted: Outcome
    sign: Rule | Fault | Seen | None = None

    def cell(self) -> Cell:
        kind = CHECK_KINDS[self.kind]
        resolved = kind.resolve(parse_parameters(kind.parameters, self.parameters), SPACES)
        return Cell("planted", self.name, self.kind, resolved, kind.cases(resolved)[0], None, f"planted-{self.name}")


DEFECTS = (
    Defect("sound", "none: it must pass", "equivariance", LAW, Outcome.PASS),
    Defect("index-leak", "hidden neurons know their index", "equivariance", LAW, Outcome.FAIL, Rule.LAW),
    Defect("batch-statistic", "the batch's mean is taken off", "equivariance", LAW, Outcome.FAIL, Rule.BATCH_MATES),
    Defect(
        "hidden-state",
        "calls are counted and the count leaks in",
        "equivariance",
        LAW,
        Outcome.FAIL,
        Rule.REPEATED_CALL,
    ),
    Defect("in-place-edit", "the input is changed", "equivariance", LAW, Outcome.FAIL, Rule.UNMODIFIED_INPUT),
    Defect(
        "constant-output", "the output does not depend on the input", "equivariance", LAW, Outcome.ERROR, Fault.VACUOUS
    ),
    Defect("not-a-number", "the output is not finite", "equivariance", LAW, Outcome.ERROR, Fault.NON_FINITE),
    Defect("sound", "none: it must pass", "separation", DIRECTION, Outcome.PASS),
    Defect("forward-only", "it declares 1-wl and sees incoming edges only", "separation", DIRECTION, Outcome.FAIL),
    Defect("row-products", "it declares less than it sees", "separation", PAIR, Outcome.FAIL, Seen.SEPARATED),
    Defect("index-leak", "hidden neurons know their index", "separation", PAIR, Outcome.ERROR, Fault.INVALID),
)


def wanted_by(kinds: Iterable[str]) -> tuple[Defect, ...]:
    """The defects that a run of these check kinds has to catch."""
    asked = set(kinds)
    return tuple(defect for defect in DEFECTS if defect.kind in asked)


def plant(number: int) -> PlantRecord:
    """What became of `DEFECTS[number]`, as plain JSON."""
    from .evaluate import evaluate
    from .planted_networks import network  # needs torch, which planning must not pay for

    defect = DEFECTS[number]
    row = evaluate(defect.cell(), network(defect.name))
    broken = row.evidence.broken if isinstance(row.evidence, EquivarianceEvidence) else ()
    return report(defect, Outcome(row.outcome), row.reason, (*broken, row.fault, row.observed))


def report(defect: Defect, outcome: Outcome, reason: str, signs: Sequence[str | None] = ()) -> PlantRecord:
    """Name, rule, check kind, the outcome wanted and seen, and whether it was caught: by its sign, not by the outcome alone."""
    return {
        "name": defect.name,
        "rule": defect.rule,
        "kind": defect.kind,
        "wanted": defect.wanted,
        "outcome": outcome,
        "reason": reason,
        "caught": outcome == defect.wanted and (defect.sign is None or defect.sign in signs),
    }


def problems(planted: Iterable[Mapping[str, Any]]) -> list[Problem]:
    """One for every defect that was not caught: no verdict of such a run can be trusted."""
    return [
        Problem(
            Trouble.PLANTED,
            f"{entry['kind']} / {entry['name']}: {entry['outcome']}",
            f'planted defect "{entry["name"]}" ({entry["rule"]}) is {entry["outcome"]} under {entry["kind"]}, '
            f"not {entry['wanted']}: {entry['reason'] or 'no reason given'}",
        )
        for entry in planted
        if not entry["caught"]
    ]
