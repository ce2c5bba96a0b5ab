"""Does a linear layer realise every equivariant linear map there is?

kind: parameters and cases; verdict: pure; measurement: torch. May import plugins and all below.
"""
