"""JUnit: valid against the shared schema, one test case a row, red exactly where the run is red."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from orbitcheck.harness.core.evidence import Evidence
from orbitcheck.harness.core.result import Result, Run
from orbitcheck.harness.judging.gate import exit_code
from orbitcheck.reports.junit import junit
from orbitcheck.reports.reading.outcomes import problems_of, status_of

XS = "{http://www.w3.org/2001/XMLSchema}"
SCHEMA = ElementTree.parse(Path(__file__).parent / "junit.xsd").getroot()
PARSERS: dict[str, Callable[[str], object]] = {
    "xs:string": str,
    "xs:nonNegativeInteger": lambda text: [int(text)] if text.isdigit() else Decimal("no number: " + text),
    "xs:decimal": Decimal,
    "xs:dateTime": datetime.fromisoformat,
}


def violations(element: ElementTree.Element) -> list[str]:
    """What the schema has against an element and all below it: a content model is a regular expression over child names."""
    declared = SCHEMA.find(f"{XS}element[@name='{element.tag}']")
    if declared is None:
        return [f"unknown element {element.tag}"]
    kind = declared.find(f"{XS}complexType")
    assert kind is not None
    found = []
    model = ""
    for part in kind.iterfind(f"{XS}sequence/{XS}element"):
        low, high = part.get("minOccurs", "1"), part.get("maxOccurs", "1")
        model += f"(?:{part.get('ref')};){{{low},{'' if high == 'unbounded' else high}}}"
    if not re.fullmatch(model, "".join(f"{child.tag};" for child in element)):
        found.append(f"{element.tag}: children {[child.tag for child in element]}")
    if kind.get("mixed") != "true" and (element.text or "").strip():
        found.append(f"{element.tag}: text")
    attributes = {str(attribute.get("name")): attribute for attribute in kind.iterfind(f"{XS}attribute")}
    found += [f"{element.tag}: attribute {name}" for name in element.attrib if name not in attributes]
    for name, attribute in attributes.items():
        if name not in element.attrib:
            found += [f"{element.tag}: no {name}"] if attribute.get("use") == "required" else []
            continue
        try:
            PARSERS[str(attribute.get("type"))](element.attrib[name])
        except (ValueError, ArithmeticError):
            found.append(f"{element.tag}: {name}={element.attrib[name]!r}")
    return found + [problem for child in element for problem in violations(child)]


def parse(run: Run) -> ElementTree.Element:
    return ElementTree.fromstring(junit(run).encode())


def test_documents_follow_the_schema(any_run: Run) -> None:
    assert violations(parse(any_run)) == []


@pytest.mark.parametrize(
    "text",
    [
        "<testsuites tests='0' failures='0'/>",
        "<testsuites tests='x' failures='0' errors='0'/>",
        "<testsuites tests='-1' failures='0' errors='0'/>",
        "<testsuites tests='0' failures='0' errors='0' hosts='3'/>",
        "<testsuites tests='0' failures='0' errors='0'>text</testsuites>",
        "<testsuites tests='0' failures='0' errors='0'><testcase classname='a' name='b'/></testsuites>",
        "<testcase classname='a' name='b'><failure type='x'/><properties/></testcase>",
        "<testcase classname='a' name='b'><properties/></testcase>",
    ],
)
def test_the_schema_refuses_what_is_wrong(text: str) -> None:
    assert violations(ElementTree.fromstring(text)) != []


def test_every_row_is_one_test_case(any_run: Run) -> None:
    cases = [case for case in parse(any_run).iter("testcase") if case.get("classname") != "orbitcheck.run"]
    assert len(cases) == len(any_run.results)


def test_each_status_has_its_element(any_run: Run) -> None:
    elements = {
        "pass": None,
        "fail": "failure",
        "undecided": "failure",
        "unexpected-pass": "failure",
        "error": "error",
        "expected": "skipped",
        "observed": "skipped",
        "not-applicable": "skipped",
    }
    found: Counter[tuple[str | None, str | None]] = Counter()
    for case in parse(any_run).iter("testcase"):
        inside = [child for child in case if child.tag != "properties"]
        assert len(inside) <= 1
        if case.get("classname") != "orbitcheck.run":
            found[inside[0].tag if inside else None, inside[0].get("type") if inside else None] += 1
    wanted: Counter[tuple[str | None, str | None]] = Counter()
    for row in any_run.results:
        status = status_of(row)
        declared = "expected-failure" if row.outcome == "fail" else "allowed"
        kind = declared if status == "expected" else None if status == "pass" else status
        wanted[elements[status], kind] += 1
    assert found == wanted


def test_totals_add_up(any_run: Run) -> None:
    root = parse(any_run)
    for key in ("tests", "failures", "errors"):
        assert int(root.get(key, "")) == sum(int(suite.get(key, "")) for suite in root)
    for suite in root:
        tags = Counter(child.tag for child in suite.iter())
        assert [int(suite.get(key, "")) for key in ("tests", "failures", "errors", "skipped")] == [
            tags[tag] for tag in ("testcase", "failure", "error", "skipped")
        ]


def test_ci_is_red_exactly_where_the_run_is(any_run: Run) -> None:
    root = parse(any_run)
    red = root.find(".//failure") is not None or root.find(".//error") is not None
    untold = any(row.outcome not in ("pass", "fail", "undecided", "not-applicable", "error") for row in any_run.results)
    unseen = len(problems_of(any_run)) > len(any_run.problems)
    assert red == bool(exit_code(any_run) or untold or unseen)


def test_a_declared_failure_does_not_turn_ci_red_and_keeps_its_reason(make_row: Callable[..., Result]) -> None:
    declared = make_row(outcome="fail", reason="not equivariant", declared="by design")
    root = parse(Run("0", {}, [], [], [declared]))
    assert root.get("failures") == root.get("errors") == "0"
    skipped = root.find(".//skipped")
    assert skipped is not None and skipped.get("message") == "expected failure: by design"


def test_properties_hold_the_measurement(make_row: Callable[..., Result]) -> None:
    row = make_row(
        "separation",
        predicted="separated",
        observed="separated",
        evidence={"digits": 6.25, "p": 2e-7, "ratio": 10**6.25, "t_res": 5, "floor": math.inf},
    )
    found = {p.get("name"): p.get("value") for p in parse(Run("0", {}, [], [], [row])).iter("property")}
    assert found == {
        "id": row.id,
        "verdict": "pass",
        "predicted": "separated",
        "observed": "separated",
        "digits": "6.25",
        "p": "2.0e-07",
        "r": "1.8e+06",
        "t_res": "5",
        "seed": str(row.seed),
    }


@pytest.mark.parametrize(
    ("kind", "evidence", "wanted"),
    [
        ("equivariance", {"error64": 2e-16, "ratio": 5.0}, {"error": "2.0e-16"}),
        ("detection", {"smallest_change": 1e-11, "t_res": 6, "digits": 11},
         {"limit_of_detection": "1.0e-11", "t_res": "6", "digits": "11"}),
        ("approximation", {"error": 0.25, "floor": 0.25}, {"error": "0.25", "floor": "0.25"}),
        ("approximation", Evidence(), {}),
    ],
)  # fmt: skip
def test_each_kind_has_its_properties(
    make_row: Callable[..., Result], kind: str, evidence: dict[str, float], wanted: dict[str, str]
) -> None:
    row = make_row(kind, evidence=evidence, outcome="fail", reason="x")
    found = {str(p.get("name")): p.get("value") for p in parse(Run("0", {}, [], [], [row])).iter("property")}
    assert found.pop("verdict") == "fail"
    named = {name: value for name, value in found.items() if name not in ("id", "predicted", "observed", "seed")}
    assert named == wanted


def test_hostile_names_come_back_as_they_were(hostile_run: Run, hostile_texts: tuple[str, ...]) -> None:
    names = {case.get("classname") for case in parse(hostile_run).iter("testcase")}
    assert f"{hostile_texts[0]}.{hostile_texts[0]}" in names
    assert "nul � bell � escape �[31m override � end.nul � bell � escape �[31m override � end" in names


def test_a_failure_carries_its_counter_example_and_reproducer(small_run: Run) -> None:
    failed = [row for row in small_run.results if status_of(row) == "fail" and row.kind == "equivariance"]
    assert failed
    texts = [failure.text or "" for failure in parse(small_run).iter("failure")]
    for row in failed:
        element = row.evidence.counterexample.element
        assert any(f"element: {element}\n" in text and row.reproduce in text for text in texts)


def test_the_same_run_gives_the_same_bytes(small_run: Run) -> None:
    assert junit(small_run) == junit(replace(small_run))


def test_a_large_run_stays_loadable(make_large: Callable[..., Run]) -> None:
    assert len(junit(make_large()).encode()) < 10_000_000
