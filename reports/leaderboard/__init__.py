"""A leaderboard of runs: who may stand on it, in what order, and its page. Pure functions; may import what reports may."""
