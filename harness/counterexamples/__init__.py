"""Failures that people can run and look into: measured again, written as a folder with a script, followed to a submodule.

May import checks (their measurements too), pairs, plugins and all below; never running or front.
"""
