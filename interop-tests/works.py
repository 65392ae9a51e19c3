"""Holds the README's table of what works to the truth.

Each row of the table stands in suites/works.json with what proves it: cases of the matrix, which must have
passed in every cell of the language (with a stock program where the row names one, else in all without; over
one transport where it names one), and tests by file and name, which the test command runs. A language that a
row says "no" of must have a gap listed for one of the row's cases; where it has no cases, no test.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cells import HOME

if TYPE_CHECKING:
    from cells import Cell
    from stock import Stock

ROOT = HOME.parent
README = ROOT / "README.md"
HEADING = "## What works"
PASSED = re.compile(r"^ok (\w+) ")


@dataclass
class Row:
    """A row of the table, and what proves it."""

    row: str
    cases: list[str] = field(default_factory=list)
    tests: dict[str, list[str]] = field(default_factory=dict)
    stock: str | None = None
    transport: str | None = None

    def cells(self, cells: list[Cell], stock: Stock) -> list[Cell]:
        """Leave those that it is about."""
        return [
            cell
            for cell in cells
            if self.transport in (None, cell.transport.name)
            and (self.stock in (cell.client, cell.server) if self.stock else not stock.takes_part(cell))
        ]


def table() -> tuple[list[str], dict[str, list[str]]]:
    """Read the README's table: its languages, and the cells of each row by the row's name."""
    text = README.read_text(encoding="utf-8").partition(f"\n{HEADING}\n")[2].partition("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|") and not line.startswith("|---")
    ]
    languages = [name.lower() for name in rows[0][1:]]
    return languages, {row[0]: row[1:] for row in rows[1:]}


def passed(cells: list[Cell], language: str) -> set[str]:
    """List the cases that passed in every one of these cells in which a language is client or server."""
    sets = [
        {match[1] for line in cell.lines if (match := PASSED.match(line))}
        for cell in cells
        if language in (cell.client, cell.server)
    ]
    return set.intersection(*sets) if sets else set()


def check_tests(row: Row, language: str) -> list[str]:
    """Check that the tests that a row names are there."""
    breaches = []
    for proof in row.tests.get(language, []):
        path, _, name = proof.partition("::")
        file = ROOT / path
        if not file.is_file() or not re.search(rf"\b{re.escape(name)}\b", file.read_text(encoding="utf-8")):
            breaches.append(f'README, "{row.row}": there is no test {proof}')
    return breaches


def check(cells: list[Cell], stock: Stock) -> list[str]:
    """Hold the table against the cells of a whole run; answers every breach."""
    languages, claims = table()
    rows = [Row(**row) for row in json.loads((HOME / "suites/works.json").read_text(encoding="utf-8"))]
    gaps = json.loads((HOME / "suites/gaps.json").read_text(encoding="utf-8"))
    run = {cell.client for cell in cells if not stock.takes_part(cell)}
    breaches = [f"README has no column for {language}" for language in sorted(run - set(languages))]
    if [row.row for row in rows] != list(claims):
        breaches.append("suites/works.json does not have the rows of README's table, in their order")
    for language in languages:
        for row in rows:
            good = passed(row.cells(cells, stock), language)
            claim = claims.get(row.row, ["no"] * len(languages))[languages.index(language)]
            missing = [case for case in row.cases if case not in good]
            if claim.split(" ")[0].rstrip(",:") == "no":
                known = [gap for gap in gaps if language in (gap.get("client"), gap.get("server"))]
                if not row.cases and row.tests.get(language):
                    breaches.append(f'README, "{row.row}": {language} has tests, and is said not to work')
                if row.cases and not any(gap["case"] in row.cases for gap in known):
                    breaches.append(f'README, "{row.row}": {language} has no gap listed, and may well work')
                continue
            breaches += [f'README, "{row.row}": {language} did not pass {case}' for case in missing]
            breaches += check_tests(row, language)
            if not row.cases and not row.tests.get(language):
                breaches.append(f'README, "{row.row}": nothing proves it for {language}')
    return breaches
