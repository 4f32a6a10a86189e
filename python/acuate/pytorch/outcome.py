"""What a run of the model gave, to be compared with another run."""

from dataclasses import dataclass
from typing import Any

import torch

from acuate.pytorch.structure import Structure, flatten

# Above what another order of additions makes; fused attention takes another where hooks watch.
_TOLERANCE = {torch.float64: 1e-8, torch.float32: 1e-4, torch.float16: 2e-2, torch.bfloat16: 1e-1}


@dataclass(frozen=True)
class Outcome:
    """Copies of the tensors of a result."""

    structure: Structure
    tensors: tuple[torch.Tensor, ...]

    @classmethod
    def of(cls, result: Any) -> "Outcome":
        structure, leaves = flatten(result)
        return cls(structure, tuple(leaf.tensor.detach().clone() for leaf in leaves))

    def equals(self, other: "Outcome") -> bool:
        """Up to what rounding explains."""
        if len(self.tensors) != len(other.tensors):
            return False
        return all(map(_close, self.tensors, other.tensors))


def _close(a: torch.Tensor, b: torch.Tensor) -> bool:
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if not (a.is_floating_point() or a.is_complex()):
        return torch.equal(a, b)
    wide = torch.complex128 if a.is_complex() else torch.float64
    a64, b64 = a.to(wide), b.to(wide)
    finite = torch.isfinite(a64)
    if not torch.equal(finite, torch.isfinite(b64)):
        return False
    a64, b64 = a64[finite], b64[finite]
    scale = a64.abs().square().sum().sqrt()
    return bool((a64 - b64).abs().square().sum().sqrt() <= _TOLERANCE.get(a.dtype, 1e-1) * scale)
