"""Boxes of text lines from the map of a DB detector, and how well two models agree on them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from acuate import _core
from acuate._arrays import to_core


@dataclass(frozen=True)
class TextBoxes:
    """Text lines in the coordinates of the map, where pixel i covers [i, i + 1)."""

    corners: npt.NDArray[np.float64]
    """[N, 4, 2]: (x, y) of top left, top right, bottom right, bottom left."""
    scores: npt.NDArray[np.float32]
    """[N]: mean of the map inside each box before it grew."""


@dataclass(frozen=True)
class BoxAgreement:
    """Boxes matched one to one at IoU >= 0.5, added over all pages."""

    f1: float | None
    """None where neither side has a box."""
    truth: int
    predicted: int
    matched: int


def decode_text_boxes(
    map: npt.NDArray[Any],
    **options: float,
) -> TextBoxes:
    """The boxes of a probability map [1, 1, H, W] or [H, W].

    Options are those of the decoder `db-text`: threshold, box_score, unclip_ratio,
    max_candidates, min_size.
    """
    corners, scores = _core.decode_text_boxes(to_core(_planes(map), "map"), options)
    return TextBoxes(
        np.array(corners, dtype=np.float64).reshape(-1, 4, 2), np.array(scores, dtype=np.float32)
    )


def text_box_f1(
    baseline: Iterable[npt.NDArray[Any]], converted: Iterable[npt.NDArray[Any]], **options: float
) -> BoxAgreement:
    """F1 of the boxes in `converted` maps against those in `baseline` maps, page by page."""
    f1, counts = _core.text_box_f1(
        [to_core(_planes(map), "baseline") for map in baseline],
        [to_core(_planes(map), "converted") for map in converted],
        options,
    )
    return BoxAgreement(
        f1, *(int(counts[f"{kind}_boxes"]) for kind in ("truth", "predicted", "matched"))
    )


def _planes(map: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return map[np.newaxis, np.newaxis] if map.ndim == 2 else map
