"""A finished run on its way to a leaderboard: packed, read by a host who trusts nobody, admitted or refused. May import running and all below."""
