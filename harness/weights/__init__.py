"""Weight spaces, batches of weights in them, the group that acts on them, and the functions that weights compute.

May import core.
"""
