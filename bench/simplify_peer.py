"""The simplifiers that have no command of their own, for bench/simplify_bench.py.

simplify_peer.py onnxscript|onnxruntime INPUT OUTPUT
"""

import sys
from pathlib import Path


def run_onnxscript(source: Path, output: Path) -> None:
    import onnx_ir
    from onnxscript import optimizer

    model = onnx_ir.load(source)  # weights stay in their file
    optimizer.optimize(model)
    external = source.with_suffix(".data").exists()
    onnx_ir.save(model, output, external_data=output.name + ".data" if external else None)


def run_onnxruntime(source: Path, output: Path) -> None:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(output)
    if source.with_suffix(".data").exists():
        options.add_session_config_entry(
            "session.optimized_model_external_initializers_file_name", output.name + ".data"
        )
    onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


if __name__ == "__main__":
    runs = {"onnxscript": run_onnxscript, "onnxruntime": run_onnxruntime}
    runs[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
