"""Networks that read factor pairs `U V^T`, as LoRA adapters are: invariant to `(U A, V A^-T)`, one file each.

May import what a stranger imports and the building blocks beside this folder.
"""
