"""Reports: pure functions `Run -> text`. No torch, no measuring, no clock: the same run gives the same bytes.

`html.html`, `markdown.markdown` and `junit.junit` render; the modules beside them make the view of the run that they share.
"""
