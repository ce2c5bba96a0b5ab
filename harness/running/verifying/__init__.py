"""A finished run, verified: derived again as a whole, and measured again in part. May import running and all below."""
