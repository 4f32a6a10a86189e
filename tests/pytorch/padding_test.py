"""Padding to one size, with values that are searched."""

import json
from pathlib import Path
from typing import Any

import acuate
import pytest
import torch
from acuate.pytorch.inverse import Cells, Crop, Length, Part, Scale
from acuate.pytorch.inverse_search import find_length
from acuate.pytorch.padding import Padding
from acuate.pytorch.padding_search import search_padding
from acuate.pytorch.samples import calls
from acuate.pytorch.signature import derive
from pytorch.networks.small import Detector, Padded, detector_samples, settled
from torch import nn


class Masked(nn.Module):
    """The mean of what is not masked; a map at half the size."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)
        self.pool = nn.MaxPool2d(2, ceil_mode=True)

    def forward(self, samples: Padded) -> dict[str, torch.Tensor]:
        free = (~samples.mask)[:, None].float()
        features = self.conv(samples.tensors) * free
        return {"mean": features.sum((2, 3)) / free.sum((2, 3)), "map": self.pool(features)}


class Means:
    """The mean of all means."""

    def reset(self) -> None:
        self.seen: list[float] = []

    def update(self, result: dict[str, torch.Tensor]) -> None:
        self.seen.append(float(result["mean"].mean()))

    def aggregate(self) -> dict[str, float]:
        return {"mean": sum(self.seen) / len(self.seen)}


class Places(nn.Module):
    """The brightest places of an image, where the mask leaves it, by channel.

    Boxes [1, 3, 4] (center, width, height) and points [1, 3, 2] in parts of the padded image's
    size, points again from -1 to 1, pixels in whole ones, and an area; the cells [1, n, 5] of two
    grids with boxes in them.
    """

    def __init__(self, anchors: int = 1) -> None:
        super().__init__()
        self.heat = nn.Conv2d(3, 3, 1)
        self.cells = nn.ModuleList(nn.Conv2d(3, 5 * anchors, n, n) for n in (2, 4))

    def forward(self, samples: Padded) -> dict[str, torch.Tensor]:
        height, width = samples.tensors.shape[-2:]
        heat = self.heat(samples.tensors).masked_fill(samples.mask[:, None], -1e4)
        share = heat.flatten(2).softmax(2).unflatten(2, (height, width))
        x = (share.sum(2) * (torch.arange(width) + 0.5)).sum(2)
        y = (share.sum(3) * (torch.arange(height) + 0.5)).sum(2)
        points = torch.stack((x / width, y / height), 2)
        boxes = torch.cat((points, points * 0.25), 2)
        cells = [part(samples.tensors).unflatten(1, (5, -1)) for part in self.cells]
        rows = torch.cat([part.flatten(2).transpose(1, 2) for part in cells], 1).sigmoid()
        return {
            "boxes": boxes,
            "points": points,
            "signed": points * 2 - 1,
            "pixels": torch.stack((x, y), 2),
            "area": boxes[..., 2:].prod(2),
            "cells": torch.cat(
                (rows[..., :1], rows[..., 1:] / torch.tensor([width, height] * 2)), 2
            ),
        }


def searched(
    model: nn.Module,
    told: list[str],
    sizes: tuple[tuple[int, int], ...] = ((8, 12), (10, 16), (9, 20)),
    **options: Any,
) -> Padding:
    taken = calls(detector_samples(sizes))
    with torch.no_grad():
        signature = derive(taken, [model(*call.args) for call in taken], ("samples",))
    bounds = options.pop("bounds", True)
    return search_padding(model, taken, signature, bounds, note=told.append, **options)


def test_the_mask_that_disturbs_least_is_found() -> None:
    told: list[str] = []
    padding = searched(settled(Masked()), told)
    assert padding.bounds == {"tensors_2": 10, "tensors_3": 20}
    assert padding.fills["mask"] is True  # nothing there
    half = Length(1, 2, 1)
    assert padding.steps == {"map": (Crop(2, "tensors_2", half), Crop(3, "tensors_3", half))}
    assert len(told) == 6  # every trial, what was chosen, and the output that is cut
    assert "Padded to tensors_2 = 10, tensors_3 = 20 with" in told[-2]
    assert "'map': axis 2 is cut to tensors_2 / 2 rounded up; axis 3" in told[-1]


H, W = "tensors_2", "tensors_3"
OF_WIDTH, OF_HEIGHT = Part((W,)), Part((H,))


@pytest.mark.parametrize(
    "sizes",
    [
        ((8, 12), (12, 16), (8, 20)),
        ((8, 8), (12, 12), (16, 16)),  # which do not tell height from width
    ],
)
def test_coordinates_of_the_padded_image_are_scaled_back(sizes: Any) -> None:
    told: list[str] = []
    padding = searched(settled(Places()), told, sizes, bounds=24)
    assert padding.fills["mask"] is True
    expected = {
        "boxes": (Scale(2, (OF_WIDTH, OF_HEIGHT) * 2),),
        "points": (Scale(2, (OF_WIDTH, OF_HEIGHT)),),
        "signed": (Scale(2, (Part((W,), -1.0), Part((H,), -1.0))),),
        "area": (Scale(1, (Part((H, W)),) * 3),),
        "cells": (
            Cells(1, H, W, (2, 4), True),
            Scale(2, (Part(), *(OF_WIDTH, OF_HEIGHT) * 2)),
        ),
    }
    assert padding.steps == expected
    text = next(line for line in told if line.startswith("Output 'boxes'"))
    assert "0, 2 of tensors_3; 1, 3 of tensors_2; changed by 0.00% (without it: " in text
    # As it is stored.
    port = derive(calls(detector_samples(sizes)), [torch.zeros(1)] * 3, ("samples",)).inputs
    assert Padding.from_json(json.loads(json.dumps(padding.to_json())), port) == padding


@pytest.mark.parametrize("anchors_first", [False, True])
def test_cells_with_anchors(anchors_first: bool) -> None:
    class Anchors(nn.Module):
        def forward(self, samples: Padded) -> torch.Tensor:
            cells = nn.functional.max_pool2d(samples.tensors, 3, 2, 1)  # [1, 3, H/2, W/2]
            if not anchors_first:
                cells = cells.permute(0, 2, 3, 1)
            return torch.cat((torch.zeros(1, 1), cells.flatten(1)), 1)

    padding = searched(Anchors().eval(), [])
    assert padding.steps["output"] == (Cells(1, H, W, (2,), True, 3, anchors_first, 1),)


def test_what_does_not_follow_from_the_sizes_is_left_alone() -> None:
    class Noise(nn.Module):
        """Results that padding changes at random, and ones that grow in a strange way."""

        def forward(self, samples: Padded) -> dict[str, torch.Tensor]:
            height, width = samples.tensors.shape[-2:]
            generator = torch.Generator().manual_seed(height * width)
            logits = torch.randn(1, 8, 4, generator=generator)
            return {"logits": logits, "strange": torch.ones(height**2 + 3 * width)}

    told: list[str] = []
    padding = searched(Noise().eval(), told)
    assert padding.steps == {}
    assert "'strange' grows with the inputs in a way that was not recognized" in told[-1]


def test_steps_may_be_given() -> None:
    told: list[str] = []
    given = {"boxes": "keep", "points": f"{W},", "cells": [None] * 5}
    padding = searched(settled(Places()), told, ((8, 12), (12, 16), (8, 20)), outputs=given)
    assert padding.steps["boxes"] == ()
    assert padding.steps["points"] == (Scale(2, (OF_WIDTH, Part())),)
    assert padding.steps["cells"] == (Scale(2, (Part(),) * 5),)
    assert any("'cells' grows" in line for line in told)


@pytest.mark.parametrize(
    ("known", "length"),
    [
        ([(800, 25), (1333, 42), (333, 11)], Length(1, 32, 31)),
        ([(9, 4), (8, 4), (10, 5)], Length(1, 2, 0)),
        ([(16000, 49), (24079, 74), (24080, 75)], Length(1, 320, -80)),
        ([(224, 16), (280, 20)], Length(1, 14, 13)),
        ([(8, 6), (12, 10)], Length(1, 1, -2)),
        ([(8, 32), (12, 48)], Length(4, 1, 0)),
        ([(8, 8), (9, 9)], Length(1, 1, 0)),
        ([(8, 2), (8, 3)], None),
        ([(8, 64), (9, 81), (10, 100)], None),
    ],
)
def test_lengths(known: list[tuple[int, int]], length: Length | None) -> None:
    found = find_length(known)
    assert found == length
    assert found is None or [found.of(size) for size, _ in known] == [n for _, n in known]


def test_values_may_be_given() -> None:
    told: list[str] = []
    padding = searched(settled(Masked()), told, fills={"mask": False, "tensors": 0.0}, bounds=32)
    assert padding.fills == {"mask": False, "tensors": 0.0}
    assert padding.bounds == {"tensors_2": 32, "tensors_3": 32}
    assert len(told) == 3


def test_mistakes() -> None:
    with pytest.raises(acuate.Error, match="no input that is padded"):
        searched(settled(Masked()), [], fills={"masc": True})
    with pytest.raises(acuate.Error, match="a sample has 20"):
        searched(settled(Masked()), [], bounds=16)
    with pytest.raises(acuate.Error, match="there is no axis 'height'"):
        searched(settled(Masked()), [], bounds={"height": 16})
    with pytest.raises(acuate.Error, match="no output 'box'"):
        searched(settled(Places()), [], outputs={"box": "keep"})
    with pytest.raises(acuate.Error, match=r"given 1 parts, its shape is \[1, 3, 4\]"):
        searched(settled(Places()), [], outputs={"boxes": "swap"})
    with pytest.raises(acuate.Error, match="there is no axis 'w'"):
        searched(settled(Places()), [], outputs={"points": "w,h"})
    for stored in (
        {"bounds": 1, "fills": {}, "outputs": {}},
        {"bounds": {}, "fills": {}, "outputs": {"y": [{"kind": "crop", "axis": 0}]}},
        {"bounds": {}, "fills": {}, "outputs": {"y": [{"kind": "flip", "axis": 0}]}},
    ):
        with pytest.raises(acuate.Error, match="signature"):
            Padding.from_json(stored, ())


def test_a_converted_model_pads_and_crops(tmp_path: Path) -> None:
    model = settled(Masked())
    samples = detector_samples(((8, 12), (10, 16), (9, 20)))
    result = acuate.convert(
        model, samples, output=tmp_path / "out", pad=24, runs=3, evaluator=Means()
    )
    cost = result.report["padding"]
    assert cost["sizes"] == {"tensors_2": 24, "tensors_3": 24}
    assert cost["fills"]["mask"] == "True"
    assert cost["outputs"]["map"].startswith("axis 2 is cut to tensors_2 / 2")
    assert cost["padded_ms"] > 0
    assert cost["sqnr_db"] > 10  # the border of the map is not quite the same
    assert cost["metrics"]["mean"] == pytest.approx(result.report["accuracy"]["mean"]["baseline"])
    assert json.loads((result.output / "report.json").read_text())["padding"] == cost
    assert "\nPadding\n  inputs are filled up to tensors_2 = 24" in str(result.report)
    shape = result.report["model"]["inputs"][0]["shape_after"]
    assert shape == [1, 3, 24, 24]
    fast = acuate.load(result.output, model=model)
    for (sample,) in samples:
        expected, found = model(sample), fast(sample)
        assert found["map"].shape == expected["map"].shape
        torch.testing.assert_close(found["mean"], expected["mean"].detach(), rtol=1e-4, atol=1e-5)
    with pytest.raises(acuate.Error, match="24 at most"):
        fast(detector_samples(((8, 30),))[0][0])


def test_a_converted_model_gives_coordinates_of_the_image(tmp_path: Path) -> None:
    model = settled(Places())
    samples = detector_samples(((8, 12), (12, 16), (8, 20)))
    result = acuate.convert(model, samples, output=tmp_path / "out", pad=24, runs=0)
    fast = acuate.load(result.output, model=model)
    for (sample,) in (*samples, *detector_samples(((20, 8),))):  # a size that no sample had
        expected, found = model(sample), fast(sample)
        for name in ("boxes", "points", "signed", "pixels", "area", "cells"):
            torch.testing.assert_close(found[name], expected[name].detach(), rtol=1e-4, atol=1e-5)


def test_int8_of_sizes_that_vary(tmp_path: Path) -> None:
    model = settled(Detector())
    result = acuate.convert(
        model, detector_samples(), output=tmp_path / "q", pad=True, precision="int8", runs=0
    )
    assert result.report["target"]["precision"] == "int8"
    assert acuate.load(result.output)(detector_samples()[0][0])["aux"][0]["features"].shape == (
        1,
        8,
        16,
        24,
    )
