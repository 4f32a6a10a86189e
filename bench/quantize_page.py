"""The page that quantize_bench.py writes from what it measured."""

from math import log10
from textwrap import fill
from typing import Any

from common import table
from quantize_cases import CALIBRATION_SEED, CASES, EVALUATION_SEED
from quantize_judge import NMS_IOU, RESAMPLES, TRUTH

TOOLS = {
    "acuate": "acuate quantize",
    "acuate-minmax": "acuate quantize --range minmax --recover none",
    "acuate-entropy": "acuate quantize --range entropy --recover none",
    "hybrid-5": "acuate quantize --hybrid, 5 %",
    "hybrid-10": "acuate quantize --hybrid, 10 %",
    "hybrid-20": "acuate quantize --hybrid, 20 %",
    "hybrid-macs": "acuate quantize --hybrid, 15 % of multiply-accumulates",
    "ort": "ONNX Runtime, u8 per tensor",
    "ort-minmax": "ONNX Runtime, min-max",
    "ort-percentile": "ONNX Runtime, percentile",
    "ort-entropy": "ONNX Runtime, entropy",
    "nncf-mixed": "NNCF, mixed",
    "nncf-performance": "NNCF, performance",
    "nncf-per-tensor": "NNCF, mixed, activations per tensor",
}
CALIBRATION = {
    "acuate-minmax": "acuate, min-max",
    "acuate-entropy": "acuate, entropy",
    "ort-minmax": "ONNX Runtime, min-max",
    "ort-percentile": "ONNX Runtime, percentile",
    "ort-entropy": "ONNX Runtime, entropy",
}
MEASURES = {
    "class": "same class, %",
    "gfl": "agreement AP",
    "yolox": "agreement AP",
    "ssd": "agreement AP",
    "mask": "mask IoU, %",
    "text": "same text, %",
}
# (case, tool, which value, goal): what was set out to reach
GOALS = [
    ("efficientnet", "acuate", "sqnr_db", 22.0),
    ("orientation", "acuate", "sqnr_db", 38.0),
    ("picodet", "acuate", "score", 75.0),
    ("picodet", "hybrid-5", "score", 96.0),
    ("picodet", "hybrid-10", "score", 97.0),
    ("picodet", "hybrid-20", "score", 98.8),
]
DROP_GOAL, MACS_GOAL = 0.5, 0.85  # percent, relative to float; share in 8 bits
DROP_GOALS = {"picodet": 1.5}  # others
PER_TENSOR = [tool for tool in TOOLS if tool.startswith("ort") or tool == "nncf-per-tensor"]
MEGA = 1e6
FIRST_REVISION = "1017a52"  # of rows from before each said its own


def number(value: list[float]) -> str:
    text = f"{value[0]:.1f}"
    return f"{text} ({value[1]:.1f} … {value[2]:.1f})" if len(value) == 3 else text


def decibels(noise: float | None) -> str:
    """Noise power over signal power as a ratio of signal to noise."""
    return f"{-10 * log10(noise):.1f}" if noise else "-"


def bits(row: dict[str, Any]) -> str:
    eight, sixteen = row["widths"]["8"], row["widths"]["16"]
    return f"{eight} + {sixteen}" if sixteen else str(eight)


def case_table(name: str, result: dict[str, Any]) -> str:
    rows = []
    for tool, title in TOOLS.items():
        row = result.get("tools", {}).get(tool)
        if row is None:
            continue
        if row.get("wide"):
            title += f" {row['wide'][0]}" + (f", for {row['wide'][1]}" if row["wide"][1] else "")
        cost = [f"{row['cpu_s']:.1f}", f"{row['peak_bytes'] / MEGA:.0f}"]
        if row["failure"]:
            rows.append([title, row["failure"].replace("|", "/"), "-", "-", *cost])
        else:
            rows.append([title, number(row["sqnr_db"]), number(row["score"]), bits(row), *cost])
    head = ["", "SQNR, dB", MEASURES[CASES[name].measure], "activations", "CPU s", "peak MB"]
    return table(head, rows)


