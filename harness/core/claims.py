"""The claims ledger: what the theory says, under the ids that suites and reports use.

Source: theory.md, section 3; Dayan, Eitan, Maron, *On the Expressive Power of Permutation-Equivariant Weight-Space
Networks*, 2026, arXiv 2602.01083.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """One statement of the theory: its id, the statement, where it holds, and its source."""

    id: str
    statement: str
    regime: str
    source: str


_PAPER = "arXiv 2602.01083"

CLAIMS: dict[str, Claim] = {
    claim.id: claim
    for claim in (
        Claim(
            "equivariance",
            "phi(g v) = phi(v) for invariant outputs and phi(g v) = g phi(v) for equivariant ones, for every permutation g "
            "of hidden neurons",
            "all of V",
            f"{_PAPER}, section 3",
        ),
        Claim(
            "thm-5.2",
            "DWS, NP-NFN with positional encoding, HNP-NFN, GMN and NG-GNN have the same closure of invariant and of "
            "equivariant maps on every compact set",
            "all of V",
            f"{_PAPER}, theorem 5.2",
        ),
        Claim(
            "prop-5.3",
            "NFT is not equivalent to them on all of V; it is on compact sets in general position",
            "all of V, general position",
            f"{_PAPER}, proposition 5.3",
        ),
        Claim("thm-6.1", "function-space functionals are approximable", "all of V", f"{_PAPER}, theorem 6.1"),
        Claim(
            "prop-6.2",
            "permutation-invariant functionals are not approximable in general: weight vectors of two orbits exist that no "
            "such network tells apart",
            "all of V",
            f"{_PAPER}, proposition 6.2",
        ),
        Claim(
            "thm-6.3",
            "permutation-invariant functionals are approximable",
            "general position",
            f"{_PAPER}, theorem 6.3",
        ),
        Claim(
            "prop-7.1",
            "function-space operators are not approximable when the output must be a network of the same fixed ReLU "
            "architecture",
            "all of V",
            f"{_PAPER}, proposition 7.1",
        ),
        Claim(
            "thm-7.2",
            "function-space operators are approximable once the output architecture is large enough",
            "general position",
            f"{_PAPER}, theorem 7.2",
        ),
        Claim(
            "prop-7.3",
            "permutation-equivariant operators are not approximable in general",
            "all of V",
            f"{_PAPER}, proposition 7.3",
        ),
        Claim(
            "thm-7.4",
            "permutation-equivariant operators are approximable",
            "general position",
            f"{_PAPER}, theorem 7.4",
        ),
        Claim(
            "oce",
            "output capacity expansion: emitting k networks and averaging their functions lowers the error at every "
            "doubling of k",
            "matched parameter counts",
            f"{_PAPER}, section 8",
        ),
        Claim(
            "gp-audit",
            "trained networks lie in general position, unless they are quantised coarsely",
            "trained networks",
            f"{_PAPER}, section 8",
        ),
    )
}
