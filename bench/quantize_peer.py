"""One run of a peer's quantizer: PEER MODEL SAMPLES.npz OUTPUT. Runs in the peers' environment.

Of ONNX Runtime, `ort` is as it comes, but 8 bits without sign for activations; the others have
scales per channel for weights. These and NNCF get a model whose opset can say that, whose shapes
are inferred and whose graph is simplified, by quant_pre_process. NNCF corrects biases fully.
"""

import logging
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx

PEER, MODEL, SAMPLES, OUTPUT = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])
PER_CHANNEL_OPSET = 13  # the first whose QuantizeLinear has an axis


class Reader:
    """ONNX Runtime's CalibrationDataReader, one sample at a time."""

    def __init__(self) -> None:
        with np.load(SAMPLES) as file:
            self.name = file.files[0]
            self.data = file[self.name]
        self.next = 0

    def get_next(self) -> dict[str, Any] | None:
        if self.next == len(self.data):
            return None
        self.next += 1
        return {self.name: self.data[self.next - 1 : self.next]}


def recent(model: onnx.ModelProto) -> onnx.ModelProto:
    version = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
    if version >= PER_CHANNEL_OPSET:
        return model
    return onnx.version_converter.convert_version(model, PER_CHANNEL_OPSET)


def fixed(model: onnx.ModelProto) -> onnx.ModelProto:
    """Each dimension of the input as the samples have it, the batch 1."""
    with np.load(SAMPLES) as file:
        dims = (1, *file[file.files[0]].shape[1:])
    shape = model.graph.input[0].type.tensor_type.shape
    for dim, size in zip(shape.dim, dims, strict=True):
        dim.dim_value = size
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    return model


def prepared() -> onnx.ModelProto:
    """By quant_pre_process: NNCF too finds weights only where they are no nodes."""
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as folder:
        source, result = Path(folder, "fixed.onnx"), Path(folder, "prepared.onnx")
        onnx.save(recent(fixed(onnx.load(MODEL))), source)
        try:
            quant_pre_process(source, result)
        except Exception:  # its symbolic inference fails on some; the optimizer alone does
            quant_pre_process(source, result, skip_symbolic_shape=True)
        return onnx.load(result)


def onnxruntime() -> None:
    from onnxruntime.quantization import (
        CalibrationDataReader,
        CalibrationMethod,
        QuantType,
        quantize_static,
    )

    reader = type("Samples", (Reader, CalibrationDataReader), {})()
    if PEER == "ort":
        quantize_static(
            MODEL, OUTPUT, reader, activation_type=QuantType.QUInt8, weight_type=QuantType.QUInt8
        )
        return
    method = {
        "minmax": CalibrationMethod.MinMax,
        "entropy": CalibrationMethod.Entropy,
        "percentile": CalibrationMethod.Percentile,
    }[PEER.removeprefix("ort-")]
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "prepared.onnx")
        onnx.save(prepared(), model)
        quantize_static(
            model,
            OUTPUT,
            reader,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=method,
        )


def nncf_quantize() -> None:
    import nncf
    from nncf.quantization.advanced_parameters import (
        AdvancedQuantizationParameters,
        QuantizationParameters,
    )

    reader = Reader()
    samples = [{reader.name: reader.data[i : i + 1]} for i in range(len(reader.data))]
    advanced = AdvancedQuantizationParameters()
    if PEER == "nncf-per-tensor":
        advanced.activations_quantization_params = QuantizationParameters(per_channel=False)
    preset = nncf.QuantizationPreset.MIXED
    if PEER == "nncf-performance":
        preset = nncf.QuantizationPreset.PERFORMANCE
    model = nncf.quantize(
        prepared(),
        nncf.Dataset(samples),
        preset=preset,
        subset_size=len(samples),
        fast_bias_correction=False,
        advanced_parameters=advanced,
    )
    onnx.save(model, OUTPUT)


logging.disable(logging.WARNING)
onnxruntime() if PEER.startswith("ort") else nncf_quantize()
