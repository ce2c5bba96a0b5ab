"""Suites: data, reading, schema, and YAML with places.

May import verification, checks and all below.
"""
