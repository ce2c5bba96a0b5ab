"""What takes the steps after which a law is asked. No torch."""

from enum import StrEnum


class Optimiser(StrEnum):
    """What takes the steps."""

    NONE = ""
    ADAM = "Adam"
    SGD = "SGD"
