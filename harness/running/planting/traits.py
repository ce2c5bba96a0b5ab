"""What a plug-in may declare, and for each value the check that can turn red: a declared trait is checked, or it does not exist.

The table is data: `plants.py` plants networks for every line, docs/traits.md is made from it, and a test holds that no value of
`plugins/traits.py` is missing (protocol.md, section 4).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ...checks.approximation.verdict import Reached
from ...checks.equivariance.evidence import Rule
from ...checks.prediction import Seen
from ...core.blindness import BLIND
from ...core.outcomes import Fault, Outcome


class LayerSign(StrEnum):
    """What a row of the completeness check shows."""

    MISSING = "missing maps"
    NOT_EQUIVARIANT = "layer not equivariant"


Sign = Rule | Fault | Seen | LayerSign | Reached | Outcome


@dataclass(frozen=True)
class Declared:
    """One line of the table.

    Args:
        trait, value: as `Traits` has them; of `modes` one mode; an empty trait is what every plug-in owes.
        part: which of its claims, where one value makes several.
        kind: the check kind that can turn red.
        rows: which rows of it, for readers.
        signs: what such a red row shows.
    """

    trait: str
    value: str
    part: str
    kind: str
    rows: str
    signs: tuple[Sign, ...]

    def __str__(self) -> str:
        value = f"{self.trait}={self.value}" if self.trait else "every plug-in"
        return f"{value}, {self.part}" if self.part else value


LAW = (Rule.LAW,)
_EVERY_ROW = "every kind of input"
SYMMETRIES = tuple(
    Declared("symmetry", name, f"{output} output", "equivariance", f"{_EVERY_ROW}, {how}", LAW)
    for name, how in (
        ("permutation", "transpositions and random permutations"),
        ("permutation+scale", "also one factor of 2 at each index, random powers of 2 and random floats"),
        ("permutation+sign", "also one sign at each index and random signs"),
        ("permutation+sign+phase", "also signs, and half turns at each index"),
        ("heads", "also transpositions within each outer index apart"),
        ("orth", "also Hadamard blocks, signed permutations and random orthogonal matrices"),
        ("gl", "also shears, integer matrices and random invertible ones"),
        ("gl+shift", "also linear maps, and shifts of each entry"),
        ("full", "all that the space's axes carry"),
    )
    for output in ("invariant", "equivariant")
)
PERMUTATION_INVARIANT, PERMUTATION_EQUIVARIANT, SCALE_INVARIANT, SCALE_EQUIVARIANT, SIGN_INVARIANT, SIGN_EQUIVARIANT = (
    SYMMETRIES[:6]
)
OF_FUNCTIONS = SYMMETRIES[6:]
"""Of groups that are asked of networks that look at functions."""
VECTORS = Declared(
    "symmetry", "permutation+scale", "kind of output", "equivariance", "equivariant outputs, asked for as vectors", LAW
)
HOW_CALLED = (Rule.GRADIENTS_RECORDED, Rule.STRIDED_INPUT, Rule.BATCH_SIZE, Rule.MANY_CALLS)
STEPS = Declared("symmetry", "permutation", "after steps", "equivariance", "asks: steps", (Rule.LAW_AFTER_STEPS,))
CALLS = Declared("symmetry", "permutation", "as called", "equivariance", "asks: calls", HOW_CALLED)
GRADIENTS = Declared(
    "symmetry",
    "permutation",
    "gradients",
    "equivariance",
    "asks: gradients",
    (Rule.GRADIENT_IN_INPUT, Rule.GRADIENT_IN_PARAMETERS),
)
NO_SYMMETRY = Declared(
    "symmetry", "none", "", "equivariance", f"{_EVERY_ROW}; permutations are asked all the same", LAW
)
SEES = Declared("power", "1-wl", "low", "separation", "pairs that part by round low", (Seen.NO_GAP,))
SEES_NO_MORE = Declared(
    "power",
    "1-wl",
    "high",
    "separation",
    "1-WL-equivalent pairs, and pairs that part past round high",
    (Seen.SEPARATED,),
)
SEES_BY_PAIRS = Declared("power", "2-fwl", "low", "separation", "pairs that 2-FWL parts by round low", (Seen.NO_GAP,))
SEES_NO_MORE_BY_PAIRS = Declared(
    "power",
    "2-fwl",
    "high",
    "separation",
    "2-FWL-equivalent pairs, and pairs that it parts past round high",
    (Seen.SEPARATED,),
)
BELOW = Declared("power", "below-1-wl", "", "separation", "1-WL-equivalent pairs", (Seen.SEPARATED,))
COMPLETE = Declared("power", "complete", "", "separation", "pairs of two orbits", (Seen.NO_GAP,))
FUNCTION = Declared("power", "function", "", "separation", "pairs of one function", (Seen.SEPARATED,))
UNKNOWN = Declared("power", "unknown", "", "separation", "every pair, by its controls", (Fault.INVALID,))
UNSEEN = {
    name: Declared("blind", name, "", "separation", f"pairs of family `blindness`, {name}", (Seen.SEPARATED,))
    for name in BLIND
}
EVERYWHERE = Declared("domain", "all", "", "equivariance", "inputs that tie, zeros among them", LAW)
GENERAL_POSITION = Declared("domain", "general-position", "", "equivariance", "generic inputs", LAW)
SIMPLE_SPECTRUM = Declared("domain", "simple-spectrum", "", "equivariance", "generic inputs", LAW)
CONTINUOUS = Declared(
    "continuous", "True", "", "equivariance", "inputs that tie, and between generic ones", (Rule.CONTINUITY, Rule.JUMP)
)
JUMPS = Declared("continuous", "False", "", "equivariance", "inputs that tie", LAW)
EXACT = Declared("law", "exact", "", "equivariance", "equivariant outputs", LAW)
FUNCTIONAL = Declared(
    "law",
    "functional",
    "",
    "equivariance",
    "equivariant outputs, by the functions of edits at fixed dyadic inputs",
    LAW,
)
EVAL = Declared("modes", "eval", "", "equivariance", "mode eval", LAW)
TRAIN_CALLS = Declared(
    "modes", "eval", "after calls in train mode", "equivariance", "asks: calls", (Rule.LAW_AFTER_TRAIN_CALLS,)
)
TRAIN = Declared("modes", "train", "", "equivariance", "mode train", (Rule.LAW, Rule.BATCH_MATES))
LINEAR_LAYER = Declared(
    "linear_layer", "given", "", "completeness", "every space", (LayerSign.MISSING, LayerSign.NOT_EQUIVARIANT)
)
OWED = Declared(
    "", "", "", "equivariance", "every row",
    (Rule.BATCH_MATES, Rule.REPEATED_CALL, Rule.UNMODIFIED_INPUT, Fault.VACUOUS, Fault.NON_FINITE),
)  # fmt: skip

TRAITS: tuple[Declared, ...] = (
    *SYMMETRIES,
    VECTORS, STEPS, CALLS, GRADIENTS, NO_SYMMETRY, SEES, SEES_NO_MORE, SEES_BY_PAIRS, SEES_NO_MORE_BY_PAIRS, BELOW, COMPLETE, FUNCTION, UNKNOWN, *UNSEEN.values(), EVERYWHERE,
    GENERAL_POSITION, SIMPLE_SPECTRUM, CONTINUOUS, JUMPS, EXACT, FUNCTIONAL, EVAL, TRAIN_CALLS, TRAIN, LINEAR_LAYER, OWED,
)  # fmt: skip

NO_CLAIM = ("paper", "shapes", "spaces", "group_of")
"""Fields of `Traits` that promise nothing by themselves: `shapes` and `spaces` say what is served and are printed, `group_of` is a symmetry that has no
name here, asked as the named ones are. `rounds` is the two parts of powers `1-wl` and `2-fwl`."""


def declared_by(descriptions: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """`(trait, value)` of every value that one of a run's networks declares; one that did not load declares nothing."""
    found = {("", ""), ("linear_layer", "given")}  # layers are asked of those who name one, whoever that is
    for entry in descriptions:
        if "symmetry" in entry:
            found |= {(trait, str(entry[trait])) for trait in ("symmetry", "power", "domain", "continuous")}
            found.add(("law", entry.get("law", "exact")))
            found |= {("modes", mode) for mode in entry["modes"]}
            found |= {("blind", name) for name in entry.get("blind", ())}
    return found
