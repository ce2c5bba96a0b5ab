"""How folklore 2-WL relates two weight vectors, exactly, as a statement added to the certificate of the pair.

| statement | kind | proof |
|---|---|---|
| 2-FWL equivalent | `orbit` | follows from the permutation |
| | `pair-colouring` | `colours`: of all ordered pairs of neurons, per net; finer than round 0, stable, with equal histograms |
| 2-FWL different | `pair-round` | histograms agree up to `round - 1`; in `round` the colour of `pair` (net, neuron, neuron) has these `counts` |
| 2-FWL unknown | | past the budget of triples (`core/certificates`) |

Neurons are counted through, layer by layer, inputs first.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np

from ...core.certificates import Certificate, Statement
from ...core.certificates.node_pairs import TRIPLES
from ...core.result import digest
from ...weights.pair import Pair
from ..relation import Relation
from .refinement import PairRefinement, refine_pairs
from .table import mlp_table


def with_two_fwl(pair: Pair, relation: Relation) -> Relation:
    """The relation with what folklore 2-WL says of v and w, certified.

    Raises:
        SpaceError: as `refinement.refine`.
    """
    said, parted = _said(pair, relation.orbit == "same")
    content = {key: value for key, value in relation.certificate.items() if key != "sha256"} | {"two_fwl": said}
    certificate = cast(Certificate, {**content, "sha256": digest(content)})
    return replace(relation, certificate=certificate, two_fwl=said["relation"], two_fwl_round=parted)


def _said(pair: Pair, same: bool) -> tuple[Statement, int | None]:
    if same:
        return {"relation": "equivalent", "kind": "orbit"}, None
    table = mlp_table(pair.space, [pair.v, pair.w])
    last = TRIPLES // (2 * table.nodes**3)
    found = refine_pairs(table, last)
    parted = found.round_of_separation(0, 1)
    if parted is not None:
        return _parting(found, parted), parted
    if not found.is_stable:
        return {"relation": "unknown", "reason": f"{table.nodes} neurons, refined for {found.rounds} rounds only"}, None
    return {"relation": "equivalent", "kind": "pair-colouring", "colours": found.stable.tolist()}, None


def _parting(found: PairRefinement, number: int) -> Statement:
    colours = found.colours[number]
    counts = np.stack([np.bincount(net.ravel(), minlength=int(colours.max()) + 1) for net in colours])
    colour = np.flatnonzero(counts[0] != counts[1])[0]
    net = int(counts[0, colour] == 0)
    i, j = np.argwhere(colours[net] == colour)[0].tolist()
    return {
        "relation": "different",
        "kind": "pair-round",
        "round": number,
        "pair": [net, i, j],
        "counts": counts[:, colour].tolist(),
    }
