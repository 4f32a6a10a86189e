"""The six faults that stop an export, each in a small network, and all of them in one.

Each line that is at fault ends in a comment `# FAULT: kind`, by which tests find it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn


class BranchOnValue(nn.Module):
    """[N, C] → [N, C]."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.mean() > 0:  # FAULT: value_read
            return x * 2
        return x - 1


class BranchOnSize(nn.Module):
    """[N, C] → [C]: rows above a threshold, if there are any."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kept = x[x.sum(1) > 0]  # FAULT: data_dependent_shape
        if kept.shape[0] == 0:  # FAULT: value_read
            return x.new_zeros(x.shape[1])
        return kept.sum(0)


class WithoutTranslation(nn.Module):
    """[N, C] → [N, C]."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.digamma(x.abs() + 1)  # FAULT: no_translation


@torch.library.custom_op("acuate_tests::scaled", mutates_args=())
def scaled(x: torch.Tensor, factor: float) -> torch.Tensor:
    return x * factor


@scaled.register_fake
def _(x: torch.Tensor, factor: float) -> torch.Tensor:
    return torch.empty_like(x)


class CustomOperator(nn.Module):
    """[N, C] → [N, C]."""

    def forward(self, x: torch.Tensor) -> Any:
        return torch.ops.acuate_tests.scaled(x, 3.0)  # FAULT: custom_operator


class NumpyRoundTrip(nn.Module):
    """[N, C] → [N, C]."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        values = x.numpy()  # FAULT: numpy_round_trip
        return torch.from_numpy(np.sort(values, axis=1))


@dataclass
class Summary:
    text: str
    factor: float


class ObjectOutput(nn.Module):
    """[N, C] → an object without tensors."""

    def forward(self, x: torch.Tensor) -> Summary:  # FAULT: object_output
        return Summary(text=f"{x.dim()} axes", factor=0.5)


class AllFaults(nn.Module):
    """[N, C] → dict of `rows` [N, C] and `kept` [C]: each fault in a module of its own, between
    modules that are without."""

    def __init__(self, channels: int = 4) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Linear(channels, channels), nn.ReLU())
        self.branch = BranchOnValue()
        self.size = BranchOnSize()
        self.digamma = WithoutTranslation()
        self.custom = CustomOperator()
        self.numpy = NumpyRoundTrip()
        self.summary = ObjectOutput()
        self.head = nn.Linear(channels, channels)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        x = self.stem(x) + x
        kept = self.size(x)
        rows = self.numpy(self.custom(self.digamma(self.branch(x))))
        return {"rows": self.head(rows) * self.summary(rows).factor, "kept": kept}


FAULTS: dict[str, type[nn.Module]] = {
    "value_read": BranchOnValue,
    "data_dependent_shape": BranchOnSize,
    "no_translation": WithoutTranslation,
    "custom_operator": CustomOperator,
    "numpy_round_trip": NumpyRoundTrip,
    "object_output": ObjectOutput,
}
