"""Each rounding pass holds the bound that it states, for random parameters of every shape.

A model of many small networks is simplified at once; ONNX Runtime runs it before and after, without
optimizations of its own. The bound's sums of magnitudes come from a third model: the first one with
every constant and input replaced by its absolute value (constants that are subtracted, negated).
"""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import RANDOM, ULP, Network, build, count, normal, run, simplified
from onnx import helper


def compare(networks: list[Network], folder: Path, opset: int = 17) -> None:
    """Before against after, within (K + 4) · 2^-23 · the sum of magnitudes."""
    before = build(networks, opset)
    after = simplified(before, folder)
    expected, found = run(before, networks), run(after, networks)
    limits = run(build(networks, opset, magnitudes=True), networks, magnitudes=True)
    for network, a, b, limit in zip(networks, expected, found, limits, strict=True):
        assert count(after, network) == network.left, network.name
        error = np.abs(a.astype(np.float64) - b)
        allowed = (network.products + 4) * ULP * limit.astype(np.float64)
        assert a.shape == b.shape, network.name
        assert (error <= allowed).all(), (
            f"{network.name}: {error.max()} above {allowed[error > allowed].max()}"
        )


def batch_norm(network: Network, channels: int) -> None:
    network.then(
        "BatchNormalization",
        network.constant("gamma", normal(channels)),
        network.constant("beta", normal(channels)),
        network.constant("mean", normal(channels), negated=True),
        network.constant("var", RANDOM.uniform(0.01, 4, channels).astype(np.float32)),
        epsilon=1e-3,
    )


def elementwise(network: Network, operator: str, shape: tuple[int, ...]) -> None:
    values = normal(*shape)
    if operator == "Div":
        values = np.where(np.abs(values) < 0.1, np.float32(0.5), values)
    network.then(operator, network.constant("c", values, negated=operator == "Sub"))


Convolution = tuple[int, int, int, int, dict[str, Any]]
CONVOLUTIONS: list[Convolution] = [
    # dims, group, channels in and out of a group, attributes
    (1, 1, 3, 4, {}),
    (1, 2, 2, 3, {"pads": [2, 0], "dilations": [2]}),
    (2, 1, 3, 5, {"pads": [0, 1, 2, 1], "strides": [2, 1]}),
    (2, 4, 1, 1, {"auto_pad": "SAME_UPPER"}),
    (2, 2, 3, 2, {"auto_pad": "SAME_LOWER", "strides": [2, 2]}),
    (2, 6, 1, 2, {"dilations": [1, 2]}),
    (3, 1, 2, 3, {"auto_pad": "VALID"}),
    (3, 2, 2, 2, {"pads": [1, 0, 1, 0, 1, 2]}),
]


def convolution(case: Convolution, name: str, transposed: bool, bias: bool) -> tuple[Network, int]:
    dims, group, into, out, attributes = case
    attributes = dict(attributes)
    if transposed and "auto_pad" in attributes:
        attributes["pads"] = [1] * (2 * dims)
        del attributes["auto_pad"]
    size = [9, 8, 7][:dims] if dims < 3 else [5, 6, 5]
    network = Network(name, normal(2, group * into, *size))
    kernel = [3, 2, 3][:dims]
    shape = [group * into, out, *kernel] if transposed else [group * out, into, *kernel]
    operands = [network.constant("w", normal(*shape))]
    if bias:
        operands.append(network.constant("b", normal(group * out)))
    network.then("ConvTranspose" if transposed else "Conv", *operands, group=group, **attributes)
    network.products = into * int(np.prod(kernel))
    return network, group * out


@pytest.mark.parametrize("transposed", [False, True])
def test_what_follows_a_convolution(transposed: bool, tmp_path: Path) -> None:
    networks: list[Network] = []
    for case, bias in itertools.product(CONVOLUTIONS, [False, True]):
        dims = case[0]
        for tail in ["bn", "Mul", "Add", "Div", "Sub", "scalar", "chain"]:
            network, channels = convolution(case, f"c{len(networks)}_{tail}", transposed, bias)
            along = (channels, *[1] * dims)
            if tail == "bn":
                batch_norm(network, channels)
            elif tail == "scalar":
                elementwise(network, "Mul", ())
            elif tail == "chain":
                batch_norm(network, channels)
                elementwise(network, "Mul", along)
                elementwise(network, "Add", (1, *along))
                network.products *= 3
            else:
                elementwise(network, tail, along)
            networks.append(network)
    compare(networks, tmp_path)


def test_what_stands_in_front_of_a_convolution(tmp_path: Path) -> None:
    networks: list[Network] = []
    for case, head in itertools.product(CONVOLUTIONS, ["bn", "Mul", "Add", "Sub"]):
        dims, group, into, _, attributes = case
        pads = "pads" in attributes or attributes.get("auto_pad", "VALID") != "VALID"
        network = Network(f"f{len(networks)}_{head}", np.empty(0, np.float32))
        if head == "bn":
            batch_norm(network, group * into)
        else:
            elementwise(network, head, (group * into, *[1] * dims))
        conv, _ = convolution(case, network.name, False, True)
        network.x = conv.x
        names = {}
        for name, values in conv.constants.items():
            names[name] = network.constant("w", values)
        tail = conv.nodes[0]
        network.then(
            "Conv",
            *(names[n] for n in tail.input[1:]),
            **{a.name: helper.get_attribute_value(a) for a in tail.attribute},
        )
        network.products = conv.products + 1
        network.left = 2 if pads and head != "Mul" else 1
        networks.append(network)
    compare(networks, tmp_path)


