"""What goes wrong with zoos."""


class ZooError(RuntimeError):
    """A zoo could not be built, kept or read; the message is one line with the remedy."""
