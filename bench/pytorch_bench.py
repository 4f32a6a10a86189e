#!/usr/bin/env python3
"""DETR with ResNet-101 as its authors wrote it: PyTorch beside acuate's artifacts.

  bench/pytorch_bench.py [--size H W] [--rounds N] [--small] [--compile]

The network of tests/pytorch/networks/detr.py, random weights, batch 1. All contenders run in turn
on the same image; times are medians, ratios medians of the rounds' own. `by modules` is what
converters without adapters reach (strategy="recursive"). Prints a markdown table.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import acuate
import torch
from acuate.pytorch.tensors import relative_error
from common import table

from pytorch.networks import detr  # isort: skip

FORMS: list[tuple[str, dict[str, Any]]] = [
    ("ONNX Runtime", {"target": "onnxruntime"}),
    ("OpenVINO", {"target": "openvino"}),
    ("OpenVINO bf16", {"target": "openvino", "precision": "bf16"}),
    ("OpenVINO int8", {"target": "openvino", "precision": "int8", "recover": ["none"]}),
    ("ONNX Runtime, by modules", {"target": "onnxruntime", "strategy": "recursive"}),
]


def batch(height: int, width: int, seed: int) -> detr.NestedTensor:
    return detr.nested([detr.photograph(height, width, seed)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", nargs=2, type=int, default=(800, 1066))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--small", action="store_true", help="the small network")
    parser.add_argument("--compile", action="store_true", help="torch.compile beside the others")
    options = parser.parse_args()
    model = detr.small() if options.small else detr.real()
    height, width = options.size
    image = batch(height, width, 0)
    # Lying and standing, so that heights and widths stay open. Modules alone are converted for one
    # size: what varies stops more of them.
    samples = [image, batch(width, height, 1)]
    contenders: list[tuple[str, Callable[[Any], Any], tuple[float, float], str]] = [
        ("PyTorch eager", model, (0.0, 0.0), "")
    ]
    if options.compile:
        contenders.append(("torch.compile", torch.compile(model), (0.0, 0.0), ""))
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        for name, choice in FORMS:
            output = Path(folder) / name
            started, wall = time.process_time(), time.perf_counter()
            taken = samples[:1] if "strategy" in choice else samples
            if choice.get("precision") == "int8":
                choice["calibration"] = [batch(480, 640, seed) for seed in range(2, 6)]
            result = acuate.convert(model, taken, output=output, runs=0, **choice)
            seconds = (time.process_time() - started, time.perf_counter() - wall)
            coverage = result.report["coverage"]
            rate = f"{coverage['modules_converted']}/{coverage['modules_total']}"
            loaded = acuate.load(output, model=model)
            contenders.append((name, loaded, seconds, f"{rate}, {coverage['engines']}"))
        expected = model(image)["pred_logits"]
        times: list[list[float]] = [[] for _ in contenders]
        for number in range(-1, options.rounds):
            for place, (_, run, _, _) in enumerate(contenders):
                started = time.perf_counter()
                run(image)
                if number >= 0:
                    times[place].append((time.perf_counter() - started) * 1e3)
        rows = []
        for (name, run, seconds, covered), own in zip(contenders, times, strict=True):
            ratio = median(a / b for a, b in zip(times[0], own, strict=True))
            error = relative_error(expected, run(image)["pred_logits"])
            converted = f"{seconds[0]:.0f}, {seconds[1]:.0f}" if covered else "-"
            rows.append(
                [
                    name,
                    f"{median(own):.0f}",
                    f"{ratio:.2f}",
                    f"{error:.1e}",
                    covered or "-",
                    converted,
                ]
            )
    head = [
        "",
        "ms",
        "eager / it",
        "logits' error",
        "modules, engines",
        "conversion, CPU s, wall s",
    ]
    print(table(head, rows))
    packages = ("torch", "onnxruntime", "openvino")
    print(
        f"\n{height}x{width}, {torch.get_num_threads()} threads, {options.rounds} rounds; "
        + ", ".join(f"{name} {version(name)}" for name in packages)
    )


if __name__ == "__main__":
    main()
