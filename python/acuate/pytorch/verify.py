"""Whether an exported file computes what the module computes, on every sample."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from acuate._core import Error
from acuate.pytorch.adapter import run_flat
from acuate.pytorch.export import unchanged, widen
from acuate.pytorch.probe import Engine, module_hooks, named, probe, tensors_of_modules
from acuate.pytorch.samples import Call
from acuate.pytorch.signature import Signature
from acuate.pytorch.structure import flatten
from acuate.pytorch.tensors import relative_error, relative_errors

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
    produced = tensors_of_modules(path)
    wanted = sorted({name for names in produced.values() for name in names})
    with probe(path, wanted) as inside:
        values = inside(call, signature)
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

    with module_hooks(model, note), unchanged(model), torch.no_grad():
        model(*call.args, **call.kwargs)
    yield from seen
