"""Whether the cause that red rows name is the true one, on networks written without a look at what names causes.

    python benchmarks/acceptance/planted_causes.py causes.jsonl --count 2 [--seconds 600] [--keep results/causes-second.json]

`--count 1` asks the first set of planted/, `--count 2` the second, `--count 3` the third, `--count 4` the fourth; a set that led to a change is not measured again as fresh.
Of every red row of the law: the cause is right if it is true of the network, wrong if another one is named, else unknown.
Where one output tensor or one layer alone is wrong, the row has to name it. Shares are of rows, each network weighing the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from journal import Item, Measured, face
from meta_nets import asking
from meta_nets.catalogue import Caught
from planted.truth import Truth

RED_ROWS = 6
"""Red rows after which no more are asked of a network."""
SETS = {1: "first", 2: "second", 3: "third", 4: "fourth"}


def measure(reference: str, truth: Truth) -> Measured:
    """Causes named on red rows, and whether tensors and layers are named as they are wrong."""
    red, tensors, axes = [], [], []
    rows = 0
    for row in asking.asked(Planted(reference, truth.rows)):
        rows += 1
        if row.outcome not in ("fail", "undecided", "error") or getattr(row.evidence, "cause", None) is None:
            continue
        red.append((asking.cause(row) or "none", row))
        symptoms = row.evidence.symptoms
        if truth.tensors and symptoms is not None:
            tensors.append(set(symptoms.tensors) == set(truth.tensors))
        if truth.axes and symptoms is not None:
            axes.append(set(symptoms.broken) == set(truth.axes))
        if len(red) == RED_ROWS:
            break
    named = [cause for cause, _ in red]
    return {
        "causes": truth.causes,
        "rows": rows,
        "red": len(red),
        "named": dict(Counter(named)),
        "right": sum(cause in truth.causes for cause in named),
        "wrong": sum(cause not in (*truth.causes, "unknown", "none") for cause in named),
        "tensors": tensors,
        "axes": axes,
        "told": sorted({f"{row.case}: {','.join(row.evidence.broken)}: {row.reason[:160]}" for _, row in red}),
    }


class Planted(Caught):
    """A planted network: its reference is its own."""

    @property
    def reference(self) -> str:
        return self.network


def members(name: str) -> Iterator[tuple[str, Truth]]:
    from importlib import import_module

    module = import_module(f"planted.{name}")
    for key, found in vars(module).items():
        if getattr(found, "__module__", "") == module.__name__ and "truth" in vars(found):
            yield f"planted.{name}:{key}", found.truth


def items(count: int) -> list[Item]:
    return [
        Item(reference, lambda reference=reference, truth=truth: measure(reference, truth))
        for reference, truth in members(SETS[count])
    ]


def summary(measured: Mapping[str, Measured]) -> dict[str, Any]:
    red = {key: row for key, row in measured.items() if row["red"]}
    share = lambda what: round(sum(row[what] / row["red"] for row in red.values()) / max(1, len(red)), 4)  # noqa: E731
    listed = lambda what: [right for row in red.values() for right in row[what]]  # noqa: E731
    return {
        "networks": len(measured),
        "caught": len(red),
        "missed": sorted(set(measured) - set(red)),
        "right_share": share("right"),
        "wrong_share": share("wrong"),
        "tensors_named": f"{sum(listed('tensors'))} of {len(listed('tensors'))}",
        "layers_named": f"{sum(listed('axes'))} of {len(listed('axes'))}",
        "wrong_causes": {key: row["named"] for key, row in red.items() if row["wrong"]},
        "unknown": {key: row["named"] for key, row in red.items() if row["right"] + row["wrong"] < row["red"]},
    }


if __name__ == "__main__":
    face(__doc__, items, summary, 2)
