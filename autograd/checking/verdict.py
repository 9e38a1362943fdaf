"""What `check_gradient` found: who says what of each derivative, and who is to blame.

A report prints as text for people; its fields say the same to programs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from autograd.checking.differences import Estimate

SHOWN = 5
"""How many derivatives that differ are printed at most."""

VERDICTS = {
    "": "",
    "a row": "The row of the table named below is wrong.",
    "a kink": "x is at a kink, where there is no derivative but only conventions.",
    "backward()": "All judges agree with each other, and every row by itself is right: "
    "backward() put the partials together wrongly.",
    "forward mode": "All others agree: forward mode put the partials together wrongly.",
    "the sweeps": "Every row by itself is right: backward() and forward mode put the "
    "partials together wrongly.",
    "f": "f computes something else than what it recorded: a number left the graph "
    "through float(), math, detach() or no_grad(), or a Python branch, a kink or a "
    "pole is nearer to x than the steps below.",
    "rounding": "What f recorded has another derivative in many digits than in the 16 "
    "of a float: digits cancel in f.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One derivative on trial, and what each judge says; None is an abstention.

    `where` is the coordinate, such as "x[1] = 0.5". `against` names the judges that
    differ by more than they may.
    """

    order: int
    where: str
    found: float
    estimates: Mapping[str, Estimate | None]
    against: tuple[str, ...]

    def __str__(self) -> str:
        how = "backward()" if self.order == 1 else "reverse mode twice"
        lines = [f"  {self.where}: {how} gives {self.found!r}"]
        for name, estimate in self.estimates.items():
            if estimate is None:
                lines.append(f"    {name:18} abstains")
                continue
            shown = repr(estimate.derivative)
            shown += f" ± {estimate.error:.1e}" if estimate.error else ""
            difference = self.found - estimate.derivative
            verdict = "differs by" if name in self.against else "agrees to"
            lines.append(
                f"    {name:18} {shown:32} {verdict} {math.fabs(difference):.1e}"
            )
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Suspect:
    """A row of the table that is wrong by itself, at the operands it had in f."""

    row: str
    call: str
    text: str

    def __str__(self) -> str:
        return f"  the row {self.row}, at {self.call}: {self.text}"


@dataclass(frozen=True, slots=True)
class Kink:
    """The kink nearest to x: of which operation, and how far x would have to move."""

    call: str
    distance: float
    here: bool

    def __str__(self) -> str:
        place = "at x" if self.here else f"about {self.distance:.1e} away from x"
        return f"The nearest kink is that of {self.call}, {place}."


@dataclass(frozen=True, slots=True)
class Report:
    """The findings, the rows that are wrong by themselves, and the nearest kink."""

    findings: tuple[Finding, ...]
    suspects: tuple[Suspect, ...]
    kink: Kink | None

    @property
    def faults(self) -> tuple[Finding, ...]:
        """The derivatives of which a judge differs."""
        return tuple(finding for finding in self.findings if finding.against)

    @property
    def against(self) -> tuple[str, ...]:
        """The judges that differ anywhere."""
        named = [name for finding in self.faults for name in finding.against]
        return tuple(dict.fromkeys(named))

    @property
    def blamed(self) -> str:
        """Who is to blame: a key of VERDICTS, the empty one where all agree."""
        against = {*self.against}
        if not against:
            return ""
        if self.suspects:
            return "a row"
        if self.kink is not None and self.kink.here:
            return "a kink"
        if against == {"forward mode"}:
            return "forward mode"
        if "forward mode" in against:
            return "backward()"
        if "mpmath" not in against:
            return "f"
        return "the sweeps" if "finite differences" in against else "rounding"

    def __str__(self) -> str:
        if not self.faults:
            return self._praise()
        what = "gradient" if self.faults[0].order == 1 else "second derivative"
        lines = [f"the {what} differs from {' and '.join(self.against)}:"]
        lines += [str(finding) for finding in self.faults[:SHOWN]]
        if len(self.faults) > SHOWN:
            lines.append(f"  ... and {len(self.faults) - SHOWN} more")
        lines += [VERDICTS[self.blamed], *map(str, self.suspects)]
        if self.kink is not None:
            lines.append(str(self.kink))
        if any(e is None for fault in self.faults for e in fault.estimates.values()):
            lines.append(
                "mpmath abstains where it finds no limit, or is not installed."
            )
        return "\n".join([*lines, *self._steps()])

    def _praise(self) -> str:
        counts = [
            f"{n} derivative{'s' * (n > 1)} of order {order}"
            for order in (1, 2)
            if (n := sum(finding.order == order for finding in self.findings))
        ]
        lines = [f"{' and '.join(counts) or 'nothing'}: all judges agree"]
        if self.kink is not None:
            lines.append(str(self.kink))
        return "\n".join(lines)

    def _steps(self) -> list[str]:
        """How the error of the central difference falls with the step."""
        estimate = self.faults[0].estimates["finite differences"]
        if estimate is None or not estimate.steps:
            return []
        found = self.faults[0].found
        lines = [
            f"The central differences at {self.faults[0].where}, which should come "
            f"nearer by a factor of 4",
            "with each step, until rounding takes over:",
            "        step               difference   from the limit   from the found",
        ]
        for step, difference in estimate.steps:
            off = difference - estimate.derivative, difference - found
            lines.append(
                f"    {step:8.1e} {difference:24.16g}   {off[0]:14.1e}   {off[1]:15.1e}"
            )
        return lines
