#!/usr/bin/env python3
"""Quantizing beside ONNX Runtime and NNCF: accuracy on held-out data, CPU seconds, memory.

  bench/quantize_bench.py --json runs.json --page docs/benchmarks/quantize.md
  bench/quantize_bench.py --cases picodet --tools acuate ort-percentile --json runs.json

Each quantizer runs as one command in a process of its own, with the same samples. bench/
quantize_judge.py runs what it wrote beside the float network, bench/quantize_cases.py says on which
data. What the file of --json already holds of the same tools and cases is kept and shown; what is
measured anew replaces it. --calibration measures EfficientNet-Lite0 with 128 and 512 samples.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from common import BUILD, ROOT
from environments import HERE, environment
from measure import Measurement, measure
from quantize_cases import CASES, Case, efficientnet, fetched
from quantize_judge import Judge
from quantize_page import CALIBRATION, TOOLS, page

ACUATE: dict[str, list[str]] = {
    "acuate": [],
    "acuate-minmax": ["--range", "minmax", "--recover", "none"],
    "acuate-entropy": ["--range", "entropy", "--recover", "none"],
    "hybrid-5": ["--hybrid-share", "0.05"],
    "hybrid-10": ["--hybrid-share", "0.1"],
    "hybrid-20": ["--hybrid-share", "0.2"],
    "hybrid-macs": ["--hybrid-budget", "15%"],
}


def command(tool: str, case: Case, samples: Path, output: Path, wide: list[str]) -> list[Any]:
    """`wide`: target and scheme of hybrids."""
    if tool not in ACUATE:
        peers = environment("quantizers")
        return [peers, HERE / "quantize_peer.py", tool, case.model(), samples, output]
    shape = f"{case.input}={'x'.join(map(str, case.dims))}"
    call = [BUILD / "bin/acuate", "quantize", case.model(), "-o", output, "--data", samples]
    call += ["--shape", shape, "--json", output.with_suffix(".json"), *ACUATE[tool]]
    return [*call, *(wide if tool.startswith("hybrid") else [])]


def widths(path: Path) -> dict[str, int]:
    """Activations behind a QuantizeLinear, by bits; constants that pass one do not count."""
    model = onnx.load(path, load_external_data=False)
    kinds = {i.name: i.data_type for i in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant":
            kinds[node.output[0]] = node.attribute[0].t.data_type
    short = {onnx.TensorProto.INT8, onnx.TensorProto.UINT8}
    seen: dict[str, int] = {}
    for node in model.graph.node:
        if node.op_type == "QuantizeLinear" and node.input[0] not in kinds:
            kind = kinds.get(node.input[2]) if len(node.input) > 2 else onnx.TensorProto.UINT8
            seen[node.input[0]] = max(seen.get(node.input[0], 0), 8 if kind in short else 16)
    return {str(bits): sum(1 for b in seen.values() if b == bits) for bits in (8, 16)}


def save(path: Path, name: str, samples: Any) -> None:
    arrays: dict[str, Any] = {name: samples}
    np.savez(path, **arrays)


def quantized(
    tool: str, case: Case, samples: Path, folder: Path, arguments: argparse.Namespace
) -> tuple[Measurement, Path]:
    output = folder / f"{tool}.onnx"
    wide = ["--hybrid", arguments.hybrid]
    if arguments.hybrid_target:
        wide += ["--target", arguments.hybrid_target]
    call = command(tool, case, samples, output, wide)
    runs: list[Measurement] = []
    for _ in range(arguments.repeat if tool in ACUATE else 1):
        runs.append(measure(call, arguments.limit))
        if runs[-1].failure:
            break
    return min(runs, key=lambda run: (not run.failure, run.cpu_s)), output


def bench(name: str, arguments: argparse.Namespace, results: dict[str, Any], folder: Path) -> None:
    case = CASES[name]
    calibration, evaluation = case.data()
    samples = folder / f"{name}.npz"
    save(samples, case.input, calibration)
    judge = Judge(case.model(), evaluation, case.measure)
    own = results.setdefault(name, {})
    own["boxes"] = getattr(judge, "boxes", None)
    own["counts"] = [len(calibration), len(evaluation)]
    for tool in arguments.tools:
        done, output = quantized(tool, case, samples, folder, arguments)
        row = {"cpu_s": done.cpu_s, "peak_bytes": done.peak_rss_bytes, "failure": done.failure}
        if not done.failure:
            try:
                row |= judge.judge(output) | {"widths": widths(output)}
            except Exception as error:  # what an engine refuses is a result
                row["failure"] = f"the result does not run: {str(error).splitlines()[0][:160]}"
        if tool.startswith("hybrid"):
            row["wide"] = [arguments.hybrid, arguments.hybrid_target]
            if not row["failure"]:
                told = json.loads(output.with_suffix(".json").read_text("utf-8"))
                row["hybrid"] = {k: told["hybrid"][k] for k in ("promoted", "activations", "curve")}
        row["revision"], row["date"] = results["machine"]["revision"], results["machine"]["date"]
        own.setdefault("tools", {})[tool] = row
        print(f"{name} {tool}: {row}", file=sys.stderr, flush=True)
        write(arguments, results)


def calibration_cost(arguments: argparse.Namespace, results: dict[str, Any], folder: Path) -> None:
    """EfficientNet-Lite0 with ever more samples."""
    case = CASES["efficientnet"]
    for count in arguments.calibration:
        samples = folder / f"calibration_{count}.npz"
        save(samples, case.input, efficientnet(count)[0])
        for tool in CALIBRATION:
            if tool not in ACUATE and count > 128:
                continue  # the peers' cost is linear, their memory too
            done, output = quantized(tool, case, samples, folder, arguments)
            row = {"cpu_s": done.cpu_s, "peak_bytes": done.peak_rss_bytes, "failure": done.failure}
            results.setdefault("calibration", {}).setdefault(tool, {})[str(count)] = row
            output.unlink(missing_ok=True)
            print(f"calibration {count} {tool}: {row}", file=sys.stderr, flush=True)
            write(arguments, results)
        samples.unlink()


def write(arguments: argparse.Namespace, results: dict[str, Any]) -> None:
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    if arguments.page:
        arguments.page.parent.mkdir(exist_ok=True)
        arguments.page.write_text(page(results), "utf-8")


def machine() -> dict[str, Any]:
    info = Path("/proc/cpuinfo").read_text("utf-8")
    processor = next((s.split(":")[1].strip() for s in info.splitlines() if "model name" in s), "?")
    revision = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    return {
        "processor": processor,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "onnxruntime": metadata.version("onnxruntime"),
        "revision": subprocess.run(
            revision, capture_output=True, text=True, check=True
        ).stdout.strip(),
        "date": datetime.now(UTC).strftime("%-d %B %Y"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--cases", nargs="*", choices=CASES, help="else the first three")
    parser.add_argument("--long", action="store_true", help="all cases")
    parser.add_argument("--tools", nargs="+", choices=TOOLS, default=list(TOOLS))
    parser.add_argument("--repeat", type=int, default=1, help="of acuate, the smallest counts")
    parser.add_argument("--limit", type=int, default=1200, help="seconds of CPU for one command")
    parser.add_argument("--hybrid", default="s16", help="scheme that hybrids widen to")
    parser.add_argument("--hybrid-target", default="", help="--target of hybrids")
    parser.add_argument("--calibration", nargs="*", type=int, default=[], metavar="SAMPLES")
    parser.add_argument("--json", type=Path, help="file for all that was measured, read first")
    parser.add_argument("--page", type=Path, help="markdown file of the tables")
    arguments = parser.parse_args()
    cases = arguments.cases
    if cases is None:
        cases = list(CASES) if arguments.long else list(CASES)[:3]
    results: dict[str, Any] = {}
    if arguments.json and arguments.json.exists():
        results = json.loads(arguments.json.read_text("utf-8"))
    fetched()
    spec = find_spec("onnxruntime")
    assert spec is not None
    assert spec.origin is not None
    os.environ.setdefault("ACUATE_ONNXRUNTIME_HOME", str(Path(spec.origin).parent))
    if cases or arguments.calibration:
        results["machine"] = machine()
    with tempfile.TemporaryDirectory(prefix="acuate-bench-") as name:
        for case in cases:
            bench(case, arguments, results, Path(name))
        calibration_cost(arguments, results, Path(name))
    write(arguments, results)
    if not arguments.page:
        print(page(results))


if __name__ == "__main__":
    main()
