"""Reports: pure functions `Run -> text`. No torch, no measuring, no clock: the same run gives the same bytes.

`forms` names them; `sections` declares what they show, once for all forms; `figures` draws; `reading` is what all of them read.
May import judging and all below.
"""
