"""Small networks of random weights, each of another kind, to be converted as they are.

`ZOO` has a builder for each; it gives the model in evaluation mode and samples as `acuate.convert`
takes them, whose sizes vary where the kind allows it.
"""

from collections.abc import Callable
from typing import Any

import torch
from acuate.pytorch.samples import Call
from torch import Tensor, nn
from torch.nn import functional

Built = tuple[nn.Module, list[Any]]

# torchvision, which timm imports, comes without its compiled operators, which want the CUDA build
# of PyTorch; these networks use none, but its import looks for two of them.
_OPERATORS: Any = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
for _operator in ("nms", "qnms"):
    if not hasattr(torch.ops.torchvision, _operator):
        _OPERATORS.define(f"{_operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


# ----- of transformers and timm -----


def configured(network: Any, config: Any, **settings: Any) -> nn.Module:
    model: nn.Module = network(config(**settings)).eval()
    return model


def hf_detr() -> Built:
    """Images of two sizes, each batch with the mask of its pixels; an output class of its own."""
    from transformers import DetrConfig, DetrForObjectDetection, ResNetConfig

    configuration: Any = ResNetConfig
    backbone = configuration(
        embedding_size=8,
        hidden_sizes=[16, 32, 32, 64],
        depths=[1, 1, 1, 1],
        out_features=["stage4"],
    )
    model = configured(
        DetrForObjectDetection,
        DetrConfig,
        backbone_config=backbone,
        use_timm_backbone=False,
        use_pretrained_backbone=False,
        num_queries=10,
        d_model=32,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        num_labels=7,
    )
    samples = []
    for seed, (height, width, free) in enumerate(((96, 128, 96), (128, 96, 64))):
        mask = torch.ones(2, height, width, dtype=torch.int64)
        mask[1, :, free:] = 0
        image = drawn(2, 3, height, width, seed=seed) * mask[:, None]
        samples.append({"pixel_values": image, "pixel_mask": mask})
    return model, samples


def hf_swin() -> Built:
    """Shifted windows: the size of the image decides about padding, the batch varies."""
    from transformers import SwinConfig, SwinForImageClassification

    model = configured(
        SwinForImageClassification,
        SwinConfig,
        image_size=64,
        patch_size=4,
        embed_dim=16,
        depths=[2, 2],
        num_heads=[2, 4],
        window_size=4,
        num_labels=5,
    )
    return model, [{"pixel_values": drawn(n, 3, 64, 64, seed=n)} for n in (2, 3)]


def hf_vit() -> Built:
    from transformers import ViTConfig, ViTForImageClassification

    model = configured(
        ViTForImageClassification,
        ViTConfig,
        image_size=32,
        patch_size=8,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        num_labels=5,
    )
    return model, [{"pixel_values": drawn(n, 3, 32, 32, seed=n)} for n in (2, 3)]


def hf_wav2vec2() -> Built:
    """Sound of two lengths."""
    from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

    model = configured(
        Wav2Vec2ForCTC,
        Wav2Vec2Config,
        vocab_size=12,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        conv_dim=(16, 16, 16),
        conv_kernel=(10, 3, 2),
        conv_stride=(5, 2, 2),
        num_feat_extract_layers=3,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
    )
    return model, [drawn(2, length, seed=length) for length in (1600, 2400)]


def hf_bert() -> Built:
    """Tokens of two lengths with the mask of their padding; the other inputs are left out."""
    from transformers import BertConfig, BertModel

    model = configured(
        BertModel,
        BertConfig,
        vocab_size=50,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=32,
    )
    samples = []
    for length in (9, 14):
        generator = torch.Generator().manual_seed(length)
        tokens = torch.randint(50, (2, length), generator=generator)
        mask = torch.ones_like(tokens)
        mask[1, length - 4 :] = 0
        samples.append({"input_ids": tokens, "attention_mask": mask, "token_type_ids": None})
    return model, samples


def timm_cnn() -> Built:
    """Depthwise convolutions, squeeze and excitation, hard swish; height and width vary."""
    import timm

    torch.manual_seed(0)
    model = timm.create_model("mobilenetv3_small_050", pretrained=False, num_classes=7).eval()
    return model, [drawn(2, 3, h, w, seed=h) for h, w in ((64, 96), (96, 64))]


# ----- of parts -----


class Recurrent(nn.Module):
    """[N, T, 8] → [N, T, 32] and the last state, (h, c), both [4, N, 16]."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(8, 16, num_layers=2, bidirectional=True, batch_first=True)

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        steps, state = self.lstm(x)
        return steps, state


def lstm() -> Built:
    return Recurrent().eval(), [drawn(2, length, 8, seed=length) for length in (6, 9)]


class Steps(nn.Module):
    """[N, T, 8] → [N, T, 8], by a loop over time in Python."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.GRUCell(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        state = torch.zeros(x.shape[0], 8)
        states = []
        for step in range(x.shape[1]):
            state = self.cell(x[:, step], state)
            states.append(state)
        return torch.stack(states, 1)


def time_loop() -> Built:
    """Exporters unroll the loop: its length is one of the model's constants, the batch varies."""
    return Steps().eval(), [drawn(n, 5, 8, seed=n) for n in (2, 3)]


class Shared(nn.Module):
    """One layer under two names, called three times."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(8, 8)
        self.norm = nn.LayerNorm(8)
        self.again = self.first

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(2):
            x = self.norm(self.first(x).relu())
        y: Tensor = self.again(x)
        return y


def shared() -> Built:
    return Shared().eval(), [drawn(n, 8, seed=n) for n in (2, 5)]


class Attention(nn.Module):
    """Of a query [N, T, 16] over keys and values [N, S, 16]."""

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.ModuleList(nn.Linear(16, 16) for _ in range(3))

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        parts = (layer(x) for layer, x in zip(self.project, (query, key, value), strict=True))
        return functional.scaled_dot_product_attention(*parts)


def same_tensor() -> Built:
    """The same tensor as query, key and value."""
    samples = []
    for length in (4, 7):
        x = drawn(2, length, 16, seed=length)
        samples.append((x, x, x))
    return Attention().eval(), samples


class Keywords(nn.Module):
    """`scale` and `shift` stand behind `*`, the latter may be left out."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def forward(self, x: Tensor, *, scale: Tensor, shift: Tensor | None = None) -> dict[str, Any]:
        y = self.layer(x) * scale
        if shift is not None:
            y = y + shift
        return {"scaled": y, "parts": [y.sum(1), {"largest": y.amax(1)}], "kind": "scaled"}


def keywords() -> Built:
    samples = [Call((drawn(n, 8, seed=n),), {"scale": drawn(n, 1, seed=n + 1)}) for n in (2, 3)]
    return Keywords().eval(), samples


class Pairs(nn.Module):
    """Nested tuples with None in them, in and out."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def forward(
        self, pair: tuple[Tensor, tuple[Tensor, None]], mask: Tensor | None
    ) -> tuple[Tensor, None, tuple[Tensor, int]]:
        x, (y, _) = pair
        out = self.layer(x) - y
        if mask is not None:
            out = out.masked_fill(mask, 0.0)
        return out, None, (out.argmax(1), x.shape[1])


def none_and_tuples() -> Built:
    """Samples differ in their batch, not in what is None."""
    samples = [
        ((drawn(n, 8), (drawn(n, 8, seed=1), None)), drawn(n, 8, seed=2) > 1) for n in (2, 3)
    ]
    return Pairs().eval(), samples


class Convolutions(nn.Module):
    """[N, 3, H, W] → [N, 5], in whatever type its weights have."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, padding=1),
            nn.BatchNorm2d(8),
            nn.GELU(),
            nn.Conv2d(8, 16, 3, 2, padding=1),
            nn.GroupNorm(4, 16),
            nn.SiLU(),
        )
        self.head = nn.Linear(16, 5)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.head(self.layers(x).mean((2, 3)))
        return y


