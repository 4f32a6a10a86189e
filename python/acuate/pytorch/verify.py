"""Whether an exported file computes what the module computes, on every sample."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnx
import torch
from torch import nn

from acuate import _core
from acuate._core import Error
from acuate.pytorch.adapter import run_flat
from acuate.pytorch.export import unchanged, widen
from acuate.pytorch.samples import Call
from acuate.pytorch.signature import Signature
from acuate.pytorch.structure import flatten
from acuate.pytorch.tensors import from_core, relative_error, relative_errors, to_core

CHECKED_ON = "onnxruntime"
"""The target on which exported files are run beside the module."""
TOLERANCE = 1e-4
"""Relative output error of float32 networks; engines differ by some 1e-6, a branch that was frozen
by much more."""
TOLERANCE_16_BIT = 5e-2
"""Where the module itself computes in 16-bit floats; the file computes in float32."""


ROUNDINGS = 30
"""What is allowed where it is more: so many times the effect of noise of one unit in the last place
of the inputs; a network rounds at each of its layers."""


class UnfaithfulError(Error):
    """A file computes something else than the module."""


def tolerance_of(model: nn.Module) -> float:
    half = (torch.bfloat16, torch.float16)
    return TOLERANCE_16_BIT if any(p.dtype in half for p in model.parameters()) else TOLERANCE


class Engine:
    """An ONNX file that runs on tensors."""

    def __init__(self, path: Path, optimized: bool = True) -> None:
        self._runnable = _core.open_model(path, CHECKED_ON, 0, False, optimized)
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


def check(
    model: nn.Module, calls: Sequence[Call], signature: Signature, path: Path
) -> list[list[float]]:
    """The relative error of each output on each sample.

    Errors: UnfaithfulError, with the sample, the output, and the first module that differs; two
    runs of the module itself that differ.
    """
    engine = Engine(path)
    tolerance = tolerance_of(model)
    errors = []
    for index, call in enumerate(calls):
        with unchanged(model):
            expected = run_flat(model, call, signature)
        found = engine.run(named(call, signature))
        errors.append(relative_errors([widen(tensor) for tensor in expected], found))
        worst = max(range(len(found)), key=lambda i: errors[-1][i], default=None)
        if worst is None or errors[-1][worst] <= tolerance:
            continue
        with unchanged(model):
            torch.manual_seed(torch.initial_seed() + 1)  # each run draws the same otherwise
            again = run_flat(model, call, signature)
        own = relative_error(expected[worst], again[worst])
        if own > tolerance:
            raise UnfaithfulError(
                f"sample {index}: two runs of the module itself differ by {own:.1e} in "
                f"'{signature.outputs[worst].name}': it draws random numbers"
            )
        # A network may amplify rounding: what noise of its inputs' last bit does is no error.
        rounding = _rounding(model, call, signature, expected)
        if errors[-1][worst] <= max(tolerance, ROUNDINGS * rounding[worst]):
            continue
        where = _where(model, call, signature, path)
        raise UnfaithfulError(
            f"sample {index}: '{signature.outputs[worst].name}' differs by "
            f"{errors[-1][worst]:.1e} (allowed: {tolerance:.0e}){where}"
        )
    return errors


def _rounding(
    model: nn.Module, call: Call, signature: Signature, expected: Sequence[torch.Tensor]
) -> list[float]:
    """The relative change of each output when the last bit of the inputs is noise."""
    generator = torch.Generator().manual_seed(0)
    noisy = [
        tensor * (1 + torch.finfo(tensor.dtype).eps * _signs(tensor, generator))
        if tensor.is_floating_point()
        else tensor
        for tensor in signature.flatten(call)
    ]
    with unchanged(model):
        found = run_flat(model, signature.rebuild_call(noisy), signature)
    return relative_errors(expected, found)


def _signs(tensor: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return torch.randint(0, 2, tensor.shape, generator=generator).to(tensor) * 2 - 1


def _where(model: nn.Module, call: Call, signature: Signature, path: Path) -> str:
    try:
        found = first_difference(model, call, signature, path)
    except Error:
        return ""
    if found is None:
        return "; no module inside differs: the difference is made by the whole model itself"
    module, error = found
    return f"; the first module that differs is '{module}', by {error:.1e}"


def first_difference(
    model: nn.Module, call: Call, signature: Signature, path: Path
) -> tuple[str, float] | None:
    """The first module, in the order in which they end, whose result the file does not compute,
    and by how much it differs."""
    produced = _tensors_of_modules(path)
    wanted = sorted({name for names in produced.values() for name in names})
    with TemporaryDirectory(prefix="acuate-") as folder:
        probe = Path(folder) / "probe.onnx"
        _with_outputs(path, wanted, probe)
        results = Engine(probe, optimized=False).run(named(call, signature))
    values = dict(zip(wanted, results[-len(wanted) :], strict=True)) if wanted else {}
    tolerance = tolerance_of(model)
    for module, tensor in _results_of_modules(model, call):
        candidates = [values[name] for name in produced.get(module, ())]
        candidates = [value for value in candidates if value.shape == tensor.shape]
        if not candidates:
            continue
        error = min(relative_error(widen(tensor), value) for value in candidates)
        if error > tolerance:
            return module, error
    return None


def _results_of_modules(model: nn.Module, call: Call) -> Iterator[tuple[str, torch.Tensor]]:
    """What each module gives, in the order in which they end; the whole model left out."""
    seen: list[tuple[str, torch.Tensor]] = []

    def note(path: str) -> Any:
        def hook(module: nn.Module, args: Any, result: Any) -> None:
            seen.extend((path, leaf.tensor.detach().clone()) for leaf in flatten(result)[1])

        return hook

    with _hooks(model, note), unchanged(model), torch.no_grad():
        model(*call.args, **call.kwargs)
    yield from seen


@contextmanager
def _hooks(model: nn.Module, make: Any) -> Iterator[None]:
    with ExitStack() as stack:
        for path, module in model.named_modules():
            if path:
                stack.callback(module.register_forward_hook(make(path)).remove)
        yield


def _tensors_of_modules(path: Path) -> dict[str, list[str]]:
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


def _with_outputs(path: Path, names: Sequence[str], to: Path) -> None:
    model = onnx.load(path)
    known = {value.name: value for value in model.graph.value_info}
    present = {output.name for output in model.graph.output}
    for name in names:
        value = known.get(name) or onnx.ValueInfoProto(name=name)
        if name in present:  # the caller reads the last results
            copied = f"{name}/again"
            model.graph.node.add(op_type="Identity", input=[name], output=[copied])
            value = onnx.ValueInfoProto(name=copied)
        model.graph.output.append(value)
    large = model.ByteSize() > 1 << 30
    onnx.save(model, to, save_as_external_data=large)
