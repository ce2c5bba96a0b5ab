"""The shipped suites: one page of YAML each, and no code.

A suite names checks, spaces and pairs; what the names mean stands in harness/language.
"""
