"""Predicting a label from weights: a population as a suite, and a finished run as a table. May import what `front/` may."""
