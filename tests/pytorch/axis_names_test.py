"""Open axes of an exported file have names that a reader knows."""

import torch
from acuate.pytorch.axis_names import name_axes
from acuate.pytorch.samples import Call
from acuate.pytorch.signature import Signature, derive
from onnx import GraphProto, TensorProto, helper


def graph(inputs: dict[str, list[int | str]], outputs: dict[str, list[int | str]]) -> GraphProto:
    given, results = (
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in side]
        for side in (inputs.items(), outputs.items())
    )
    return helper.make_graph([], "g", given, results)


def signature() -> Signature:
    calls = [Call((torch.zeros(1, 8, n), torch.zeros(1, 8, n))) for n in (4, 6)]
    results = [{"y": torch.zeros(1, n), "b": torch.zeros(2, 3)} for n in (4, 6)]
    return derive(calls, results, ("x", "mask"))


def axes(found: GraphProto) -> dict[str, list[int | str]]:
    return {
        value.name: [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
        for value in (*found.input, *found.output, *found.value_info)
    }


def test_the_symbols_of_the_signature_take_the_place_of_the_exporters() -> None:
    found = graph(
        {"x": [1, 8, "s43"], "mask": [1, 8, "s68"]},
        {"y": [1, "Max(2*s43, u0)"], "b": ["Gathery_dim_0", "u0"]},
    )
    found.value_info.append(helper.make_tensor_value_info("t", TensorProto.FLOAT, ["s68//2", "s9"]))
    name_axes(found, signature())
    assert axes(found) == {
        "x": [1, 8, "x_2"],
        "mask": [1, 8, "x_2"],  # of one size in every sample
        "y": [1, "Max(2*x_2, y_1)"],
        "b": ["b_0", "y_1"],  # one symbol is one name
        "t": ["x_2//2", "s9"],
    }


def test_names_that_the_export_was_given_stay() -> None:
    inputs: dict[str, list[int | str]] = {"x": [1, 8, "x_2"], "mask": [1, 8, "x_2"]}
    outputs: dict[str, list[int | str]] = {"y": [1, "x_2"], "b": [2, 3]}
    found = graph(inputs, outputs)
    name_axes(found, signature())
    assert axes(found) == inputs | outputs


def test_a_name_is_not_taken_twice() -> None:
    calls = [Call((torch.zeros(1, 8), torch.zeros(1, 8)))]
    results = [{"y": torch.zeros(5, 7), "b": torch.zeros(2, 3)}]
    called_so = derive(calls, results, ("x", "mask"), axes={"x": {1: "y_1"}})
    found = graph({"x": [1, "s1"], "mask": ["s2", 8]}, {"y": ["u1", "u2"], "b": ["s1", 3]})
    name_axes(found, called_so)
    assert axes(found) == {
        "x": [1, "y_1"],
        "mask": ["mask_0", 8],
        "y": ["y_0", "y_1_"],
        "b": ["y_1", 3],
    }
