"""Whether broken networks are caught, and the cause that their rows name is the true one.

    python benchmarks/acceptance/causes.py causes.jsonl [--count 3] [--seconds 600] [--keep results/causes.json]

Every network of tests/meta/meta_nets/catalogue.py, `--count` seeds each (other channels, other seeds). A network is caught
if one of its rows is red as the catalogue says; the cause is read off every such row, and is right if the catalogue lists it,
wrong if it names another one, and else unknown. Shares are of rows, each network weighing the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from journal import Item, Measured, face
from meta_nets import asking
from meta_nets.catalogue import BROKEN, Caught

ROWS = 24
"""Rows that are asked of one network and seed, at most."""
RED_ROWS = 6
"""Red rows after which no more are asked."""


def measure(expected: Caught, options: str) -> Measured:
    rows, red = 0, []
    for row in asking.asked(expected, options):
        rows += 1
        if asking.right_outcome(expected, row):
            red.append(asking.cause(row) or "none")
        if rows == ROWS or len(red) == RED_ROWS:
            break
    judged = [cause in expected.causes for cause in red if cause not in ("unknown", "none")]
    return {
        "network": expected.network,
        "caught": bool(red),
        "rows": rows,
        "named": dict(Counter(red)),
        "right": sum(cause in expected.causes for cause in red) / len(red) if red and expected.causes else None,
        "wrong": judged.count(False) / len(red) if red and expected.causes else None,
    }


def items(count: int) -> list[Item]:
    """`count` seeds of every network."""
    return [
        Item(
            f"{expected.network} {seed}",
            lambda expected=expected, seed=seed: measure(expected, f"[channels={12 + seed}]"),
        )
        for seed in range(count)
        for expected in BROKEN
        if takes_channels(expected)
    ] + [
        Item(f"{expected.network} 0", lambda expected=expected: measure(expected, ""))
        for expected in BROKEN
        if not takes_channels(expected)
    ]


def takes_channels(expected: Caught) -> bool:
    return "channels" in asking.architecture(expected.reference).defaults


def summary(measured: Mapping[str, Measured]) -> dict[str, Any]:
    named = [row for row in measured.values() if row["right"] is not None]
    return {
        "networks": len({row["network"] for row in measured.values()}),
        "runs": len(measured),
        "caught": sum(row["caught"] for row in measured.values()),
        "missed": sorted({row["network"] for row in measured.values() if not row["caught"]}),
        "causes_judged": len(named),
        "right_share": round(sum(row["right"] for row in named) / max(1, len(named)), 4),
        "wrong_share": round(sum(row["wrong"] for row in named) / max(1, len(named)), 4),
        "wrong_causes": {key: row["named"] for key, row in measured.items() if row["wrong"]},
    }


if __name__ == "__main__":
    face(__doc__, items, summary, 3)
