"""Runs scripts as `python` does, each in a child of a process that has imported torch already: most of a script's time.

Reads JSON lines `{"script", "out", "error"}`, runs the script in its own folder, writes what it prints to the two files, and answers with
its exit code, a line each.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys
import traceback
from pathlib import Path

LIMIT = 120
"""Seconds of a script."""


def exit_code(script: Path) -> int:
    """As the interpreter has it: 0 at the end, 1 after an exception, what `sys.exit` was given."""
    os.chdir(script.parent)
    sys.path.insert(0, str(script.parent))
    sys.argv = [script.name]
    try:
        runpy.run_path(script.name, run_name="__main__")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def child(script: str, out: str, error: str) -> None:
    """Never returns."""
    status = 1
    try:
        signal.alarm(LIMIT)
        for stream, file in ((1, out), (2, error)):
            os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
        status = exit_code(Path(script))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def main() -> None:
    import safetensors.torch  # noqa: F401  # with torch, what every script imports

    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            child(**json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
