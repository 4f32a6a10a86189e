"""Containers are taken apart and put together again."""

import json
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
import torch
from acuate import Error
from acuate.pytorch.structure import Structure, flatten, holds_tensors
from transformers.utils.generic import ModelOutput


class Nested:
    """Like DETR's NestedTensor."""

    def __init__(self, tensors: torch.Tensor, mask: torch.Tensor | None) -> None:
        self.tensors, self.mask = tensors, mask


class Slotted:
    __slots__ = ("left", "right")

    def __init__(self, left: Any, right: Any) -> None:
        self.left, self.right = left, right


class Pair(NamedTuple):
    first: torch.Tensor
    second: Any


@dataclass
class Result(ModelOutput):
    logits: torch.Tensor | None = None
    hidden: tuple[torch.Tensor, ...] | None = None


@dataclass
class Boxes:
    boxes: torch.Tensor
    size: tuple[int, int] = (4, 4)


def number(value: float) -> torch.Tensor:
    return torch.full((2,), value)


def again(value: Any) -> Any:
    """Through JSON, with every tensor made twice as large."""
    structure, leaves = flatten(value)
    stored = json.loads(json.dumps(structure.to_json()))
    read = Structure.from_json(stored)
    assert read.difference(structure) is None
    assert read.leaf_count() == len(leaves)
    return read.rebuild([leaf.tensor * 2 for leaf in leaves])


def test_containers_of_python() -> None:
    x, y = number(1), number(2)
    made = again({"a": [x, (y, None, "text", 3)], 7: slice(0, 2), "size": torch.Size((1, 2))})
    assert torch.equal(made["a"][0], x * 2)
    assert torch.equal(made["a"][1][0], y * 2)
    assert made["a"][1][1:] == (None, "text", 3)
    assert made[7] == slice(0, 2)
    assert made["size"] == torch.Size((1, 2))
    assert isinstance(made["size"], torch.Size)


def test_classes_that_hold_tensors() -> None:
    made = again(Nested(number(1), None))
    assert type(made) is Nested
    assert torch.equal(made.tensors, number(2))
    assert made.mask is None
    slotted = again(Slotted(number(1), {"k": number(2)}))
    assert torch.equal(slotted.right["k"], number(4))
    boxes = again(Boxes(number(3)))
    assert boxes.size == (4, 4)
    assert torch.equal(boxes.boxes, number(6))
    pair = again(Pair(number(1), (number(2),)))
    assert type(pair) is Pair
    assert torch.equal(pair.second[0], number(4))


def test_subclasses_of_dict() -> None:
    ordered = again(OrderedDict(b=number(1), a=number(2)))
    assert type(ordered) is OrderedDict
    assert list(ordered) == ["b", "a"]
    result = again(Result(logits=number(1), hidden=(number(2), number(3))))
    assert type(result).__name__ == "Result"
    assert torch.equal(result.logits, number(2))
    assert torch.equal(result["logits"], result[0])
    assert torch.equal(result.hidden[1], number(6))
    assert list(result.keys()) == ["logits", "hidden"]
    assert len(result.to_tuple()) == 2
    part = again(Result(logits=number(1)))
    assert part.hidden is None


def test_key_paths() -> None:
    _, leaves = flatten({"x": Nested(number(1), number(2)), "y": [number(3)]}, "samples")
    paths = [leaf.path for leaf in leaves]
    assert paths == ["samples['x'].tensors", "samples['x'].mask", "samples['y'][0]"]
    assert flatten(number(1))[1][0].path == ""
    assert flatten(Nested(number(1), None))[1][0].path == "tensors"


def test_the_same_tensor_twice_is_one_leaf() -> None:
    x = number(1)
    structure, leaves = flatten([x, {"again": x}])
    assert len(leaves) == 1
    made = structure.rebuild([number(5)])
    assert made[0] is made[1]["again"]
    apart = flatten([x, {"again": number(1)}])[0]
    difference = structure.difference(apart)
    assert difference == "[1]['again'] is the same tensor as another one in only one of them"


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        ({"x": [1, 2, 4]}, "['x'][2] is 3 and 4"),
        ({"x": [1, 2]}, "['x'] has 3 and 2 items"),
        ({"x": (1, 2, 3)}, "['x'] is a list and a tuple"),
        ({"y": [1, 2, 3]}, "the value has ['x'] and ['y']"),
        ({"x": [1, 2, True]}, "['x'][2] is 3 and True"),
        ({"x": [1, 2, None]}, "['x'][2] is 3 and None"),
    ],
)
def test_the_first_difference_is_named(other: Any, difference: str) -> None:
    mine = flatten({"x": [1, 2, 3]})[0]
    assert mine.difference(flatten(other)[0]) == difference
    assert mine.difference(flatten({"x": [1, 2, 3]})[0]) is None


def test_objects_without_tensors_are_told_when_they_would_be_stored() -> None:
    structure, leaves = flatten({"meta": object(), "x": number(1)})
    assert len(leaves) == 1
    with pytest.raises(Error, match=r"\['meta'\] is a object without tensors"):
        structure.to_json()
    assert not holds_tensors({"a": [None, "b"]})


def test_what_holds_itself_is_refused() -> None:
    loop: list[Any] = [number(1)]
    loop.append(loop)
    with pytest.raises(Error, match="holds itself"):
        flatten(loop)
    deep: Any = number(1)
    for _ in range(100):
        deep = [deep]
    with pytest.raises(Error, match="inside of each other"):
        flatten(deep)


@pytest.mark.parametrize(
    "stored",
    [
        {"object": [{"tensor": 0}], "class": "os:system", "keys": ["x"]},
        {"object": [{"tensor": 0}], "class": "os.path:join", "keys": ["x"]},
        {"object": [{"tensor": 0}], "class": "no_such_module:Thing", "keys": ["x"]},
        {
            "object": [{"tensor": 0}],
            "class": "acuate.pytorch.structure:Leaf.__init__",
            "keys": ["x"],
        },
        {"object": [{"tensor": 0}], "class": "torch.nn:Linear", "keys": ["x"]},
        {"object": [{"tensor": 0}], "class": "builtins:int", "keys": ["__class__"]},
        {"object": [], "class": "subprocess:Popen; import os", "keys": []},
        {"list": [{"tensor": 0}], "class": "collections:OrderedDict"},
        {"namedtuple": [{"tensor": 0}], "class": "collections:OrderedDict", "keys": ["x"]},
        {"object": [{"tensor": 0}], "class": "torch:Tensor", "keys": ["x"]},
        {"tensor": -1},
        {"tensor": 1 << 40},
        {"dtype": "load"},
        {"slice": []},
        {"list": 3},
        {"unheard": []},
        {"dict": [{"tensor": 0}], "keys": ["a", "b"]},
        [1],
        {},
    ],
)
def test_hostile_files_are_refused(stored: Any) -> None:
    with pytest.raises(Error):
        Structure.from_json(stored).rebuild([number(1)])


def test_nesting_without_end_is_refused() -> None:
    stored: Any = {"tensor": 0}
    for _ in range(500):
        stored = {"list": [stored]}
    with pytest.raises(Error, match="too deep"):
        Structure.from_json(stored)
