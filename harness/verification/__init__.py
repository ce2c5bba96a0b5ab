"""The second opinion on certificates: shares nothing with the oracles but data types.

May import checks (the pure verdicts), pairs, weights and core; never an oracle or language.
"""
