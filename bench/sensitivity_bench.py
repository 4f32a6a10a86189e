#!/usr/bin/env python3
"""Holds predicted damages of quantized tensors beside tensors quantized one at a time.

  bench/sensitivity_bench.py [--models NAME,…] [--samples N] [--probes N] [--range R] [--json F]

Each model is simplified, calibrated and its sensitivity measured in one process
(bench/sensitivity_once.cpp). Then each activation alone gets a QuantizeLinear/DequantizeLinear pair
with the same scale, each weight is rounded alone, and ONNX Runtime runs the model with graph
optimization off on the same samples; the damage is the noise power at each output over its signal
power, summed over the outputs. Printed: the rank correlation (Spearman) of both, over all tensors
and over the fifth that does the most harm; the spread of their ratio in decibels; CPU seconds.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from common import BUILD, ROOT, table
from onnx import helper, numpy_helper
from PIL import Image

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

# model: file, input, height, width, images, mean, deviation
CASES = {
    "picodet": ("picodet_layout_cdla.onnx", 800, 608, "pages/calibration", MEAN, DEVIATION),
    "pp_lcnet": ("pp_lcnet_orientation.onnx", 224, 224, "pages/calibration", MEAN, DEVIATION),
    "efficientnet": (
        "efficientnet_lite0.onnx",
        224,
        224,
        "photographs",
        (127 / 255,) * 3,
        (128 / 255,) * 3,
    ),
}


def fixture(name: str) -> Path:
    command = [sys.executable, str(ROOT / "scripts/fixtures"), "--path", name]
    return Path(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())


def samples(
    folder: Path, count: int, size: tuple[int, int], mean: object, deviation: object
) -> np.ndarray:
    """Evenly chosen images of the folder, [N, 3, H, W]."""
    files = sorted(path for path in folder.iterdir() if path.suffix in (".png", ".jpg"))
    images = []
    for path in files[:: max(len(files) // count, 1)][:count]:
        image = Image.open(path).convert("RGB").resize(size[::-1], Image.Resampling.BILINEAR)
        images.append((np.asarray(image, np.float64) / 255 - mean) / deviation)
    return np.ascontiguousarray(np.stack(images).transpose(0, 3, 1, 2).astype(np.float32))


def session(model: onnx.ModelProto) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    return ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def rounded(weight: np.ndarray, grid: dict) -> np.ndarray:
    """The weight on its grid, per channel where there are several scales."""
    shape = [1] * weight.ndim
    if len(grid["scale"]) > 1:
        shape[grid["axis"]] = -1
    scale = np.asarray(grid["scale"], np.float32).reshape(shape)
    zero = np.asarray(grid["zero_point"], np.int32).reshape(shape)
    steps = np.clip(np.rint(weight / scale) + zero, grid["lowest"], grid["highest"])
    return ((steps - zero) * scale).astype(np.float32)


def alone(model: onnx.ModelProto, grid: dict) -> onnx.ModelProto:
    """A copy in which that tensor alone is quantized."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    name, graph = grid["tensor"], copy.graph
    for initializer in graph.initializer:
        if initializer.name == name:
            values = rounded(numpy_helper.to_array(initializer), grid)
            initializer.CopyFrom(numpy_helper.from_array(values, name))
            return copy
    kind = np.int8 if grid["lowest"] < 0 else np.uint8
    graph.initializer.append(numpy_helper.from_array(np.float32(grid["scale"][0]), "one_scale"))
    graph.initializer.append(numpy_helper.from_array(kind(grid["zero_point"][0]), "one_zero"))
    is_output = any(output.name == name for output in graph.output)
    source, result = (name + "_float", name) if is_output else (name, name + "_rounded")
    place = 0
    for i, node in enumerate(graph.node):
        if name in node.output:
            place = i + 1
            if is_output:
                node.output[list(node.output).index(name)] = source
        elif not is_output:
            for slot, read in enumerate(node.input):
                if read == name:
                    node.input[slot] = result
    pair = [
        helper.make_node("QuantizeLinear", [source, "one_scale", "one_zero"], ["one_steps"]),
        helper.make_node("DequantizeLinear", ["one_steps", "one_scale", "one_zero"], [result]),
    ]
    for node in reversed(pair):
        graph.node.insert(place, node)
    return copy


