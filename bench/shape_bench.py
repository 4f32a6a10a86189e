#!/usr/bin/env python3
"""Shape inference alone, beside onnx.shape_inference and ONNX Runtime's symbolic inference.

Every measurement is a process of its own that loads the model, which is not counted, and infers it
some times; the tools take turns. `complete` counts results of nodes of which every dimension is a
number or has a name. Prints a markdown table.
"""

import argparse
import json
import subprocess
from pathlib import Path
from statistics import median
from typing import Any

from common import BUILD, megabytes, milliseconds, table
from environments import HERE, environment
from models import RECIPES, model_path

LIMIT_S = 120
TOOLS = {"acuate": "acuate", "onnx": "onnx 1.23.2", "symbolic": "ONNX Runtime 1.31.1, symbolic"}


def infer(tool: str, model: Path, repeats: int) -> Any:
    own: list[str | Path] = [BUILD / "bench" / "infer_once", model, str(repeats)]
    peer: list[str | Path] = [
        environment("peers"),
        HERE / "shape_peer.py",
        tool,
        model,
        str(repeats),
    ]
    try:
        done = subprocess.run(
            own if tool == "acuate" else peer, capture_output=True, text=True, check=False,
            timeout=LIMIT_S * repeats
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"failure": f"not finished in {LIMIT_S} s"}
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        return {"failure": lines[-1][:80]}
    return json.loads(done.stdout)


def row(tool: str, runs: list[Any]) -> list[str]:
    failures = [run["failure"] for run in runs if "failure" in run]
    if failures:
        return [TOOLS[tool], "-", "-", "-", failures[0]]
    wall, cpu = ([s for run in runs for s in run[key]] for key in ("wall_s", "cpu_s"))
    peak = max(run["peak_rss_bytes"] for run in runs)
    known = f"{runs[0]['known']:,} of {runs[0]['results']:,}"
    cost = [milliseconds([median(cpu)]), milliseconds([median(wall)]), megabytes(peak)]
    return [TOOLS[tool], *cost, known]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", choices=RECIPES, default=list(RECIPES))
    parser.add_argument("--tools", nargs="+", choices=TOOLS, default=list(TOOLS))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=3, help="inferences in one process")
    arguments = parser.parse_args()
    rows = []
    for name in arguments.models:
        path = model_path(name)
        runs: dict[str, list[Any]] = {tool: [] for tool in arguments.tools}
        for _ in range(arguments.rounds):
            for tool, own in runs.items():
                if not any("failure" in run for run in own):
                    own.append(infer(tool, path, arguments.repeat))
        rows.append([f"**{RECIPES[name].title}**", "", "", "", ""])
        rows += [row(tool, own) for tool, own in runs.items()]
    head = ["shape inference", "CPU", "wall", "peak", "complete"]
    print(table(head, rows), end="\n\n")


if __name__ == "__main__":
    main()
