"""Rows -> red or green: gate, baseline, conclusions, controls, order. Pure.

May import language, verification, checks and all below.
"""
