"""Where sizes vary over the samples: at which one ranges of activations are measured, and between
which ones an engine works."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy.typing as npt

from acuate.pytorch.signature import Port

Arrays = Mapping[str, npt.NDArray[Any]]


def of_one_size(samples: Sequence[Arrays], tell: Callable[[str], None]) -> list[Arrays]:
    """Those of the shapes that most of them have, the first of these where several are as many.

    Activations are measured at one size; the network stays open for all.
    """
    shapes = [tuple((name, array.shape) for name, array in sample.items()) for sample in samples]
    chosen, count = Counter(shapes).most_common(1)[0]
    if count < len(samples):
        sizes = ", ".join(f"{name} {list(shape)}" for name, shape in chosen)
        tell(
            f"8 bits are calibrated on {count} of {len(samples)} samples, those of one size: "
            f"{sizes}; give `calibration` more of one size, or `pad`"
        )
    return [sample for sample, shape in zip(samples, shapes, strict=True) if shape == chosen]


def shape_ranges(
    inputs: Sequence[Port], samples: Sequence[Arrays]
) -> dict[str, tuple[list[int], list[int], list[int]]]:
    """The least, the most usual and the largest size of each input with open axes."""
    ranges = {}
    for port in inputs:
        if not port.symbols():
            continue
        shapes = [sample[port.name].shape for sample in samples]
        usual = Counter(shapes).most_common(1)[0][0]
        axes = list(zip(*shapes, strict=True))
        ranges[port.name] = (
            [min(axis) for axis in axes],
            list(usual),
            [max(axis) for axis in axes],
        )
    return ranges
