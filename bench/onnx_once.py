"""The rival of import_once: onnx.load some times, and onnx.save once after an edit."""

import json
import os
import resource
import sys
import time
from pathlib import Path

import onnx


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def peak_rss_bytes() -> int:
    text = Path("/proc/self/status").read_text("utf-8")
    line = next(line for line in text.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def main() -> None:
    path, repeats, weights = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "weights"
    result: dict[str, object] = {}
    wall, cpu = [], []
    model = onnx.ModelProto()
    for _ in range(repeats):
        model = onnx.ModelProto()
        started, cpu_started = time.perf_counter(), cpu_seconds()
        model = onnx.load(path, load_external_data=weights)
        wall.append(time.perf_counter() - started)
        cpu.append(cpu_seconds() - cpu_started)
    result |= {"wall_s": wall, "cpu_s": cpu, "peak_rss_bytes": peak_rss_bytes()}
    if len(sys.argv) > 4:
        output = Path(sys.argv[4])
        model.graph.node[0].name = "edited"
        started, cpu_started = time.perf_counter(), cpu_seconds()
        onnx.save(model, output, save_as_external_data=True, location=output.name + ".data")
        for file in (output, output.with_name(output.name + ".data")):
            with file.open("rb") as written:
                os.fsync(written.fileno())  # as acuate does before it renames
        result["save_wall_s"] = time.perf_counter() - started
        result["save_cpu_s"] = cpu_seconds() - cpu_started
        result["save_peak_rss_bytes"] = peak_rss_bytes()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
