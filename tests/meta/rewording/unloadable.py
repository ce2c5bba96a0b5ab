"""A plug-in that does not load."""

raise RuntimeError("its data are not here")
