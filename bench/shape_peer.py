"""The rivals of infer_once: onnx.shape_inference and ONNX Runtime's symbolic inference.

shape_peer.py onnx|symbolic MODEL REPEATS    loading the model is not counted
"""

import json
import resource
import sys
import time
from typing import Any

import onnx


def infer(tool: str, model: Any) -> Any:
    if tool == "onnx":
        return onnx.shape_inference.infer_shapes(model, data_prop=True)
    from onnxruntime.tools.symbolic_shape_infer import SymbolicShapeInference

    return SymbolicShapeInference.infer_shapes(model, auto_merge=True)


def is_complete(value: Any) -> bool:
    tensor = value.type.tensor_type
    dims = tensor.shape.dim
    return tensor.HasField("shape") and all(d.HasField("dim_value") or d.dim_param for d in dims)


def main() -> None:
    tool, path, repeats = sys.argv[1], sys.argv[2], int(sys.argv[3])
    result: dict[str, Any] = {"wall_s": [], "cpu_s": []}
    for _ in range(repeats):
        model = onnx.load(path, load_external_data=False)
        started, cpu_started = time.perf_counter(), time.process_time()
        inferred = infer(tool, model)
        result["wall_s"].append(time.perf_counter() - started)
        result["cpu_s"].append(time.process_time() - cpu_started)
        types = {v.name: v for v in (*inferred.graph.value_info, *inferred.graph.output)}
        made = [name for node in inferred.graph.node for name in node.output if name]
        result["results"] = len(made)
        result["known"] = sum(name in types and is_complete(types[name]) for name in made)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    result["peak_rss_bytes"] = usage.ru_maxrss * 1024
    print(json.dumps(result))


if __name__ == "__main__":
    main()
