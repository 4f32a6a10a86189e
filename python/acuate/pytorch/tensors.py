"""Tensors of PyTorch on their way to the core and back, without copies."""

from collections.abc import Sequence

import torch

from acuate._arrays import CoreTensor
from acuate._core import Error

# Element types whose name in the core is not that of torch.
_NAMES = {
    torch.float8_e4m3fn: "float8e4m3fn",
    torch.float8_e4m3fnuz: "float8e4m3fnuz",
    torch.float8_e5m2: "float8e5m2",
    torch.float8_e5m2fnuz: "float8e5m2fnuz",
}
_TYPES = {name: dtype for dtype, name in _NAMES.items()}


def to_core(tensor: torch.Tensor, what: str) -> CoreTensor:
    """A tensor as the core reads it: in place where it is contiguous and on the CPU.

    Errors: a tensor elsewhere, or one that is not dense.
    """
    if tensor.device.type != "cpu":
        raise Error(f"{what} is on {tensor.device}; this artifact runs on the CPU: use .cpu()")
    if tensor.layout is not torch.strided or tensor.is_quantized:
        raise Error(f"{what} is {tensor.layout}, expected a dense tensor")
    if tensor.is_conj() or tensor.is_neg():
        tensor = tensor.resolve_conj().resolve_neg()
    flat = tensor.detach().contiguous().reshape(-1)
    name = _NAMES.get(tensor.dtype) or str(tensor.dtype).removeprefix("torch.")
    return flat.view(torch.uint8).numpy(), name, list(tensor.shape)


def from_core(tensor: CoreTensor) -> torch.Tensor:
    """A result, over the memory that the engine gave; nothing else writes there."""
    data, name, shape = tensor
    dtype = _TYPES.get(name) or vars(torch).get(name)
    if not isinstance(dtype, torch.dtype):
        raise Error(f"a result of type {name} cannot be given to PyTorch")
    return torch.from_numpy(data).view(dtype).reshape(tuple(shape))


def relative_error(expected: torch.Tensor, found: torch.Tensor) -> float:
    """|found - expected| / |expected| in the 2-norm.

    Of whole numbers and truth values the fraction that differs. Infinite for another shape, and
    where one has a value that is not finite and the other has another.
    """
    if expected.shape != found.shape:
        return float("inf")
    if expected.numel() == 0:
        return 0.0
    if not (expected.is_floating_point() or expected.is_complex()):
        return float((expected != found.to(expected.dtype)).double().mean())
    a, b = expected.double(), found.double()
    equal = (a == b) | (a.isnan() & b.isnan())
    if bool(equal.all()):
        return 0.0
    if not bool(((a.isfinite() & b.isfinite()) | equal).all()):
        return float("inf")
    finite = a.isfinite()  # what is not finite is the same on both sides here
    a, b = a[finite], b[finite]
    noise, signal = float((a - b).norm()), float(a.norm())
    return noise / signal if signal > 0 else noise


def relative_errors(expected: Sequence[torch.Tensor], found: Sequence[torch.Tensor]) -> list[float]:
    """One for each pair."""
    return [relative_error(a, b) for a, b in zip(expected, found, strict=True)]
