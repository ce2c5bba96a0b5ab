"""Runs as Python objects, for scripts and notebooks. May import `front/` and all below."""
