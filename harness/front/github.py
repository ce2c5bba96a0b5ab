"""What GitHub shows of a job beside its log: annotations, and the step's summary.

Rules of the platform: ten annotations of a kind a step; in a property of a workflow command `%`, line breaks, `:` and `,`
are escaped, in its message `%` and line breaks; a step's summary holds 1 MiB, or none of it is shown.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

ANNOTATIONS = 10
SUMMARY_LIMIT = 1024 * 1024
LONGEST = 2000
"""Characters of one annotation; the job's page folds longer ones."""


def workflow_commands(lines: Iterable[tuple[str, str]]) -> list[str]:
    """Workflow commands for `(group, line)` pairs: one a group in the order of the first lines, at most `ANNOTATIONS`."""
    groups: dict[str, list[str]] = {}
    for title, line in lines:
        groups.setdefault(title, []).append(line)
    shown = list(groups.items())
    if len(shown) > ANNOTATIONS:
        shown, rest = shown[: ANNOTATIONS - 1], shown[ANNOTATIONS - 1 :]
        count = sum(len(own) for _, own in rest)
        shown.append(("orbitcheck", [f"{count} more in {len(rest)} other places; see the report"]))
    texts = [(title, f"{len(own)} x, the first: {own[0]}" if len(own) > 1 else own[0]) for title, own in shown]
    return [f"::error title={_escaped(title[:200], ':,')}::{_escaped(text[:LONGEST])}" for title, text in texts]


def _escaped(text: str, more: str = "") -> str:
    text = text.replace(
        "##[", "##\N{WORD JOINER}["
    )  # a command of the older form, which the runner obeys anywhere in a line
    for character in "%\r\n" + more:  # the percent sign first: it is what the others become
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def on_github(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this runs in a GitHub workflow."""
    return environment.get("GITHUB_ACTIONS") == "true"


def add_to_summary(text: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """Append Markdown to the step's summary, where there is one; why it could not be done, or None.

    A summary that would pass the platform's limit is left as it is, since all of it would be lost.
    """
    place = environment.get("GITHUB_STEP_SUMMARY")
    if not place:
        return None
    path = Path(place)
    try:
        held = path.stat().st_size if path.exists() else 0
        added = f"{text.rstrip()}\n\n".encode()
        if held + len(added) > SUMMARY_LIMIT:
            return f"the step's summary holds {held} of {SUMMARY_LIMIT} bytes already; {len(added)} more do not fit"
        with path.open("ab") as file:
            file.write(added)
    except OSError as error:
        return f"the step's summary {path} cannot be written ({error.strerror})"
    return None