def curve_table(result: dict[str, Any]) -> str:
    """The longest trade-off that a hybrid told of, at the outputs of the calibration samples."""
    tools = result.get("tools", {})
    told = [
        tools[t]["hybrid"]
        for t in ("hybrid-macs", "hybrid-20", "hybrid-10")
        if tools.get(t, {}).get("hybrid")
    ]
    if not told:
        return ""
    rows = [
        [
            f"{point['promoted']} ({100 * point['share']:.1f} %)",
            f"{100 * point['macs_8bit_share']:.1f} %",
            decibels(point["predicted_noise"]),
            decibels(point["measured_noise"]),
        ]
        for point in told[0]["curve"]
    ]
    title = f"promoted of {told[0]['activations']}"
    head = [title, "multiply-accumulates in 8 bits", "SQNR predicted, dB", "on calibration, dB"]
    return "The trade-off that `--hybrid` shows:\n\n" + table(head, rows)


def hybrids(results: dict[str, Any]) -> str:
    """How far from float each network stays while most of its work is in 8 bits."""
    rows = []
    for name, case in CASES.items():
        for tool, row in results.get(name, {}).get("tools", {}).items():
            if not tool.startswith("hybrid") or not row.get("hybrid"):
                continue
            promoted = row["hybrid"]["promoted"]
            point = next(p for p in row["hybrid"]["curve"] if p["promoted"] == promoted)
            drops = [100 - value for value in row["score"]]
            bounds = f" ({drops[2]:.1f} … {drops[1]:.1f})" if len(drops) == 3 else ""
            rows.append(
                [
                    f"{case.title}, for {row['wide'][1] or 'onnxruntime'}",
                    MEASURES[case.measure].removesuffix(", %"),
                    f"{promoted} of {row['hybrid']['activations']}",
                    f"{100 * point['macs_8bit_share']:.1f} %",
                    f"{drops[0]:.1f} %{bounds}",
                    "yes"
                    if drops[0] <= DROP_GOALS.get(name, DROP_GOAL)
                    and point["macs_8bit_share"] >= MACS_GOAL - 1e-9
                    else "no",
                ]
            )  # fmt: skip
    head = ["", "agreement", "wide", "multiply-accumulates in 8 bits", "drop", "within the goal"]
    return table(head, rows)


def best_peer(result: dict[str, Any], value: str) -> tuple[str, float] | None:
    found = [
        (tool, result["tools"][tool][value][0])
        for tool in PER_TENSOR
        if tool in result["tools"] and not result["tools"][tool]["failure"]
    ]
    return max(found, key=lambda pair: pair[1]) if found else None


def goals(results: dict[str, Any]) -> str:
    rows = []
    explicit = {(case, tool) for case, tool, _, _ in GOALS}
    wanted: list[tuple[str, str, str, float | None]] = [*GOALS]
    wanted += [
        (case, "acuate", value, None)
        for case in CASES
        for value in ("sqnr_db", "score")
        if (case, "acuate") not in explicit
    ]
    for case, tool, value, goal in wanted:
        result = results.get(case, {})
        row = result.get("tools", {}).get(tool)
        is_hybrid = tool.startswith("hybrid")  # of which the peers here have none
        peer = best_peer(result, value) if row and not is_hybrid else None
        if row is None or row["failure"] or (goal is None and peer is None):
            continue
        peer_text = f"{peer[1]:.1f}, {TOOLS[peer[0]]}" if peer else "-"
        least = goal if goal is not None else peer[1] if peer else 0.0
        reached = row[value][0]
        goal_text = f"{goal:.1f}" if goal is not None else "the best peer's"
        unit = "SQNR, dB" if value == "sqnr_db" else MEASURES[CASES[case].measure]
        kind = "int8" if tool == "acuate" else f"{TOOLS[tool].split()[-2]} % wider"
        rows.append(
            [
                f"{CASES[case].title}, {kind}",
                unit,
                goal_text,
                peer_text,
                f"{reached:.1f}",
                "yes" if reached >= least else f"no, {least - reached:.1f} short",
            ]
        )
    return table(["", "", "goal", "best peer per tensor", "reached", ""], rows)


def calibration_table(costs: dict[str, Any]) -> str:
    counts = sorted({int(count) for tool in costs.values() for count in tool})
    rows = []
    for tool, title in CALIBRATION.items():
        cells = []
        for count in counts:
            row = costs.get(tool, {}).get(str(count))
            if row is None:
                cells.append("not run")
            elif row["failure"]:
                cells.append(row["failure"])
            else:
                cells.append(f"{row['cpu_s']:.1f} / {row['peak_bytes'] / MEGA:.0f}")
        rows.append([title, *cells])
    return table(["CPU s / peak MB", *[f"{count} samples" for count in counts]], rows)


