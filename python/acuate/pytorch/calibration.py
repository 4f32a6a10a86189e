"""The samples that ranges of activations are measured on."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy.typing as npt

Arrays = Mapping[str, npt.NDArray[object]]


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
