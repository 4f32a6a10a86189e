"""What an ONNX file computes, and inside of it what each module of the program does."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnx
import torch
from torch import nn

from acuate import _core
from acuate.pytorch.export import save, widen
from acuate.pytorch.samples import Call
from acuate.pytorch.signature import Signature
from acuate.pytorch.tensors import from_core, to_core

CHECKED_ON = "onnxruntime"
"""The target on which exported files are run beside the module."""

Inside = Callable[[Call, Signature], dict[str, torch.Tensor]]


class Engine:
    """An ONNX file that runs on tensors."""

    def __init__(self, path: Path, optimized: bool = True, target: str = CHECKED_ON) -> None:
        self._runnable = _core.open_model(path, target, 0, False, optimized)
        self.inputs = [name for name, _, _ in self._runnable.inputs]

    def run(self, tensors: dict[str, torch.Tensor]) -> list[torch.Tensor]:
        """By input name; names that the file does not have, such as of inputs that nothing reads,
        are passed over."""
        given = [to_core(widen(tensors[name]), f"input '{name}'") for name in self.inputs]
        return [from_core(result) for result in self._runnable.run(given)]


def named(call: Call, signature: Signature) -> dict[str, torch.Tensor]:
    """The tensors of a call by input name."""
    tensors = signature.flatten(call)
    return {port.name: tensor for port, tensor in zip(signature.inputs, tensors, strict=True)}


@contextmanager
def probe(path: Path, names: Sequence[str], target: str = CHECKED_ON) -> Iterator[Inside]:
    """What gives a file's own outputs and these tensors inside of it, by name, for a call; it runs
    without an engine's fusions."""
    with TemporaryDirectory(prefix="acuate-") as folder:
        file = Path(folder) / "probe.onnx"
        present = _with_outputs(path, names, file)
        engine = Engine(file, optimized=False, target=target)

        def inside(call: Call, signature: Signature) -> dict[str, torch.Tensor]:
            return dict(zip(present, engine.run(named(call, signature)), strict=True))

        yield inside


@contextmanager
def module_hooks(model: nn.Module, make: Any) -> Iterator[None]:
    """While it lasts, each module but the whole has the forward hook that `make` gives for its
    path."""
    with ExitStack() as stack:
        for path, module in model.named_modules():
            if path:
                stack.callback(module.register_forward_hook(make(path)).remove)
        yield


def tensors_of_modules(path: Path) -> dict[str, list[str]]:
    """By module: the tensors that its nodes give to others."""
    graph = onnx.load(path, load_external_data=False).graph
    scope = {}
    for node in graph.node:
        module = module_of(node)
        for output in node.output:
            scope[output] = module
    produced: dict[str, dict[str, None]] = {}
    readers = [(module_of(node), node.input) for node in graph.node]
    readers.append(("", [output.name for output in graph.output]))
    for reader, inputs in readers:
        for name in inputs:
            made = scope.get(name)
            while made:
                if reader == made or reader.startswith(made + "."):
                    break
                produced.setdefault(made, {})[name] = None
                made = made.rpartition(".")[0]
    return {module: list(names) for module, names in produced.items()}


def module_of(node: onnx.NodeProto) -> str:
    """The module that made a node, by its metadata; the whole model where there is none."""
    for entry in node.metadata_props:
        if entry.key == "pkg.torch.onnx.name_scopes":
            scopes = [part.strip().strip("'\"") for part in entry.value.strip("[]").split(",")]
            return scopes[-2] if len(scopes) > 1 else ""
    return ""


def _with_outputs(path: Path, names: Sequence[str], to: Path) -> list[str]:
    model = onnx.load(path)
    known = {value.name: value for value in model.graph.value_info}
    present = {output.name: None for output in model.graph.output}
    for name in names:
        if name not in present:
            model.graph.output.append(known.get(name) or onnx.ValueInfoProto(name=name))
            present[name] = None
    save(model, to)
    return list(present)
