"""What rows are expected to cost, and which of them a run is asked for; imports checks, language and all below, no torch."""
