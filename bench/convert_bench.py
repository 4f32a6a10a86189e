#!/usr/bin/env python3
"""Quantizing PP-OCRv4's text detector, beside onnxruntime.quantization.quantize_static.

Both calibrate on the same pages. Prints markdown tables: what the conversions cost, and how fast
and how good the results are on other pages, timed in turn on ONNX Runtime.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from common import BUILD, ROOT, megabytes, milliseconds, table

import db_text_reference as paddle  # isort: skip
from ppocr_reference import prepare  # isort: skip

HEIGHT, WIDTH = 960, 736
DETECTOR = ROOT / ".deps/fixtures/ppocr_v4_det.onnx"
Array = npt.NDArray[Any]


def pages(kind: str, count: int) -> list[Path]:
    files = sorted((ROOT / ".deps/fixtures/pages" / kind).glob("*.png"))
    return files[:: max(1, len(files) // count)][:count]


def quantize_rival(method: str, output: Path, count: int) -> None:
    """The recommended way on x64: static shape, QDQ, u8 activations, s8 weights per channel."""
    import onnx.version_converter
    from onnxruntime.quantization import (
        CalibrationDataReader,
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )
    from onnxruntime.quantization.shape_inference import quant_pre_process
    from onnxruntime.tools.onnx_model_utils import fix_output_shapes, make_input_shape_fixed

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.samples: Iterator[Path] = iter(pages("calibration", count))

        def get_next(self) -> dict[str, Array] | None:
            page = next(self.samples, None)
            return None if page is None else {"x": prepare(page, HEIGHT, WIDTH)}

    # Scales per channel need opset 13.
    model = onnx.version_converter.convert_version(onnx.load(DETECTOR), 13)
    make_input_shape_fixed(model.graph, "x", [1, 3, HEIGHT, WIDTH])
    fix_output_shapes(model)
    fixed, prepared = output.with_suffix(".fixed.onnx"), output.with_suffix(".prepared.onnx")
    onnx.save(model, fixed)
    quant_pre_process(str(fixed), str(prepared), skip_symbolic_shape=True)
    quantize_static(
        str(prepared), str(output), Reader(), QuantFormat.QDQ, per_channel=True,
        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
        calibrate_method=CalibrationMethod[method],
    )  # fmt: skip


def measured(command: list[str | Path]) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak resident bytes of a command."""
    script = (
        "import resource, subprocess, sys, json, time\n"
        "t = time.perf_counter(); r = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL,"
        " stderr=subprocess.PIPE, text=True); w = time.perf_counter() - t\n"
        "u = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "sys.exit(r.stderr) if r.returncode else"
        " print(json.dumps([w, u.ru_utime + u.ru_stime, u.ru_maxrss * 1024]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *command], check=True, stdout=subprocess.PIPE, text=True
    )
    wall, cpu, peak = json.loads(done.stdout)
    return wall, cpu, peak


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def timed(runs: list[Callable[[], object]], rounds: int) -> list[tuple[list[float], list[float]]]:
    times: list[tuple[list[float], list[float]]] = [([], []) for _ in runs]
    for round_ in range(rounds + 2):
        for run, (wall, cpu) in zip(runs, times, strict=True):
            started, cpu_started = time.perf_counter(), cpu_seconds()
            run()
            if round_ >= 2:  # the first two warm up
                wall.append(time.perf_counter() - started)
                cpu.append(cpu_seconds() - cpu_started)
    return times


