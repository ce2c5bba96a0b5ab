"""Runs as Python objects, for scripts and notebooks."""
