"""Run -> JUnit XML: a test suite for each suite and architecture, a test case for each row.

What turns the run red is a `failure` or an `error`, and nothing else is: a declared failure, a row of which nothing is predicted
and one that is not applicable are `skipped` with their reason, an undecided row is a failure of its own type, and so is a pass where a failure was declared.
Problems of the run beside its rows get test cases too, so that a CI system that reads this file alone agrees with the exit
code. Layout after the schema that pytest, Jenkins and GitLab share.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from ..harness.checks.approximation.evidence import ApproximationEvidence
from ..harness.checks.detection.evidence import DetectionEvidence
from ..harness.checks.equivariance.evidence import EquivarianceEvidence
from ..harness.checks.separation.evidence import SeparationEvidence
from ..harness.core.evidence import Evidence
from ..harness.core.outcomes import Outcome
from ..harness.core.result import Result, Run
from .reading.outcomes import Tally, problems_of, status_of, tally
from .reading.subjects import grouped
from .reading.values import block, compact, finite, one_line, shown
from .sections.failures import counterexample

MEASURED: Mapping[type[Evidence], tuple[tuple[str, str], ...]] = {
    EquivarianceEvidence: (("error", "error64"),),
    ApproximationEvidence: (("error", "error"), ("floor", "floor")),
    SeparationEvidence: (("r", "ratio"),),
    DetectionEvidence: (("limit_of_detection", "smallest_change"),),
}
"""Evidence -> `(property, field)`; a ratio is of gap to noise in one kind and of two precisions in another."""
SHARED = (("digits", "digits"), ("p", "p"), ("t_res", "t_res"))
SKIPPED = ("expected", "observed", "not-applicable")
"""Statuses that JUnit calls skipped."""
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


def junit(run: Run) -> str:
    """The run as one XML document, a test case a line; the same run gives the same text."""
    return "".join(pieces(run))


def pieces(run: Run) -> Iterator[str]:
    """The same text line by line: no two rows stand in memory."""
    for line in _lines(run):
        yield f"{line}\n"


def _lines(run: Run) -> Iterator[str]:
    problems = problems_of(run)
    stamp = _TIMESTAMP.match(str(run.environment.get("date", "")))
    when = {"timestamp": stamp[0]} if stamp else {}
    yield '<?xml version="1.0" encoding="utf-8"?>'
    yield _open("testsuites", {"name": "orbitcheck", **_totals(tally(run.results), run.results, len(problems))})
    for (suite, architecture), rows in grouped(run.results, lambda row: (row.suite, row.architecture)).items():
        counted = tally(rows)
        skipped = str(sum(counted.counts[name] for name in SKIPPED))
        name = {"name": f"{one_line(suite)} / {one_line(architecture)}"}
        yield _open("testsuite", {**name, **_totals(counted, rows, 0), "skipped": skipped, **when})
        for row in rows:
            yield tostring(_case(row), encoding="unicode")
        yield "</testsuite>"
    if problems:
        name = {"name": "orbitcheck / problems of the run"}
        yield _open("testsuite", {**name, **_totals(tally(()), (), len(problems)), "skipped": "0", **when})
        for number, text in enumerate(problems, 1):
            yield tostring(_problem(number, text), encoding="unicode")
        yield "</testsuite>"
    yield "</testsuites>"


def _open(tag: str, attributes: dict[str, str]) -> str:
    """A start tag, whose end tag comes later: so large a tree need not stand in memory."""
    return tostring(Element(tag, attributes), encoding="unicode").removesuffix(" />") + ">"


def _problem(number: int, text: str) -> Element:
    case = Element("testcase", {"classname": "orbitcheck.run", "name": f"problem {number}", "time": "0.000"})
    SubElement(case, "failure", {"type": "problem", "message": text}).text = text
    return case


def _totals(counted: Tally, rows: Sequence[Result], problems: int) -> dict[str, str]:
    errors = counted.counts["error"]
    return {
        "tests": str(counted.total + problems),
        "failures": str(counted.red - errors + problems),
        "errors": str(errors),
        "time": f"{sum(finite(row.seconds) or 0.0 for row in rows):.3f}",
    }


def _case(row: Result) -> Element:
    case = Element(
        "testcase",
        {
            "classname": f"{one_line(row.suite)}.{one_line(row.architecture)}",
            "name": f"{one_line(row.check)} / {one_line(row.case)}",
            "time": f"{finite(row.seconds) or 0.0:.3f}",
        },
    )
    properties = SubElement(case, "properties")
    for name, value in _properties(row):
        SubElement(properties, "property", name=name, value=value)
    status, reason = status_of(row), one_line(row.reason)
    if status == "expected":
        kind = "expected-failure" if row.outcome == Outcome.FAIL else "allowed"
        message = f"{kind.replace('-', ' ')}: {one_line(row.declared)}"
        SubElement(case, "skipped", type=kind, message=message).text = _body(row)
    elif status == "observed":
        message = f"observed: {one_line(row.observed)}{f' ({reason})' if reason else ''}"
        SubElement(case, "skipped", type=status, message=message)
    elif status == "not-applicable":
        SubElement(case, "skipped", type=status, message=reason or "not applicable")
    elif status == "unexpected-pass":
        message = f"passes, though the suite declares a failure: {one_line(row.declared)}"
        SubElement(case, "failure", type=status, message=message).text = _body(row)
    elif status == "error":
        SubElement(case, "error", type=status, message=reason or "error").text = _body(row)
    elif status != "pass":
        SubElement(case, "failure", type=status, message=reason or status).text = _body(row)
    return case


def _properties(row: Result) -> list[tuple[str, str]]:
    """What a reader of the row may want to collect over runs; only what the row has."""
    evidence = row.evidence
    measured = [
        (name, compact(value))
        for name, key in (*MEASURED.get(type(evidence), ()), *SHARED)
        if finite(value := getattr(evidence, key, None)) is not None
    ]
    listed = [
        ("id", one_line(row.id)),
        ("verdict", status_of(row)),
        ("claim", one_line(row.claim or "")),
        ("root", one_line(row.root or "")),
        ("predicted", one_line(row.predicted)),
        ("observed", one_line(row.observed)),
        *measured,
        ("seed", str(row.seed)),
    ]
    return [(name, value) for name, value in listed if value]


def _body(row: Result) -> str:
    """The row in full, for the pane that opens on a failed test."""
    lines = [block(row.reason), f"predicted: {shown(row.predicted)}", f"observed: {shown(row.observed)}"]
    if row.root:
        lines.append(f"follows from: row {one_line(row.root)}")
    example = counterexample(row)
    if example:
        lines.append("smallest counter-example:")
        lines += [f"  {name}: {value}" for name, value in example]
    if row.reproduce:
        lines.append(f"reproduce: {block(row.reproduce)}")
    return "\n".join(line for line in lines if line)
