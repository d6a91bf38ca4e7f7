"""What became of the bases of a track that was lifted over."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class LiftReport:
    """What became of the bases of a track.

    Attributes
    ----------
    source, target : dict of str to dict of str to number
        By chromosome, those with aligned bases or a signal: of the source ``bases``, ``mapped``,
        ``signal``, ``signal_mapped``; of the target ``bases``, ``mapped``, ``collided`` (bases to
        which more than one base leads).
    skipped : dict of str to int
        Reason, and how many chains were left out for it.
    collisions : str
        How collisions were decided.
    """

    chain: str
    collisions: str
    source: dict[str, dict[str, float]] = field(default_factory=dict)
    target: dict[str, dict[str, float]] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)

    def total(self, side: str, column: str) -> float:
        """Sum of a column over the chromosomes of ``source`` or ``target``."""
        rows = {"source": self.source, "target": self.target}[side]
        return sum(row[column] for row in rows.values())

    def lines(self) -> list[str]:
        """The report for people, a line each thing."""
        bases, mapped = self.total("source", "bases"), self.total("source", "mapped")
        lines = [
            f"source: {mapped:,} of {bases:,} bases map ({percent(mapped, bases)}), {bases - mapped:,} do not"
        ]
        if any("signal" in row for row in self.source.values()):
            signal, kept = self.total("source", "signal"), self.total("source", "signal_mapped")
            lines.append(
                f"signal: {_number(kept)} of {_number(signal)} maps ({percent(kept, signal)}), "
                f"{_number(_rest(signal, kept))} does not"
            )
        bases, mapped, collided = (self.total("target", column) for column in ("bases", "mapped", "collided"))
        lines.append(
            f"target: {mapped:,} of {bases:,} bases have a source ({percent(mapped, bases)}), "
            f"{bases - mapped:,} do not"
        )
        lines.append(
            f"collisions: {collided:,} bases of the target have more than one source; "
            f"{_DECIDED[self.collisions]}"
        )
        lines += [f"skipped: {count:,} chains, {reason}" for reason, count in self.skipped.items()]
        return lines

    def table(self) -> str:
        """A line a chromosome, separated by tabs."""
        lines = ["side\tchrom\tbases\tmapped\tunmapped\tcollided\tsignal\tsignal_mapped"]
        for side in ("source", "target"):
            for name, row in getattr(self, side).items():
                values = [
                    row["bases"],
                    row["mapped"],
                    row["bases"] - row["mapped"],
                    *(row.get(k, "") for k in ("collided", "signal", "signal_mapped")),
                ]
                lines.append("\t".join([side, name, *map(str, values)]))
        return "\n".join(lines)

    def __str__(self) -> str:
        return "\n".join(self.lines())


_DECIDED = {
    "best": "the best chain counts",
    "first": "the first chain of the file counts",
    "last": "the last chain of the file counts",
    "sum": "their values are added",
    "mean": "the mean of their values counts",
    "error": "there may be none",
}


def percent(part: float, whole: float) -> str:
    """A part of a whole, for people."""
    return f"{100 * part / whole:.2f} %" if whole else "of nothing"


def _rest(whole: float, part: float) -> float:
    """What is left, without the last digits of float sums."""
    rest = whole - part
    return 0 if isinstance(rest, float) and abs(rest) < 1e-9 * abs(whole) else rest


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"
