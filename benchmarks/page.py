"""The page of results: one self-contained HTML file with plots, readable in light and dark."""

from __future__ import annotations

import html
import math
import os
import platform
import subprocess
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import costs
import goals
from results import COLUMNS, PINS, blocks, name

if TYPE_CHECKING:
    from results import Row

WIDTH = 900
LABEL = 330
BAR = 22
PLOT = WIDTH - LABEL - 90

STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --faint: #8883;
  --ours: #0b6bcb; --peer: #b5651d; --floor: #888;
  --reached: #17753a; --missed: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e6e6; --paper: #16181c; --ours: #58a6ff; --peer: #e0a060; --floor: #999;
  --reached: #6fd08c; --missed: #ff8a80; } }
body { color: var(--ink); background: var(--paper); font: 15px/1.5 system-ui, sans-serif; max-width: 960px;
  margin: 2em auto; padding: 0 1em; }
svg { width: 100%; height: auto; } text { fill: var(--ink); font: 13px system-ui, sans-serif; }
.ours { fill: var(--ours); } .peer { fill: var(--peer); } .floor { fill: var(--floor); }
.spread, .grid { stroke: var(--ink); } .grid { opacity: .15; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px; }
th, td { padding: .15em .6em; text-align: right; border-bottom: 1px solid var(--faint); }
th:first-child, td:first-child { text-align: left; } .scroll { overflow-x: auto; }
.goals td { text-align: left; vertical-align: top; } .goals td + td { min-width: 9em; }
.reached { color: var(--reached); } .missed { color: var(--missed); } .unknown { opacity: .6; }
summary { cursor: pointer; } summary h3 { display: inline-block; margin: .6em 0; }
"""


def page(rows: list[Row], costly: list[costs.Cost], *, quick: bool, note: str) -> str:
    """Write the page."""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8"><title>samehost: benchmarks</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>{STYLE}</style></head><body><h1>samehost: benchmarks</h1>",
        f"<p>{html.escape(machine())}</p>",
        (
            "<p>Client and server are two processes, and a number is the median of several rounds. Compare"
            " only what is in one plot: those rows were measured in turn, round by round.</p>"
        ),
    ]
    if note:
        parts.append(f"<p><strong>{html.escape(note)}</strong></p>")
    if quick:
        parts.append(
            "<p><strong>A quick run: little warm-up and short turns, so only for a glance.</strong></p>"
        )
    parts.append(reached(goals.judge(rows, costly)))
    if costly:
        parts.append(connections(costly))
    parts.append(
        "<h2>Everything that was measured</h2><p>A bar is the median of the rounds, the line at its end goes"
        " from the least to the greatest. The scales are logarithmic. For one call at a time a bar is the p50"
        " of its time: shorter is better; for more calls in flight and for streams it is calls or bytes a"
        " second: longer is better. Ours are blue, peers brown, floors grey: the same bytes over the same"
        " kind of descriptor or memory with nothing above it.</p>"
    )
    for pin in dict.fromkeys(row["pin"] for row in rows):
        parts.append(f"<h2>{html.escape(PINS[pin].capitalize())}</h2>")
        for heading, block in blocks(rows, pin).items():
            # The one that most people look for first.
            is_open = " open" if (block[0]["case"], block[0]["size"]) == ("unary", SMALL) else ""
            parts += [
                f"<details{is_open}><summary><h3>{html.escape(heading)}</h3></summary>",
                plot(block, SCALES[block[0]["case"]]),
                numbers(block),
                "</details>",
            ]
    return "\n".join([*parts, "</body></html>", ""])


def reached(lines: list[goals.Line]) -> str:
    """Write the goals as a table: what must be, what is aimed at, and what was found."""
    if not lines:
        return ""
    body = "".join(
        f"<tr><td>{html.escape(line.what)}</td><td>{limits(line.must)}</td><td>{limits(line.aim)}</td></tr>"
        for line in lines
    )
    return (
        "<h2>The goals</h2><p>What the project wants to reach: what must be, and what it aims at.</p>"
        '<div class="scroll"><table class="goals"><tr><th></th><th>must</th><th>aim</th></tr>'
        f"{body}</table></div>"
    )


def limits(several: list[goals.Limit]) -> str:
    """Write what was found of each limit."""
    marks = {goals.REACHED: ("reached", "✓"), goals.MISSED: ("missed", "✗")}
    shown = []
    for one in several:
        kind, mark = marks.get(one.verdict, ("unknown", "?"))
        text = f"{html.escape(one.found)} ({html.escape(one.wanted)})"
        shown.append(f'<span class="{kind}" title="{one.verdict}">{mark} {text}</span>')
    return "<br>".join(shown)


def connections(costly: list[costs.Cost]) -> str:
    """Write what connections cost as a table."""
    head = "".join(f"<th>{html.escape(title)}</th>" for title, _, _ in costs.COLUMNS)
    body = "".join(
        f"<tr><td>{html.escape(name(cost))}</td>"
        + "".join(f"<td>{cost.get(key, '')}</td>" for _, key, _ in costs.COLUMNS)
        + "</tr>"
        for cost in costly
    )
    return (
        "<h2>What connections cost</h2><p>The time from making a channel to its first answer, of a process's"
        " first one and the median of later ones (over stdio with the start of the child); how the"
        f" proportional memory (PSS) of both processes together grows with each of {costs.MANY} idle"
        " connections, the rings of shared memory apart; and the processor time of both in"
        f" {costs.IDLE_SECONDS:.0f} s without a call.</p>"
        f'<div class="scroll"><table><tr><th></th>{head}</tr>{body}</table></div>'
    )


def machine() -> str:
    """Say where and when this was measured."""
    when = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    java = subprocess.run(
        [f"{os.environ['JAVA_HOME']}/bin/java" if os.environ.get("JAVA_HOME") else "java", "-version"],
        capture_output=True,
        text=True,
        check=False,
    ).stderr.partition("\n")[0]
    processors = len(os.sched_getaffinity(0))
    load = f"load average {os.getloadavg()[2]:.1f} at the end"
    return (
        f"{when}; {processors} processors, {platform.machine()}, Linux {platform.release()}; {java}; {load}"
    )


def kind(row: Row) -> str:
    """Tell which colour a row has."""
    if row["system"] == "samehost":
        return "ours"
    return "floor" if row["system"] == "raw" else "peer"


@dataclass(frozen=True)
class Scale:
    """What a plot shows of its rows: which of their values, times what, and in which unit."""

    key: str
    unit: str

    def values(self, row: Row) -> tuple[float, float, float]:
        """Give the median and the spread."""
        factor = row["size"] / 1e6 if self.unit == "MB/s" else 1
        middle, least, most = (max(row[self.key + end] * factor, LEAST) for end in ("", "_least", "_most"))
        return middle, least, most


TIME = Scale("p50_us", "us")
CALLS = Scale("calls_per_s", "calls/s")
SCALES = {"unary": TIME, "unary-8": CALLS, "unary-64": CALLS, "stream": Scale("calls_per_s", "MB/s")}
LEAST = 0.001
SMALL = 64


def plot(block: list[Row], scale: Scale) -> str:
    """Draw one bar for each row."""
    every = [scale.values(row) for row in block]
    low = min(math.floor(math.log10(least)) for _, least, _ in every)
    high = max(low + 1, *(math.ceil(math.log10(most)) for _, _, most in every))

    def across(value: float) -> float:
        return LABEL + PLOT * (math.log10(value) - low) / (high - low)

    height = BAR * len(block) + 26
    parts = [f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{scale.unit}">']
    for power in range(low, high + 1):
        x = across(10**power)
        parts.append(f'<line class="grid" x1="{x:.1f}" y1="0" x2="{x:.1f}" y2="{height - 20}"/>')
        text = f"{10.0**power:,g}"
        parts.append(f'<text x="{x:.1f}" y="{height - 6}" text-anchor="middle">{text} {scale.unit}</text>')
    for at, (row, (middle, least, most)) in enumerate(zip(block, every)):
        y = BAR * at
        shown = f"{middle:,.2f}" if scale is TIME else f"{middle:,.0f}"
        wide, start, end = across(middle) - LABEL, across(least), across(most)
        parts += [
            f'<text x="{LABEL - 8}" y="{y + 16}" text-anchor="end">{html.escape(name(row))}</text>',
            f'<rect class="{kind(row)}" x="{LABEL}" y="{y + 3}" width="{wide:.1f}" height="16"/>',
            f'<line class="spread" x1="{start:.1f}" y1="{y + 11}" x2="{end:.1f}" y2="{y + 11}"/>',
            f'<text x="{end + 6:.1f}" y="{y + 16}">{shown}</text>',
        ]
    return "".join([*parts, "</svg>"])


def numbers(block: list[Row]) -> str:
    """Write the numbers of a plot as a table that can be opened."""
    head = "".join(f"<th>{html.escape(title)}</th>" for title, _, _ in COLUMNS)
    body = "".join(
        f"<tr><td>{html.escape(name(row))}</td>"
        + "".join(f"<td>{show(row, block)}</td>" for _, _, show in COLUMNS)
        + "</tr>"
        for row in block
    )
    return (
        f'<details><summary>numbers</summary><div class="scroll"><table><tr><th></th>{head}</tr>{body}'
        "</table></div></details>"
    )
