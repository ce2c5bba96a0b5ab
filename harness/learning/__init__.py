"""Training, its checkpoints and augmentation, the bench where networks run, and equality of what was learned.

May import oracles, weights and core.
"""
