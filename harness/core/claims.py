"""The claims ledger: what the theory says, under the ids that suites and reports use.

Source: theory.md, section 3; Dayan, Eitan, Maron, *On the Expressive Power of Permutation-Equivariant Weight-Space
Networks*, 2026, arXiv 2602.01083.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """One statement of the theory: its id, the statement, where it holds, its source, and what a run would have to show to refute it.

    Certificates and floors refute; training that lags does not (protocol.md, section 5).
    """

    id: str
    statement: str
    regime: str
    source: str
    refuted_by: str


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
            "a copy of a vector, renumbered, on which an output does not move along by more than its noise",
        ),
        Claim(
            "thm-5.2",
            "DWS, NP-NFN with positional encoding, HNP-NFN, GMN and NG-GNN have the same closure of invariant and of "
            "equivariant maps on every compact set",
            "all of V",
            f"{_PAPER}, theorem 5.2",
            "a pair of vectors that one network parts and another does not, within both their rounds; an error below the floor of 1-WL classes",
        ),
        Claim(
            "prop-5.3",
            "NFT is not equivalent to them on all of V; it is on compact sets in general position",
            "all of V, general position",
            f"{_PAPER}, proposition 5.3",
            "a pair that 1-WL merges and 2-FWL parts, and that NFT merges or a network of the power of 1-WL parts; in general position an "
            "error that a floor keeps up",
        ),
        Claim(
            "thm-6.1",
            "function-space functionals are approximable",
            "all of V",
            f"{_PAPER}, theorem 6.1",
            "outputs constant on classes that the target parts by a floor above the threshold; an error below the floor of function classes",
        ),
        Claim(
            "prop-6.2",
            "permutation-invariant functionals are not approximable in general: weight vectors of two orbits exist that no "
            "such network tells apart",
            "all of V",
            f"{_PAPER}, proposition 6.2",
            "a gap between two vectors of one 1-WL class; an error below the floor of these classes; or a network that sees no pair beside them either",
        ),
        Claim(
            "thm-6.3",
            "permutation-invariant functionals are approximable",
            "general position",
            f"{_PAPER}, theorem 6.3",
            "a pair in general position, of two orbits, without a gap; outputs constant on classes with a floor above the threshold",
        ),
        Claim(
            "prop-7.1",
            "function-space operators are not approximable when the output must be a network of the same fixed ReLU "
            "architecture",
            "all of V",
            f"{_PAPER}, proposition 7.1",
            "an error below the floor of as many linear pieces as the one emitted network can have, in the mean square or at a point",
        ),
        Claim(
            "thm-7.2",
            "function-space operators are approximable once the output architecture is large enough",
            "general position",
            f"{_PAPER}, theorem 7.2",
            "an answer that does not depend on what is given; many emitted networks that are so few that their floor lies above the threshold",
        ),
        Claim(
            "prop-7.3",
            "permutation-equivariant operators are not approximable in general",
            "all of V",
            f"{_PAPER}, proposition 7.3",
            "an error below the floor of 1-WL classes of entries, or a spread inside one above its noise",
        ),
        Claim(
            "thm-7.4",
            "permutation-equivariant operators are approximable",
            "general position",
            f"{_PAPER}, theorem 7.4",
            "outputs constant on classes of entries with a floor above the threshold, or that refinement does not have",
        ),
        Claim(
            "oce",
            "output capacity expansion: emitting k networks and averaging their functions lowers the error at every "
            "doubling of k",
            "matched parameter counts",
            f"{_PAPER}, section 8",
            "many emitted networks that are half of them at most, whatever is given; an error below the floor of their pieces",
        ),
        Claim(
            "refinement-kinds",
            "beyond MLPs theorem 5.2 falls in two: where an axis stands twice in a tensor or tensors of two axes meet in both orders, "
            "networks that read them together part vectors that networks that read each ordered pair of axes apart merge",
            "recurrent and residual spaces",
            "docs/spaces.md (ours)",
            "no gap of a network of joint refinement on a pair that joint alone parts, or a gap of one of split refinement there",
        ),
        Claim(
            "gp-audit",
            "trained networks lie in general position, unless they are quantised coarsely",
            "trained networks",
            f"{_PAPER}, section 8",
            "a share of vectors outside general position beyond the stated bounds, counted exactly",
        ),
    )
}

WEIGHTS_ALONE = "gp-audit"
"""The claim that speaks of no network."""

FALSE_CLAIMS: dict[str, tuple[str, ...]] = {
    "equivariance": ("index-leak", "entry-leak", "cumulated-rows", "rolled-tensor", "weighed-columns"),
    "thm-5.2": ("norms", "forward-only", "largest-message", "one-round", "eleven-bits", "row-products"),
    "prop-5.3": ("norms", "moments", "norms-of-biases", "silent", "norms-of-biases-and-overlaps", "declared-1-wl"),
    "thm-6.1": ("bag", "value-and-overlaps", "value-far-away", "silent", "value-and-biases"),
    "prop-6.2": ("row-products", "norms-and-overlaps", "gram-determinant", "third-moments", "column-products", "bag"),
    "thm-6.3": ("bag", "extremes", "norms-of-biases", "silent", "paths-alone"),
    "prop-7.1": ("one-hinge", "rescaled", "shifted", "fixed", "fourth-powers"),
    "thm-7.2": ("one-hinge", "fixed", "rescaled", "rescaled-teeth", "shifted"),
    "prop-7.3": ("four-cycles", "four-cycles-faint", "four-cycles-more", "entries-and-overlaps", "biases-and-overlaps"),
    "thm-7.4": ("bag", "bias-norms", "fixed", "rescaled", "fourth-powers"),
    "oce": ("one-hinge", "paired-hinges", "rescaled", "shifted", "fixed"),
    "refinement-kinds": ("squares", "together", "apart", "bag", "rows", "triangles"),
    "gp-audit": ("equal-biases", "coarse", "zero-biases", "twins", "alike"),
}
"""Claim -> the names of what claims it falsely, which suites put through their checks (`running/planting/killers.py`)."""
