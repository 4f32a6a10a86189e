"""A network without faults, of DETR's habits in small: a container as argument and between
modules, a mask that follows the image, a dict with a list for a result."""

import torch
from torch import nn
from torch.nn.functional import interpolate


class NestedTensor:
    """Images [N, C, H, W] padded to one size, and where they are padded [N, H, W] (bool)."""

    def __init__(self, tensors: torch.Tensor, mask: torch.Tensor) -> None:
        self.tensors = tensors
        self.mask = mask


class Body(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, channels, 3, stride=2, padding=1)

    def forward(self, images: NestedTensor) -> NestedTensor:
        features = self.conv(images.tensors).relu()
        mask = interpolate(images.mask[None].float(), size=features.shape[-2:])[0].bool()
        return NestedTensor(features, mask)


class CleanDetector(nn.Module):
    """NestedTensor → dict of `logits` [N, Q, 5], `boxes` [N, Q, 4] and the list `aux`."""

    def __init__(self, channels: int = 8, queries: int = 3) -> None:
        super().__init__()
        self.body = Body(channels)
        self.queries = nn.Embedding(queries, channels)
        self.attention = nn.MultiheadAttention(channels, 2, batch_first=True)
        self.logits = nn.Linear(channels, 5)
        self.boxes = nn.Linear(channels, 4)

    def forward(self, images: NestedTensor) -> dict[str, object]:
        found = self.body(images)
        memory = found.tensors.flatten(2).transpose(1, 2)
        queries = self.queries.weight.expand(memory.shape[0], -1, -1)
        first, _ = self.attention(queries, memory, memory, key_padding_mask=found.mask.flatten(1))
        second = first + queries
        return {
            "logits": self.logits(second),
            "boxes": self.boxes(second).sigmoid(),
            "aux": [{"logits": self.logits(first)}],
        }


def padded(height: int, width: int, seed: int = 0) -> NestedTensor:
    """One image whose last quarter of columns is padding."""
    generator = torch.Generator().manual_seed(seed)
    mask = torch.zeros(1, height, width, dtype=torch.bool)
    mask[..., width - width // 4 :] = True
    return NestedTensor(torch.rand(1, 3, height, width, generator=generator), mask)
