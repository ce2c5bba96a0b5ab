"""The second opinion on certificates: shares nothing with the oracles but data types.

May import weights, core and of `checks` the pure verdicts; never an oracle. Pairs are made by whoever calls.
"""
