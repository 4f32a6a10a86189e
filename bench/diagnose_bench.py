#!/usr/bin/env python3
"""What `acuate diagnose` takes: CPU seconds and memory of the whole command, per model.

  bench/diagnose_bench.py [--models NAME…] [--target T] [--repeats N]

Prints a markdown table; the smallest of the repeats counts, since everything else is other work on
the machine. The aim is below 0.5 s of CPU for 10,000 nodes.
"""

import argparse

from common import BUILD, megabytes, table
from measure import Measurement, measure
from models import model_path, node_counts

MODELS = ["chain_1k", "chain_10k", "chain_100k", "ppocr_det", "ppocr_rec"]
CPU_LIMIT_S = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--target", default="vsi-npu")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    rows = []
    for name in arguments.models:
        path = model_path(name)
        nodes, _ = node_counts(path)
        command = [BUILD / "bin" / "acuate", "diagnose", path, "--target", arguments.target]
        runs: list[Measurement] = [measure(command, CPU_LIMIT_S) for _ in range(arguments.repeats)]
        failure = next((run.failure for run in runs if run.failure), "")
        best = min(runs, key=lambda run: run.cpu_s)
        cost = failure or f"{best.cpu_s:.3f} s"
        rows.append([name, f"{nodes:,}", cost, megabytes(best.peak_rss_bytes)])
    print(table(["model", "nodes", "CPU", "peak memory"], rows))


if __name__ == "__main__":
    main()
