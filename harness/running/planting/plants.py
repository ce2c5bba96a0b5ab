"""The planted networks: what each declares, the line of the table that it breaks, the row that must turn red, and those that must not.

Every line of the table has plants of different mechanism and size; the smallest break it by about ten times the limit that a clean row
prints, and one of each line is drawn anew in every run. No torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...checks import CHECK_KINDS
from ...checks.equivariance.evidence import Rule
from ...checks.prediction import Seen
from ...core.blindness import BLIND_ON_BLOCKS
from ...core.cell import Cell
from ...core.outcomes import Fault, Outcome
from ...core.parameters import parse_parameters
from ...weights.space import NamedSpace, mlp
from ...weights.spaces import recurrent, residual_mlp, transformer_block
from . import traits as table
from .traits import Declared, LayerSign, Sign

SPACES = {
    "tiny": NamedSpace(mlp(2, 3, 3, 1)),
    "odd": NamedSpace(mlp(2, 3, 3, 1, activation="tanh")),
    "least": NamedSpace(mlp(1, 2, 1)),
    "four": NamedSpace(mlp(1, 4, 4, 1)),
    "line": NamedSpace(mlp(1, 8, 1)),
    "hinge": NamedSpace(mlp(1, 1, 1)),
    "waves": NamedSpace(mlp(1, 2, 1, activation="sine")),
    "block": NamedSpace(transformer_block(2, 2, 2, 2, 1)),
    "stream": NamedSpace(residual_mlp(1, 3, (2,), 1)),
    "loop": NamedSpace(recurrent(1, 4, 1)),
}
FAINT = 2e-11
"""Of the law: about ten times the smallest violation that a clean row of these networks would have failed."""
FAINT_STEPS, FAINT_CALLS, FAINT_TRAIN, FAINT_GRADIENT = 1e-9, FAINT, FAINT / 5, FAINT / 20
"""The same behind a gate that steps open by a hundredth, of a difference between two calls, of a bag of entries, and of gradients."""
FAINT_GAP = 1e-9
"""Of a separation: against noise of a few units of rounding, confirmed in other draws."""


@dataclass(frozen=True)
class Row:
    """Rows of a check: its kind and parameters as a suite would give them."""

    kind: str
    parameters: Mapping[str, Any]

    def cell(self, name: str) -> Cell:
        """The first of its cases."""
        return self.cells(name)[0]

    def cells(self, name: str) -> list[Cell]:
        """All of its cases, asked of the plant of that name."""
        kind = CHECK_KINDS[self.kind]
        resolved = kind.resolve(parse_parameters(kind.parameters, self.parameters), SPACES)
        return [
            Cell("planted", name, self.kind, resolved, case, None, f"planted-{name}") for case in kind.cases(resolved)
        ]


def law(
    output: str = "invariant", input: str = "generic", mode: str = "eval", ask: str = "law", space: str = "tiny"
) -> Row:
    asked: dict[str, Any] = {"spaces": [space], "inputs": [input], "outputs": [output], "modes": [mode]}
    return Row("equivariance", {**asked, "samples": 2, "elements": 2, **({} if ask == "law" else {"asks": [ask]})})


def pair(family: str, space: str = "tiny", **parameters: Any) -> Row:
    drawn_there = family in ("relu-rescaling", "same-orbit", "generic", "blindness")
    named = {"space": space} if drawn_there else {}
    return Row("separation", {**named, "pairs": {"family": family, "count": 1, **parameters}})


BOTH = (law("equivariant"), law())
EQUIVARIANT, INVARIANT = (BOTH[0],), (BOTH[1],)
CYCLES, DIRECTION = pair("bipartite-cycles", cycles=[[4], [2, 2]]), pair("direction")
RESCALED, SAME, LADDER = pair("relu-rescaling"), pair("same-orbit"), pair("round-ladder", rounds=[2])
TWO_ROUNDS = {"power": "1-wl", "rounds": lambda depth: (depth, depth + 1)}
FEW_ROUNDS = {"power": "1-wl", "rounds": lambda depth: (1, 1)}


@dataclass(frozen=True)
class Plant:
    """One planted network.

    Args:
        name: unique.
        network: class in `networks.py` or one of the files beside it.
        rule: what it breaks, in words.
        breaks: the line of the table; None for a sound network.
        red: the row that must say so; of a sound network one that must pass.
        sign: what that row must show.
        wanted: the outcome that it must get.
        green: rows that must pass.
        traits: what the network declares.
        size: of what is wrong, relative to outputs of order one.
        drawn: whether layer, entry and size are drawn anew in every run; `sizes` are the exponents of ten between which.
    """

    name: str
    network: str
    rule: str
    breaks: Declared | None
    red: Row
    sign: Sign | None = None
    wanted: Outcome = Outcome.FAIL
    green: tuple[Row, ...] = ()
    traits: Mapping[str, Any] = field(default_factory=lambda: TWO_ROUNDS)
    size: float = 0.1
    drawn: bool = False
    sizes: tuple[float, float] = (-8, -1)

    @property
    def of(self) -> tuple[str, str]:
        """The declared value for whose sake it is planted; of a sound network a law of functions, or a larger symmetry, if it has one."""
        if self.breaks is not None:
            return self.breaks.trait, self.breaks.value
        if "law" in self.traits:
            return "law", self.traits["law"]
        symmetry = self.traits.get("symmetry", "permutation")
        return ("symmetry", symmetry) if symmetry != "permutation" else ("", "")


def _law_plants(line: Declared, prefix: str, broken: list[tuple[str, str, float]], **more: Any) -> list[Plant]:
    """Plants that break the law alike: `(network, rule, size)`, the last one drawn."""
    return [
        Plant(f"{prefix}{dashed(network)}" + ("-faint" if size <= FAINT_GAP else ""), network, rule, line, sign=Rule.LAW, size=size,
              drawn=number == len(broken) - 1, **more)
        for number, (network, rule, size) in enumerate(broken)
    ]  # fmt: skip


def dashed(name: str) -> str:
    """`OneRound` -> `one-round`."""
    return "".join(
        f"-{letter.lower()}" if letter.isupper() and place else letter.lower() for place, letter in enumerate(name)
    )


_ENTRY = ("EntryLeak", "one bias is read by its number", 0.1)
_FAINT_ENTRY = ("EntryLeak", "one bias is read by its number, hardly", FAINT)
_INDEX = ("IndexLeak", "hidden neurons know their number", 0.01)
SCALE = {"symmetry": "permutation+scale"}
SIGN = {"symmetry": "permutation+sign"}
QUASI = {**SCALE, "law": "functional"}
ODD_INVARIANT, ODD_EQUIVARIANT = law(space="odd"), law("equivariant", space="odd")

OF_FUNCTION = {
    "permutation+sign+phase": "waves",
    "heads": "block",
    "orth": "stream",
    "gl": "block",
    "gl+shift": "block",
    "full": "stream",
}
"""Declared group -> the space on which plants that look at functions are asked."""

SOUND = (
    Plant("sound", "Sound", "none: it must pass", None, law(), wanted=Outcome.PASS, green=EQUIVARIANT),
    Plant("sound-scale", "Products", "none: it must pass", None, law(), wanted=Outcome.PASS, green=EQUIVARIANT, traits=SCALE),
    Plant("sound-sign", "Products", "none: it must pass", None, ODD_INVARIANT, wanted=Outcome.PASS, green=(ODD_EQUIVARIANT,),
          traits=SIGN),
    *(Plant(f"sound-{value.replace('+', '-')}", "Reading", "none: it must pass", None, law(space=space), wanted=Outcome.PASS,
            green=(law("equivariant", space=space),), traits={"symmetry": value}) for value, space in OF_FUNCTION.items()),
    Plant("sound-pair", "Sound", "none: it must pass", None, DIRECTION, wanted=Outcome.PASS),
    Plant("sound-layer", "WithLayer", "none: it must pass", None, Row("completeness", {"spaces": ["least"]}),
          wanted=Outcome.PASS, traits={"linear_layer": "linear_layer"}),
)  # fmt: skip


def _function_plants(line: Declared) -> list[Plant]:
    space, output = OF_FUNCTION[line.value], line.part.split()[0]
    nested = line.value == "heads"
    if output == "invariant":
        first = (
            ("ReadingAcross", "keys are compared across heads, number by number", 0.1)
            if nested
            else (("ReadingBiases", "sizes of a tensor that moves are read", 0.1))
        )
        broken = [first, ("ReadingEntry", "an entry is read by its number, hardly", 2 * FAINT),
                  ("ReadingEntry", "an entry is read by its number", 0.1)]  # fmt: skip
    else:
        first = (
            ("ReadingMeans", "keys are mixed over heads, number by number", 0.1)
            if nested
            else (("ReadingCurved", "an output tensor is curved", 0.1))
        )
        broken = [first, ("ReadingEntryOfTensor", "an entry of an output tensor is larger, by number, hardly", 2 * FAINT),
                  ("ReadingEntryOfTensor", "an entry of an output tensor is larger, by number", 0.1)]  # fmt: skip
    other = "equivariant" if output == "invariant" else "invariant"
    return _law_plants(line, f"{dashed(line.value.replace('+', '-'))}-", broken, red=law(output, space=space),
                       green=(law(other, space=space),), traits={"symmetry": line.value})  # fmt: skip


SYMMETRY = (
    *_law_plants(table.PERMUTATION_INVARIANT, "", [
        ("WeighedColumns", "columns of a matrix are weighed by number", 0.1), _FAINT_ENTRY, _INDEX, _ENTRY,
    ], red=law()),
    *_law_plants(table.PERMUTATION_EQUIVARIANT, "", [
        ("CumulatedRows", "an output tensor is summed up along its neurons", 0.1),
        ("RolledTensor", "an output tensor is moved on by one neuron", 0.1),
        ("EntryOfTensor", "a row of an output tensor is larger, by number, hardly", FAINT),
        ("EntryOfTensor", "a row of an output tensor is larger, by number", 0.1),
    ], red=law("equivariant"), green=INVARIANT),
    *_law_plants(table.SCALE_INVARIANT, "scale-", [
        ("MeanWeight", "the mean of a matrix is read", 0.1),
        ("Magnitudes", "sizes of biases are read, hardly", FAINT),
        ("Magnitudes", "sizes of biases are read", 0.1),
    ], red=law(), green=EQUIVARIANT, traits=SCALE),
    *_law_plants(table.SCALE_EQUIVARIANT, "scale-", [
        ("PointWise", "entries pass through a curve", 0.1),
        ("CurvedTensor", "an output tensor is curved, hardly", 5 * FAINT),
        ("CurvedTensor", "an output tensor is curved", 0.1),
    ], red=law("equivariant"), green=INVARIANT, traits=SCALE),
    *_law_plants(table.VECTORS, "scale-", [
        ("Covectors", "a covector is given for a vector", 0.1),
        ("CovectorTensor", "a covector is mixed into a vector, hardly", 5 * FAINT),
        ("CovectorTensor", "a covector is mixed into a vector", 0.1),
    ], red=law("equivariant"), green=INVARIANT, traits=SCALE, sizes=(-8, -4)),
    *_law_plants(table.SIGN_INVARIANT, "sign-", [
        ("MeanWeight", "the mean of a matrix is read", 0.1),
        ("MeanBias", "the mean of biases is read, hardly", FAINT),
        ("MeanBias", "the mean of biases is read", 0.1),
    ], red=ODD_INVARIANT, green=(ODD_EQUIVARIANT,), traits=SIGN),
    *_law_plants(table.SIGN_EQUIVARIANT, "sign-", [
        ("Absolute", "absolute values", 0.1),
        ("ConstantTerm", "a head has a constant", 0.1),
        ("RectifiedTensor", "a little of an absolute value, hardly", FAINT),
        ("RectifiedTensor", "a little of an absolute value", 0.1),
    ], red=ODD_EQUIVARIANT, green=(ODD_INVARIANT,), traits=SIGN),
    *(plant for line in table.OF_FUNCTIONS for plant in _function_plants(line)),
    *_law_plants(table.NO_SYMMETRY, "none-", [_INDEX, _FAINT_ENTRY, _ENTRY], red=law(), traits={"symmetry": "none"}),
)  # fmt: skip

_USE: dict[str, tuple[Declared, Row]] = {
    "steps": (table.STEPS, law(ask="steps")),
    "calls": (table.CALLS, law(ask="calls")),
    "gradients": (table.GRADIENTS, law(ask="gradients")),
    "train": (table.TRAIN_CALLS, law(ask="calls")),
}


def _use(name: str, network: str, rule: str, ask: str, sign: Rule, **more: Any) -> Plant:
    """A plant that keeps the law as long as nothing is trained, differentiated, or called in another way."""
    line, row = _USE[ask]
    return Plant(name, network, rule, line, row, sign, green=INVARIANT, **more)


_GATE, _MODE = (
    "one bias is read behind a gate that starts at zero",
    "one bias is read by number where gradients are recorded",
)
_LEAK, _TRAINED = "the gradient passes through one neuron", "one bias is read by number, once train mode was used"
TRAINING = (
    _use("zero-table", "ZeroTable", "a table of positions starts at zero", "steps", Rule.LAW_AFTER_STEPS),
    _use("zero-gate-faint", "ZeroGate", f"{_GATE}, hardly", "steps", Rule.LAW_AFTER_STEPS, size=FAINT_STEPS),
    _use("zero-gate", "ZeroGate", _GATE, "steps", Rule.LAW_AFTER_STEPS, drawn=True, sizes=(-6, -1)),
    _use("gradient-mode", "GradientMode", _MODE, "calls", Rule.GRADIENTS_RECORDED),
    _use("gradient-mode-faint", "GradientMode", f"{_MODE}, hardly", "calls", Rule.GRADIENTS_RECORDED, size=FAINT_CALLS),
    _use("flat-memory", "FlatMemory", "memory is read as if it were in the usual order", "calls", Rule.STRIDED_INPUT),
    _use("large-batch", "LargeBatch", "large batches are mixed", "calls", Rule.BATCH_SIZE, size=1e-3),
    _use("worn-out", "WornOut", "after many calls it drifts", "calls", Rule.MANY_CALLS, drawn=True, sizes=(-6, -1)),
    _use("gradient-leak", "GradientLeak", _LEAK, "gradients", Rule.GRADIENT_IN_INPUT),
    _use("gradient-leak-faint", "GradientLeak", f"{_LEAK}, hardly", "gradients", Rule.GRADIENT_IN_INPUT, size=FAINT_GRADIENT),
    _use("weighed-gradient", "WeighedGradient", "gradients in a matrix are weighed by number", "gradients", Rule.GRADIENT_IN_INPUT,
         size=1e-3),
    _use("parameter-gradient", "ParameterGradient", "the gradient of a parameter passes through one neuron", "gradients",
         Rule.GRADIENT_IN_PARAMETERS, drawn=True, sizes=(-5, -1)),
    _use("train-history", "TrainHistory", "train mode keeps biases by number", "train", Rule.LAW_AFTER_TRAIN_CALLS),
    _use("train-gate-faint", "TrainGate", f"{_TRAINED}, hardly", "train", Rule.LAW_AFTER_TRAIN_CALLS, size=FAINT_TRAIN),
    _use("train-gate", "TrainGate", _TRAINED, "train", Rule.LAW_AFTER_TRAIN_CALLS, drawn=True),
)  # fmt: skip

GENERAL, SPECTRUM = {"domain": "general-position"}, {"domain": "simple-spectrum"}
NOT_CONTINUOUS = {"continuous": False}
_AWAY = (law(input="small"),)
"""Nothing ties there, and nothing is asked between inputs."""
_TIES = (
    ("ties-by-index", "TiesByIndex", "equal biases are ordered by number", "equal-biases", False),
    ("zeros-by-index", "ZerosByIndex", "neurons without a bias know their number", "pruned", False),
    ("equals-by-index", "EqualsByIndex", "neurons of equal bias know their number", "equal-biases", True),
)
DOMAIN = (
    *(Plant(name, network, rule, table.EVERYWHERE, law(input=kind), Rule.LAW, green=_AWAY, drawn=drawn)
      for name, network, rule, kind, drawn in _TIES),
    *(Plant(f"jumps-{name}", network, rule, table.JUMPS, law(input=kind), Rule.LAW, green=INVARIANT, drawn=drawn,
            traits=NOT_CONTINUOUS) for name, network, rule, kind, drawn in _TIES),
    *_law_plants(table.GENERAL_POSITION, "general-", [_INDEX, _FAINT_ENTRY, _ENTRY], red=law(), traits=GENERAL),
    *_law_plants(table.SIMPLE_SPECTRUM, "spectrum-", [_INDEX, _FAINT_ENTRY, _ENTRY], red=law(), traits=SPECTRUM),
    Plant("sign-of-bias", "SignOfBias", "the output jumps where a bias is zero", table.CONTINUOUS, law(input="zeros"),
          Rule.CONTINUITY, green=_AWAY),
    Plant("rounded-bias", "RoundedBias", "biases are rounded", table.CONTINUOUS, law(), Rule.JUMP, green=_AWAY),
    Plant("counted-ties", "CountedTies", "equal biases are counted", table.CONTINUOUS, law(input="equal-biases"), Rule.CONTINUITY,
          green=INVARIANT, drawn=True),
)  # fmt: skip

_LISTED = "neurons of edits are listed by their biases"
_FRAMED = "neurons of edits are multiplied by what is read of their biases, in and out"
_UNEVEN = "neurons of edits are multiplied by other numbers in than out"
LAWS = (
    *(Plant(f"sound-{network.lower()}", network, "none: it must pass", None, law("equivariant"), wanted=Outcome.PASS, green=INVARIANT,
            traits=QUASI) for network in ("Framed", "Listed")),
    *_law_plants(table.EXACT, "exact-", [
        ("Listed", _LISTED, 0.1),
        ("Framed", f"{_FRAMED}, hardly", FAINT),
        ("Framed", _FRAMED, 0.1),
    ], red=law("equivariant"), green=INVARIANT, traits=SCALE),
    *_law_plants(table.FUNCTIONAL, "functional-", [
        ("HalfListed", "biases of edits are listed by size, and weights are not", 0.1),
        ("Uneven", f"{_UNEVEN}, hardly", 20 * FAINT),
        ("Uneven", _UNEVEN, 0.1),
    ], red=law("equivariant"), green=INVARIANT, traits=QUASI),
)  # fmt: skip

TRAINS = {**TWO_ROUNDS, "modes": ("eval", "train")}
MODES = (
    *_law_plants(table.EVAL, "", [
        ("EvalIndex", "hidden neurons know their number in eval mode", 0.01),
        ("EvalEntry", "one bias is read by its number in eval mode, hardly", FAINT),
        ("EvalEntry", "one bias is read by its number in eval mode", 0.1),
    ], red=law(), green=(law(mode="train"),), traits=TRAINS),
    Plant("train-index", "TrainIndex", "hidden neurons know their number in train mode", table.TRAIN, law(mode="train"),
          Rule.LAW, green=INVARIANT, traits=TRAINS),
    Plant("train-batch", "TrainBatchStatistic", "the batch's mean is taken off in train mode", table.TRAIN, law(mode="train"),
          Rule.BATCH_MATES, green=INVARIANT, traits=TRAINS),
    Plant("train-entry-faint", "TrainEntry", "one bias is read by its number in train mode, hardly", table.TRAIN,
          law(mode="train"), Rule.LAW, green=INVARIANT, traits=TRAINS, size=FAINT),
    Plant("train-entry", "TrainEntry", "one bias is read by its number in train mode", table.TRAIN, law(mode="train"), Rule.LAW,
          green=INVARIANT, traits=TRAINS, drawn=True),
)  # fmt: skip

LAYER = Row("completeness", {"spaces": ["least"]})
SHOWN = {"linear_layer": "linear_layer"}
OWED = (
    Plant("batch-statistic", "BatchStatistic", "the batch's mean is taken off", table.OWED, law(), Rule.BATCH_MATES),
    Plant("hidden-state", "HiddenState", "calls are counted and the count leaks in", table.OWED, law(), Rule.REPEATED_CALL),
    Plant("in-place-edit", "InPlaceEdit", "the input is changed", table.OWED, law(), Rule.UNMODIFIED_INPUT),
    Plant("constant-output", "ConstantOutput", "the output does not depend on the input", table.OWED, law(), Fault.VACUOUS,
          Outcome.ERROR),
    Plant("not-a-number", "NotANumber", "the output is not finite", table.OWED, law(), Fault.NON_FINITE, Outcome.ERROR),
    Plant("no-constants", "NoConstants", "the layer has no constants", table.LINEAR_LAYER, LAYER, LayerSign.MISSING, traits=SHOWN),
    Plant("deaf-map", "DeafToOneTensor", "the layer is deaf to one tensor", table.LINEAR_LAYER, LAYER, LayerSign.MISSING,
          traits=SHOWN),
    Plant("tied-maps", "TiedMaps", "two of the layer's maps are tied", table.LINEAR_LAYER, LAYER, LayerSign.MISSING, traits=SHOWN,
          size=0.5),
    Plant("one-entry", "OneEntry", "one entry of the layer's map is larger, by number", table.LINEAR_LAYER, LAYER,
          LayerSign.NOT_EQUIVARIANT, traits=SHOWN, drawn=True, sizes=(-3, 0)),
)  # fmt: skip

LONG_CYCLES = pair("bipartite-cycles", cycles=[[6], [3, 3]])
STRONGLY_REGULAR = pair("strongly-regular")
PAIRS_OF_NODES = {"power": "2-fwl", "rounds": lambda depth: (1, depth)}
ONE_ROUND_OF_PAIRS = {"power": "2-fwl", "rounds": lambda depth: (1, 1)}
BY_PAIRS = (
    Plant("pairs-messages", "Sound", "it declares rounds of pairs and has those of neurons", table.SEES_BY_PAIRS, CYCLES, Seen.NO_GAP,
          green=INVARIANT, traits=PAIRS_OF_NODES),
    Plant("pairs-bags", "NoMessages", "it declares rounds of pairs and reads bags of entries", table.SEES_BY_PAIRS, DIRECTION,
          Seen.NO_GAP, green=INVARIANT, traits=PAIRS_OF_NODES),
    Plant("pairs-extremes", "Extremes", "it declares rounds of pairs and sees largest and smallest entries", table.SEES_BY_PAIRS, CYCLES,
          Seen.NO_GAP, green=INVARIANT, traits=PAIRS_OF_NODES, drawn=True, sizes=(-1, 1)),
    Plant("closed-walks", "ClosedWalks", "it declares one round of pairs and counts longer walks", table.SEES_NO_MORE_BY_PAIRS,
          LONG_CYCLES, Seen.SEPARATED, green=INVARIANT, traits=ONE_ROUND_OF_PAIRS),
    Plant("closed-walks-faint", "ClosedWalks", "it declares one round of pairs and counts longer walks, hardly",
          table.SEES_NO_MORE_BY_PAIRS, LONG_CYCLES, Seen.SEPARATED, green=INVARIANT, traits=ONE_ROUND_OF_PAIRS, size=FAINT_GAP),
    Plant("cliques", "Cliques", "it counts cliques of four, which no round of pairs sees", table.SEES_NO_MORE_BY_PAIRS, STRONGLY_REGULAR,
          Seen.SEPARATED, green=INVARIANT, traits=PAIRS_OF_NODES),
    Plant("closed-walks-drawn", "ClosedWalks", "it declares one round of pairs and counts longer walks", table.SEES_NO_MORE_BY_PAIRS,
          LONG_CYCLES, Seen.SEPARATED, green=INVARIANT, traits=ONE_ROUND_OF_PAIRS, drawn=True, sizes=(-5, -1)),
)  # fmt: skip

_BELOW, _FUNCTION, _COMPLETE = {"power": "below-1-wl"}, {"power": "function"}, {"power": "complete"}
POWER = (
    Plant("one-round", "OneRound", "it declares two rounds and has one", table.SEES, LADDER,
          Seen.NO_GAP, green=INVARIANT),
    Plant("bags", "NoMessages", "it declares rounds and reads bags of entries", table.SEES, DIRECTION, Seen.NO_GAP, green=INVARIANT),
    Plant("extremes", "Extremes", "it declares rounds and sees largest and smallest entries", table.SEES, DIRECTION, Seen.NO_GAP,
          green=INVARIANT, drawn=True, sizes=(-1, 1)),
    Plant("complete-extremes", "Extremes", "it declares completeness and sees largest and smallest entries", table.COMPLETE, CYCLES,
          Seen.NO_GAP, green=INVARIANT, traits=_COMPLETE, size=1.0),
    Plant("complete-bags", "NoMessages", "it declares completeness and reads bags of entries", table.COMPLETE, CYCLES,
          Seen.NO_GAP, green=INVARIANT, traits=_COMPLETE),
    Plant("complete-extremes-drawn", "Extremes", "it declares completeness and sees largest and smallest entries", table.COMPLETE,
          CYCLES, Seen.NO_GAP, green=INVARIANT, traits=_COMPLETE, drawn=True, sizes=(-1, 1)),
    Plant("row-products", "RowProducts", "it declares less than it sees: products of rows", table.SEES_NO_MORE, CYCLES,
          Seen.SEPARATED, green=INVARIANT, size=1.0),
    Plant("row-products-faint", "RowProducts", "it declares less than it sees, hardly", table.SEES_NO_MORE, CYCLES, Seen.SEPARATED,
          green=INVARIANT, size=FAINT_GAP),
    Plant("few-rounds", "Sound", "it declares fewer rounds than it sees", table.SEES_NO_MORE, LADDER, Seen.SEPARATED,
          green=INVARIANT, traits=FEW_ROUNDS),
    Plant("row-products-drawn", "RowProducts", "it declares less than it sees: products of rows", table.SEES_NO_MORE, CYCLES,
          Seen.SEPARATED, green=INVARIANT, drawn=True, sizes=(-7, 0)),
    Plant("below-rows", "RowProducts", "products of rows are read", table.BELOW, CYCLES, Seen.SEPARATED, green=INVARIANT, size=FAINT_GAP,
          traits=_BELOW),
    Plant("below-columns", "ColumnProducts", "products of columns are read", table.BELOW, CYCLES, Seen.SEPARATED, green=INVARIANT,
          traits=_BELOW),
    Plant("below-rows-drawn", "RowProducts", "products of rows are read", table.BELOW, CYCLES, Seen.SEPARATED, green=INVARIANT,
          traits=_BELOW, drawn=True, sizes=(-7, 0)),
    Plant("weights-for-function", "Sound", "it declares to see functions and sees weights", table.FUNCTION, RESCALED, Seen.SEPARATED,
          green=INVARIANT, traits=_FUNCTION),
    Plant("function-and-weights-faint", "Values", "values of the function, and sizes of biases, hardly", table.FUNCTION, RESCALED,
          Seen.SEPARATED, green=INVARIANT, traits=_FUNCTION, size=FAINT_GAP),
    Plant("function-and-weights", "Values", "values of the function, and sizes of biases", table.FUNCTION, RESCALED, Seen.SEPARATED,
          green=INVARIANT, traits=_FUNCTION, drawn=True, sizes=(-7, -1)),
    Plant("unknown-index", "IndexLeak", "hidden neurons know their number", table.UNKNOWN, SAME, Fault.INVALID, Outcome.ERROR,
          traits={}),
    Plant("unknown-columns", "WeighedColumns", "columns of a matrix are weighed by number", table.UNKNOWN, SAME, Fault.INVALID,
          Outcome.ERROR, traits={}),
    Plant("unknown-entry", "EntryLeak", "one bias is read by its number", table.UNKNOWN, SAME, Fault.INVALID, Outcome.ERROR, traits={},
          drawn=True, sizes=(-6, -1)),
)  # fmt: skip


def _seeing(name: str, line: Declared) -> list[Plant]:
    """Plants that declare a blindness and see what they say they do not."""
    red, traits = pair("blindness", only=[name]), {"power": "below-1-wl", "blind": (name,)}
    shared: dict[str, Any] = {"breaks": line, "red": red, "sign": Seen.SEPARATED, "green": INVARIANT, "traits": traits}
    return [
        Plant(f"{name}-seen", "Sound", f"it declares to be blind to {name} and sees neurons", **shared),
        Plant(f"{name}-columns", "ColumnProducts", f"it declares to be blind to {name} and reads products of columns", **shared),
        Plant(f"{name}-drawn", "RowProducts", f"it declares to be blind to {name} and reads products of rows", drawn=True,
              sizes=(-7, 0), **shared),
    ]  # fmt: skip


_OF_HEADS = {
    "head-pairing": (("PairedHeads", "reads what goes with what"), ("CurvedHeads", "reads heads one at a time")),
    "sums-over-heads": (("SquaredHeads", "reads squares of heads"), ("CurvedHeads", "reads heads one at a time")),
    "attention-biases": (("BiasesOfHeads", "reads their sizes"), ("BiasesBesideRows", "reads them beside rows")),
    "inner-embedding": (
        ("PlacesWrittenTo", "weighs places"),
        ("BagsOfIndices", "reads each place by a weight of its own"),
    ),
}


def _seeing_heads(name: str, line: Declared) -> list[Plant]:
    """The same on a transformer block."""
    red, traits = pair("blindness", "block", only=[name]), {"power": "below-1-wl", "blind": (name,)}
    shared: dict[str, Any] = {
        "breaks": line,
        "red": red,
        "sign": Seen.SEPARATED,
        "green": (law(space="block"),),
        "traits": traits,
    }
    (sized, of_sizes), (whole, of_all) = _OF_HEADS[name]
    declared = f"it declares to be blind to {name} and"
    return [
        Plant(f"{name}-seen", sized, f"{declared} {of_sizes}", **shared),
        Plant(f"{name}-whole", whole, f"{declared} {of_all}", **shared),
        Plant(f"{name}-drawn", sized, f"{declared} {of_sizes}", drawn=True, sizes=(-6, 0), **shared),
    ]  # fmt: skip


BLIND = [
    plant
    for name, line in table.UNSEEN.items()
    for plant in (_seeing_heads if name in BLIND_ON_BLOCKS else _seeing)(name, line)
]
PLANTS: dict[str, Plant] = {
    plant.name: plant
    for plant in (*SOUND, *SYMMETRY, *TRAINING, *DOMAIN, *LAWS, *MODES, *OWED, *POWER, *BLIND, *BY_PAIRS)
}
