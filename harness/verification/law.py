"""A row of the law, held to its case: its evidence is of what the case asks, and a pass has asked all of it.

Without this the evidence of an easy case could stand in the row of a hard one, and a rule that nobody asked could not be missed.
"""

from __future__ import annotations

from typing import NamedTuple

from ..checks.equivariance.evidence import Ask, EquivarianceEvidence, Optimiser, Reached, Rule, State
from ..checks.stored import Stored
from ..core.outcomes import Outcome
from ..core.result import Result
from ..weights.space import WeightSpace
from .exact.refuted import demand

DRAWS, FEW = 64, 16
"""Pairs of the law at the initialisation, and of every other ask (protocol.md, section 2)."""
OWED = (Rule.REPEATED_CALL, Rule.BATCH_ORDER, Rule.BATCH_MATES, Rule.BATCH_OF_ONE)
RULES = {
    Ask.LAW: OWED,
    Ask.CALLS: (*OWED, Rule.MANY_CALLS, Rule.GRADIENTS_RECORDED, Rule.BATCH_SIZE),
    Ask.COMPILED: (Rule.COMPILED_ANSWER,),
}
"""Rules that a pass has asked; strided inputs may be refused."""
STATES = {
    Ask.STEPS: tuple(
        State(Reached.STEPS, count, optimiser, rate)
        for optimiser, rate, counts in (
            (Optimiser.ADAM, 0.01, (3, 20)),
            (Optimiser.SGD, -0.01, (3, 20)),
            (Optimiser.SGD, 0.01, (3,)),
            (Optimiser.ADAM, -0.01, (3,)),
        )
        for count in counts
    ),
    Ask.REDRAW: (State(Reached.REDRAW, 1), State(Reached.REDRAW, 2)),
}
"""Where a pass has asked the law; where the network was not finite, or too noisy to be judged, a note says so."""


class Case(NamedTuple):
    """What a case of the law asks, read off its text."""

    space: str
    output: str
    input: str
    mode: str
    ask: Ask

    @staticmethod
    def of(case: str) -> Case:
        """The parts of a case's text, `space/output/input/mode[/ask]`."""
        before, _, last = case.rpartition("/")
        ask = Ask(last) if last in tuple(Ask) else Ask.LAW
        space, output, kind, mode = (before if ask is not Ask.LAW else case).rsplit("/", 3)
        return Case(space, output, kind, mode, ask)


def of_the_law(row: Result, stored: Stored) -> None:
    """Evidence of the law is of the case's space, output, input, mode and ask, of what is declared, and of all that a pass rests on.

    Raises:
        Refuted: it is not.
    """
    said, parameters, declared = stored.evidence, stored.parameters, stored.declared
    if not isinstance(said, EquivarianceEvidence):
        return
    case = Case.of(row.case)
    for name in ("output", "input", "mode", "ask"):
        demand(
            getattr(said, name) == getattr(case, name), f"the evidence is of the case's {name}, {getattr(case, name)}"
        )
    own = str(WeightSpace.from_json(parameters["spaces"][case.space]["space"]))
    demand(
        not said.beside or row.outcome == Outcome.FAIL,
        "a space beside the row's own is named where the law fails there",
    )
    demand(said.space == (said.beside or own), f"the evidence is of the case's space, {own}")
    demand(said.continuous == declared.get("continuous", said.continuous), "continuity is claimed as declared")
    if row.outcome == Outcome.PASS:
        _all_of_it(said, case)


def _all_of_it(said: EquivarianceEvidence, case: Case) -> None:
    wanted = DRAWS if case.ask is Ask.LAW else FEW
    demand(
        said.pairs == wanted or (said.exhaustive and case.input == "zeros" and 0 < said.pairs <= wanted),
        f"{wanted} pairs",
    )
    missing = [str(rule) for rule in RULES.get(case.ask, ()) if rule not in said.properties]
    demand(not missing, f"a pass has asked {', '.join(missing)}")
    names = [station.name for station in said.stations]
    # After a walk that ended nothing further along it is asked.
    ended = [note for note in said.notes if "parameters not finite" in note]
    left = [
        state
        for state in map(str, STATES.get(case.ask, ()))
        if not any(name.endswith(state) for name in names)
        and not any(state in note for note in said.notes)
        and not any(_along(state, note) for note in ended)
    ]
    demand(not left, f"a pass has asked the law after {', '.join(left)}")


def _along(state: str, note: str) -> bool:
    """Whether a note is of the walk that leads to a state: the same optimiser and rate."""
    return state.partition(" steps of ")[2] in note
