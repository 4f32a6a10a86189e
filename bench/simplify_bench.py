#!/usr/bin/env python3
"""Simplifying real and synthetic models, beside the peers: seconds, memory, nodes left, outputs.

Every measurement is one whole command in a process of its own: start, load, simplify, save. The
tools take turns. What each wrote is then run in ONNX Runtime without optimization, on two sizes
where the model is dynamic, and compared with the original. Peers are installed on first use into an
environment of their own (bench/requirements-peers.txt). Prints a markdown table.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from common import BUILD, megabytes, table
from environments import HERE, environment
from measure import Measurement, measure
from models import RECIPES, model_path, node_counts

TOOLS = {
    "acuate": "acuate",
    "acuate-exact": "acuate --exact",
    "onnxsim": "onnxsim 0.8.1",
    "onnxslim": "OnnxSlim 0.1.98",
    "onnxoptimizer": "onnxoptimizer 0.4.2",
    "onnxscript": "onnxscript 0.7.2",
    "onnxruntime": "ONNX Runtime 1.31.1, basic",
}
LONG_S = 20  # what takes longer is measured once


def command(tool: str, source: Path, output: Path) -> list[str | Path]:
    if tool.startswith("acuate"):
        exact = ["--exact"] if tool == "acuate-exact" else []
        return [BUILD / "bin" / "acuate", "simplify", source, "-o", output, *exact]
    python = environment("peers")
    if tool in ("onnxsim", "onnxslim", "onnxoptimizer"):
        return [python, python.with_name(tool), source, output]
    return [python, HERE / "simplify_peer.py", tool, source, output]


def compare(model: Path, values: Path, name: str, *flags: str) -> Any:
    script, runs = HERE / "compare_outputs.py", json.dumps(RECIPES[name].runs)
    arguments: list[str | Path] = [sys.executable, script, model, values, runs, *flags]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        return {"error": lines[-1][:200]}
    return json.loads(done.stdout or "{}")


def empty(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def bench(name: str, tools: list[str], repeat: int, limit: int, folder: Path) -> dict[str, Any]:
    source = model_path(name)
    before = node_counts(source)
    values = folder / "values.npz"
    reference = compare(source, values, name)
    if "error" in reference:
        raise SystemExit(f"simplify_bench.py: {source} itself does not run: {reference['error']}")
    runs: dict[str, list[Measurement]] = {tool: [] for tool in tools}
    results: dict[str, Any] = {}
    for _ in range(repeat):
        for tool in tools:
            last = runs[tool][-1] if runs[tool] else None
            if last and (last.failure or last.cpu_s > LONG_S):
                continue
            own = folder / tool
            own.mkdir(exist_ok=True)
            output = own / "out.onnx"
            done = measure(command(tool, source, output), limit)
            runs[tool].append(done)
            if tool not in results:
                results[tool] = {"failure": done.failure}
                if not done.failure:
                    results[tool]["nodes"], results[tool]["computing_nodes"] = node_counts(output)
                    results[tool]["outputs"] = compare(output, values, name, "--compare")
            empty(own)
    for tool in tools:
        results[tool] |= {
            "wall_s": median(run.wall_s for run in runs[tool]),
            "cpu_s": median(run.cpu_s for run in runs[tool]),
            "peak_rss_bytes": max(run.peak_rss_bytes for run in runs[tool]),
            "runs": [asdict(run) for run in runs[tool]],
        }
    values.unlink(missing_ok=True)
    return {"model": name, "nodes": before[0], "computing_nodes": before[1], "tools": results}


def outputs_text(outputs: Any) -> str:
    if "error" in outputs:
        return f"fails: {outputs['error']}"[:100]
    if outputs["exact"]:
        return "equal"
    return f"{outputs['max_abs']:.1e} abs, {outputs['max_rel']:.1e} rel"


def rows(result: dict[str, Any]) -> list[list[str]]:
    title = RECIPES[result["model"]].title
    lines = [[f"**{title}**", "", "", "", f"{result['nodes']:,}",
              f"{result['computing_nodes']:,}", ""]]  # fmt: skip
    for tool, own in result["tools"].items():
        cost = [f"{own['cpu_s']:.3f}", f"{own['wall_s']:.3f}", megabytes(own["peak_rss_bytes"])]
        if own["failure"]:
            lines.append([TOOLS[tool], *cost, "-", "-", own["failure"]])
        else:
            counts = [f"{own['nodes']:,}", f"{own['computing_nodes']:,}"]
            lines.append([TOOLS[tool], *cost, *counts, outputs_text(own["outputs"])])
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", choices=RECIPES, default=list(RECIPES))
    parser.add_argument("--tools", nargs="+", choices=TOOLS, default=list(TOOLS))
    parser.add_argument("--repeat", type=int, default=3, help=f"but once above {LONG_S} s of CPU")
    parser.add_argument("--limit", type=int, default=120, help="seconds of CPU for one command")
    parser.add_argument("--json", type=Path, help="file for all that was measured")
    arguments = parser.parse_args()
    results, lines = [], []
    with tempfile.TemporaryDirectory(prefix="acuate-bench-") as name:
        for model in arguments.models:
            print(f"simplify: {RECIPES[model].title}", file=sys.stderr, flush=True)
            result = bench(model, arguments.tools, arguments.repeat, arguments.limit, Path(name))
            results.append(result)
            lines += rows(result)
            if arguments.json:
                arguments.json.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    head = ["simplify", "CPU s", "wall s", "peak", "nodes", "without Constants", "outputs"]
    print(table(head, lines), end="\n\n")


if __name__ == "__main__":
    main()
