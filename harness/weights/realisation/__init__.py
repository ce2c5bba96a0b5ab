"""The functions of weight vectors, by their space. May import the rest of `weights`."""

from ..function import Realisation as Realisation
from .functions import realisation as realisation
from .functions import realise as realise
