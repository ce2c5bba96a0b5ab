"""Where the parts of a report lie, named once for those that write them and those that point at them."""

ROWS = "report-rows"
"""The folder beside the page with the lists of all rows."""
