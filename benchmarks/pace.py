"""How long a run takes: fits warm-up and turns into the time that there is."""

from __future__ import annotations

from dataclasses import dataclass

# The longest that a pair with a JIT is warmed up for in its first cell, and the share of the time that all of
# them get for that where it is short.
FIRST_WARM_UP = 15.0
FIRST_SHARE = 1 / 2
# Of each further cell, the part of its time that is warm-up.
WARM_UP_SHARE = 1 / 3

ROUNDS = 5
QUICK_ROUNDS = 3
# When a quick run is to end, its start included; a cell of a pair has so much time at least.
QUICK_SECONDS = 36.0
LEAST_CELL = 0.3


@dataclass(frozen=True)
class Pace:
    """Warm-up of a pair with a JIT in its first cell, and of all in others; then rounds of turns."""

    first_warm_up: float
    warm_up: float
    rounds: int
    turn: float

    def seconds(self, turns: int, jits: int) -> float:
        """Reckon how long so many cells take, each counted for each pair that has it."""
        cell = self.warm_up + self.rounds * self.turn
        return turns * cell + jits * (self.first_warm_up - self.warm_up)


def fit(seconds: float, turns: int, jits: int, rounds: int) -> Pace:
    """Share out the time among so many cells of all pairs, so many of which have a JIT."""
    turns = max(turns, 1)
    first = min(FIRST_WARM_UP, max(seconds * FIRST_SHARE / max(jits, 1), LEAST_CELL / 2))
    rest = (seconds - jits * first) / (turns * (1 - WARM_UP_SHARE) + max(0, turns - jits) * WARM_UP_SHARE)
    whole = max(rest, LEAST_CELL)
    return Pace(first, whole * WARM_UP_SHARE, rounds, whole * (1 - WARM_UP_SHARE) / rounds)
