"""Networks that strangers might write: the broken ones are caught by rows of `quick`, for the right reason; the correct ones stay green.

Long runs over many seeds are in benchmarks/acceptance.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from orbitcheck import Equivariant, Invariant, Unsupported, Weights, act, mlp, random_elements
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.plugins.discovery import parse_name
from orbitcheck.harness.running.plan import plan

from meta_nets import asking
from meta_nets.catalogue import BROKEN, SOUND, WITHOUT_A_ROW, Caught
