"""Exports the networks that need PyTorch, with random weights of a fixed seed, for bench/models.py.

  export_models.py NAME OUTPUT

Runs in an environment of its own (requirements-export.txt). Exported by TorchScript: torch.export's
own optimizer leaves a simplifier little to do.
"""

import math
import sys
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

# torchvision comes without its compiled operators, which want the CUDA build of PyTorch; these
# networks use none, but its import looks for two of them.
OPERATORS = torch.library.Library("torchvision", "DEF")
for operator in ("nms", "qnms"):
    OPERATORS.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

from torchvision.models import resnet101, swin_t, vit_b_16  # noqa: E402
from torchvision.models._utils import IntermediateLayerGetter  # noqa: E402
from torchvision.ops import FrozenBatchNorm2d  # noqa: E402

WIDTH = 256  # of DETR's transformer


class SinePositions(nn.Module):
    """Sine and cosine of a pixel's place among the unmasked ones (Carion et al. 2020, A.4)."""

    def forward(self, mask: Tensor) -> Tensor:
        free = (~mask).float()
        power = torch.arange(WIDTH // 2, device=mask.device, dtype=torch.float32)
        period = 10000 ** (2 * torch.div(power, 2, rounding_mode="floor") / (WIDTH // 2))
        parts = []
        for axis in (1, 2):
            place = free.cumsum(axis)
            last = place[:, -1:] if axis == 1 else place[:, :, -1:]
            place = place / (last + 1e-6) * 2 * math.pi
            angle = place[..., None] / period
            waves = torch.stack((angle[..., 0::2].sin(), angle[..., 1::2].cos()), dim=4)
            parts.append(waves.flatten(3))
        return torch.cat(parts, dim=3).permute(0, 3, 1, 2)


class Feed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear1, self.linear2 = nn.Linear(WIDTH, 2048), nn.Linear(2048, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear2(self.linear1(x).relu())


class EncoderLayer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention, self.feed = nn.MultiheadAttention(WIDTH, 8), Feed()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)

    def forward(self, x: Tensor, positions: Tensor, mask: Tensor) -> Tensor:
        query = x + positions
        x = self.norm1(x + self.attention(query, query, value=x, key_padding_mask=mask)[0])
        return self.norm2(x + self.feed(x))


class DecoderLayer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention, self.cross = (nn.MultiheadAttention(WIDTH, 8) for _ in range(2))
        self.feed = Feed()
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(WIDTH) for _ in range(3))

    def forward(
        self, x: Tensor, memory: Tensor, queries: Tensor, positions: Tensor, mask: Tensor
    ) -> Tensor:
        query = x + queries
        x = self.norm1(x + self.attention(query, query, value=x)[0])
        attended = self.cross(
            query=x + queries, key=memory + positions, value=memory, key_padding_mask=mask
        )
        x = self.norm2(x + attended[0])
        return self.norm3(x + self.feed(x))


class Detr(nn.Module):
    """DETR with ResNet-101 (Carion et al. 2020), taking the image and the mask of its padding."""

    def __init__(self) -> None:
        super().__init__()
        body = resnet101(weights=None, norm_layer=FrozenBatchNorm2d)
        self.backbone = IntermediateLayerGetter(body, {"layer4": "features"})
        self.positions = SinePositions()
        self.project = nn.Conv2d(2048, WIDTH, 1)
        self.encoder = nn.ModuleList(EncoderLayer() for _ in range(6))
        self.decoder = nn.ModuleList(DecoderLayer() for _ in range(6))
        self.norm = nn.LayerNorm(WIDTH)
        self.queries = nn.Embedding(100, WIDTH)
        self.classes = nn.Linear(WIDTH, 92)
        self.boxes = nn.Sequential(
            nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH), nn.ReLU(),
            nn.Linear(WIDTH, 4)
        )  # fmt: skip

    def forward(self, image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        features = self.backbone(image)["features"]
        mask = interpolate(mask[None].float(), size=features.shape[-2:]).to(torch.bool)[0]
        positions = self.positions(mask).flatten(2).permute(2, 0, 1)
        memory = self.project(features).flatten(2).permute(2, 0, 1)
        mask = mask.flatten(1)
        for encoder in self.encoder:
            memory = encoder(memory, positions, mask)
        queries = self.queries.weight.unsqueeze(1).repeat(1, image.shape[0], 1)
        x = torch.zeros_like(queries)
        for decoder in self.decoder:
            x = decoder(x, memory, queries, positions, mask)
        x = self.norm(x).transpose(0, 1)
        return self.classes(x), self.boxes(x).sigmoid()


def randomize_frozen_statistics(model: nn.Module) -> None:
    """Means 0 and variances 1 would let a fusion pass that is wrong."""
    for module in model.modules():
        if isinstance(module, FrozenBatchNorm2d):
            module.weight.uniform_(0.5, 1.0)
            module.bias.normal_(0, 0.1)
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.8, 1.2)


def export(name: str, output: Path) -> None:
    torch.manual_seed(0)
    batch, sizes = {0: "batch"}, {2: "height", 3: "width"}
    axes: dict[str, dict[int, str]]
    inputs: tuple[Tensor, ...]
    if name == "swin_t":
        model, inputs = swin_t(weights=None), (torch.randn(2, 3, 224, 256),)
        axes = {"image": batch | sizes, "logits": batch}
        outputs = ["logits"]
    elif name == "vit_b":
        model, inputs = vit_b_16(weights=None), (torch.randn(2, 3, 224, 224),)
        torch.nn.init.normal_(model.heads.head.weight, std=0.02)  # zeros would hide any error
        axes = {"image": batch, "logits": batch}
        outputs = ["logits"]
    elif name == "detr_r101":
        model = Detr()
        randomize_frozen_statistics(model)
        mask = torch.zeros(1, 224, 256, dtype=torch.bool)
        mask[:, :, 192:] = True
        inputs = (torch.randn(1, 3, 224, 256), mask)
        axes = {"image": sizes, "mask": {1: "height", 2: "width"}}
        outputs = ["logits", "boxes"]
    else:
        raise SystemExit(f"export_models.py: no network is named '{name}'")
    warnings.filterwarnings("ignore")  # the deprecation of this exporter, and its traced branches
    torch.onnx.export(
        model.eval(), inputs, output, dynamo=False, opset_version=17,
        input_names=list(axes)[: len(inputs)], output_names=outputs, dynamic_axes=axes
    )  # fmt: skip


if __name__ == "__main__":
    export(sys.argv[1], Path(sys.argv[2]))