def test_what_follows_a_matrix_product(tmp_path: Path) -> None:
    networks: list[Network] = []
    for transposed, tail in itertools.product([0, 1], ["bn", "Mul", "Add", "Div", "Sub"]):
        for product in ["MatMul", "Gemm", "factors"]:
            network = Network(f"g{len(networks)}", normal(3, 17))
            network.products = 17
            if product == "MatMul":
                network.then("MatMul", network.constant("w", normal(17, 5)))
            else:
                shape = (5, 17) if transposed else (17, 5)
                factors: dict[str, Any] = (
                    {"alpha": 0.75, "beta": 1.5} if product == "factors" else {}
                )
                operands = [network.constant("w", normal(*shape))]
                if factors:
                    operands.append(network.constant("b", normal(1, 5)))
                network.then("Gemm", *operands, transB=transposed, **factors)
            if tail == "bn":
                batch_norm(network, 5)
            else:
                elementwise(network, tail, (5,))
            networks.append(network)
    for operator in ["Mul", "Div"]:
        network = Network(f"g{len(networks)}_stack", normal(2, 3, 17))
        network.products = 17
        network.then("MatMul", network.constant("w", normal(17, 5)))
        elementwise(network, operator, (5,))
        networks.append(network)
    compare(networks, tmp_path)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_a_product_and_its_summand(kind: type[np.floating[Any]], tmp_path: Path) -> None:
    networks: list[Network] = []
    for shape in [(3, 5), (5,), (3, 1), (), None]:
        network = Network(f"m{len(networks)}", normal(3, 17).astype(kind))
        if shape is not None:
            summand = network.constant("s", normal(*shape).astype(kind))
        else:
            summand = network.then("ReduceSum", network.constant("axes", np.array([1])))
            network.last = f"{network.name}/x"
            network.left = 2
        network.then("MatMul", network.constant("w", normal(17, 5).astype(kind)))
        network.then("Add", summand)
        networks.append(network)
    before = build(networks, 17)
    after = simplified(before, tmp_path)
    expected, found = run(before, networks), run(after, networks)
    limits = run(build(networks, 17, magnitudes=True), networks, magnitudes=True)
    units: dict[type[Any], float] = {np.float16: 2.0**-10, np.float32: ULP, np.float64: 2.0**-52}
    unit = units[kind]
    for network, a, b, limit in zip(networks, expected, found, limits, strict=True):
        assert count(after, network) == network.left, network.name
        error = np.abs(a.astype(np.float64) - b.astype(np.float64))
        assert (error <= 18 * unit * limit.astype(np.float64)).all(), network.name


def test_transposed_matrices(tmp_path: Path) -> None:
    networks: list[Network] = []
    for operator, slot in itertools.product(["MatMul", "Gemm"], [0, 1]):
        network = Network(f"t{len(networks)}", normal(19, 7))
        network.then("Transpose", perm=[1, 0])
        other = network.constant("w", normal(*((19, 6) if slot == 0 else (6, 7))))
        network.then(operator, other, first=slot == 0)
        network.products = 15
        networks.append(network)
    compare(networks, tmp_path)


def test_padding_keeps_every_bit(tmp_path: Path) -> None:
    networks: list[Network] = []
    for dims, pads in [(1, (1, 2)), (2, (0, 1, 2, 0)), (2, (1, 1, 1, 1)), (3, (1, 0, 1, 0, 1, 2))]:
        for reader in ["Conv", "depthwise", "AveragePool", "MaxPool"]:
            network = Network(f"p{len(networks)}", normal(2, 4, *[9, 8, 7][:dims]))
            full = np.array([0, 0, *pads[:dims], 0, 0, *pads[dims:]], np.int64)
            value = np.float32(-np.inf if reader == "MaxPool" else 0)
            network.then("Pad", network.constant("p", full), network.constant("v", value))
            if "Pool" in reader:
                network.then(reader, kernel_shape=[3, 4, 3][:dims], strides=[2] * dims)
            else:
                group = 4 if reader == "depthwise" else 1
                weight = normal(4, 4 // group, *[3, 2, 3][:dims])
                network.then("Conv", network.constant("w", weight), group=group)
            networks.append(network)
    before = build(networks, 17)
    after = simplified(before, tmp_path, "--exact")
    for network, a, b in zip(networks, run(before, networks), run(after, networks), strict=True):
        assert count(after, network) == network.left, network.name
        assert a.tobytes() == b.tobytes(), network.name


def test_constants_in_a_row(tmp_path: Path) -> None:
    networks: list[Network] = []
    for first, second in [
        *itertools.product(["Add", "Sub"], repeat=2),
        *itertools.product(["Mul", "Div"], repeat=2),
    ]:
        network = Network(f"r{len(networks)}", normal(64, 33))
        elementwise(network, first, (33,))
        elementwise(network, second, (64, 1))
        network.products = -2  # 2^-22 in all
        networks.append(network)
    compare(networks, tmp_path)
