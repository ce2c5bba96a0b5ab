"""A suite as data: frozen, checked before (`reading.py`), and the same as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..core.cell import WEIGHTS
from ..core.patterns import Row, RowPattern, fits, fits_architecture
from ..plugins.discovery import parse_name
from ..weights.space import WeightSpace


@dataclass(frozen=True)
class Expectation(RowPattern):
    """Rows that a suite expects to fail, or allows to be undecided or ill-conditioned, with the reason."""

    reason: str


@dataclass(frozen=True)
class OwnKiller:
    """A false claim of the suite's own: plug-ins as `-a` names them.

    Args:
        network, mended: what claims falsely, and its twin that does not.
        beside: a sound plug-in whose rows are read with either, or None.
        rule: what is wrong with the network, in words.
        wanted: how the claim must end on the rows of the network.
    """

    network: str
    mended: str
    beside: str | None = None
    rule: str = ""
    wanted: str = "fail"


@dataclass(frozen=True)
class Conclusion:
    """A claim that is concluded from the rows of several checks together; `checks`, `architectures` and `killers`, names of false
    claims, are patterns; `own` are plug-ins that claim it falsely."""

    claim: str
    checks: tuple[str, ...]
    architectures: tuple[str, ...]
    margin: float
    allow: str | None
    killers: tuple[str, ...] = ("*",)
    own: tuple[OwnKiller, ...] = ()

    def reads(self, row: Row) -> bool:
        """Whether the conclusion is drawn from this row, among others."""
        return any(
            RowPattern(architecture, check, "*").matches(row)
            for architecture in self.architectures
            for check in self.checks
        )

    def names(self, killer: str) -> bool:
        """Whether the suite puts the false claim of that name through the checks of this conclusion."""
        return any(fits(f"{self.claim}-{pattern}", killer) for pattern in self.killers)


@dataclass(frozen=True)
class Check:
    """One check: `parameters` are resolved plain JSON, `cases` the names of its rows. Of the suite's own `architectures` it is asked
    of those that it names; none named means all. One that the suite does not name, a user's, is asked everything."""

    id: str
    kind: str
    title: str
    claim: str | None
    parameters: Mapping[str, Any]
    cases: tuple[str, ...]
    architectures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Suite:
    """A checked suite; `architectures` are run where the user names none."""

    name: str
    version: int
    title: str
    checks: tuple[Check, ...]
    expected_failures: tuple[Expectation, ...] = ()
    allow: tuple[Expectation, ...] = ()
    architectures: tuple[str, ...] = ()
    conclusions: tuple[Conclusion, ...] = ()

    def concludes(self, wanted: Conclusion, row: Row) -> bool:
        """Whether a conclusion of its own is drawn from this row, among others: `architectures` there leaves out some of those that the suite
        names, never a user's, which is asked every check too."""
        own = (str(parse_name(text)) for text in self.architectures)
        users = self.architectures and not any(fits_architecture(name, row.architecture) for name in (WEIGHTS, *own))
        return wanted.reads(row) or bool(users and any(fits(pattern, row.check) for pattern in wanted.checks))

    @property
    def spaces(self) -> tuple[WeightSpace, ...]:
        """The spaces that its checks name, each once."""
        found: list[Any] = []
        for check in self.checks:
            found += check.parameters.get("spaces", {}).values()
            found.append(check.parameters.get("space"))
        told = [each.get("space", each) for each in found if isinstance(each, Mapping)]
        return tuple(dict.fromkeys(map(WeightSpace.from_json, told)))

    def to_json(self) -> dict[str, Any]:
        """Plain data, the same for any formatting of the file; `from_json` gives the same suite back."""
        plain = asdict(self)
        for entry in plain["conclusions"]:
            if not entry["own"]:  # suites of before one could name them read the same
                del entry["own"]
        return plain

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Suite:
        """The suite that `to_json` wrote.

        Raises:
            ValueError: the data are those of another version of orbitcheck.
        """
        try:
            return Suite._from_json(data)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(
                f"suite {data.get('name')!r} was written by another version of orbitcheck ({error})"
            ) from None

    @staticmethod
    def _from_json(data: Mapping[str, Any]) -> Suite:
        return Suite(
            **{
                **data,
                "checks": tuple(
                    Check(**{**check, "cases": tuple(check["cases"]), "architectures": tuple(check["architectures"])})
                    for check in data["checks"]
                ),
                "expected_failures": tuple(Expectation(**entry) for entry in data["expected_failures"]),
                "allow": tuple(Expectation(**entry) for entry in data["allow"]),
                "architectures": tuple(data["architectures"]),
                "conclusions": tuple(
                    Conclusion(
                        **{
                            **entry,
                            "checks": tuple(entry["checks"]),
                            "architectures": tuple(entry["architectures"]),
                            "killers": tuple(entry.get("killers", ("*",))),
                            "own": tuple(OwnKiller(**each) for each in entry.get("own", ())),
                        }
                    )
                    for entry in data["conclusions"]
                ),
            }
        )
