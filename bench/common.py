"""What the benchmarks share: medians, tables, where things are."""

import os
import sys
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("ACUATE_BUILD_DIR", ROOT / "build" / "release"))
sys.path.insert(0, str(ROOT / "tests"))  # fixtures and references of the tests


def table(head: list[str], rows: list[list[str]]) -> str:
    """A markdown table with aligned columns; numbers to the right."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]

    def line(cells: list[str]) -> str:
        padded = (
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "| " + " | ".join(padded) + " |"

    rule = ["-" * width if i == 0 else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    return "\n".join([line(head), line(rule), *map(line, rows)])


def milliseconds(seconds: list[float]) -> str:
    value = median(seconds) * 1e3
    return f"{value:.2f} ms" if value < 100 else f"{value:.0f} ms"


def megabytes(size_bytes: float) -> str:
    return f"{size_bytes / 1e6:.0f} MB"
