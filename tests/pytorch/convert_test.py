"""Unmodified networks of many kinds are converted whole, and called like the originals."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import acuate
import onnx
import pytest
import torch
from acuate.pytorch.export import examples, export
from acuate.pytorch.probe import module_of
from acuate.pytorch.samples import Call, calls
from acuate.pytorch.signature import derive, parameters_of
from acuate.pytorch.structure import flatten
from acuate.pytorch.tensors import relative_error
from pytorch.networks import detr, zoo
from torch import nn

TOLERANCE = 1e-5
TOLERANCE_BFLOAT16 = 1e-2
"""bfloat16 has 8 bits; the artifact computes in float32 and rounds its results alone."""


def same(model: nn.Module, converted: Any, taken: Sequence[Call], tolerance: float) -> None:
    """On every sample: the same containers, classes, keys, types, and values."""
    for index, call in enumerate(taken):
        with torch.no_grad():
            expected = model(*call.args, **call.kwargs)
            found = converted(*call.args, **call.kwargs)
        assert type(found) is type(expected)
        structure, leaves = flatten(expected)
        again, results = flatten(found)
        assert structure.difference(again) is None
        # Constant results would prove nothing.
        assert any(leaf.tensor.double().std() > 1e-3 for leaf in leaves)
        for a, b in zip(leaves, results, strict=True):
            assert b.tensor.dtype == a.tensor.dtype
            assert b.tensor.shape == a.tensor.shape
            error = relative_error(a.tensor, b.tensor)
            assert error <= tolerance, f"sample {index}, {a.path}: {error}"


@pytest.mark.parametrize("name", list(zoo.ZOO))
def test_converts_whole(name: str, tmp_path: Path) -> None:
    model, samples = zoo.build(name)
    taken = calls(samples, None, model=model)
    result = acuate.convert(model, samples, output=tmp_path / "out", runs=0)
    assert result.report["coverage"]["engines"] == 1
    assert result.report["coverage"]["modules_total"] == len(list(model.named_modules()))
    tolerance = TOLERANCE_BFLOAT16 if name == "bfloat16" else TOLERANCE
    same(model, acuate.load(tmp_path / "out", model=model), taken, tolerance)


@pytest.mark.parametrize("exporter", ["torchscript", "dynamo"])
def test_nodes_tell_their_module(exporter: str, tmp_path: Path) -> None:
    model, samples = detr.small(), detr.samples(64, 107)
    taken = calls(samples, None, model=model)
    with torch.no_grad():
        results = [model(*call.args, **call.kwargs) for call in taken]
    signature = derive(taken, results, parameters_of(model.forward), names=(), axes={})
    first = examples(taken, signature)[0]
    exported = export(model, first, signature, tmp_path / "model.onnx", exporter)
    paths = {name for name, _ in model.named_modules()}
    nodes = [node for node in onnx.load(exported.path).graph.node if node.op_type != "Constant"]
    told = [node for node in nodes if any("name_scopes" in e.key for e in node.metadata_props)]
    assert sum(module_of(node) in paths for node in told) >= 0.98 * len(nodes)
    # Those of the root itself are few: the heads' slices and the lookup of queries.
    assert sum(module_of(node) == "" for node in nodes) <= 0.2 * len(nodes)


def test_detr_of_real_size(tmp_path: Path) -> None:
    model, samples = detr.real(), detr.samples(192, 320)
    assert len(list(model.named_modules())) == 447
    taken = calls(samples, None, model=model)
    result = acuate.convert(model, samples, output=tmp_path / "out", runs=0)
    coverage = result.report["coverage"]
    assert coverage["modules_converted"] == coverage["modules_total"] == 447
    assert coverage["engines"] == 1
    graph = onnx.load(tmp_path / "out" / "modules" / "model.onnx", load_external_data=False).graph
    paths = {name for name, _ in model.named_modules()}
    nodes = [node for node in graph.node if node.op_type != "Constant"]
    told = [node for node in nodes if any("name_scopes" in e.key for e in node.metadata_props)]
    assert sum(module_of(node) in paths for node in told) >= 0.98 * len(nodes)
    assert sum(module_of(node) == "" for node in nodes) <= 0.05 * len(nodes)
    # Numbers by module: of all that the network still has a tensor for.
    rows = {row["path"]: row for row in result.report["modules"]}
    for path in ("(model)", "backbone.0.body.layer3.22", "transformer.encoder.layers.5"):
        assert rows[path]["sqnr_db"] > 100
        assert rows[path]["cosine"] > 1 - 1e-9
    assert sum(row["cosine"] is not None for row in rows.values()) > 447 / 2
    # No name of an exporter's own on open axes.
    axes = {d.dim_param for v in graph.output for d in v.type.tensor_type.shape.dim}
    assert axes <= {"", "pred_logits_0", "pred_logits_1"}
    sizes = [[d.dim_param for d in value.type.tensor_type.shape.dim] for value in graph.input]
    height, width = sizes[0][2:]
    assert height
    assert width
    assert height != width
    assert sizes[1][1:] == [height, width]  # the mask's are the image's
    converted = acuate.load(tmp_path / "out", model=model)
    same(model, converted, taken, 1e-6)
    # A size that no sample has.
    other = detr.samples(128, 213, [[(480, 640), (640, 427)]])
    same(model, converted, calls(other, None, model=model), 1e-6)


def test_detr_in_bfloat16(tmp_path: Path) -> None:
    # Attention over sizes that are open, which OpenVINO's own kernels of this type fail at.
    model, samples = detr.small(), detr.samples(64, 107)
    output = tmp_path / "out"
    acuate.convert(model, samples, output=output, target="openvino", precision="bf16", runs=0)
    converted = acuate.load(output, model=model)
    other = detr.samples(96, 160, [[(480, 640), (640, 427)]])
    same(model, converted, calls([*samples, *other], None, model=model), 0.2)
