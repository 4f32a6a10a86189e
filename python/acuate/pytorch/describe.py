"""What signature.json says of a module, and what is measured for it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import torch
from torch import nn

from acuate._core import Error
from acuate.pytorch.converted import state_digest
from acuate.pytorch.export import Exported, unchanged, widen
from acuate.pytorch.samples import Call
from acuate.pytorch.signature import Signature
from acuate.pytorch.structure import flatten


def describe(
    model: nn.Module,
    call: Call,
    signature: Signature,
    exported: Exported,
    errors: list[list[float]],
    called: Mapping[str, int] | None = None,
    changing: Sequence[str] | None = None,
) -> dict[str, Any]:
    """signature.json (docs/pytorch.md). `called`, how often each module is, and `changing`, the
    buffers that a forward changes, where they are known."""
    called = calls_by_module(model, call) if called is None else called
    changing = changing_buffers(model, call) if changing is None else changing
    return {
        "schema_version": 1,
        "model_class": f"{type(model).__module__}:{type(model).__qualname__}",
        "torch": torch.__version__,
        "exporter": exported.exporter,
        "state_digest": state_digest(model, changing),
        "changing_buffers": list(changing),
        "relative_errors": errors,
        "sample_shapes": shapes_of(call, signature),
        **signature.to_json(),
        "modules": [
            {"path": path, "class": type(module).__qualname__, "calls": called.get(path, 0)}
            for path, module in model.named_modules()
        ],
    }


def arrays(call: Call, signature: Signature) -> dict[str, Any]:
    """The tensors of a call by input name, for calibration."""
    tensors = signature.flatten(call)
    return {
        port.name: widen(tensor.detach()).cpu().numpy()
        for port, tensor in zip(signature.inputs, tensors, strict=True)
    }


def shapes_of(call: Call, signature: Signature) -> dict[str, list[int]]:
    """The sizes of a call's tensors by input name."""
    tensors = signature.flatten(call)
    return {p.name: list(t.shape) for p, t in zip(signature.inputs, tensors, strict=True)}


def run_sample(model: nn.Module, call: Call, index: int) -> Any:
    """The result of one sample. Errors: what the model raises, with the sample."""
    try:
        with torch.no_grad(), unchanged(model):
            return model(*call.args, **call.kwargs)
    except Exception as error:
        raise Error(
            f"the model fails on sample {index}: {type(error).__name__}: {error}"
        ) from error


def changing_buffers(model: nn.Module, call: Call) -> list[str]:
    """Names of the buffers that a forward changes."""
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    with unchanged(model), torch.no_grad():
        model(*call.args, **call.kwargs)
        after = dict(model.named_buffers())
        return [n for n, old in before.items() if n not in after or not old.equal(after[n])]


def without_values(result: Any) -> Any:
    """The result with tensors that have no values."""
    structure, leaves = flatten(result)
    return structure.rebuild([leaf.tensor.to("meta") for leaf in leaves])


def calls_by_module(model: nn.Module, call: Call) -> dict[str, int]:
    """How often each module is called in one inference, by its first path."""
    counts: dict[str, int] = {}

    def note(path: str) -> Callable[..., None]:
        def hook(*_: Any) -> None:
            counts[path] = counts.get(path, 0) + 1

        return hook

    with ExitStack() as stack:
        for path, module in model.named_modules():
            stack.callback(module.register_forward_pre_hook(note(path)).remove)
        run_sample(model, call, 0)
    return counts
