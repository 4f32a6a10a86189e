"""What a model is called with: names, open axes, arguments by position and by name."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import torch
from acuate import Error
from acuate.pytorch.samples import Call
from acuate.pytorch.signature import Signature, derive, port_names


def image(height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.zeros(1, 3, height, width), torch.zeros(1, height, width)


def signature(*sizes: tuple[int, int], **options: Any) -> Signature:
    samples = [Call(image(*size)) for size in sizes]
    results = [{"y": call.args[0].mean(1)} for call in samples]
    return derive(samples, results, ("x", "mask"), **options)


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["samples.tensors", "samples.mask"], ["tensors", "mask"]),
        (["left.x", "right.x"], ["left.x", "right.x"]),
        (["['aux'][0]['logits']", "['logits']"], ["aux.0.logits", "logits"]),
        (["[0]", "[1]"], ["input.0", "input.1"]),
        ([""], ["input"]),
    ],
)
def test_names_are_the_fewest_parts_that_tell_apart(paths: list[str], names: list[str]) -> None:
    assert port_names(paths, "input", set()) == names


def test_names_of_inputs_and_outputs_differ() -> None:
    assert port_names(["['x']"], "output", {"x"}) == ["output.x"]


def test_one_sample_has_no_open_axes_but_those_that_are_named() -> None:
    assert [port.shape for port in signature((8, 8)).inputs] == [(1, 3, 8, 8), (1, 8, 8)]
    opened = signature((8, 8), axes={"x": {-1: "width"}}).inputs[0]
    assert opened.shape == (1, 3, 8, "width")


def test_axes_that_change_together_share_a_symbol() -> None:
    found = signature((8, 12), (10, 12), (10, 16))
    assert [port.shape for port in found.inputs] == [(1, 3, "x_2", "x_3"), (1, "x_2", "x_3")]
    assert found.outputs[0].shape == (1, "x_2", "x_3")


def test_height_and_width_of_square_images_stay_apart() -> None:
    found = signature((8, 8), (16, 16))
    assert [port.shape for port in found.inputs] == [(1, 3, "x_2", "x_3"), (1, "x_2", "x_3")]


def test_arguments_by_position_and_by_name_are_the_same() -> None:
    x, mask = image(8, 8)
    sample = Call((x,), {"mask": mask, "scale": 2.0})
    found = derive([sample], [x], ("x", "mask", "scale"))
    for call in (
        Call((x,), {"scale": 2.0, "mask": mask}),
        Call((x, mask, 2.0)),
        Call((), {"scale": 2.0, "mask": mask, "x": x}),
    ):
        assert [
            tensor is given for tensor, given in zip(found.flatten(call), (x, mask), strict=True)
        ]
        assert found.flatten(call)[1] is mask
    for call in (Call((x, mask)), Call((x, mask), {"scale": 2.0, "mask": mask}), Call((x,) * 4)):
        with pytest.raises(Error, match="converted for other arguments"):
            found.flatten(call)
    with pytest.raises(Error, match=r"scale is 2\.0 and 3\.0"):
        found.flatten(Call((x, mask, 3.0)))


SPOILS: list[Callable[[Any], Any]] = [
    lambda json: json.pop("outputs"),
    lambda json: json["inputs"]["tensors"].pop(),
    lambda json: json["inputs"]["tensors"][0].update(dtype="Tensor"),
    lambda json: json["inputs"]["tensors"][0].update(shape=[None]),
    lambda json: json["inputs"].update(structure={"list": [{"tensor": 0}, {"tensor": 1}]}),
]


def test_it_is_stored() -> None:
    found = signature((8, 12), (10, 16))
    stored = json.loads(json.dumps(found.to_json()))
    again = Signature.from_json(stored)
    assert again == found
    for spoil in SPOILS:
        bad = json.loads(json.dumps(stored))
        spoil(bad)
        with pytest.raises(Error, match="signature"):
            Signature.from_json(bad)


def test_what_cannot_be_derived_is_told() -> None:
    x, mask = image(8, 8)
    with pytest.raises(Error, match=r"x is torch\.float32 of rank 4 and torch\.float32 of rank 3"):
        derive([Call((x,)), Call((mask,))], [x, x], ("x",))
    with pytest.raises(Error, match="1 input names are given, the model has 2"):
        signature((8, 8), names=["only"])
    with pytest.raises(Error, match="there is no input 'z'; there are: x, mask"):
        signature((8, 8), axes={"z": {0: "batch"}})
    with pytest.raises(Error, match="no axis"):
        signature((8, 8), axes={"x": {4: "batch"}})
