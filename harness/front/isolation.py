"""The settings of a worker process inside a process that is not ours: the same numbers and verdicts in pytest as on the command line."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def as_in_a_worker() -> Iterator[None]:
    """Torch's and numpy's settings as a process begins with them, on one thread, warnings that stay warnings; all put back afterwards.

    A project's own settings (`filterwarnings = error`, another default type, device or precision in its conftest) would turn rows
    into errors or failures that are none on the command line.
    """
    import numpy as np
    import torch

    from ..plugins.settings import Kept

    kept, device = Kept(), getattr(torch._GLOBAL_DEVICE_CONTEXT, "device_context", None)
    try:
        if device is not None:
            torch.set_default_device(None)
        torch.set_num_threads(1)
        torch.set_default_dtype(torch.float32)
        torch.set_float32_matmul_precision("highest")
        torch.use_deterministic_algorithms(False)
        torch.set_anomaly_enabled(False)
        torch.set_autocast_enabled("cpu", False)
        torch.set_flush_denormal(False)
        with (
            torch.inference_mode(False),
            torch.enable_grad(),
            np.errstate(all="warn", under="ignore"),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("default")
            yield
    finally:
        if device is not None:
            torch.set_default_device(device.device)
        kept.put_back()
