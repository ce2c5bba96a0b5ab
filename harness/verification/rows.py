"""The rows of a run, derived again one by one: certificate and prediction by proof, outcome and words from the evidence.

What is *proved* of a row is its pair's relation; what is *judged again* is its verdict, by the pure function of its kind; the rest is
*measured only*: no seal proves measured numbers (protocol.md, section 6).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..checks.equivariance.evidence import EquivarianceEvidence
from ..checks.kinds import CheckKind
from ..checks.prediction import of_own
from ..checks.separation.evidence import SeparationEvidence, in_words
from ..checks.separation.verdict import prediction_of
from ..checks.stored import Stored
from ..core.cell import Cell
from ..core.evidence import NOTHING
from ..core.outcomes import Fault, Outcome
from ..core.registry import Registry
from ..core.result import Judgement, Result, Run, digest, plain
from ..weights.groups import relates
from ..weights.pair import Pair
from .asked import demand_asked, of_law
from .certificate import MALFORMED, plus_zero, problem_of
from .counted import of_its_case
from .exact.refuted import Refuted, demand
from .exact.tuples import Tuples
from .exact.unseen import unseen
from .left_out import applies, loaded

Make = Callable[[Mapping[str, Any], str], Pair]
"""The pair of a row: from a check's parameters and a case. No oracle is asked. A certificate that carried its vectors along would
prove something of them, but not that they are the row's."""

FACTS = (
    "family", "space", "relation", "round", "orbit", "function", "ground", "read_out", "prediction", "two_fwl", "two_fwl_round",
    "refinement", "own_round", "symmetry",
)  # fmt: skip
"""Of a pair that the network was not shown."""


MEASURED = (Fault.ILL_CONDITIONED, Fault.INVALID)
"""Faults that only measured numbers show; the first is what a suite may allow."""


@dataclass(frozen=True)
class Found:
    """What became of one row: whether its certificate holds and its verdict follows again; or what is wrong with it."""

    row: Result
    proved: bool = False
    judged: bool = False
    problem: str | None = None


def verify(run: Run, make: Make, kinds: Registry[CheckKind]) -> Iterator[Found]:
    """Every row of the run, in its order."""
    yield from Rows(run, make, kinds)


