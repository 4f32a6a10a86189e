"""A module as an ONNX file, by the exporters of PyTorch."""

import contextlib
import copy
import json
import logging
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn

from acuate._core import Error
from acuate.pytorch.adapter import as_flat
from acuate.pytorch.axis_names import name_axes
from acuate.pytorch.model_state import ModelState
from acuate.pytorch.samples import Call
from acuate.pytorch.signature import Signature

EXPORTERS = ("torchscript", "dynamo")
"""In the order of trial. TorchScript's tracer is several times faster (DETR-R101: 7 s against 40 s)
and takes more of Python; what it freezes without a word, branches on values and numpy, the scan and
the check on every sample find. torch.export refuses those."""

EXTERNAL_BYTES = 1 << 30
"""Files that are larger have their weights beside them; protobuf's own limit is 2 GiB."""

OPSETS = {"torchscript": 17, "dynamo": 20}
_END = ";"  # ends a path in a scope's name: what follows is the exporter's
_SCOPES, _CLASSES = "pkg.torch.onnx.name_scopes", "pkg.torch.onnx.class_hierarchy"


@dataclass(frozen=True)
class Exported:
    """A file that an exporter wrote, with its seconds."""

    path: Path
    exporter: str
    seconds: float


class ExportError(Error):
    """An exporter does not take a module."""

    def __init__(self, message: str, exporter: str) -> None:
        super().__init__(message)
        self.exporter = exporter


def export(
    model: nn.Module, call: Call, signature: Signature, path: Path, exporter: str
) -> Exported:
    """Exports a module with its weights; axes with a symbol stay open.

    `call` is what is traced. Every node that a module made says which, by its `named_modules()`
    key, in the metadata that torch.export writes. Parameters of 16-bit floats are exported as
    float32, and their tensors at the borders with them. The model is as it was afterwards. Errors:
    ExportError with the exporter's own message, and what it raised as its cause.
    """
    begin = time.perf_counter()
    with unchanged(model):
        wide = widened(model)
        flat = as_flat(wide, signature)
        tensors = tuple(widen(tensor) for tensor in signature.flatten(call))
        try:
            with torch.no_grad(), quiet():
                if exporter == "torchscript":
                    _by_torchscript(flat, tensors, signature, path)
                else:
                    _by_dynamo(flat, tensors, signature, path)
        except KeyboardInterrupt:
            raise
        except Exception as error:
            message = first_line(error)
            raise ExportError(f"{exporter}: {type(error).__name__}: {message}", exporter) from error
    return Exported(path, exporter, time.perf_counter() - begin)


def widen(tensor: torch.Tensor) -> torch.Tensor:
    """16-bit floats as float32, which every engine computes in; others as they are."""
    return tensor.float() if tensor.dtype in (torch.bfloat16, torch.float16) else tensor


def widened(model: nn.Module) -> nn.Module:
    """A copy in float32 where the model has 16-bit floats; else the model."""
    held = [*model.parameters(), *model.buffers()]
    if not any(tensor.dtype in (torch.bfloat16, torch.float16) for tensor in held):
        return model
    return copy.deepcopy(model).float()


@contextlib.contextmanager
def unchanged(model: nn.Module) -> Iterator[None]:
    """Puts back buffers and attributes that a forward changes or makes, and the state of random
    numbers. What a forward keeps while it is exported would be a tensor of the exporter's."""
    modules = dict(model.named_modules())
    state = ModelState(
        {path: m for path, m in modules.items() if not isinstance(m, torch.jit.ScriptModule)}
    )
    for storage, tensors in state.names.items():
        if any(named.kind != "parameter" for named, _ in tensors):
            state.save(storage)
    with torch.random.fork_rng(devices=[]):
        try:
            yield
        finally:
            state.restore()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without the exporters' own warnings: what they miss is checked on the samples."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logging.disable(before)


