"""Write the pages that are made from registries and tables: `python docs/generate.py`. A test holds the pages to what this gives."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orbitcheck.harness.checks.prediction import ANY, NOT_SEPARATED, SEPARATED, predict
from orbitcheck.harness.oracles.larger.table import lines
from orbitcheck.harness.plugins.discovery import built_in, parse_name
from orbitcheck.harness.plugins.static_traits import declared_traits
from orbitcheck.harness.running.planting.killers import KILLERS
from orbitcheck.harness.running.planting.plants import PLANTS
from orbitcheck.harness.running.planting.traits import NO_CLAIM, TRAITS
from orbitcheck.harness.running.tasks import describe_architecture

FOLDER = Path(__file__).parent

TEXT = """\
# What each architecture may claim

Made by `python docs/generate.py` from what the built-in architectures declare; `orbitcheck list architectures` prints the
declarations of all that are installed, yours among them. A row of a suite is predicted from these declarations and from the
certified relation of its pair, so this table is what a run is held to.

## Declarations, at default options

{declarations}

*Rounds* is the refinement round that a network is sure to see to, and the one past which it is blind: of refinement of neurons
for `1-wl`, of pairs of neurons for `2-fwl`. *Continuous: no*
marks canonical forms, whose output may jump. Networks of domain `general-position` promise nothing where biases tie.

## Predictions

What a pair's relation and the declaration predict of separation. ≠: must be told apart; =: must not be; any: nothing is
predicted; n/a: outside what is declared.

{predictions}

Pairs of the round ladder, which refinement parts in round t, are parted by 2-FWL in round 1. Relations modulo a larger symmetry
(`permutation+scale`, `permutation+sign`) count as one orbit for the networks that declare it.

## Which spaces each reads

{spaces}

On all other spaces a row is not applicable, by the line that the constructor says.

## What is left out, and why

| published | why it is not here |
| --- | --- |
| WS-KAN and other readers of Kolmogorov-Arnold networks | their weights are splines on edges: `gmn` and `unf` read such a space, edges with channels, once one is given; no constructor of spaces makes it, nor is its function known |
| SNE, set encoders over chunks of flattened layers | symmetry is asked for by a term of the loss, so the law is no property of the network: as a declaration it is `none`, for which `flat-mlp` stands |
| GHN-3 and graph hypernetworks | they write weights of an architecture graph and read none; there is no weight vector to move |
| GradMetaNet | reads sums of rank-one gradients of a batch beside the weights: a space of weights alone has no such input |
| recurrent readers of training trajectories | the input is a sequence of weight vectors; the law of each step is that of the network that reads the step |
| heads of probabilities (dropout along r, row dropout of LoRA readers) | random in train mode: a law in distribution, which no row asks |
"""

TRAITS_TEXT = """\
# What is declared, and what turns red if it is not so