def agreement(truth: list[Array], maps: list[Array]) -> tuple[str, str]:
    x = np.concatenate([m.ravel() for m in truth]).astype(np.float64)
    y = np.concatenate([m.ravel() for m in maps]).astype(np.float64)
    noise = ((x - y) ** 2).sum()
    sqnr = "exact" if noise == 0 else f"{10 * np.log10((x**2).sum() / noise):.1f} dB"
    counts = [0, 0]
    for a, b in zip(truth, maps, strict=True):
        expected, found = paddle.decode(a[0, 0]), paddle.decode(b[0, 0])
        counts[0] += 2 * paddle.count_matches(expected, found)
        counts[1] += len(expected) + len(found)
    return sqnr, f"{counts[0] / counts[1]:.4f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=16, help="that calibrate")
    parser.add_argument("--evaluation", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument(
        "--methods",
        nargs="*",
        default=["MinMax"],
        help="of quantize_static; Entropy and Percentile keep every activation: 20 GB for 16 pages",
    )
    parser.add_argument("--rival", nargs=2, metavar=("METHOD", "OUTPUT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.rival:
        quantize_rival(arguments.rival[0], Path(arguments.rival[1]), arguments.pages)
        return
    with tempfile.TemporaryDirectory(prefix="acuate-bench-") as name:
        folder = Path(name)
        listing = folder / "pages.txt"
        listing.write_text("\n".join(map(str, pages("calibration", arguments.pages))), "utf-8")
        # All pages calibrate; nothing is evaluated or timed by the command itself.
        (folder / "eval.yaml").write_text(
            json.dumps({"data": str(folder / "one.txt"), "metrics": ["sqnr"],
                        "preprocess": "ppocr-det"}), "utf-8")  # fmt: skip
        (folder / "one.txt").write_text(str(pages("evaluation", 1)[0]), "utf-8")
        common = ["--shape", f"x=1x3x{HEIGHT}x{WIDTH}", "--target", "onnxruntime", "--runs", "0"]
        models = {"float, the user's file": DETECTOR}
        costs = []
        for label, flags in (
            ("acuate fp32", []),
            ("acuate int8, --range minmax", ["--precision", "int8", "--range", "minmax"]),
            ("acuate int8, --range mse", ["--precision", "int8", "--range", "mse"]),
        ):
            output = folder / str(len(models))
            data: list[str | Path] = ["--data", listing, "--preprocess", "ppocr-det",
                                      "--eval", folder / "eval.yaml"]  # fmt: skip
            wall, cpu, peak = measured(
                [BUILD / "bin" / "acuate", "convert", DETECTOR, "-o", output, *common, *flags,
                 *(data if flags else [])]
            )  # fmt: skip
            models[label] = output / "modules" / "model.onnx"
            costs.append([label, milliseconds([wall]), milliseconds([cpu]), megabytes(peak)])
        for method in arguments.methods:
            output = folder / f"{method}.onnx"
            wall, cpu, peak = measured(
                [sys.executable, Path(__file__).resolve(), "--pages", str(arguments.pages),
                 "--rival", method, output]
            )  # fmt: skip
            label = f"quantize_static, {method}"
            models[label] = output
            costs.append([label, milliseconds([wall]), milliseconds([cpu]), megabytes(peak)])
        print(f"{arguments.pages} pages of {HEIGHT} x {WIDTH} calibrate.\n")
        print(table(["conversion", "wall", "CPU", "peak memory"], costs), end="\n\n")

        # The sessions share the cores: threads that spin after their run would slow the next one.
        resting = onnxruntime.SessionOptions()
        resting.add_session_config_entry("session.intra_op.allow_spinning", "0")
        sessions = [
            onnxruntime.InferenceSession(path, resting, providers=["CPUExecutionProvider"])
            for path in models.values()
        ]
        inputs = [
            {"x": prepare(p, HEIGHT, WIDTH)} for p in pages("evaluation", arguments.evaluation)
        ]
        maps = [[s.run(None, x)[0] for x in inputs] for s in sessions]
        times = timed([partial(s.run, None, inputs[0]) for s in sessions], arguments.rounds)
        rows = []
        for label, own, (walls, cpus) in zip(models, maps, times, strict=True):
            ratio = float(np.median(times[0][0]) / np.median(walls))
            rows.append([label, milliseconds(walls), milliseconds(cpus), f"{ratio:.2f}",
                         *agreement(maps[0], own)])  # fmt: skip
        head = ["model on ONNX Runtime", "wall", "CPU", "speed-up", "SQNR", "F1 of boxes"]
        print(table(head, rows))


if __name__ == "__main__":
    main()
