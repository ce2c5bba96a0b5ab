"""Killers of conclusions: planted networks that claim what a conclusion speaks of, falsely, each beside its mended twin.

A claim is supported by rows that could have refuted it. So for every claim that a suite may conclude there are networks that keep the law
and pass every control, and on whose rows the same judgement must not come to a pass; on those of the mended twin it must. What no
budget can tell from lack of training ends undecided, which supports nothing either (protocol.md, section 4, and protocol.md, section 5). No torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...checks.approximation.verdict import Reached
from ...checks.equivariance.evidence import Rule
from ...checks.prediction import Seen
from ...core.cell import Cell
from ...core.outcomes import Outcome
from ...judging.judgements.finding import Concluded
from ...language.suite import Suite
from .plants import (
    BOTH,
    CYCLES,
    DIRECTION,
    EQUIVARIANT,
    FAINT_GAP,
    INVARIANT,
    LADDER,
    TWO_ROUNDS,
    Plant,
    Row,
    dashed,
    law,
    pair,
)
from .traits import Sign

BUDGET = {
    "sizes": {"train": 64, "validation": 32, "test": 64},
    "steps": 50,
    "batch": 32,
    "rate": 0.1,
}
"""Enough for those that carry the answer, in half a second."""
TWINS = ("prop-6.2-twins", "function-equal-twins")
"""Regimes in which classes hold several samples, so that seeing more than declared shows."""


def training(
    target: str | Mapping[str, Any], regime: str | Mapping[str, Any], parameters: Sequence[int] = (100,), **more: Any
) -> Row:
    """A row of training that costs next to nothing; networks of one size stand for those of several."""
    called = {"target": target, "regime": regime}
    named = {key: {"name": value} if isinstance(value, str) else dict(value) for key, value in called.items()}
    return Row("approximation", {**BUDGET, **named, "parameters": list(parameters), **more})


GP = "general-position"
RANK = training("middle-rank", "prop-6.2-twins", (100, 200), batch=64)
NORMS = training("weight-norms", GP, (100, 200), space="four")
VALUE = training("value-at-point", "prop-6.2-twins", (50, 200))
BAGS, ROWS = {"name": "same-entries"}, {"name": "same-entries", "arranged": "within-rows"}
VALUE_OF_BAGS = training("value-at-point", BAGS, (50, 200), space="line")
VALUE_OF_TWINS = training("value-at-point", "function-equal-twins", (50, 200), space="line")
PATHS = training("path-moment", BAGS, (100, 200), space="four")
SEVERAL = training("path-moment", ROWS, (20, 30, 40), space="four", seeds=5)
FOUR_CYCLES = training("cycle-weights", "prop-6.2-twins")
STATISTICS = training("neuron-statistics", GP, (100, 200), space="four")
STATISTICS_OF_BAGS = training("neuron-statistics", BAGS, (100, 200), space="four")
SHIFT = training({"name": "output-shift", "shift": 1.0}, GP, (50, 200), space="line")
ZERO_BIASES = {"name": "ties", "ties": "zero-biases"}
TEETH = training("tooth-doubling", ZERO_BIASES, space="hinge", networks=[1, 4], points=64, rate=0.02)
DOUBLED = training("tooth-doubling", ZERO_BIASES, space="hinge", networks=[1, 2], points=64, rate=0.02)
FIRST = pair("round-ladder", rounds=[1])
NEAR = Row("separation", {"space": "four", "pairs": {"family": "perturbation", "sizes": ["2^-18"], "count": 1}})
BIASED_CYCLES = pair("bipartite-cycles", cycles=[[4], [2, 2]], general_position="both")
SEES: dict[str, Any] = {"power": "1-wl", "rounds": lambda: (2, 3)}
SEES_MORE = (Reached.LEAK, Reached.BELOW_FLOOR)
FUNCTION: dict[str, Any] = {"power": "function"}
COMPLETE: dict[str, Any] = {"power": "complete"}
FOLKLORE: dict[str, Any] = {"power": "2-fwl", "rounds": lambda: (2, 3)}


def audit(regime: Mapping[str, Any]) -> Row:
    return Row("general-position", {"space": "four", "regime": dict(regime), "samples": 16,
                                    "forms": {"float": {GP: [0.99, 1]}}})  # fmt: skip


def _directed(case: str) -> Row:
    return Row("separation", {"pairs": {"family": "beyond-mlps", "only": [case]}})


@dataclass(frozen=True)
class Killer:
    """One false claim, and the same claim mended.

    Args:
        claim: id in the claims ledger.
        false: the plant; its `red` and `more` rows are judged, `green` must pass: the law holds.
        signs: one of them must show in a row that is judged.
        mended: on whose rows the judgement must come to a pass.
        more: further rows that the judgement reads.
        peer: a sound network that it reads beside either.
        wanted: what the judgement comes to on the rows of the false one.
        regimes: checks that train can be refuted so in these alone; empty: in all.
    """

    claim: str
    false: Plant
    mended: Plant
    signs: tuple[Sign, ...]
    more: tuple[Row, ...] = ()
    peer: Plant | None = None
    wanted: Concluded = Concluded.FAIL
    regimes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.claim}-{self.false.name}"

    def speaks_of(self, cell: Cell) -> bool:
        """Whether it could refute what a check of this kind and regime is taken to support."""
        trains = cell.kind == "approximation"
        return cell.kind == self.false.red.kind and not (
            trains and self.regimes and cell.parameters["regime"]["name"] not in self.regimes
        )


def _sound(name: str, network: str, rule: str, red: Row, **more: Any) -> Plant:
    return Plant(name, network, rule, None, red, wanted=Outcome.PASS, **more)


def _killer(
    claim: str,
    network: str,
    rule: str,
    mended: str,
    mended_rule: str,
    red: Row,
    signs: Sign | tuple[Sign, ...],
    *,
    traits: Mapping[str, Any] = SEES,
    green: tuple[Row, ...] = INVARIANT,
    size: float = 0.1,
    name: str = "",
    **more: Any,
) -> Killer:
    name = name or dashed(network)
    return Killer(
        claim,
        Plant(name, network, rule, None, red, traits=traits, green=green, size=size),
        _sound(f"{name}-mended", mended, mended_rule, red, traits=traits, size=size),
        signs if isinstance(signs, tuple) else (signs,),
        **more,
    )


def _equal(
    network: str, rule: str, red: Row, signs: Sign, mended: str = "Sound", more: tuple[Row, ...] = (), **own: Any
) -> Killer:
    """A false claim of the power of 1-WL, beside a sound network of that power; `own` are further traits of what claims it."""
    peer = _sound("peer", mended, "it has that power", red, traits=SEES)
    return _killer(
        "thm-5.2", network, rule, mended, "it has that power", red, signs, more=more, peer=peer, traits={**SEES, **own}
    )


def _law(network: str, rule: str, row: Row, **more: Any) -> Killer:
    """The law itself is what this claim is about."""
    false = Plant(dashed(network), network, rule, None, row, **more)
    return Killer("equivariance", false, _sound(f"{false.name}-mended", "Sound", "it keeps the law", row), (Rule.LAW,))


def _weights(name: str, rule: str, regime: Mapping[str, Any]) -> Killer:
    """Of weights nothing is planted but themselves."""
    mended = _sound(f"{name}-mended", "", "weights whose biases are distinct", audit({"name": GP}))
    return Killer("gp-audit", Plant(name, "", rule, None, audit(regime)), mended, (Outcome.FAIL,))


OPEN: dict[str, Any] = {"wanted": Concluded.UNDECIDED}
_OVERLAPS = "it sees how rows of a matrix overlap, which refinement does not"
_DEAF = "it is deaf to every matrix"
_BAG = "it reads every tensor as a bag of entries"
_SILENT = "it answers alike whatever it is given"
_PATHS = "it follows paths"
_HEARS = "it hears them"
_OWN = "each has a hinge of its own"
_ALL_ONE = "all the networks that it emits are one"
_SCALES = "it rescales tensors, which moves no function by a constant"
_SMALL = (
    ("OneHinge", _ALL_ONE),
    ("Rescaled", _SCALES),
    ("Shifted", "it moves and rescales tensors"),
    ("Fixed", _SILENT),
    ("FourthPowers", "it sees entries alone"),
)
_NORMS = _sound("peer", "Norms", "it has the norms", NORMS, traits=SEES)
_FOLKLORE = _sound("peer", "NormsAndOverlaps", "it sees rows overlap, and says so", CYCLES, traits=FOLKLORE, size=0.01)

_LOOPS = (law(space="loop"),)
_JOINT, _SPLIT = {**SEES, "refinement": "joint"}, {**SEES, "refinement": "split"}

_KILLERS = (
    _law("IndexLeak", "hidden neurons know their number", law()),
    _law("EntryLeak", "one bias is read by its number", law(), drawn=True),
    _law("CumulatedRows", "an output tensor is summed up along its neurons", law("equivariant"), green=INVARIANT),
    _law("RolledTensor", "an output tensor is moved on by one neuron", law("equivariant"), green=INVARIANT),
    _law("WeighedColumns", "columns of a matrix are weighed by number", law()),
    # thm-5.2: networks of the power of 1-WL are equal: partitions first, then errors
    _equal("Norms", _BAG, SEVERAL, Reached.BLIND, "Moments", (DIRECTION,)),
    _equal("ForwardOnly", "neurons hear incoming edges alone", DIRECTION, Seen.NO_GAP),
    _equal("LargestMessage", "neurons hear the largest message alone", FIRST, Seen.NO_GAP),
    _equal("OneRound", "it declares two rounds and has one", LADDER, Seen.NO_GAP),
    # rounding jumps, and it says so: what is false of it is its power alone
    _equal("ElevenBits", "weights pass through eleven bits", NEAR, Seen.NO_GAP, continuous=False),
    _equal("RowProducts", _OVERLAPS, CYCLES, Seen.SEPARATED),
    # prop-5.3: what has NFT's power sees more than refinement, and as much in general position
    *(_killer("prop-5.3", network, rule, "NormsAndOverlaps", _OVERLAPS, CYCLES, Seen.NO_GAP, traits=FOLKLORE, size=0.01,
              more=(NORMS,), peer=_NORMS, green=green)
      for network, rule, green in (("Norms", "it sees no more than refinement", INVARIANT),
                                   ("Moments", "it sees paths, and no more than refinement", INVARIANT),
                                   ("NormsOfBiases", "it sees biases alone", INVARIANT), ("Silent", _SILENT, ()))),
    _killer("prop-5.3", "NormsOfBiasesAndOverlaps", "it sees rows overlap, but no norm of a matrix", "NormsAndOverlaps", _OVERLAPS, NORMS,
            Reached.ABOVE, traits=FOLKLORE, size=0.01, more=(CYCLES,), peer=_NORMS, **OPEN),
    _killer("prop-5.3", "NormsAndOverlaps", "it has NFT's power, and declares that of 1-WL", "Norms", "it has the power that it declares",
            CYCLES, Seen.SEPARATED, size=0.01, more=(NORMS,), peer=_FOLKLORE, name="declared-1-wl"),
    _killer("thm-6.1", "Norms", _BAG, "ValueInTheMiddle", "it looks at the function alone", VALUE_OF_BAGS, Reached.BLIND,
            traits=FUNCTION, name="bag"),
    _killer("thm-6.1", "ValueAndOverlaps", _OVERLAPS, "ValueInTheMiddle", "it looks at the function alone", VALUE,
            SEES_MORE, traits=FUNCTION, regimes=TWINS),
    _killer("thm-6.1", "ValueFarAway", "it looks at the function elsewhere", "ValueInTheMiddle", "it looks in the right place",
            VALUE, Reached.ABOVE, traits=FUNCTION, **OPEN),
    _killer("thm-6.1", "Silent", _SILENT, "ValueInTheMiddle", "it looks", VALUE_OF_BAGS, Reached.BLIND, traits=FUNCTION, green=()),
    _killer("thm-6.1", "ValueAndBiases", "it declares to see functions, and sees biases", "ValueInTheMiddle",
            "it looks at the function alone", VALUE_OF_TWINS, SEES_MORE, traits=FUNCTION, regimes=TWINS),
    # prop-6.2: no such network parts the twins, and each parts what lies beside them
    _killer("prop-6.2", "RowProducts", _OVERLAPS, "Sound", "it does not", CYCLES, Seen.SEPARATED, traits=TWO_ROUNDS,
            green=BOTH, size=FAINT_GAP),
    _killer("prop-6.2", "NormsAndOverlaps", _OVERLAPS, "Norms", "it does not", RANK, SEES_MORE, regimes=TWINS),
    _killer("prop-6.2", "GramDeterminant", "it sees a determinant of a matrix and its transpose", "Sound", "it does not", CYCLES,
            Seen.SEPARATED, traits=TWO_ROUNDS, green=BOTH, size=FAINT_GAP),
    _killer("prop-6.2", "ThirdMoments", "it sees closed walks of six steps", "Sound", "it does not", CYCLES, Seen.SEPARATED,
            traits=TWO_ROUNDS, green=BOTH),
    _killer("prop-6.2", "ColumnProducts", "it sees how columns of a matrix overlap", "Sound", "it does not", CYCLES, Seen.SEPARATED,
            traits=TWO_ROUNDS, green=BOTH),
    _killer("prop-6.2", "NoMessages", f"{_BAG}, and so nothing beside the twins either", "Sound", "neurons hear of each other",
            BIASED_CYCLES, Seen.NO_GAP, traits=TWO_ROUNDS, name="bag"),
    # thm-6.3: in general position all is within reach
    _killer("thm-6.3", "Norms", _BAG, "Moments", _PATHS, PATHS, Reached.BLIND, name="bag"),
    _killer("thm-6.3", "Extremes", "it sees largest and smallest entries alone", "Sound", "neurons hear of each other",
            BIASED_CYCLES, Seen.NO_GAP, traits=COMPLETE),
    _killer("thm-6.3", "NormsOfBiases", _DEAF, "Norms", "it hears them", NORMS, Reached.ABOVE, **OPEN),
    _killer("thm-6.3", "Silent", _SILENT, "Moments", _PATHS, PATHS, Reached.BLIND, green=()),
    _killer("thm-6.3", "Moments", "it follows paths alone, and declares completeness", "Sound", "neurons hear of each other", BIASED_CYCLES,
            Seen.NO_GAP, traits=COMPLETE, name="paths-alone"),
    # prop-7.1, thm-7.2: one network of the same size is too small, a larger output suffices
    *(_killer("prop-7.1", network, rule, "Hinges", _OWN, TEETH, Reached.ABOVE, green=(), **OPEN) for network, rule in _SMALL),
    _killer("thm-7.2", "OneHinge", _ALL_ONE, "Hinges", _OWN, TEETH, Reached.ABOVE, green=()),
    _killer("thm-7.2", "Fixed", _SILENT, "Hinges", _OWN, TEETH, Reached.ABOVE, green=()),
    _killer("thm-7.2", "Rescaled", _SCALES, "Shifted", "it moves them, too", SHIFT, Reached.ABOVE, green=EQUIVARIANT, **OPEN),
    _killer("thm-7.2", "Rescaled", _SCALES, "Hinges", _OWN, TEETH, Reached.ABOVE, name="rescaled-teeth", green=(), **OPEN),
    _killer("thm-7.2", "Shifted", "it moves and rescales tensors", "Hinges", _OWN, TEETH, Reached.ABOVE, green=(), **OPEN),
    # prop-7.3: no such operator tells the cycles of the twins
    *(_killer("prop-7.3", network, rule, "FourthPowers", "it sees entries alone", FOUR_CYCLES, SEES_MORE, green=EQUIVARIANT, size=size,
              name=name, regimes=TWINS)
      for name, network, rule, size in (
          ("four-cycles", "FourCycles", "it sees 4-cycles", 0.1),
          ("four-cycles-faint", "FourCycles", "it sees 4-cycles, hardly", 1e-6),
          ("four-cycles-more", "FourCycles", "it sees 4-cycles, and little else", 10.0),
          ("entries-and-overlaps", "EntriesAndOverlaps", _OVERLAPS, 0.1),
          ("biases-and-overlaps", "BiasesAndOverlaps", f"{_OVERLAPS}, in its biases", 0.1))),
    # thm-7.4: in general position operators are within reach
    _killer("thm-7.4", "Entries", "it sees entries alone", "NeuronNorms", _HEARS, STATISTICS_OF_BAGS, Reached.BLIND, green=EQUIVARIANT,
            name="bag"),
    _killer("thm-7.4", "BiasNorms", _DEAF, "NeuronNorms", _HEARS, STATISTICS, Reached.ABOVE, green=EQUIVARIANT, **OPEN),
    _killer("thm-7.4", "Fixed", _SILENT, "NeuronNorms", _HEARS, STATISTICS, Reached.BLIND, green=()),
    _killer("thm-7.4", "Rescaled", _SCALES, "NeuronNorms", _HEARS, STATISTICS, Reached.ABOVE, green=EQUIVARIANT, **OPEN),
    _killer("thm-7.4", "FourthPowers", "it sees entries alone", "NeuronNorms", _HEARS, STATISTICS_OF_BAGS, Reached.BLIND,
            green=EQUIVARIANT),
    # oce: the error falls with every doubling
    _killer("oce", "OneHinge", _ALL_ONE, "Hinges", _OWN, DOUBLED, Reached.ABOVE, green=()),
    _killer("oce", "PairedHinges", "every second of its networks repeats one", "Hinges", _OWN, DOUBLED, Reached.ABOVE, green=()),
    *(_killer("oce", network, rule, "Hinges", _OWN, DOUBLED, Reached.ABOVE, green=(), **OPEN) for network, rule in _SMALL[1:3]),
    _killer("oce", "Fixed", _SILENT, "Hinges", _OWN, DOUBLED, Reached.ABOVE, green=()),
    # refinement-kinds: what reads both directions of an edge at once parts what reads them apart merges
    *(_killer("refinement-kinds", network, rule, "Apart", "it reads them apart", _directed("directed"), Seen.SEPARATED, traits=_SPLIT,
              green=_LOOPS)
      for network, rule in (("Squares", "it declares to read directions apart, and sees their product"),
                            ("Together", "it declares to read directions apart, and reads them together"))),
    *(_killer("refinement-kinds", network, rule, "Together", "it reads them together", _directed("directed"), Seen.NO_GAP, traits=_JOINT,
              green=_LOOPS, name=name)
      for name, network, rule in (("apart", "Apart", "it declares to read directions together, and reads them apart"),
                                  ("bag", "BagOfLoops", _BAG), ("rows", "RowsOfLoops", "units hear what comes to them alone"))),
    _killer("refinement-kinds", "Triangles", "it counts closed walks of three steps, which refinement does not", "Together",
            "it does not", _directed("directed-triangles"), Seen.SEPARATED, traits=_JOINT, green=_LOOPS),
    # gp-audit: trained networks lie in general position
    _weights("equal-biases", "weights whose biases are tied", {"name": "ties"}),
    _weights("coarse", "weights of few values", {"name": "ties", "ties": "quantised", "bits": 2}),
    _weights("zero-biases", "weights without biases", {"name": "ties", "ties": "zero-biases"}),
    _weights("twins", "weights of twins", {"name": "function-equal-twins", "by": "split-neuron"}),
    _weights("alike", "weights of neurons that are alike", ROWS),
)  # fmt: skip

KILLERS: dict[str, Killer] = {killer.name: killer for killer in _KILLERS}


Standing = Mapping[tuple[str, int], frozenset[str]]
"""(Suite, number of a conclusion of its) -> the names of the false claims that its own checks could refute."""


def by_conclusion(suites: Iterable[Suite], cells: Sequence[Cell]) -> Standing:
    """The false claims of every conclusion: those that it names and of which one of its rows is asked."""
    found = {}
    for suite in suites:
        for number, wanted in enumerate(suite.conclusions):
            own = [cell for cell in cells if cell.suite == suite.name and suite.concludes(wanted, cell)]
            found[suite.name, number] = frozenset(
                name
                for name, killer in KILLERS.items()
                if killer.claim == wanted.claim and wanted.names(name) and any(map(killer.speaks_of, own))
            )
    return found


def killers_of(suites: Iterable[Suite], cells: Sequence[Cell]) -> dict[str, tuple[str, ...]]:
    """Killer -> the suites for whose conclusions it stands: those of which a row is asked that it could turn red."""
    stand = by_conclusion(suites, cells)
    found = {name: tuple(dict.fromkeys(suite for (suite, _), own in stand.items() if name in own)) for name in KILLERS}
    return {name: of for name, of in found.items() if of}
