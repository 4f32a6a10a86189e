"""AcuiRT's configuration keys."""

from typing import Any

import pytest
from acuate import Error
from acuate.pytorch.config import Choice, read_config
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU())
        self.head = nn.ModuleDict({"boxes": nn.Linear(4, 4), "scores": nn.Linear(4, 2)})


def test_settings_of_the_whole_model() -> None:
    config = read_config({"rt_mode": "onnx", "auto": True, "fp16": True}, Net())
    assert config.root == Choice(convert=True, may_divide=True, precision="fp16")
    assert config.modules == {}
    assert list(config.converted) == [""]


def test_nothing_given_converts_all_of_it() -> None:
    assert list(read_config(None, Net()).converted) == [""]


@pytest.mark.parametrize(
    "given",
    [
        {"backbone": {"rt_mode": "onnx"}, "head.boxes": {"rt_mode": "onnx", "int8": True}},
        {
            "rt_mode": None,
            "children": {
                "backbone": {"rt_mode": "onnx"},
                "head": {"children": {"boxes": {"rt_mode": "onnx", "int8": True}}},
            },
        },
    ],
)
def test_dotted_names_and_children_say_the_same(given: dict[str, Any]) -> None:
    config = read_config(given, Net())
    assert {path: choice.precision for path, choice in config.converted.items()} == {
        "backbone": "fp32",
        "head.boxes": "int8",
    }


def test_a_module_may_be_left_in_pytorch() -> None:
    config = read_config({"rt_mode": "torch"}, Net())
    assert config.converted == {}


def test_inputs_of_the_whole_model() -> None:
    config = read_config(
        {
            "rt_mode": "onnx",
            "input_shapes": [1, 3, 8, 8],
            "input_names": ["image"],
            "dynamic_axes": {"image": {"2": "height", "3": ["width", 8, 64]}},
        },
        Net(),
    )
    assert config.input_shapes == ((1, 3, 8, 8),)
    assert config.input_names == ("image",)
    axes = {2: ("height", None, None), 3: ("width", 8, 64)}
    assert config.dynamic_axes == {"image": axes}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"rt_mode": "onnx", "fb16": True}, "unknown key 'fb16'; did you mean 'fp16'"),
        ({"rt_mode": "torch2trt"}, "rt_mode of the whole model is 'torch2trt'"),
        ({"backbone": {"rt_mode": "onnx", "int8": 1}}, "int8 of 'backbone' is 1"),
        ({"bakbone": {"rt_mode": "onnx"}}, "no module 'bakbone'; did you mean 'backbone'"),
        ({"backbone": {"rt_mode": "onnx"}, "backbone.0": {"rt_mode": "onnx"}}, "which holds it"),
        ({"rt_mode": "onnx", "children": {"head": {"rt_mode": "auto"}}}, "which holds it"),
        ({"head": {"children": {"boxes": {"rt_mode": "onnx"}}}, "head.boxes": {}}, "stands twice"),
        ({"backbone": {"rt_mode": "onnx", "input_shapes": [1]}}, "cannot be followed"),
        ({"rt_mode": "onnx", "input_shapes": [1], "input_args": 3}, "name one"),
        ({"rt_mode": "onnx", "fp16": True, "bf16": True}, "both fp16 and bf16"),
        ({"rt_mode": "onnx", "dynamic_axes": {"x": {0: ["n", 5, 2]}}}, "dynamic_axes of 'x'"),
        ({"backbone": "onnx"}, "'backbone' is 'onnx'"),
        ([], "a list, expected a mapping"),
    ],
)
def test_mistakes_are_named(given: Any, message: str) -> None:
    with pytest.raises(Error, match=message.replace("(", r"\(")):
        read_config(given, Net())
