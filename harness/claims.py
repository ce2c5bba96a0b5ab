"""The claims ledger: what the theory says, under the ids that suites and reports use (theory.md sections 1 and 3). No torch."""

from __future__ import annotations

from dataclasses import dataclass

PAPER = "Dayan, Eitan, Maron 2026 (arXiv 2602.01083)"
EVERYWHERE, GENERAL_POSITION = "all of V", "general position"


@dataclass(frozen=True)
class Claim:
    """One statement of the theory.

    Args:
        id: as suites and reports name it.
        statement: one sentence, in the paper's words.
        regime: the weight vectors that it speaks of; empty where it speaks of none in particular.
        source: where it is stated.
    """

    id: str
    statement: str
    regime: str
    source: str


CLAIMS: dict[str, Claim] = {
    claim.id: claim
    for claim in (
        Claim(
            "equivariance",
            "Invariant outputs satisfy phi(g v) = phi(v) and equivariant ones phi(g v) = g phi(v), for every permutation g "
            "of hidden neurons.",
            EVERYWHERE,
            "Navon et al. 2023 (arXiv 2301.12780)",
        ),
        Claim(
            "thm-5.2",
            "DWS, NP-NFN with positional encoding, HNP-NFN, GMN and NG-GNN have the same closure of invariant maps and of "
            "equivariant maps on any compact set.",
            EVERYWHERE,
            f"{PAPER}, Theorem 5.2",
        ),
        Claim(
            "prop-5.3",
            "NFT is not equivalent to them on all of V; it is on compact sets inside general position.",
            f"{EVERYWHERE}, and {GENERAL_POSITION}",
            f"{PAPER}, Proposition 5.3",
        ),
        Claim("thm-6.1", "Function-space functionals are approximable.", EVERYWHERE, f"{PAPER}, Theorem 6.1"),
        Claim(
            "prop-6.2",
            "Permutation-invariant functionals are not approximable in general: two binary weight vectors with rank W_2 3 "
            "and 2 lie in two orbits, and no such network tells them apart.",
            EVERYWHERE,
            f"{PAPER}, Proposition 6.2",
        ),
        Claim(
            "thm-6.3",
            "Permutation-invariant functionals are approximable.",
            GENERAL_POSITION,
            f"{PAPER}, Theorem 6.3",
        ),
        Claim(
            "prop-7.1",
            "Function-space operators are not approximable when the output must be a network of the same fixed ReLU "
            "architecture.",
            EVERYWHERE,
            f"{PAPER}, Proposition 7.1",
        ),
        Claim(
            "thm-7.2",
            "Function-space operators are approximable once the output architecture is large enough.",
            GENERAL_POSITION,
            f"{PAPER}, Theorem 7.2",
        ),
        Claim(
            "prop-7.3",
            "Permutation-equivariant operators are not approximable in general.",
            EVERYWHERE,
            f"{PAPER}, Proposition 7.3",
        ),
        Claim(
            "thm-7.4",
            "Permutation-equivariant operators are approximable.",
            GENERAL_POSITION,
            f"{PAPER}, Theorem 7.4",
        ),
        Claim(
            "oce",
            "Output capacity expansion, k networks emitted and their functions averaged, lowers the error of INR editing at "
            "a matched parameter count.",
            "",
            f"{PAPER}, output capacity expansion",
        ),
        Claim(
            "gp-audit",
            "The share of 60,000 MNIST INRs in general position is 100 % in float, 97.98 % at 16 bits, 72.66 % at 12 bits "
            "and 0.62 % at 8 bits.",
            "",
            f"{PAPER}, audit of general position",
        ),
    )
}