def of_other_runs(results: dict[str, Any]) -> str:
    """Rows stay until they are measured anew; those of other revisions are told."""
    latest = results["machine"]["revision"]
    older: dict[str, int] = {}
    for result in results.values():
        for row in result.get("tools", {}).values():
            revision = row.get("revision", FIRST_REVISION)
            if revision != latest:
                older[revision] = older.get(revision, 0) + 1
    if not older:
        return ""
    told = ", ".join(f"{count} at {revision}" for revision, count in sorted(older.items()))
    return f"; rows that were not run again stay as they were measured before ({told})"


def wrapped(text: str) -> str:
    return fill(" ".join(text.split()), 100, break_long_words=False, break_on_hyphens=False)


def page(results: dict[str, Any]) -> str:
    m = results["machine"]
    parts = [
        "# Quantization beside its peers",
        "Written by `bench/quantize_bench.py`; do not edit.",
        wrapped(f"""Measured on {m["date"]} at revision {m["revision"]}, on {m["cores"]} cores of
{m["processor"]} that other work shared: CPU seconds of user and system and the peak of resident
memory are what the kernel counted for the whole command, from reading the model to writing the
result. Every command ran once{of_other_runs(results)}. ONNX Runtime
{m["onnxruntime"]} `quantize_static`, NNCF 3.4.0, onnx 1.23.2, Python {m["python"]}."""),
        wrapped(f"""All get the same calibration samples and are judged by ONNX Runtime with graph
optimization off, so that quantization is exact and nothing is fused. SQNR is that of the worst
output, over all evaluation samples; intervals are 95 % by bootstrap over them ({RESAMPLES}
resamples). Agreement AP takes the float network's own detections with score {TRUTH} or more after
non-maximum suppression (IoU {NMS_IOU}) as the truth, 101 points, IoU 0.50 to 0.95; on so few pages
one or two points are noise, and one box of a rare class is five. Crops are drawn by seed
{CALIBRATION_SEED} (calibration) and {EVALUATION_SEED} (evaluation)."""),
        wrapped("""*Activations* counts the tensors behind a QuantizeLinear, those of 16 bits after
the plus sign; the tools differ in which they quantize, and a hybrid's share is of its
own. *ONNX Runtime, u8 per tensor* is `quantize_static` as it comes, with asymmetric
8 bits for activations and weights; its other rows have a scale per channel for
weights, after `quant_pre_process`. NNCF gets its models from there too, corrects
biases fully and, but for its last row, may have scales per channel for activations,
which an NPU cannot compute."""),
        "## Goals",
        goals(results),
    ]
    if any(any(t.startswith("hybrid") for t in r.get("tools", {})) for r in results.values()):
        parts += [
            "## Hybrids",
            wrapped(f"""What 16-bit activations leave of the difference, the float network's own
answers being the truth; the goal is a drop of at most {DROP_GOAL} %
(PicoDet: {DROP_GOALS["picodet"]} %) with at least {100 * MACS_GOAL:.0f} % of the
multiply-accumulates in 8 bits. Intervals are 95 %, over so few
samples wide."""),
            hybrids(results),
        ]
    for name, case in CASES.items():
        if name not in results:
            continue
        boxes = results[name].get("boxes")
        truth = f" ({boxes} boxes)" if boxes is not None else ""
        parts += [
            f"## {case.title}",
            wrapped(f"{case.protocol}{truth}."),
            case_table(name, results[name]),
        ]
        if curve := curve_table(results[name]):
            parts.append(curve)
    if "calibration" in results:
        parts += [
            "## More calibration samples",
            "EfficientNet-Lite0, the whole command; acuate without recovery.",
            calibration_table(results["calibration"]),
        ]
    missing = [case.title for name, case in CASES.items() if name not in results]
    absent = [*NOT_MEASURED]
    if missing:
        absent.append(f"{', '.join(missing)}: not run yet.")
    parts += ["## Not measured here", "\n".join("- " + line for line in absent)]
    return "\n\n".join(parts) + "\n"


NOT_MEASURED = [
    "aimet-onnx 2.42: the bench has no driver for it yet.",
    "The search for ranges and sensitivity have their own: `bench/ranges_bench.cpp` and "
    "`bench/sensitivity_bench.py`.",
]
