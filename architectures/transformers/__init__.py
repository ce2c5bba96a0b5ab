"""Networks that read transformer blocks, one file each.

May import what a stranger imports and the building blocks beside this folder.
"""
