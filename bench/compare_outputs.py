"""Runs a model in ONNX Runtime without optimization on seeded inputs, for bench/simplify_bench.py.

  compare_outputs.py MODEL VALUES.npz INPUTS [--compare]

INPUTS is JSON: for each run, a shape per input. The outputs are written to VALUES, or compared with
those in it: prints {"max_abs": …, "max_rel": …, "exact": …} as JSON, `max_rel` being against the
largest magnitude of the output.
"""

import json
import sys
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

Array = npt.NDArray[Any]


def values_of(kind: str, dims: list[int], random: np.random.Generator) -> Array:
    if kind == "tensor(float)":
        return random.standard_normal(dims, np.float32)
    if kind == "tensor(bool)":  # a mask of padding, at the right
        mask = np.zeros(dims, np.bool_)
        mask[..., dims[-1] * 3 // 4 :] = True
        return mask
    raise SystemExit(f"compare_outputs.py: no inputs are made for {kind}")


def outputs_of(path: str, runs: list[dict[str, list[int]]]) -> dict[str, Array]:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    random, values = np.random.default_rng(0), {}
    kinds = {port.name: port.type for port in session.get_inputs()}
    for i, shapes in enumerate(runs):
        feeds = {name: values_of(kinds[name], dims, random) for name, dims in shapes.items()}
        names = [port.name for port in session.get_outputs()]
        for name, array in zip(names, session.run(names, feeds), strict=True):
            values[f"{name} of run {i}"] = array
    return values


def difference(expected: dict[str, Array], found: dict[str, Array]) -> dict[str, Any]:
    if list(expected) != list(found):
        return {"error": f"outputs {list(found)} instead of {list(expected)}"}
    result: dict[str, Any] = {"max_abs": 0.0, "max_rel": 0.0, "exact": True}
    for name, truth in expected.items():
        own = found[name]
        if own.shape != truth.shape or own.dtype != truth.dtype:
            return {"error": f"{name} is {own.dtype}{own.shape}, not {truth.dtype}{truth.shape}"}
        if np.array_equal(own, truth, equal_nan=True):
            continue
        worst = float(np.nan_to_num(np.abs(own - truth), nan=np.inf).max())
        result["exact"] = False
        result["max_abs"] = max(result["max_abs"], worst)
        result["max_rel"] = max(result["max_rel"], worst / float(np.abs(truth).max()))
    return result


def main() -> None:
    path, values, runs = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    outputs = outputs_of(path, runs)
    if "--compare" in sys.argv:
        with np.load(values) as expected:
            print(json.dumps(difference(dict(expected), outputs)))
    else:
        np.savez(values, allow_pickle=False, **outputs)


if __name__ == "__main__":
    main()
