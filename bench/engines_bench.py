#!/usr/bin/env python3
"""Times acuate's artifacts beside the same engines configured by hand, and PyTorch.

  bench/engines_bench.py [--cases NAME…] [--rounds N] [--page]

By hand: ONNX Runtime and OpenVINO on the model as it was published, one thread, latency hint; in
8 bits ONNX Runtime's quantize_static and NNCF, per channel. All run in one process in turn, on one
thread; CPU time of the process. Values do not change time, so calibration takes noise and min-max
ranges. --page writes docs/benchmarks/engines.md. Wants acuate's Python package installed.
"""

import argparse
import datetime
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import acuate
import numpy as np
from common import BUILD, ROOT, table
from environments import HERE, cache_folder, environment

GOAL = 0.97  # of the best configuration by hand
GOAL_TORCH = 2.5
WARMUP = 3
PAGE = ROOT / "docs/benchmarks/engines.md"
Run = Callable[[], Any]
STUBS: list[Any] = []  # a library of operators lasts as long as its object


@dataclass(frozen=True)
class Case:
    name: str
    text: str
    shape: tuple[int, ...]
    fixture: str = ""  # else of torchvision


CASES = [
    Case("mobilenet_v2", "MobileNetV2 (torchvision)", (1, 3, 224, 224)),
    Case("resnet50", "ResNet-50 (torchvision)", (1, 3, 224, 224)),
    Case("vit_b_16", "ViT-B/16 (torchvision)", (1, 3, 224, 224)),
    Case("efficientnet_lite0", "EfficientNet-Lite0", (1, 3, 224, 224), "efficientnet_lite0.onnx"),
    Case("ppocr_det", "PP-OCRv4 detector, 480x480", (1, 3, 480, 480), "ppocr_v4_det.onnx"),
    Case("picodet", "PicoDet layout, 800x608", (1, 3, 800, 608), "picodet_layout_cdla.onnx"),
]


def call(*command: object) -> str:
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}\n{done.stderr[-600:]}")
    return done.stdout


@cache
def network(case: Case) -> Any:
    import torch

    if not STUBS:  # torchvision comes without its compiled operators, which no case uses
        library: Any = torch.library.Library
        STUBS.append(library("torchvision", "DEF"))
        for name in ("nms", "qnms"):
            STUBS[0].define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision

    torch.manual_seed(0)
    return getattr(torchvision.models, case.name)(weights=None).eval()


def source(case: Case, folder: Path) -> Path:
    if case.fixture:
        name = case.fixture
        return Path(call(sys.executable, ROOT / "scripts/fixtures", "--path", name).strip())
    path = folder / "model.onnx"
    if not path.exists():
        import torch

        torch.onnx.export(network(case), (torch.zeros(case.shape),), path, dynamo=False)
    return path


def artifact(model: Path, target: str, precision: str, case: Case, folder: Path) -> Run:
    import onnx

    output = folder / f"acuate-{target}-{precision}"
    name = onnx.load(model, load_external_data=False).graph.input[0].name
    shape = "x".join(map(str, case.shape))
    flags = ["--shape", f"{name}={shape}", "--target", target, "--precision", precision]
    if precision == "int8":
        flags += ["--data", str(folder / "noise.npz"), "--range", "minmax", "--recover", "none"]
    call(
        BUILD / "bin/acuate", "convert", model, "-o", output, "--overwrite", "--runs", 0,
        "--threads", 1, *flags,
    )  # fmt: skip
    loaded = acuate.load(output, threads=1)
    x = noise(case)[:1]
    return lambda: loaded(x)


def noise(case: Case) -> Any:
    shape = (8, *case.shape[1:])
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def by_onnxruntime(model: Path, case: Case) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: noise(case)[:1]}
    return lambda: session.run(None, feed)


def by_openvino(model: Path, precision: str, case: Case) -> Run:
    openvino: Any = import_module("openvino")
    core = openvino.Core()
    read = core.read_model(model)
    read.reshape({read.inputs[0].any_name: list(case.shape)})
    properties = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": 1,
        "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
    }
    request = core.compile_model(read, "CPU", properties).create_infer_request()
    x = noise(case)[:1]
    return lambda: request.infer([x], share_inputs=True)


def by_torch(case: Case) -> Run:
    import torch

    torch.set_num_threads(1)
    module, x = network(case), torch.from_numpy(noise(case)[:1])

    def run() -> None:
        with torch.inference_mode():
            module(x)

    return run


