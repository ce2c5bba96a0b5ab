"""Planted networks: what is declared -> the check that can turn red -> networks that break it, of different mechanism and size.

traits: the table; plants: which network turns which row red; networks, rescaling, layers, loops: the networks themselves (torch). May import
checks and all below; `running/planted.py` carries plants out.
"""
