"""From the results of a padded network back to those of the original.

Results that grow with the inputs lose what belongs to the padding, and coordinates that are parts
of the padded image's size become parts of the image's own. Each step is data, stored in
signature.json; which ones there are is found by inverse_search.py.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from acuate._core import Error

Sizes = Mapping[str, int]
"""By symbol."""


@dataclass(frozen=True)
class Length:
    """How many places `size` places of an input become: (size * up + add) // down."""

    up: int
    down: int
    add: int

    def of(self, size: int) -> int:
        return max(0, (size * self.up + self.add) // self.down)

    def text(self, symbol: str) -> str:
        scaled = symbol if self.up == 1 else f"{self.up} * {symbol}"
        if self.down == 1:
            return scaled if self.add == 0 else f"{scaled} {self.add:+d}"
        if self.add in (0, self.down - 1):
            return f"{scaled} / {self.down} rounded {'up' if self.add else 'down'}"
        return f"({scaled} {self.add:+d}) / {self.down} rounded down"


def rounded(stride: int, upwards: bool) -> Length:
    """That of a network whose cells are `stride` places wide."""
    return Length(1, stride, stride - 1 if upwards else 0)


@dataclass(frozen=True)
class Crop:
    """An axis that grows with one of the inputs'."""

    axis: int
    symbol: str
    length: Length

    def undo(self, tensor: torch.Tensor, sizes: Sizes, bounds: Sizes) -> torch.Tensor:
        kept = min(tensor.shape[self.axis], self.length.of(sizes[self.symbol]))
        return tensor.narrow(self.axis, 0, kept)

    def symbols(self) -> tuple[str, ...]:
        return (self.symbol,)

    def text(self) -> str:
        return f"axis {self.axis} is cut to {self.length.text(self.symbol)}"

    def to_json(self) -> dict[str, Any]:
        length = [self.length.up, self.length.down, self.length.add]
        return {"kind": "crop", "axis": self.axis, "symbol": self.symbol, "length": length}


@dataclass(frozen=True)
class Cells:
    """An axis along which the cells of grids stand one after the other, grid by grid, row by row.

    `before` places come first that are no cells. A cell has `anchors` places: next to each other,
    or, with `anchors_first`, each anchor has a grid of its own.
    """

    axis: int
    rows: str
    columns: str
    strides: tuple[int, ...]
    upwards: bool
    anchors: int = 1
    anchors_first: bool = False
    before: int = 0

    def count(self, sizes: Sizes) -> int:
        """Places along the axis."""
        grids = (self._grid(sizes, stride) for stride in self.strides)
        return self.before + self.anchors * sum(rows * columns for rows, columns in grids)

    def undo(self, tensor: torch.Tensor, sizes: Sizes, bounds: Sizes) -> torch.Tensor:
        begin = self.before
        kept = [torch.arange(begin)]
        for stride in self.strides:
            whole, own = self._grid(bounds, stride), self._grid(sizes, stride)
            places = torch.arange(begin, begin + math.prod(whole) * self.anchors)
            begin += len(places)
            if self.anchors_first:
                kept.append(places.reshape(self.anchors, *whole)[:, : own[0], : own[1]].flatten())
            else:
                kept.append(places.reshape(*whole, self.anchors)[: own[0], : own[1]].flatten())
        return tensor.index_select(self.axis, torch.cat(kept))

    def _grid(self, sizes: Sizes, stride: int) -> tuple[int, int]:
        length = rounded(stride, self.upwards)
        return length.of(sizes[self.rows]), length.of(sizes[self.columns])

    def symbols(self) -> tuple[str, ...]:
        return self.rows, self.columns

    def text(self) -> str:
        strides = ", ".join(map(str, self.strides))
        anchors = f", {self.anchors} for each" if self.anchors > 1 else ""
        return (
            f"axis {self.axis} keeps the cells of {self.rows} x {self.columns} at stride "
            f"{strides}{anchors}"
        )

    def to_json(self) -> dict[str, Any]:
        stored = {**vars(self), "strides": list(self.strides)}
        return {"kind": "cells", **stored}


@dataclass(frozen=True)
class Part:
    """What a coordinate is measured in: parts of the product of `symbols`' sizes (none: as it is),
    from `origin` on, which is 0, or -1 of coordinates from -1 to 1."""

    symbols: tuple[str, ...] = ()
    origin: float = 0.0


@dataclass(frozen=True)
class Scale:
    """Coordinates along an axis, a part for each place."""

    axis: int
    parts: tuple[Part, ...]

    def undo(self, tensor: torch.Tensor, sizes: Sizes, bounds: Sizes) -> torch.Tensor:
        along = [1] * tensor.dim()
        along[self.axis] = len(self.parts)
        factors = [scale_of(part.symbols, sizes, bounds) for part in self.parts]
        factor = torch.tensor(factors, dtype=torch.float64).reshape(along)
        origin = torch.tensor([part.origin for part in self.parts]).reshape(along)
        return ((tensor.double() - origin) * factor + origin).to(tensor.dtype)

    def symbols(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(symbol for part in self.parts for symbol in part.symbols))

    def text(self) -> str:
        places: dict[Part, list[str]] = {}
        for place, part in enumerate(self.parts):
            if part.symbols:
                places.setdefault(part, []).append(str(place))
        told = []
        for part, where in places.items():
            form = " (from -1 to 1)" if part.origin else ""
            told.append(f"{', '.join(where)} of {' * '.join(part.symbols)}{form}")
        return (
            f"axis {self.axis} holds parts of the padded size, made parts of the own one: "
            + "; ".join(told)
        )

    def to_json(self) -> dict[str, Any]:
        parts = [[list(part.symbols), part.origin] for part in self.parts]
        return {"kind": "scale", "axis": self.axis, "parts": parts}


Step = Crop | Cells | Scale


def scale_of(symbols: Sequence[str], sizes: Sizes, bounds: Sizes) -> float:
    """The padded size over the own one."""
    return math.prod(bounds[symbol] / max(1, sizes[symbol]) for symbol in symbols)


def undone(
    tensor: torch.Tensor, steps: Sequence[Step], sizes: Sizes, bounds: Sizes
) -> torch.Tensor:
    """A result of the padded network after all steps."""
    for step in steps:
        tensor = step.undo(tensor, sizes, bounds)
    return tensor


def step_from_json(json: Any, symbols: Sequence[str]) -> Step:
    """What `to_json` gave; it is read as untrusted. Errors: anything else, as KeyError, TypeError,
    ValueError or Error."""
    axis = int(json["axis"])
    match json["kind"]:
        case "crop":
            up, down, add = (int(number) for number in json["length"])
            if up < 1 or down < 1:
                raise Error(f"signature: a length of {up} / {down}")
            step: Step = Crop(axis, str(json["symbol"]), Length(up, down, add))
        case "cells":
            strides = tuple(int(stride) for stride in json["strides"])
            anchors, before = int(json["anchors"]), int(json["before"])
            if min((*strides, anchors)) < 1 or before < 0:
                raise Error(f"signature: cells at strides {strides} with {anchors} anchors")
            step = Cells(
                axis,
                str(json["rows"]),
                str(json["columns"]),
                strides,
                bool(json["upwards"]),
                anchors,
                bool(json["anchors_first"]),
                before,
            )
        case "scale":
            parts = tuple(
                Part(tuple(str(symbol) for symbol in of), float(origin))
                for of, origin in json["parts"]
            )
            step = Scale(axis, parts)
        case kind:
            raise Error(f"signature: a padding is undone by '{kind}', which is not known here")
    if unknown := [symbol for symbol in step.symbols() if symbol not in symbols]:
        raise Error(f"signature: a padding names the axis '{unknown[0]}', which is not padded")
    return step
