"""What every report reads of a run: values as people read them, how rows count, and the tables of rows that figures draw.

May import judging and all below. No torch, no measuring, no clock.
"""
