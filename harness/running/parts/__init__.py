"""Runs of which a folder holds a part: unfinished ones, and shards to be merged; imports all of `running`, nothing there imports it."""