class Rows:
    """The rows of a run with what they are functions of; pairs are made once, and each certificate is checked once."""

    def __init__(self, run: Run, make: Make, kinds: Registry[CheckKind]):
        self._run, self._make, self._kinds = run, make, kinds
        self._checks = {(suite["name"], check["id"]): check for suite in run.suites for check in suite["checks"]}
        self._declared = {entry["name"]: entry for entry in run.architectures}
        self._pairs: dict[str, Pair] = {}
        self._known: dict[str, str | None] = {}
        self._rounds: dict[str, int | None] = {}

    def __iter__(self) -> Iterator[Found]:
        return map(self.found, self._run.results)

    def found(self, row: Result) -> Found:
        """One row, derived again."""
        try:
            return self._found(row)
        except Refuted as error:
            return Found(row, problem=str(error))
        except MALFORMED as error:
            return Found(row, problem=f"malformed: {type(error).__name__} {' '.join(str(error).split())[:200]}")

    def _found(self, row: Result) -> Found:
        check = self._checks.get((row.suite, row.check))
        if check is None or row.case not in check["cases"]:
            raise Refuted("the run's suites have no such check and case")
        cell = Cell(
            row.suite, row.check, check["kind"], check["parameters"], row.case, check["claim"], row.architecture
        )
        for name in ("kind", "claim", "dtype", "id", "seed"):
            demand(getattr(row, name) == getattr(cell, name), f"the row's {name} is that of its check and case")
        stored = Stored(row.evidence, check["parameters"], row.case, self._declared.get(row.architecture, {}))
        loaded(row, stored.declared.get("error"))
        measured = row.evidence != NOTHING
        if self._kinds[row.kind].evidence is SeparationEvidence:
            demand(measured == (row.certificate is not None), "what is said of a pair has a certificate")
            demand(
                measured or row.outcome == Outcome.ERROR, "a row of a pair that is no error says which relation it has"
            )
        if isinstance(row.evidence, SeparationEvidence):
            stored = self._proved(row, row.evidence, stored)
        of_its_case(row, stored)
        applies(row, stored, self._pair)
        judged = self._judged(row, stored)
        if isinstance(row.evidence, SeparationEvidence) and not judged:
            predicted, said = prediction_of(stored).verdict, row.evidence
            demand(row.predicted == predicted, f"the prediction is {predicted}, by relation and declaration")
            bare = SeparationEvidence(**{name: getattr(said, name) for name in FACTS})
            demand(said == bare, "what was not measured has no numbers")
        self._asked(row, check["parameters"], judged)
        return Found(row, proved=row.certificate is not None, judged=judged)

    def _proved(self, row: Result, said: SeparationEvidence, stored: Stored) -> Stored:
        """Certificate, facts and prediction of a pair; what else the verdict needs is added."""
        pair = self._pair(stored.parameters, row.case)
        asked = stored.traits.power == "2-fwl" and pair.space.is_mlp
        demand((said.two_fwl is not None) == asked, "2-FWL is asked of MLPs, for networks of that power")
        kind = of_own(pair.space, stored.traits.refinement)
        demand(said.refinement == kind, f"the refinement is that of the declaration, {kind or 'joint'}")
        demand(kind is not None or said.own_round is None, "a round of its own is one of a kind of refinement")
        if kind is not None:
            key = digest([stored.parameters, row.case, kind])
            if key not in self._rounds:
                vectors = [plus_zero(pair.space, u) for u in (pair.v, pair.w)]
                self._rounds[key] = Tuples(pair.space, vectors, kind).round()
            demand(said.own_round == self._rounds[key], f"the round in which refinement of kind {kind} parts the two")
        says = said.says
        key = digest([stored.parameters, row.case, row.certificate, says])
        if key not in self._known:
            self._known[key] = problem_of(row.certificate or {}, pair, says)
        if (problem := self._known[key]) is not None:
            raise Refuted(problem)
        facts = (stored.parameters["pairs"]["family"], str(pair.space), in_words(said.orbit, said.round, said.function))
        demand(facts == (said.family, said.space, said.relation), "family, space and relation are those of the pair")
        by_function = bool(stored.declared.get("own_group"))
        demand(
            (said.symmetry is not None) == by_function, "the symmetry of one space is told where a function declares it"
        )
        related = relates(said.symmetry or stored.traits.symmetry, pair.symmetry, pair.space)
        stored = replace(stored, related=related, unseen=unseen(stored.traits.blind, pair.space, pair.v, pair.w))
        prediction = prediction_of(stored)
        wanted = (prediction.ground, prediction.why)
        demand(
            (said.ground, said.prediction) == wanted,
            f"the prediction is {prediction.verdict} ({prediction.why}), by relation and declaration",
        )
        return stored

    def _asked(self, row: Result, parameters: Mapping[str, Any], judged: bool) -> None:
        """What the plug-in was asked for, of the kinds whose check and case say it."""
        kind = self._kinds[row.kind].evidence
        if kind is EquivarianceEvidence:
            demand_asked(row, judged, *of_law(parameters, row.case))
        elif kind is SeparationEvidence and row.evidence != NOTHING:
            demand_asked(row, judged, self._pair(parameters, row.case).space)

    def _pair(self, parameters: Mapping[str, Any], case: str) -> Pair:
        key = digest([parameters["space"], parameters["pairs"], case])
        if key not in self._pairs:
            self._pairs[key] = self._make(parameters, case)
        return self._pairs[key]

    def _judged(self, row: Result, stored: Stored) -> bool:
        """Whether the verdict could be derived again; Refuted where it is another one."""
        rejudge = self._kinds[row.kind].rejudge
        again = rejudge(stored) if rejudge is not None and row.evidence != NOTHING else None
        if again is None:
            told = row.outcome == Outcome.NOT_APPLICABLE or (row.outcome == Outcome.ERROR and row.fault not in MEASURED)
            demand(rejudge is None or told, "a verdict rests on evidence")
            return False
        demand(row.outcome != Outcome.NOT_APPLICABLE, "a row that does not apply has measured nothing")
        for name in ("outcome", "predicted", "observed", "reason", "fault"):
            mine, told = getattr(again, name), getattr(row, name)
            demand(mine == told, f"{name} {_short(told)}; by the evidence it is {_short(mine)}")
        wrong = _other(again, row)
        demand(wrong is None, f"{wrong} follows from what was measured")
        return True


def _other(again: Judgement, row: Result) -> str | None:
    """The first field of the evidence that is not what follows from the others."""
    mine, told = plain(asdict(again.evidence)), plain(asdict(row.evidence))
    return next((name for name in mine if mine[name] != told[name]), None)


def _short(value: Any) -> str:
    text = repr(str(value)) if value is not None else "none"
    return text if len(text) <= 120 else f"{text[:117]}..."