Made by `python docs/generate.py` from the table in `harness/running/planting/`. A declared trait is checked, or it does not
exist: for every value that a plug-in may declare ([What it declares](plug-in.md)) there is a check that can
turn red, and in every run small planted networks that break what the run's networks declare must turn that very row red, with
the sign named here, while their other rows stay green ([protocol, section 4](protocol.md#section-4)).

{lines}

*Drawn anew*: layer, neuron and size come from a seed that is the run's own. Plants that "hardly" break a law lie about ten times
above the limit that a clean row prints. No claim, and so no check: {unclaimed} (what is served is printed with the
verdict). `rounds` are the two parts of powers `1-wl` and `2-fwl`. Sound networks,
which must pass: {sound}.

<a id="false-claims"></a>
## False claims

For every conclusion of a run, of those that its checks could turn red: what is claimed falsely, by which kind of check it must fall,
how the judgement must end, and the mended twin on which it must pass.

{killers}
"""

RELATIONS: dict[str, dict[str, Any]] = {
    "one orbit": {"orbit": "same", "separating_round": None, "function": "equal"},
    "2-FWL-equivalent, two orbits": {
        "orbit": "different", "separating_round": None, "function": "equal", "two_fwl": "equivalent",
    },
    "1-WL-equivalent, parts in round 2 of 2-FWL": {
        "orbit": "different", "separating_round": None, "function": "equal", "two_fwl": "different", "two_fwl_round": 2,
    },
    **{
        f"parts in round {t}, {words}": {
            "orbit": "different", "separating_round": t, "function": function, "two_fwl": "different", "two_fwl_round": 1,
        }
        for t, words, function in (
            (1, "same function", "equal"), (1, "different functions", "different"), (4, "different functions", "different"),
            (8, "different functions", "different"),
        )
    },
}  # fmt: skip
SIGNS = {SEPARATED: "≠", NOT_SEPARATED: "=", ANY: "any"}


def page() -> str:
    """The whole page."""
    described = [describe_architecture(parse_name(name)) for name in built_in() if name != "nfn-official"]
    declarations = [
        [f"`{entry['name']}`", entry["symmetry"], entry["power"], _rounds(entry), entry["domain"],
         "yes" if entry["continuous"] else "no", ", ".join(entry["modes"]), entry["paper"] or "–"]
        for entry in described
    ]  # fmt: skip
    predictions = [[f"`{entry['name']}`", *(_prediction(entry, name) for name in RELATIONS)] for entry in described]
    header = ["architecture", "symmetry", "power", "rounds", "domain", "continuous", "modes", "source"]
    return TEXT.format(
        declarations=_table(header, declarations),
        predictions=_table(["architecture", *RELATIONS], predictions),
        spaces=_table(["spaces", "architectures"], _spaces()),
    )


def _spaces() -> list[list[str]]:
    """What is read, and by whom."""
    readers: dict[str, list[str]] = {}
    declared = declared_traits()
    for name in built_in():
        if name != "nfn-official":
            readers.setdefault(str(declared[name]["spaces"]), []).append(f"`{name}`")
    return [[spaces, ", ".join(names)] for spaces, names in sorted(readers.items(), key=lambda item: item[0].lower())]


def _rounds(entry: Mapping[str, Any]) -> str:
    return "{} to {}".format(*entry["rounds"]) if entry["rounds"] else "–"


def _prediction(entry: Mapping[str, Any], relation: str) -> str:
    facts = RELATIONS[relation]
    # In general position 1-WL-equivalent vectors lie in one orbit, so such a pair lies outside.
    outside = (
        entry["domain"] == "general-position" and facts["separating_round"] is None and facts["orbit"] == "different"
    )
    if entry["symmetry"] == "none" or outside:
        return "n/a"
    rounds = tuple(entry["rounds"]) if entry["rounds"] else None
    return SIGNS[predict(power=entry["power"], rounds=rounds, **facts).verdict]


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def traits_page() -> str:
    """What is declared, the check that can turn red, and the plants."""
    rows = []
    for line in TRAITS:
        planted = [
            f"`{plant.name}`: {plant.rule}" + (", drawn anew" if plant.drawn else "")
            for plant in PLANTS.values()
            if plant.breaks is line
        ]
        rows.append([str(line), f"`{line.kind}`", line.rows, ", ".join(line.signs), "; ".join(planted)])
    header = ["declared", "check", "rows that can turn red", "what they show", "planted in every run"]
    sound = ", ".join(f"`{plant.name}`" for plant in PLANTS.values() if plant.breaks is None)
    return TRAITS_TEXT.format(
        lines=_table(header, rows),
        unclaimed=", ".join(f"`{name}`" for name in NO_CLAIM),
        sound=sound,
        killers=_false_claims(),
    )


def _false_claims() -> str:
    rows = [
        [
            f"`{each.claim}`",
            f"`{each.false.red.kind}`",
            f"`{name}`: {each.false.rule}",
            str(each.wanted),
            each.mended.rule,
        ]
        for name, each in KILLERS.items()
    ]
    return _table(["conclusion", "check", "false claim", "ends", "mended"], rows)


EXACT_TEXT = """\
# What is exact where

Made by `python docs/generate.py`; `orbitcheck list spaces` prints the same. Each answer was given by the oracle itself, asked about
a small space of the kind. What the spaces and groups are: [Weight spaces](spaces.md). Where functions are not spoken of, they are
those of the line of `permutation`.

{lines}

A space that you describe yourself is as exact as these for permutations, and for every other group that its roles carry, within what
[Weight spaces](spaces.md#larger-groups) says.
"""


def exact_page() -> str:
    """What is exact where."""
    header = ["space", "group", "factors", "refinement", "orbits", "canonical form", "function"]
    rows = [
        [f"`{each.space}`", f"`{each.group}`", each.factors, each.refinement, each.orbits, each.form, each.function]
        for each in lines()
    ]
    return EXACT_TEXT.format(lines=_table(header, rows))


PAGES = {"architectures.md": page, "traits.md": traits_page, "exact.md": exact_page}

if __name__ == "__main__":
    for name, made in PAGES.items():
        (FOLDER / name).write_text(made(), encoding="utf-8", newline="\n")