def contenders(case: Case, folder: Path) -> dict[str, Run]:
    """By `who engine precision`; what fails is told and left out."""
    folder.mkdir(parents=True, exist_ok=True)
    model = source(case, folder)
    import onnx

    np.savez(
        folder / "noise.npz",
        **{onnx.load(model, load_external_data=False).graph.input[0].name: noise(case)},
    )
    made: dict[str, Run] = {}

    def quantized(peer: str) -> Path:
        path = folder / f"{peer}.onnx"
        if not path.exists():
            quantizer = environment("quantizers")
            call(quantizer, HERE / "quantize_peer.py", peer, model, folder / "noise.npz", path)
        return path

    ways: dict[str, Callable[[], Run]] = {
        "hand onnxruntime fp32": lambda: by_onnxruntime(model, case),
        "hand onnxruntime int8": lambda: by_onnxruntime(quantized("ort-minmax"), case),
        "hand openvino fp32": lambda: by_openvino(model, "fp32", case),
        "hand openvino bf16": lambda: by_openvino(model, "bf16", case),
        "hand openvino int8": lambda: by_openvino(quantized("nncf-performance"), "fp32", case),
    }
    for target in ("onnxruntime", "openvino"):
        for precision in ("fp32", "bf16", "int8"):
            if (target, precision) != ("onnxruntime", "bf16"):
                ways[f"acuate {target} {precision}"] = partial(
                    artifact, model, target, precision, case, folder
                )
    if not case.fixture:
        ways["hand PyTorch eager"] = lambda: by_torch(case)
    for name, way in ways.items():
        try:
            made[name] = way()
        except Exception as error:  # a peer that fails is a result
            print(f"{case.name}: {name}: {error}", file=sys.stderr)
    return made


def timed(runs: dict[str, Run], rounds: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(WARMUP + rounds):
        for name, run in runs.items():
            started = time.process_time()
            run()
            if turn >= WARMUP:
                seconds[name].append(time.process_time() - started)
    return seconds


def ratio(slow: list[float], fast: list[float]) -> float:
    """How many times as fast: the median over the rounds, which shared their disturbances."""
    return median(a / b for a, b in zip(slow, fast, strict=True))


def row(case: Case, seconds: dict[str, list[float]]) -> tuple[list[str], list[list[str]]]:
    def best(who: str) -> str:
        names = [name for name in seconds if name.startswith(who) and "PyTorch" not in name]
        if not names:
            sys.exit(f"{case.name}: nothing of {who} runs here")
        return min(names, key=lambda name: median(seconds[name]))

    hand, ours = best("hand"), best("acuate")
    torch = seconds.get("hand PyTorch eager")
    times = ratio(seconds[hand], seconds[ours])
    faster = ratio(torch, seconds[ours]) if torch else None
    summary = [
        case.text,
        hand.removeprefix("hand "),
        f"{median(seconds[hand]) * 1e3:.2f}",
        ours.removeprefix("acuate "),
        f"{median(seconds[ours]) * 1e3:.2f}",
        f"{times:.2f}" + ("" if times >= GOAL else " (missed)"),
        "-" if faster is None else f"{faster:.1f}" + ("" if faster >= GOAL_TORCH else " (missed)"),
    ]
    details = []
    for name, values in seconds.items():
        same = seconds.get(name.replace("acuate", "hand"), [])
        beside = f"{ratio(same, values):.2f}" if name.startswith("acuate") and same else "-"
        details.append([f"{case.text}: {name}", f"{median(values) * 1e3:.2f}", beside])
    return summary, details


def page(summaries: list[list[str]], details: list[list[str]], rounds: int) -> str:
    names = ("onnxruntime", "openvino", "torch")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    revision = call("git", "-C", ROOT, "rev-parse", "--short", "HEAD").strip()
    day = datetime.datetime.now(datetime.UTC).strftime("%d %B %Y").lstrip("0")
    head = ["", "best by hand", "ms", "best of acuate", "ms", "ratio", "beside PyTorch"]
    return f"""# Engines: acuate's artifacts beside the same engines by hand

Written by `bench/engines_bench.py --page`; do not edit. Measured on {day} at revision
{revision}: {versions}, NNCF 3.4.0.

CPU milliseconds of one inference of batch 1 on one thread, the median of {rounds} rounds in which
all ran in turn in one process, on a machine that other work shared. Ratios are medians of the
rounds' own ratios; above 1 acuate is faster. Goals: {GOAL} of the best configuration by hand, and
{GOAL_TORCH} times PyTorch eager. By hand: the model as published, on each engine with one thread
and, for OpenVINO, the latency hint and static shapes; 8 bits by ONNX Runtime's `quantize_static`
and by NNCF (symmetric preset), scales per channel for weights. Ranges are those of noise, which
changes no time; accuracy is in [quantize.md](quantize.md).

{table(head, summaries)}

## Each engine and precision

{table(["", "ms", "ratio to the same by hand"], details)}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cases", nargs="+", choices=[case.name for case in CASES])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--page", action="store_true")
    options = parser.parse_args()
    summaries, details = [], []
    for case in CASES:
        if options.cases and case.name not in options.cases:
            continue
        folder = cache_folder() / "bench-engines" / case.name
        summary, lines = row(case, timed(contenders(case, folder), options.rounds))
        print(" | ".join(summary), flush=True)
        summaries.append(summary)
        details += lines
    text = page(summaries, details, options.rounds)
    print(text)
    if options.page:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
