"""What no network of a power can do on a population: its partitions from orbits to functions, and the floors of labels there.

May import the files of `oracles/`, which import nothing of this folder; weights and core.
"""
