"""DETR (Carion et al. 2020) in the form in which its authors' habits leave it to a converter.

Images of different sizes stand in one batch, padded, with a mask of the padding: a `NestedTensor`,
which no exporter knows, goes in and passes between modules. The backbone hands on an ordered dict,
positions come from the mask, the result is a dict with a list of dicts (`aux_outputs`) in it.

`real()` has the sizes of DETR with ResNet-101: 447 modules, 60.7 million parameters, random. Their
scales are chosen so that every part of the network is seen at the outputs (`randomize`, `settle`).
"""

import copy
import itertools
import math
from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
# [height, width] of photographs; those of one line are a batch.
PHOTOGRAPHS = (((480, 640), (427, 640)), ((640, 480), (500, 375)), ((375, 500), (333, 500)))


class NestedTensor:
    """A batch of images of different sizes.

    tensors [N, 3, H, W]: every image in the upper left corner, zeros beside it; mask [N, H, W]:
    true where there is no image.
    """

    def __init__(self, tensors: Tensor, mask: Tensor | None) -> None:
        self.tensors = tensors
        self.mask = mask

    def to(self, device: torch.device | str) -> "NestedTensor":
        mask = None if self.mask is None else self.mask.to(device)
        return NestedTensor(self.tensors.to(device), mask)

    def decompose(self) -> tuple[Tensor, Tensor | None]:
        return self.tensors, self.mask

    def __repr__(self) -> str:
        return str(self.tensors)


def nested(images: Sequence[Tensor]) -> NestedTensor:
    """The batch of `images`, each [3, H, W], padded to the largest height and width."""
    height = max(image.shape[1] for image in images)
    width = max(image.shape[2] for image in images)
    tensors = images[0].new_zeros(len(images), 3, height, width)
    mask = torch.ones(len(images), height, width, dtype=torch.bool)
    for image, place, free in zip(images, tensors, mask, strict=True):
        place[:, : image.shape[1], : image.shape[2]].copy_(image)
        free[: image.shape[1], : image.shape[2]] = False
    return NestedTensor(tensors, mask)


