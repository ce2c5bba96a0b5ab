"""Networks that strangers might write: broken ones, each by one mechanism, and correct ones that look suspicious.

Written against the plug-in contract alone. `catalogue.py` says which rows of `quick` must answer what. By hand:

    PYTHONPATH=tests/meta orbitcheck run quick -a meta_nets.training:ZeroTable
"""
