"""Small networks whose modules are hard to tell from what an exporter leaves of them."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class Unit(nn.Module):
    """Convolution, normalisation and an activation, as most backbones have them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(channels)
        self.act = nn.SiLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.bn(self.conv(x)))


class Residual(nn.Module):
    """One activation called three times, and an operation of its own."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = (nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2))
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2(self.relu(self.conv1(self.relu(x))))
        return self.relu(x + y)


class Containers(nn.Module):
    """Nested Sequential, ModuleList of Sequential, a ModuleDict that nobody calls."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(Unit(4), nn.Sequential(Unit(4), nn.MaxPool2d(2)))
        self.stages = nn.ModuleList(nn.Sequential(Residual(4), Residual(4)) for _ in range(3))
        self.lists = nn.ModuleList(nn.ModuleList(Unit(4) for _ in range(2)) for _ in range(2))
        self.heads = nn.ModuleDict(
            {"boxes": nn.Conv2d(4, 4, 1), "scores": nn.Sequential(Residual(4))}
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x) + x
        for units in self.lists:
            for unit in units:
                x = unit(x)
        return self.heads["boxes"](x), self.heads["scores"](x).sigmoid()


class Shared(nn.Module):
    """A block called twice, a module held in two places, and names that end like second calls."""

    def __init__(self) -> None:
        super().__init__()
        self.block = Residual(4)
        self.conv, self.conv_1 = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)
        self.pool = nn.AvgPool2d(3, 1, 1)
        self.layer_1, self.layer_2 = Unit(4), Unit(4)
        self.twins = nn.ModuleList([self.layer_2, Unit(4)])
        self.same = self.conv

    def forward(self, x: Tensor) -> Tensor:
        x = self.block(self.pool(self.block(x)))
        x = self.conv_1(self.conv(x)) + self.conv(self.pool(x))
        x = self.layer_2(self.layer_1(x))
        for twin in self.twins:
            x = twin(x) * 0.5
        return self.same(self.pool(x)).tanh()


class Holder(nn.Module):
    """Never called: others reach through it."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Module()
        self.inner.first, self.inner.second = Residual(4), Residual(4)
        self.scale = nn.Parameter(torch.ones(4, 1, 1))


class Reaching(nn.Module):
    """Calls modules of modules directly, and uses parameters itself."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = Holder(), Holder()
        self.encoder = nn.Module()
        self.encoder.encoder = nn.ModuleList([Residual(4), Residual(4)])

    def forward(self, x: Tensor) -> Tensor:
        a = self.left.inner.second(self.left.inner.first(x)) * self.left.scale
        b = self.right.inner.second(self.right.inner.first(x)) * self.right.scale
        for block in self.encoder.encoder:
            a = block(a)
        return functional.relu(a - b).mean((2, 3))


class Attention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        weights = (self.query(x) @ self.key(x).transpose(-1, -2) / 4).softmax(-1)
        return self.output(weights @ self.value(x))


class Layer(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.attention, self.norm = Attention(width), nn.LayerNorm(width)
        self.feed = nn.Sequential(nn.Linear(width, 32), nn.GELU(), nn.Linear(32, width))
        self.norm_1 = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(x + self.attention(x))
        return self.norm_1(x + self.feed(x))


class Transformer(nn.Module):
    """Attention by hand and torch's own, whose projection's module is never called."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(50, 16)
        self.positions = nn.Parameter(torch.randn(1, 8, 16))
        self.layers = nn.ModuleList(Layer(16) for _ in range(3))
        self.self_attn = nn.MultiheadAttention(16, 4, batch_first=True)
        self.head = nn.Linear(16, 50, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embed(tokens) + self.positions
        for layer in self.layers:
            x = layer(x)
        x = x + self.self_attn(x, x, x, need_weights=False)[0]
        first, rest = x.split([1, 7], dim=1)
        return self.head(torch.cat((rest, first), dim=1))


IMAGE = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(0))
NETWORKS: dict[str, tuple[type[nn.Module], tuple[Tensor, ...]]] = {
    "containers": (Containers, (IMAGE,)),
    "shared": (Shared, (IMAGE,)),
    "reaching": (Reaching, (IMAGE,)),
    "transformer": (Transformer, (torch.arange(8)[None],)),
}
