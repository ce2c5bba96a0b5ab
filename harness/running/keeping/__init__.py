"""What a run keeps between two starts, and how it knows a folder as its own; imports core alone."""
