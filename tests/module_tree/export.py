"""Exports networks with the module that each node comes from, for module_tree_test.py.

  export.py FOLDER NAME…       FOLDER/NAME.<exporter>.onnx, .json and .tsv

The JSON has `nodes` ([node, module], …), and `same`: other paths of modules that stand in several
places. The other file has both with what the module tree is read from, for the tests without
PyTorch: a line `operator, name, inputs, outputs, module, name_scopes, class_hierarchy` for each
node, `?` where the truth is not known.

Runs where PyTorch is (bench/requirements-export.txt). The truth is that of `named_modules()` and of
forward hooks, not of what the exporter wrote:

- TorchScript: the model is exported a second time while each module's scope has its whole path for
  a name; node by node the two are the same.
- dynamo: run eagerly with a hook around each module, the operators come in the same order as in the
  exported program, so that the k-th convolution here is the k-th there. Operators whose numbers
  differ are left out of the truth.
"""

import json
import sys
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn
from torch.onnx._internal.torchscript_exporter import utils
from torch.utils._python_dispatch import TorchDispatchMode

sys.path.insert(0, str(Path(__file__).resolve().parent))
MARK = ";"  # ends a path in a scope's name: what follows is the exporter's


def to_onnx(model: nn.Module, inputs: tuple[torch.Tensor, ...], path: Path, dynamo: bool) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if dynamo:
            torch.onnx.export(model, inputs, path, dynamo=True, external_data=False, verbose=False)
        else:
            torch.onnx.export(model, inputs, path, dynamo=False, opset_version=17)


@contextmanager
def whole_paths_as_scopes() -> Iterator[None]:
    original = utils._setup_trace_module_map

    def setup(model: nn.Module, functions: object) -> object:
        result = original(model, functions)
        torch.jit._trace._trace_module_map = {
            module: torch._C._jit_onnx_create_full_scope_name(
                torch.typename(type(module)), path + MARK
            )
            for path, module in model.named_modules()
        }
        return result

    utils._setup_trace_module_map = setup
    try:
        yield
    finally:
        utils._setup_trace_module_map = original


def torchscript(model: nn.Module, inputs: tuple[torch.Tensor, ...], path: Path) -> list[list[str]]:
    to_onnx(model, inputs, path, dynamo=False)
    told = path.with_suffix(".told.onnx")
    with whole_paths_as_scopes():
        to_onnx(model, inputs, told, dynamo=False)
    nodes, again = onnx.load(path).graph.node, onnx.load(told).graph.node
    told.unlink()
    assert [node.op_type for node in nodes] == [node.op_type for node in again]
    modules = dict(model.named_modules())
    truth = []
    for node, other in zip(nodes, again, strict=True):
        if MARK not in other.name:
            continue  # folded from constants of several modules: nobody's
        scope = other.name.rsplit("/", 1)[0].split("/")[-1].split(MARK)[0]
        assert scope in modules, other.name
        truth.append([node.name, scope])
    return truth


# Operators of ATen whose ONNX form has one node of one kind.
KINDS = {
    "convolution": "Conv", "relu": "Relu", "max_pool2d_with_indices": "MaxPool",
    "avg_pool2d": "AveragePool", "_softmax": "Softmax", "tanh": "Tanh", "gelu": "Gelu",
    "native_layer_norm": "LayerNormalization", "embedding": "Gather", "addmm": "Gemm",
    "split_with_sizes": "Split", "cat": "Concat",
    "_native_batch_norm_legit_no_training": "BatchNormalization", "erf": "Erf", "sub": "Sub",
}  # fmt: skip


class Recorder(TorchDispatchMode):
    """The operators that run, each with the module whose forward called it."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.seen: dict[str, list[str]] = defaultdict(list)
        for path, module in model.named_modules():
            module.register_forward_pre_hook(lambda *_, path=path: self.stack.append(path))
            module.register_forward_hook(lambda *_: self.stack.pop() and None)

    def __torch_dispatch__(
        self,
        operator: Any,
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> object:
        name = operator.overloadpacket.__name__.rstrip("_")
        if self.stack and name in KINDS:
            self.seen[KINDS[name]].append(self.stack[-1])
        return operator(*args, **(kwargs or {}))


def dynamo(model: nn.Module, inputs: tuple[torch.Tensor, ...], path: Path) -> list[list[str]]:
    to_onnx(model, inputs, path, dynamo=True)
    with torch.no_grad(), Recorder(model) as recorder:
        model(*inputs)
    nodes = onnx.load(path).graph.node
    counts = Counter(node.op_type for node in nodes)
    places: Counter[str] = Counter()
    truth = []
    for node in nodes:
        modules = recorder.seen.get(node.op_type, [])
        if counts[node.op_type] == len(modules):
            truth.append([node.name, modules[places[node.op_type]]])
            places[node.op_type] += 1
    return truth


def other_paths(model: nn.Module) -> dict[str, str]:
    first = {module: path for path, module in model.named_modules()}
    return {
        path: first[module]
        for path, module in model.named_modules(remove_duplicate=False)
        if first[module] != path
    }


def frozen(path: Path, truth: list[list[str]], same: dict[str, str]) -> str:
    graph = onnx.load(path).graph
    lines = [f"# {len(truth)} of {len(graph.node)} nodes are known"]
    lines += [f"same\t{other}\t{one}" for other, one in same.items()]
    lines.append("weights\t" + "\t".join(weight.name for weight in graph.initializer))
    known = {entry[0]: entry[1] for entry in truth}
    for node in graph.node:
        told = {prop.key.rsplit(".", 1)[-1]: prop.value for prop in node.metadata_props}
        fields = [node.op_type, node.name, ",".join(node.input), ",".join(node.output)]
        fields += [known.get(node.name, "?")]
        fields += [told.get(key, "") for key in ("name_scopes", "class_hierarchy")]
        lines.append("\t".join(["node", *fields]))
    return "\n".join(lines) + "\n"


EXPORTERS = {"torchscript": torchscript, "dynamo": dynamo}


def main(folder: Path, names: list[str]) -> None:
    from traps import NETWORKS

    torch.backends.mha.set_fastpath_enabled(False)
    for name in names or NETWORKS:
        for exporter, export in EXPORTERS.items():
            torch.manual_seed(0)
            make, inputs = NETWORKS[name]
            path = folder / f"{name}.{exporter}.onnx"
            model = make().eval()
            for weight in model.parameters():  # as in a trained network, none equals another
                nn.init.normal_(weight, std=0.2)
            truth, same = export(model, inputs, path), other_paths(model)
            path.with_suffix(".json").write_text(json.dumps({"nodes": truth, "same": same}))
            path.with_suffix(".tsv").write_text(frozen(path, truth, same))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