class FrozenBatchNorm(nn.Module):
    """Batch normalization whose statistics and weights are constants."""

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        for name in ("weight", "bias", "running_mean", "running_var"):
            self.register_buffer(name, torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        scale = (
            self.weight.reshape(1, -1, 1, 1)
            * (self.running_var.reshape(1, -1, 1, 1) + 1e-5).rsqrt()
        )
        shift = self.bias.reshape(1, -1, 1, 1) - self.running_mean.reshape(1, -1, 1, 1) * scale
        return x * scale + shift


class Bottleneck(nn.Module):
    """A residual block of ResNet (He et al. 2016), its stride in the 3x3 convolution."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = FrozenBatchNorm(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = FrozenBatchNorm(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = FrozenBatchNorm(4 * width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1 or channels != 4 * width:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels, 4 * width, 1, stride, bias=False), FrozenBatchNorm(4 * width)
            )

    def forward(self, x: Tensor) -> Tensor:
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        result: Tensor = self.relu(out)
        return result


class ResNet(nn.Module):
    def __init__(self, blocks: Sequence[int], width: int) -> None:
        super().__init__()
        self.channels = width
        self.conv1 = nn.Conv2d(3, width, 7, 2, padding=3, bias=False)
        self.bn1 = FrozenBatchNorm(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        for stage, count in enumerate(blocks):
            layers = self.stage(count, width << stage, 1 if stage == 0 else 2)
            self.add_module(f"layer{stage + 1}", layers)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(self.channels, 10)

    def stage(self, count: int, width: int, stride: int) -> nn.Sequential:
        layers = []
        for block in range(count):
            layers.append(Bottleneck(self.channels, width, stride if block == 0 else 1))
            self.channels = 4 * width
        return nn.Sequential(*layers)


class IntermediateLayers(nn.ModuleDict):
    """The children of a network up to the last that is wanted, called one after the other.

    Gives an ordered dict from the new name of each wanted child to its output.
    """

    def __init__(self, network: nn.Module, return_layers: dict[str, str]) -> None:
        wanted = dict(return_layers)
        children: OrderedDict[str, nn.Module] = OrderedDict()
        for name, module in network.named_children():
            children[name] = module
            wanted.pop(name, None)
            if not wanted:
                break
        super().__init__(children)
        self.return_layers = dict(return_layers)

    def forward(self, x: Tensor) -> "OrderedDict[str, Tensor]":
        out: OrderedDict[str, Tensor] = OrderedDict()
        for name, module in self.items():
            x = module(x)
            if name in self.return_layers:
                out[self.return_layers[name]] = x
        return out


class Backbone(nn.Module):
    """[N, 3, H, W] and its mask to features [N, C, H/32, W/32] and theirs, by name."""

    def __init__(self, blocks: Sequence[int], width: int) -> None:
        super().__init__()
        network = ResNet(blocks, width)
        self.body = IntermediateLayers(network, {f"layer{len(blocks)}": "0"})
        self.num_channels = network.channels

    def forward(self, samples: NestedTensor) -> dict[str, NestedTensor]:
        out = {}
        for name, features in self.body(samples.tensors).items():
            mask = samples.mask
            assert mask is not None
            mask = functional.interpolate(mask[None].float(), size=features.shape[-2:])
            out[name] = NestedTensor(features, mask.to(torch.bool)[0])
        return out


class SinePositions(nn.Module):
    """Sine and cosine of a pixel's place among those of the image (Carion et al. 2020, A.4)."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = features

    def forward(self, samples: NestedTensor) -> Tensor:
        mask = samples.mask
        assert mask is not None
        free = ~mask
        rows = free.cumsum(1, dtype=torch.float32)
        columns = free.cumsum(2, dtype=torch.float32)
        rows = rows / (rows[:, -1:, :] + 1e-6) * (2 * math.pi)
        columns = columns / (columns[:, :, -1:] + 1e-6) * (2 * math.pi)
        place = torch.arange(self.features, dtype=torch.float32, device=mask.device)
        period = 10000 ** (2 * torch.div(place, 2, rounding_mode="floor") / self.features)
        parts = []
        for axis in (rows, columns):
            angle = axis[:, :, :, None] / period
            waves = (angle[:, :, :, 0::2].sin(), angle[:, :, :, 1::2].cos())
            parts.append(torch.stack(waves, dim=4).flatten(3))
        return torch.cat(parts, dim=3).permute(0, 3, 1, 2)


class Joiner(nn.Sequential):
    """The backbone, and the positions of each of its outputs."""

    def __init__(self, backbone: Backbone, positions: SinePositions) -> None:
        super().__init__(backbone, positions)
        self.num_channels = backbone.num_channels

    def forward(self, samples: NestedTensor) -> tuple[list[NestedTensor], list[Tensor]]:
        out, positions = [], []
        for features in self[0](samples).values():
            out.append(features)
            positions.append(self[1](features).to(features.tensors.dtype))
        return out, positions


def at(x: Tensor, positions: Tensor | None) -> Tensor:
    return x if positions is None else x + positions


class EncoderLayer(nn.Module):
    def __init__(self, width: int, heads: int, inner: int) -> None:
        super().__init__()
        self.self_attn = nn.MultiheadAttention(width, heads, dropout=0.1)
        self.linear1 = nn.Linear(width, inner)
        self.dropout = nn.Dropout(0.1)
        self.linear2 = nn.Linear(inner, width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.dropout1, self.dropout2 = nn.Dropout(0.1), nn.Dropout(0.1)

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        pos: Tensor | None = None,
    ) -> Tensor:
        query = at(src, pos)
        attended = self.self_attn(
            query, query, value=src, attn_mask=src_mask, key_padding_mask=src_key_padding_mask
        )[0]
        src = self.norm1(src + self.dropout1(attended))
        inner = self.linear2(self.dropout(functional.relu(self.linear1(src))))
        result: Tensor = self.norm2(src + self.dropout2(inner))
        return result


class DecoderLayer(nn.Module):
    def __init__(self, width: int, heads: int, inner: int) -> None:
        super().__init__()
        self.self_attn = nn.MultiheadAttention(width, heads, dropout=0.1)
        self.multihead_attn = nn.MultiheadAttention(width, heads, dropout=0.1)
        self.linear1 = nn.Linear(width, inner)
        self.dropout = nn.Dropout(0.1)
        self.linear2 = nn.Linear(inner, width)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for _ in range(3))
        self.dropout1, self.dropout2, self.dropout3 = (nn.Dropout(0.1) for _ in range(3))

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        memory_key_padding_mask: Tensor | None = None,
        pos: Tensor | None = None,
        query_pos: Tensor | None = None,
    ) -> Tensor:
        query = at(tgt, query_pos)
        tgt = self.norm1(tgt + self.dropout1(self.self_attn(query, query, value=tgt)[0]))
        attended = self.multihead_attn(
            query=at(tgt, query_pos),
            key=at(memory, pos),
            value=memory,
            key_padding_mask=memory_key_padding_mask,
        )[0]
        tgt = self.norm2(tgt + self.dropout2(attended))
        inner = self.linear2(self.dropout(functional.relu(self.linear1(tgt))))
        result: Tensor = self.norm3(tgt + self.dropout3(inner))
        return result


