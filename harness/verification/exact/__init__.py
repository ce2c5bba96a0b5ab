"""What proofs are checked with: bounded numbers, refinement by its definition, exact values. May import weights and core alone."""
