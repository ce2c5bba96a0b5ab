"""Shared by all tests: one thread a process, since small matrices on many threads only wait for each other."""

from __future__ import annotations

import torch

torch.set_num_threads(1)
