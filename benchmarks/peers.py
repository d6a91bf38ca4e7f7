"""Running us and a peer in turn, and telling medians and ratios."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def alternate(tasks: dict[str, Callable[[], object]], runs: int) -> dict[str, float]:
    """Median seconds of each task; the tasks run in turn, so that a drift of the machine meets all
    of them.
    """
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(runs):
        for name, task in tasks.items():
            begin = time.perf_counter()
            task()
            taken[name].append(time.perf_counter() - begin)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def tell(work: str, medians: dict[str, float], ours: str, scale: float = 1.0, unit: str = "s") -> None:
    """One row of a table: the medians, and how many times longer each peer takes."""
    shown = ", ".join(f"{name} {seconds * scale:.3g} {unit}" for name, seconds in medians.items())
    ratios = ", ".join(
        f"{seconds / medians[ours]:.1f}x {name}" for name, seconds in medians.items() if name != ours
    )
    print(f"| {work} | {shown} | {ratios} |", flush=True)
