"""The badge says what the headline says, in SVG that is XML and JSON that shields.io reads."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from orbitcheck.harness.core.result import Run
from orbitcheck.reports.badge import COLOURS, files
from orbitcheck.reports.reading.outcomes import is_red, tally


def test_both_forms_say_the_same_and_are_green_only_if_the_run_is(any_run: Run) -> None:
    made = dict(files(any_run))
    told = json.loads(made["badge.json"])
    assert told.keys() == {"schemaVersion", "label", "message", "color"} and told["schemaVersion"] == 1
    drawing = ElementTree.fromstring(made["badge.svg"])
    texts = [element.text for element in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == [told["label"], told["message"]]
    assert ("#" + told["color"] == COLOURS["green"]) == (not is_red(any_run))
    if not is_red(any_run):
        assert told["message"] == f"{tally(any_run.results).counts['pass']:,} as predicted"
    assert dict(files(any_run)) == made
