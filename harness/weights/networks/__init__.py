"""Networks that people have: each a weight space that names its roles, with the function that its weights compute.

A constructor here returns a `Realisation`: its space for weights, refinement, orbits and groups; called with weights and inputs, the function.
What a space cannot say (strides, paddings, what is pooled) is in the function alone.

May import the rest of `weights`.
"""
