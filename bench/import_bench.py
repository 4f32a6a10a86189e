#!/usr/bin/env python3
"""Importing and saving models, beside onnx.load and onnx.save.

Prints a markdown table. Every measurement runs in a process of its own, the contenders in turn; a
process imports a small model many times, a large one once. Files are in the page cache.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import onnx
from common import BUILD, ROOT, megabytes, milliseconds, table
from onnx import TensorProto, helper

BLOCK_BYTES = 64 << 20  # one weight: 4096 x 4096 floats


def write_large_model(folder: Path, size_bytes: int) -> Path:
    """A chain of MatMuls whose weights lie in one data file; no weight is all zeros."""
    count = -(-size_bytes // BLOCK_BYTES)
    block = np.random.default_rng(0).standard_normal(BLOCK_BYTES // 4, np.float32).tobytes()
    weights, nodes = [], []
    with (folder / "large.data").open("wb") as data:
        for i in range(count):
            data.write(block)
            weight = TensorProto(name=f"w{i}", data_type=TensorProto.FLOAT, dims=[4096, 4096])
            weight.data_location = TensorProto.EXTERNAL
            for key, value in (
                ("location", "large.data"),
                ("offset", str(i * BLOCK_BYTES)),
                ("length", str(BLOCK_BYTES)),
            ):
                weight.external_data.add(key=key, value=value)
            weights.append(weight)
            nodes.append(helper.make_node("MatMul", [f"x{i}", f"w{i}"], [f"x{i + 1}"], f"n{i}"))
    ports = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4096])]
        for name in ("x0", f"x{count}")
    ]
    graph = helper.make_graph(nodes, "large", ports[0], ports[1], weights)
    onnx.save(helper.make_model(graph), folder / "large.onnx")
    return folder / "large.onnx"


def run(command: list[str | Path]) -> Any:
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def acuate(model: Path, repeats: int, *output: Path) -> Any:
    return run([BUILD / "bench" / "import_once", model, str(repeats), *output])


def rival(model: Path, repeats: int, weights: str, *output: Path) -> Any:
    script = ROOT / "bench" / "onnx_once.py"
    return run([sys.executable, script, model, str(repeats), weights, *output])


def remove(*files: Path) -> None:
    for file in files:
        file.unlink(missing_ok=True)


def copy_seconds(source: Path, destination: Path) -> float:
    """A plain copy to disk, through user memory."""
    started = time.perf_counter()
    with source.open("rb") as read, destination.open("wb") as write:
        while block := read.read(8 << 20):
            write.write(block)
        write.flush()
        os.fsync(write.fileno())
    seconds = time.perf_counter() - started
    destination.unlink()
    return seconds


def gather(results: list[Any], key: str) -> list[float]:
    values = [result[key] for result in results]
    return [x for value in values for x in (value if isinstance(value, list) else [value])]


def import_rows(name: str, ours: list[Any], theirs: dict[str, list[Any]]) -> list[list[str]]:
    rows = []
    own = median(gather(ours, "wall_s"))
    for label, results in {"acuate": ours, **theirs}.items():
        wall = gather(results, "wall_s")
        rows.append(
            [
                f"{name}, {label}",
                milliseconds(wall),
                milliseconds(gather(results, "cpu_s")),
                megabytes(max(gather(results, "peak_rss_bytes"))),
                f"{median(wall) / own:.1f}",
            ]
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large-rounds", type=int, default=2)
    parser.add_argument("--gigabytes", type=float, default=2.5)
    arguments = parser.parse_args()
    head = ["import", "wall", "CPU", "peak memory", "ratio"]
    detector = ROOT / ".deps/fixtures/ppocr_v4_det.onnx"
    ours, theirs = [], []
    for _ in range(arguments.rounds):
        ours.append(acuate(detector, 20))
        theirs.append(rival(detector, 20, "weights"))
    rows = import_rows("PP-OCRv4 det, 4.7 MB", ours, {"onnx.load": theirs})

    with tempfile.TemporaryDirectory(prefix="acuate-bench-", dir=os.environ.get("TMPDIR")) as name:
        folder = Path(name)
        large = write_large_model(folder, int(arguments.gigabytes * 1e9))
        data_bytes = (folder / "large.data").stat().st_size
        (folder / "a").mkdir()
        (folder / "b").mkdir()
        large_ours, large_theirs, structure, copies = [], [], [], []
        for _ in range(arguments.large_rounds):
            large_ours.append(acuate(large, 1, folder / "a" / "out.onnx"))
            remove(folder / "a" / "out.onnx", folder / "a" / "large.data")
            large_theirs.append(rival(large, 1, "weights", folder / "b" / "out.onnx"))
            remove(folder / "b" / "out.onnx", folder / "b" / "out.onnx.data")
            structure.append(rival(large, 1, "structure"))
            copies.append(copy_seconds(folder / "large.data", folder / "copy"))
        title = f"{data_bytes / 1e9:.1f} GB external data"
        rows += import_rows(
            title,
            large_ours,
            {"onnx.load": large_theirs, "onnx.load without weights": structure},
        )
        print(table(head, rows), end="\n\n")
        rows = []
        own = median(gather(large_ours, "save_wall_s"))
        for label, results in (("acuate", large_ours), ("onnx.save", large_theirs)):
            wall = gather(results, "save_wall_s")
            rows.append(
                [
                    f"{title}, {label}",
                    milliseconds(wall),
                    milliseconds(gather(results, "save_cpu_s")),
                    megabytes(max(gather(results, "save_peak_rss_bytes"))),
                    f"{data_bytes / median(wall) / 1e6:.0f} MB/s",
                    f"{median(wall) / own:.1f}",
                ]
            )
        speed = f"{data_bytes / median(copies) / 1e6:.0f} MB/s"
        rows.append(["plain copy of the data file", milliseconds(copies), "", "", speed,
                     f"{median(copies) / own:.1f}"])  # fmt: skip
        head = ["save after one edit", "wall", "CPU", "peak memory", "speed", "ratio"]
        print(table(head, rows), end="\n\n")


if __name__ == "__main__":
    main()
