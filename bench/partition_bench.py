#!/usr/bin/env python3
"""Holds predicted times of partitions beside measured ones.

  bench/partition_bench.py [--runs N] [--threads N] [--costs FILE]

Calibrates first unless --costs names a table. Each model is then converted for made-up targets that
refuse some of its operators (tables with `run_on: onnxruntime`), in several ways: whole on the
host, all that the target takes, one engine, and as chosen. All of them are timed in turn. Both
sides run on ONNX Runtime, so what tells the ways apart is what pieces cost: calls, borders, fusions
lost.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import onnx

ROOT = Path(__file__).resolve().parent.parent
ACUATE = ROOT / os.environ.get("ACUATE_BUILD_DIR", "build/release") / "bin/acuate"

# model: fixture, shape, operators that the made-up target refuses
CASES = {
    "ppocr_det": ("ppocr_v4_det.onnx", "x=1x3x640x640", {"HardSigmoid", "ConvTranspose"}),
    "ppocr_rec": ("ppocr_v4_rec.onnx", "x=1x3x48x320", {"Softmax", "HardSigmoid"}),
    "ddddocr": ("ddddocr_det.onnx", None, {"MaxPool"}),
    "picodet": ("picodet_layout_cdla.onnx", None, {"GlobalAveragePool", "Sigmoid"}),
    "nudenet": ("nudenet_320n.onnx", "images=1x3x320x320", {"Softmax", "Resize"}),
}
WAYS = {
    "host": ["--keep-on-host", "*"],
    "everything": [],
    "one engine": ["--max-engines", "1"],
    "chosen": None,  # with the cost table
}


def run(*command: object) -> str:
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)}\n{done.stderr}")
    return done.stdout


def fixture(name: str) -> Path:
    return Path(run(sys.executable, ROOT / "scripts/fixtures", "--path", name).strip())


def table(model: Path, refused: set[str], path: Path) -> None:
    """A target that takes every operator of the simplified model but these."""
    operators = Counter(node.op_type for node in onnx.load(model).graph.node)
    rows = "\n".join(f"  {op}: {{source: made}}" for op in sorted(operators) if op not in refused)
    path.write_text(
        f'id: bench_npu\nname: Bench NPU\nrevision: "1"\nstatic_shapes: true\nrun_on: onnxruntime\n'
        f"sources: {{made: made up for this benchmark}}\noperators:\n{rows}\n"
    )


def measure(
    name: str, costs: Path, arguments: argparse.Namespace, folder: Path
) -> dict[str, float]:
    file, shape, refused = CASES[name]
    model = fixture(file)
    fixed = folder / f"{name}.fixed.onnx"
    simple = folder / f"{name}.simple.onnx"
    run(ACUATE, "fix", model, "-o", fixed, *(["--shape", shape] if shape else []))
    run(ACUATE, "simplify", fixed, "-o", simple)
    target = folder / f"{name}.yaml"
    table(simple, refused, target)
    folders, engines = [], []
    for way, flags in WAYS.items():
        out = folder / f"{name}.{way.replace(' ', '_')}"
        forced = flags if flags is not None else ["--costs", costs]
        report = json.loads(
            run(ACUATE, "convert", simple, "-o", out, "--target", target, "--runs", 0,
                "--json", "-", "--threads", arguments.threads, *forced)
        )  # fmt: skip
        folders.append(out)
        engines.append(report["coverage"]["engines"])
    timings = json.loads(
        run(ACUATE, "bench", *folders, "--runs", arguments.runs, "--threads", arguments.threads,
            "--costs", costs, "--json", "-")
    )  # fmt: skip
    ratios = {}
    predicted = [contender["predicted_ms"] for contender in timings["contenders"]]
    measured = [contender["median_ms"] for contender in timings["contenders"]]
    for way, count, guess, found in zip(WAYS, engines, predicted, measured, strict=True):
        ratios[way] = guess / found
        print(f"{name:10} {way:11} {count:3} engines  predicted {guess:8.2f} ms  "
              f"measured {found:8.2f} ms  ratio {guess / found:.2f}")  # fmt: skip
    order = sorted(range(len(measured)), key=lambda i: measured[i])
    wrong = [
        (a, b)
        for i, a in enumerate(order)
        for b in order[i + 1 :]
        if predicted[a] > predicted[b] and measured[b] > 1.1 * measured[a]
    ]
    print(f"{name:10} pairs ranked wrongly, of those that differ by more than 10 %: {len(wrong)}")
    return ratios


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--costs", type=Path)
    parser.add_argument("names", nargs="*", default=list(CASES))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        costs = arguments.costs or folder / "costs.json"
        if arguments.costs is None:
            run(ACUATE, "bench", "--calibrate", costs, "--target", "onnxruntime",
                "--threads", arguments.threads)  # fmt: skip
        chosen = {}
        for name in arguments.names:
            chosen[name] = measure(name, costs, arguments, folder)["chosen"]
        within = sum(0.75 <= ratio <= 1.25 for ratio in chosen.values())
        print(f"chosen plans predicted within 25 %: {within} of {len(chosen)}")


if __name__ == "__main__":
    main()