class Encoder(nn.Module):
    def __init__(self, layer: EncoderLayer, count: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(copy.deepcopy(layer) for _ in range(count))

    def forward(self, src: Tensor, mask: Tensor, pos: Tensor) -> Tensor:
        for layer in self.layers:
            src = layer(src, src_key_padding_mask=mask, pos=pos)
        return src


class Decoder(nn.Module):
    """The normalized output of every layer: [layers, queries, N, width]."""

    def __init__(self, layer: DecoderLayer, count: int, width: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(copy.deepcopy(layer) for _ in range(count))
        self.norm = nn.LayerNorm(width)

    def forward(
        self, tgt: Tensor, memory: Tensor, mask: Tensor, pos: Tensor, query_pos: Tensor
    ) -> Tensor:
        intermediate = []
        for layer in self.layers:
            tgt = layer(tgt, memory, memory_key_padding_mask=mask, pos=pos, query_pos=query_pos)
            intermediate.append(self.norm(tgt))
        return torch.stack(intermediate)


class Transformer(nn.Module):
    def __init__(self, width: int, heads: int, inner: int, layers: int) -> None:
        super().__init__()
        self.encoder = Encoder(EncoderLayer(width, heads, inner), layers)
        self.decoder = Decoder(DecoderLayer(width, heads, inner), layers, width)
        self.d_model = width

    def forward(
        self, src: Tensor, mask: Tensor, query_embed: Tensor, pos_embed: Tensor
    ) -> tuple[Tensor, Tensor]:
        batch, channels, height, width = src.shape
        src = src.flatten(2).permute(2, 0, 1)
        pos_embed = pos_embed.flatten(2).permute(2, 0, 1)
        query_embed = query_embed.unsqueeze(1).repeat(1, batch, 1)
        mask = mask.flatten(1)
        memory = self.encoder(src, mask, pos_embed)
        tgt = torch.zeros_like(query_embed)
        hidden = self.decoder(tgt, memory, mask, pos_embed, query_embed)
        memory = memory.permute(1, 2, 0).view(batch, channels, height, width)
        return hidden.transpose(1, 2), memory


class Perceptron(nn.Module):
    def __init__(self, width: int, outputs: int, layers: int) -> None:
        super().__init__()
        self.num_layers = layers
        sizes = [width] * layers + [outputs]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in itertools.pairwise(sizes))

    def forward(self, x: Tensor) -> Tensor:
        for place, layer in enumerate(self.layers):
            x = functional.relu(layer(x)) if place < self.num_layers - 1 else layer(x)
        return x


class DETR(nn.Module):
    """Logits of classes and boxes of objects, [N, queries, classes + 1] and [N, queries, 4].

    A box is center, width and height, as parts of the padded image's size. `aux_outputs` has the
    same of every layer of the decoder but the last.
    """

    def __init__(
        self,
        backbone: Joiner,
        transformer: Transformer,
        classes: int,
        queries: int,
        aux_loss: bool = True,
    ) -> None:
        super().__init__()
        width = transformer.d_model
        self.num_queries = queries
        self.transformer = transformer
        self.class_embed = nn.Linear(width, classes + 1)
        self.bbox_embed = Perceptron(width, 4, 3)
        self.query_embed = nn.Embedding(queries, width)
        self.input_proj = nn.Conv2d(backbone.num_channels, width, kernel_size=1)
        self.backbone = backbone
        self.aux_loss = aux_loss

    def forward(self, samples: "NestedTensor | Sequence[Tensor]") -> dict[str, object]:
        if not isinstance(samples, NestedTensor):
            samples = nested(samples)
        features, positions = self.backbone(samples)
        source, mask = features[-1].decompose()
        assert mask is not None
        hidden = self.transformer(
            self.input_proj(source), mask, self.query_embed.weight, positions[-1]
        )[0]
        logits = self.class_embed(hidden)
        boxes = self.bbox_embed(hidden).sigmoid()
        out: dict[str, object] = {"pred_logits": logits[-1], "pred_boxes": boxes[-1]}
        if self.aux_loss:
            out["aux_outputs"] = [
                {"pred_logits": a, "pred_boxes": b}
                for a, b in zip(logits[:-1], boxes[:-1], strict=True)
            ]
        return out


@torch.no_grad()
def randomize(model: nn.Module, seed: int) -> None:
    """Weights under which outputs vary with the image, its mask, and the query.

    Convolutions are drawn as in He et al. 2015, linear layers as in Glorot & Bengio 2010; the last
    normalization of a residual block is scaled by 0.1 to 0.4, so that 33 blocks neither blow up nor
    drown the image, and no statistic of a normalization is 0 or 1, so that a wrong fusion is seen.
    What self-attention adds is half as large as usual, or six layers would make all places alike;
    heads are doubled. Larger queries and keys would tell places apart more sharply, and would also
    enlarge rounding errors: as it is, float32 is within 1e-6 of float64. `settle` does the rest.
    """
    draw = torch.Generator().manual_seed(seed)
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", generator=draw)
        elif isinstance(module, FrozenBatchNorm):
            low, high = (0.1, 0.4) if name.endswith("bn3") else (0.7, 1.3)
            module.weight.uniform_(low, high, generator=draw)
            module.bias.normal_(0, 0.1, generator=draw)
            module.running_mean.normal_(0, 0.1, generator=draw)
            module.running_var.uniform_(0.8, 1.2, generator=draw)
        elif isinstance(module, nn.LayerNorm):
            module.weight.uniform_(0.7, 1.3, generator=draw)
            module.bias.normal_(0, 0.1, generator=draw)
        elif isinstance(module, nn.MultiheadAttention):
            nn.init.xavier_uniform_(module.in_proj_weight, generator=draw)
            module.in_proj_bias.normal_(0, 0.1, generator=draw)
        elif isinstance(module, nn.Linear):
            heads = name.startswith(("class_embed", "bbox_embed"))
            gain = 2.0 if heads else 0.5 if name.endswith("self_attn.out_proj") else 1.0
            nn.init.xavier_uniform_(module.weight, gain, generator=draw)
            module.bias.normal_(0, 0.1, generator=draw)
        elif isinstance(module, nn.Embedding):
            module.weight.normal_(0, 1, generator=draw)


@torch.no_grad()
def settle(model: "DETR", batch: NestedTensor) -> None:
    """Each channel of the transformer's input of size 1 for `batch`, most of its mean taken off.

    As training leaves it (Mishkin & Matas 2016 do so layer by layer). The features of a random
    network are nearly the same everywhere; without this every query would get the same answer.
    With all of the mean taken off, rounding errors would be twice as large.
    """

    def projection(module: nn.Module, inputs: tuple[Tensor]) -> None:
        assert isinstance(module, nn.Conv2d)
        assert module.bias is not None
        module.bias.zero_()
        raw = functional.conv2d(inputs[0], module.weight)
        shift = 0.75 * raw.mean((0, 2, 3))
        size = (raw - shift[:, None, None]).square().mean((0, 2, 3)).sqrt().clamp(min=1e-3)
        module.weight.div_(size[:, None, None, None])
        module.bias.copy_(-shift / size)

    hook = model.input_proj.register_forward_pre_hook(projection)
    model(batch)
    hook.remove()


def build(
    blocks: Sequence[int] = (3, 4, 23, 3),
    stem: int = 64,
    width: int = 256,
    heads: int = 8,
    inner: int = 2048,
    layers: int = 6,
    queries: int = 100,
    classes: int = 91,
    aux_loss: bool = True,
    seed: int = 0,
) -> DETR:
    """A DETR of random weights, in evaluation mode."""
    backbone = Joiner(Backbone(blocks, stem), SinePositions(width // 2))
    model = DETR(backbone, Transformer(width, heads, inner, layers), classes, queries, aux_loss)
    randomize(model.eval(), seed)
    settle(model, samples(128, 213, PHOTOGRAPHS[:1])[0])
    return model


def real() -> DETR:
    """With ResNet-101 and six layers each: 447 modules."""
    return build()


def small() -> DETR:
    """The same habits in 0.1 million parameters: 119 modules."""
    return build((1, 1, 1, 1), 4, 32, 4, 64, 2, 10, 7)


def photograph(height: int, width: int, seed: int) -> Tensor:
    """Random, smooth, normalized as photographs are: [3, height, width]."""
    draw = torch.Generator().manual_seed(seed)
    image = torch.zeros(1, 3, height, width)
    for cells, share in ((4, 0.5), (16, 0.3), (64, 0.2)):
        coarse = torch.rand(1, 3, cells, cells, generator=draw)
        fine = functional.interpolate(coarse, (height, width), mode="bicubic", align_corners=False)
        image += share * fine
    mean = torch.tensor(MEAN).reshape(3, 1, 1)
    return (image[0].clamp(0, 1) - mean) / torch.tensor(DEVIATION).reshape(3, 1, 1)


def resize(image: Tensor, shortest: int, longest: int) -> Tensor:
    """Its shorter side `shortest`, or less so that the longer one is at most `longest`."""
    sides = sorted(image.shape[1:])
    scale = min(shortest / sides[0], longest / sides[1])
    size = [max(1, round(side * scale)) for side in image.shape[1:]]
    return functional.interpolate(image[None], size, mode="bilinear", align_corners=False)[0]


def samples(
    shortest: int = 800,
    longest: int = 1333,
    batches: Sequence[Sequence[tuple[int, int]]] = PHOTOGRAPHS,
) -> list[NestedTensor]:
    """A batch for each of `batches`, whose photographs are resized and padded to one size."""
    return [
        nested(
            [
                resize(photograph(height, width, 100 * batch + place), shortest, longest)
                for place, (height, width) in enumerate(sizes)
            ]
        )
        for batch, sizes in enumerate(batches)
    ]