def measured(model: onnx.ModelProto, grids: list[dict], data: np.ndarray) -> np.ndarray:
    """The damage of each tensor alone: noise over signal power, summed over the outputs."""
    base = session(model)
    feed = [{base.get_inputs()[0].name: data[i : i + 1]} for i in range(len(data))]
    exact = [[y.astype(np.float64) for y in base.run(None, one)] for one in feed]
    power = [np.mean([np.mean(y[k] ** 2) for y in exact]) for k in range(len(exact[0]))]
    damages = []
    for grid in grids:
        changed = session(alone(model, grid))
        total = 0.0
        for one, ys in zip(feed, exact, strict=True):
            outputs = changed.run(None, one)
            total += sum(
                np.mean((z - y) ** 2) / p for z, y, p in zip(outputs, ys, power, strict=True)
            )
        damages.append(total / len(feed))
    return np.asarray(damages)


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    ranks = [np.argsort(np.argsort(x)) for x in (a, b)]
    return float(np.corrcoef(*ranks)[0, 1])


def bench(name: str, arguments: argparse.Namespace, folder: Path) -> dict:
    file, height, width, images, mean, deviation = CASES[name]
    model, data_file = folder / f"{name}.onnx", folder / f"{name}.npy"
    source = fixture(file)
    data = samples(
        fixture(file).parent / images, arguments.samples, (height, width), mean, deviation
    )
    np.save(data_file, data)
    shape = onnx.load(source).graph.input[0].name + f"=1x3x{height}x{width}"
    subprocess.run(
        [BUILD / "bin/acuate", "simplify", source, "-o", model, "--shape", shape],
        check=True,
        capture_output=True,
    )
    command = [BUILD / "bench/sensitivity_once", model, data_file, arguments.range]
    done = subprocess.run(
        [*map(str, command), str(arguments.probes)], check=True, capture_output=True, text=True
    )
    result = json.loads(done.stdout)
    grids = result.pop("tensors")
    start = time.process_time()
    truth = measured(onnx.load(model), grids, data)
    result["one_at_a_time_cpu_s"] = time.process_time() - start
    found = np.asarray([grid["damage"] for grid in grids])
    is_activation = np.asarray([grid["axis"] < 0 for grid in grids])
    top = np.argsort(-truth)[: max(len(truth) // 5, 2)]
    activations = np.flatnonzero(is_activation)
    top_activations = activations[np.argsort(-truth[activations])][: max(len(activations) // 5, 2)]
    ratio = 10 * np.log10(np.maximum(found[top], 1e-30) / np.maximum(truth[top], 1e-30))
    return result | {
        "model": name,
        "tensors": len(grids),
        "not_reached": sum(grid["not_reached"] != "" for grid in grids),
        "spearman_all": spearman(found, truth),
        "spearman_top": spearman(found[top], truth[top]),
        "spearman_top_activations": spearman(found[top_activations], truth[top_activations]),
        "found_of_top": len(set(top) & set(np.argsort(-found)[: len(top)])) / len(top),
        "bias_db": float(np.mean(ratio)),
        "spread_db": float(np.std(ratio)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--models", default=",".join(CASES))
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--probes", type=int, default=0, help="0: as the library has it")
    parser.add_argument("--range", default="minmax")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    subprocess.run(
        ["cmake", "--build", BUILD, "--target", "bench_sensitivity_once"],
        check=True,
        capture_output=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        results = [bench(name, arguments, Path(folder)) for name in arguments.models.split(",")]
    head = [
        "model",
        "tensors",
        "top fifth",
        "its activations",
        "all",
        "in both fifths",
        "ratio, dB",
    ]
    head += ["calibration, s", "sensitivity, s", "one at a time, s", "peak, MB"]
    rows = [
        [
            r["model"],
            str(r["tensors"]),
            f"{r['spearman_top']:.2f}",
            f"{r['spearman_top_activations']:.2f}",
            f"{r['spearman_all']:.3f}",
            f"{r['found_of_top']:.0%}",
            f"{r['bias_db']:+.1f} ± {r['spread_db']:.1f}",
            f"{r['calibration_cpu_s']:.1f}",
            f"{r['sensitivity_cpu_s']:.1f}",
            f"{r['one_at_a_time_cpu_s']:.1f}",
            f"{r['peak_rss_bytes'] / 1e6:.0f}",
        ]
        for r in results
    ]
    print(table(head, rows))
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