def bfloat16() -> Built:
    """Weights, inputs and outputs are bfloat16."""
    model = Convolutions().eval().to(torch.bfloat16)
    return model, [drawn(2, 3, n, 32, seed=n).to(torch.bfloat16) for n in (24, 32)]


class Counting(nn.Module):
    """Counts its calls and keeps the mean of its inputs, in buffers; neither changes the result of
    one call from the state that it is converted in."""

    count: Tensor
    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 8)
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))
        self.register_buffer("mean", torch.zeros(8))

    def forward(self, x: Tensor) -> Tensor:
        self.count += 1
        self.mean.mul_(0.9).add_(x.mean(0), alpha=0.1)
        y: Tensor = self.layer(x)
        return y


def buffers() -> Built:
    return Counting().eval(), [drawn(n, 8, seed=n) for n in (2, 3)]


ZOO: dict[str, Callable[[], Built]] = {
    builder.__name__: builder
    for builder in (
        hf_detr, hf_swin, hf_vit, hf_wav2vec2, hf_bert, timm_cnn, lstm, time_loop, shared,
        same_tensor, keywords, none_and_tuples, bfloat16, buffers,
    )
}  # fmt: skip


def build(name: str) -> Built:
    """A network of the zoo; its random weights are the same in every run."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return ZOO[name]()
