"""What is called most often starts fast: measured by `benchmarks/startup.py`, held here by what is not imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

STARTS = [
    (["--help"], {"pydantic", "yaml", "torch", "numpy", "scipy", "importlib.metadata"}),
    (["list", "architectures"], {"pydantic", "yaml", "torch", "numpy", "scipy"}),
    (["list", "suites"], {"pydantic", "yaml", "torch", "numpy", "scipy"}),
]


@pytest.mark.parametrize(("arguments", "heavy"), STARTS)
def test_what_starts_often_imports_little(arguments, heavy):
    """An extension is none of it: it can add nothing to what these print."""
    code = (
        "import sys\nfrom orbitcheck.harness.front.cli import main\n"
        "try:\n    main()\nfinally:\n    print(*sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert heavy & set(done.stderr.split()) == set()
    assert len(done.stdout.splitlines()) > 5
