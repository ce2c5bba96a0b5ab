"""One file a published architecture or control, each registered exactly as a stranger's would be.

May import what a stranger imports, the exact oracles where a form needs them, and its own building blocks.
"""
