"""Small networks with the habits that conversions meet."""

from typing import Any

import torch
from torch import nn


class Padded:
    """Images of a batch with the mask of what is padding, as DETR has them."""

    def __init__(self, tensors: torch.Tensor, mask: torch.Tensor) -> None:
        self.tensors, self.mask = tensors, mask


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.norm(self.conv(x))
        return y.relu()


class Detector(nn.Module):
    """A container in, nested containers out."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.ModuleDict({"body": Block(3, 8)})
        self.drop = nn.Dropout()
        self.head = nn.Linear(8, 2)

    def forward(self, samples: Padded) -> dict[str, Any]:
        features = self.backbone["body"](samples.tensors) * (~samples.mask)[:, None]
        scores = self.head(self.drop(features.mean((2, 3))))
        return {"scores": scores, "aux": [{"features": features}], "stride": 1}


class Gate(nn.Module):
    """Takes one of two ways, by its values."""

    def __init__(self) -> None:
        super().__init__()
        self.bright, self.dark = Block(3, 3), Block(3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.bright(x) if x.mean().item() > 0 else self.dark(x)
        return y


class Gated(nn.Module):
    """No exporter takes all of it; what is around the gate is heavy enough for engines."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.stem = nn.Sequential(Block(3, width), Block(width, width), Block(width, 3))
        self.gate = Gate()
        self.layers = nn.ModuleList(
            nn.Sequential(Block(3, width), Block(width, width), Block(width, 3)) for _ in range(2)
        )

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        x = self.gate(self.stem(x) + x)
        for layer in self.layers:
            x = layer(x)
        return {"y": x}


def settled(model: nn.Module, seed: int = 0) -> Any:
    """In evaluation mode, with statistics of normalisation that are not those of no data."""
    torch.manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.1)  # type: ignore[arg-type]
            nn.init.uniform_(module.running_var, 0.5, 1.5)  # type: ignore[arg-type]
    return model.eval()


def detector_samples(
    sizes: tuple[tuple[int, int], ...] = ((16, 24), (20, 32), (16, 40)),
) -> list[Any]:
    generator = torch.Generator().manual_seed(1)
    return [
        (
            Padded(
                torch.randn(1, 3, height, width, generator=generator),
                torch.rand(1, height, width, generator=generator) > 0.7,
            ),
        )
        for height, width in sizes
    ]


def gated_samples() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    shapes = ((64, 48), (80, 64), (64, 64))
    return [
        torch.randn(1, 3, *shape, generator=generator) * 0.1 + shift
        for shape, shift in zip(shapes, (3, -3, 3), strict=True)
    ]
