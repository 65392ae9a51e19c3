"""How long a run takes: fits warm-up and turns into the time that there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plan import Group

# The longest that a pair with a JIT is warmed up for in the first cell of each path, and the share of the
# time that all of them get for that where it is short.
FIRST_WARM_UP = 15.0
FIRST_SHARE = 1 / 2
# Of each further cell, the part of its time that is warm-up at most.
WARM_UP_SHARE = 1 / 3
LONGEST_TURN = 1.5

# A warm-up has so many slices, each pair's after the others'; it is over when the last ones brought nothing.
SLICES = 12
STEADY_SLICES = 4
STEADY = 0.97

ROUNDS = 5
QUICK_ROUNDS = 3
# When a quick run is to end, its start included; a cell of a pair has so much time at least.
QUICK_SECONDS = 36.0
LEAST_CELL = 0.3


@dataclass(frozen=True)
class Load:
    """What has to be done: cells, each once for every pair and by its weight, and paths that JITs compile."""

    units: float
    jits: int

    @staticmethod
    def of(group: Group) -> Load:
        """Reckon what a group has."""
        units = sum(cell.weight * len(pairs) for cell, pairs in group.cells.items())
        paths = {(pair, cell.path) for cell, pairs in group.cells.items() for pair in pairs if pair.has_jit}
        return Load(units, len(paths))

    def __add__(self, other: Load) -> Load:
        """Reckon with both."""
        return Load(self.units + other.units, self.jits + other.jits)

    def least_seconds(self) -> float:
        """Tell how long it takes at least; of the time that there is each group gets its part by this."""
        return self.units * LEAST_CELL + self.jits * FIRST_WARM_UP / 8


@dataclass(frozen=True)
class Pace:
    """The longest warm-up of a pair with a JIT in the first cell of a path, and else; rounds of turns."""

    first_warm_up: float
    warm_up: float
    rounds: int
    turn: float


def fit(seconds: float, load: Load, rounds: int) -> Pace:
    """Share out the time; warm-up and turn are those of a cell whose weight is one."""
    jits = max(load.jits, 1)
    first = min(FIRST_WARM_UP, max(seconds * FIRST_SHARE / jits, LEAST_CELL / 2))
    whole = max((seconds - load.jits * first) / max(load.units, 1), LEAST_CELL)
    turn = min(whole * (1 - WARM_UP_SHARE) / rounds, LONGEST_TURN)
    return Pace(first, whole * WARM_UP_SHARE, rounds, turn)


def is_steady(times: list[float]) -> bool:
    """Tell whether the last slices of a warm-up were no faster than those before."""
    before, last = times[:-STEADY_SLICES], times[-STEADY_SLICES:]
    return len(before) >= STEADY_SLICES and min(last) > STEADY * min(before)
