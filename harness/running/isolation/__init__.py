"""Processes of our own: a server that forks workers, what they may use, and how nothing of them outlives the run. May import
core and learning."""
