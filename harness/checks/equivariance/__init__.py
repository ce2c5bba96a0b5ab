"""Does the network keep the law of its declared symmetry?

kind: parameters and cases; evidence, verdict, causes: pure; measurement: the door to all that needs torch. May import plugins and all below.
"""