def first_line(error: BaseException) -> str:
    """The first line of a message that says something."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # torch.onnx wraps what happened into advice.
    while error.__cause__ is not None and lines and lines[0].startswith("Failed to "):
        error = error.__cause__
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def _by_torchscript(
    flat: nn.Module, tensors: tuple[torch.Tensor, ...], signature: Signature, path: Path
) -> None:
    ports = [*signature.inputs, *signature.outputs]
    axes = {port.name: port.symbols() for port in ports if port.symbols()}
    with _whole_paths_as_scopes():
        torch.onnx.export(
            flat,
            tensors,
            str(path),  # beyond 2 GiB weights go to files beside it, if it is text
            dynamo=False,
            opset_version=OPSETS["torchscript"],
            do_constant_folding=False,  # weights keep their names; simplification folds
            input_names=[port.name for port in signature.inputs],
            output_names=[port.name for port in signature.outputs],
            dynamic_axes=axes,
        )
    file = onnx.load(path, load_external_data=False)
    _tell_modules(file, flat)
    name_axes(file.graph, signature)
    _replace(path, file)


def _by_dynamo(
    flat: nn.Module, tensors: tuple[torch.Tensor, ...], signature: Signature, path: Path
) -> None:
    dims = {
        symbol: torch.export.Dim.DYNAMIC
        for port in signature.inputs
        for symbol in port.symbols().values()
    }
    shapes = tuple(
        {axis: dims[symbol] for axis, symbol in port.symbols().items()} for port in signature.inputs
    )
    torch.onnx.export(
        flat,
        tensors,
        path,
        dynamo=True,
        opset_version=OPSETS["dynamo"],
        optimize=False,
        verbose=False,
        external_data=size_bytes(flat) > EXTERNAL_BYTES,
        input_names=[port.name for port in signature.inputs],
        output_names=[port.name for port in signature.outputs],
        dynamic_shapes=(shapes,) if dims else None,
    )
    file = onnx.load(path, load_external_data=False)
    name_axes(file.graph, signature)
    _replace(path, file)


def save(file: onnx.ModelProto, path: Path) -> None:
    """Writes a model whose weights are all in memory."""
    onnx.save(file, path, save_as_external_data=file.ByteSize() > EXTERNAL_BYTES)


def _replace(path: Path, file: onnx.ModelProto) -> None:
    """Writes a model in its own place; weights in other files stay where they are."""
    written = path.with_suffix(".told")
    onnx.save(file, written)
    written.replace(path)


def size_bytes(model: nn.Module) -> int:
    """Of all weights."""
    return sum(tensor.nbytes for tensor in [*model.parameters(), *model.buffers()])


# ----- which module a node comes from -----


@contextlib.contextmanager
def _whole_paths_as_scopes() -> Iterator[None]:
    """While it lasts, TorchScript's exporter names the scope of a module by its whole path.

    Its own scopes have a module's last name alone. This reaches into the exporter; where a version
    of torch has nothing there, scopes stay as they are, and the core reads what they tell. Nor does
    it print the whole graph when it fails, which it does as it takes a function for its result.
    """
    try:
        from torch.jit import _trace
        from torch.onnx._internal.torchscript_exporter import utils

        original, logging_of = utils._setup_trace_module_map, utils.setup_onnx_logging
        scope = torch._C._jit_onnx_create_full_scope_name
    except (ImportError, AttributeError):
        yield
        return

    def setup(model: Any, functions: Any) -> Any:
        result = original(model, functions)
        _trace._trace_module_map = {
            module: scope(torch.typename(type(module)), path + _END)
            for path, module in model.named_modules()
        }
        return result

    utils._setup_trace_module_map = setup  # type: ignore[assignment]
    utils.setup_onnx_logging = _without_printing
    try:
        yield
    finally:
        utils._setup_trace_module_map, utils.setup_onnx_logging = original, logging_of


@contextlib.contextmanager
def _without_printing(verbose: bool) -> Iterator[None]:
    yield


def _tell_modules(file: onnx.ModelProto, model: nn.Module) -> None:
    """Writes the modules that scopes tell into the nodes' metadata, in the form of torch.export,
    and gives nodes and tensors names without them."""
    modules = dict(model.named_modules())
    counts: dict[str, int] = {}
    renamed: dict[str, str] = {}
    kept = {value.name for value in [*file.graph.input, *file.graph.output]}
    graphs = [file.graph]
    for graph in graphs:
        for node in graph.node:
            graphs += [a.g for a in node.attribute if a.type == onnx.AttributeProto.GRAPH]
            if _END not in node.name:
                continue
            scope = node.name.rsplit("/", 1)[0].split("/")[-1].split(_END)[0]
            if scope not in modules:
                continue
            parts = scope.split(".") if scope else []
            holders = [".".join(parts[: i + 1]) for i in range(len(parts))]
            places = ["", *(holder for holder in holders if holder in modules)]
            stem = f"{scope}/{node.op_type}" if scope else node.op_type
            counts[stem] = counts.get(stem, 0) + 1
            node.name = f"/{stem}" if counts[stem] == 1 else f"/{stem}_{counts[stem] - 1}"
            node.metadata_props.add(key=_SCOPES, value=json.dumps([*places, node.name]))
            classes = [torch.typename(type(modules[place])) for place in places]
            node.metadata_props.add(key=_CLASSES, value=json.dumps([*classes, node.op_type]))
            for place, name in enumerate(node.output):
                if _END in name and name not in kept:
                    renamed[name] = f"{node.name}_output_{place}"
    for graph in graphs:
        for node in graph.node:
            for names in (node.input, node.output):
                names[:] = [renamed.get(name, name) for name in names]
        for value in [*graph.output, *graph.value_info]:
            value.name = renamed.get(value.name, value.name)


def examples(calls: Sequence[Call], signature: Signature) -> list[Call]:
    """The samples in the order in which they are good to trace: without axes of size 1 that vary,
    which exporters take for fixed, and small ones first."""

    def rank(call: Call) -> tuple[int, int]:
        tensors = signature.flatten(call)
        ones = sum(
            tensor.shape[axis] < 2
            for port, tensor in zip(signature.inputs, tensors, strict=True)
            for axis in port.symbols()
        )
        return ones, sum(tensor.numel() for tensor in tensors)

    return sorted(calls, key=rank)
