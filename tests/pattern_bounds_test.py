"""Each recognised pattern holds the bound that it states, and runs on ONNX Runtime."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from networks import RANDOM, ULP, Network, build, count, normal, run, simplified

FLOATS = [np.float32, np.float16]


def recognised(
    networks: list[Network], pattern: str, opset: int, folder: Path, operator: str
) -> list[tuple[Network, np.ndarray, np.ndarray]]:
    """Each network with what it gives before and after, in double precision."""
    before = build(networks, opset)
    after = simplified(before, folder, "--patterns", pattern, "--disable", "fuse-hard-swish")
    out = []
    for network, a, b in zip(networks, run(before, networks), run(after, networks), strict=True):
        assert count(after, network) == network.left, network.name
        made = [n.op_type for n in after.graph.node if n.name.startswith(f"{network.name}/")]
        assert made[-1] == operator
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        out.append((network, a.astype(np.float64), b.astype(np.float64)))
    return out


def hold(name: str, before: np.ndarray, after: np.ndarray, allowed: np.ndarray) -> None:
    error = np.abs(before - after)
    assert (error <= allowed).all(), f"{name}: {error.max()} where {allowed[error > allowed][0]}"


def points(kind: type) -> np.ndarray:
    return np.concatenate([np.linspace(-12, 12, 4001), RANDOM.normal(size=999)]).astype(kind)


def scalar(network: Network, value: float) -> str:
    return network.constant("k", np.array(value, network.x.dtype))


def gelu(name: str, kind: type, by_tanh: bool) -> Network:
    network = Network(name, points(kind))
    x = network.last
    if by_tanh:
        network.then("Pow", scalar(network, 3))
        network.then("Mul", scalar(network, 0.044715))
        network.then("Add", x)
        network.then("Mul", scalar(network, math.sqrt(2 / math.pi)))
        network.then("Tanh")
    else:
        network.then("Div", scalar(network, math.sqrt(2)))
        network.then("Erf")
    network.then("Add", scalar(network, 1))
    network.then("Mul", x)
    network.then("Mul", scalar(network, 0.5))
    return network


@pytest.mark.parametrize("by_tanh", [False, True])
def test_gelu(by_tanh: bool, tmp_path: Path) -> None:
    networks = [gelu(f"g{kind.__name__}", kind, by_tanh) for kind in FLOATS]
    single, half = recognised(networks, "gelu", 20, tmp_path, "Gelu")
    hold("float32", single[1], single[2], (2e-5 + 2.0**-20) * np.abs(single[0].x) + 1e-38)
    # Written out in float16 it is further from the truth than the operator is.
    x = half[0].x.astype(np.float64)
    if by_tanh:
        true = 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    else:
        true = 0.5 * x * (1 + np.array([math.erf(v / math.sqrt(2)) for v in x]))
    hold("float16", true, half[2], 2.0**-9 * np.abs(x) + 2.0**-24)


def test_gates(tmp_path: Path) -> None:
    swish: list[Network] = []
    for alpha in [None, 1.702]:
        network = Network(f"s{len(swish)}", points(np.float32))
        x = network.last
        if alpha is not None:
            network.then("Mul", scalar(network, alpha))
        network.then("Sigmoid")
        network.then("Mul", x)
        swish.append(network)
    for network, before, after in recognised(swish, "swish", 24, tmp_path, "Swish"):
        hold(network.name, before, after, 2.0**-20 * np.abs(network.x))

    mish: list[Network] = []
    for is_written_out in [False, True]:
        network = Network(f"m{len(mish)}", points(np.float32))
        x = network.last
        if is_written_out:
            network.then("Exp")
            network.then("Add", scalar(network, 1))
            network.then("Log")
        else:
            network.then("Softplus")
        network.then("Tanh")
        network.then("Mul", x)
        mish.append(network)
    for network, before, after in recognised(mish, "mish", 18, tmp_path, "Mish"):
        hold(network.name, before, after, 2.0**-20 * np.abs(network.x))

    hard: list[Network] = []
    for is_written_out in [False, True]:
        network = Network(f"h{len(hard)}", points(np.float32))
        x = network.last
        if is_written_out:
            network.then("Add", scalar(network, 3))
            network.then("Clip", scalar(network, 0), scalar(network, 6))
            network.then("Mul", x)
            network.then("Div", scalar(network, 6))
        else:
            network.then("HardSigmoid", alpha=1 / 6, beta=0.5)
            network.then("Mul", x)
        hard.append(network)
    for network, before, after in recognised(hard, "hard_swish", 14, tmp_path, "HardSwish"):
        hold(network.name, before, after, (6e-5 + 2.0**-21) * np.abs(network.x))


def normalization(
    name: str, x: np.ndarray, axes: list[int], parameters: Sequence[np.ndarray]
) -> Network:
    """(x - mean) / sqrt(var + eps) · gamma + beta, as PyTorch wrote it before opset 17."""
    network = Network(name, x)
    last = network.last
    mean = network.then("ReduceMean", axes=axes)
    network.last = last
    difference = network.then("Sub", mean)
    network.then("Pow", scalar(network, 2))
    network.then("ReduceMean", axes=axes)
    network.then("Add", scalar(network, 1e-5))
    network.then("Sqrt")
    network.then("Div", difference, first=False)
    for operator, values in zip(["Mul", "Add"], parameters, strict=False):
        network.then(operator, network.constant("p", values))
    return network


def normalization_bound(
    network: Network, axes: tuple[int, ...], gamma: np.ndarray, beta: np.ndarray
) -> np.ndarray:
    x = network.x.astype(np.float64)
    mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True) + 1e-5
    elements = np.prod([x.shape[a] for a in axes])
    spread = np.abs(x - mean) / np.sqrt(var) + 1
    return np.asarray((elements + 8) * 2.0**-22 * (1 + mean**2 / var) * (gamma * spread + beta))


@pytest.mark.parametrize("offset", [0, 3])
def test_layer_and_instance_norm(offset: float, tmp_path: Path) -> None:
    layers: list[Network] = []
    for axes, shape in [([-1], (32,)), ([-2, -1], (5, 32))]:
        gamma, beta = normal(*shape), normal(*shape)
        for parameters in [(gamma, beta), (gamma,), ()]:
            x = normal(4, 5, 32) + np.float32(offset)
            layers.append(normalization(f"l{len(layers)}", x, axes, parameters))
    found = recognised(layers, "layer_norm", 17, tmp_path, "LayerNormalization")
    for i, (network, before, after) in enumerate(found):
        normalized = (2,) if i < 3 else (1, 2)
        constants = [np.abs(v) for v in network.constants.values() if v.size > 1]
        gamma = constants[0] if constants else np.ones(1)
        beta = constants[1] if len(constants) > 1 else np.zeros(1)
        hold(network.name, before, after, normalization_bound(network, normalized, gamma, beta))

    instances: list[Network] = []
    for parameters in [(normal(3, 1, 1), normal(1, 3, 1, 1)), ()]:
        x = normal(2, 3, 6, 7) + np.float32(offset)
        instances.append(normalization(f"i{len(instances)}", x, [2, 3], parameters))
    found = recognised(instances, "instance_norm", 17, tmp_path, "InstanceNormalization")
    for network, before, after in found:
        constants = [np.abs(v) for v in network.constants.values() if v.size > 1]
        gamma, beta = constants or (np.ones(1), np.zeros(1))
        hold(network.name, before, after, normalization_bound(network, (2, 3), gamma, beta))


@pytest.mark.parametrize("offset", [0, 3])
def test_group_norm(offset: float, tmp_path: Path) -> None:
    network = Network("g", normal(2, 6, 5, 4) + np.float32(offset))
    ones, zeros = np.ones(3, np.float32), np.zeros(3, np.float32)
    gamma, beta = normal(6, 1, 1), normal(6, 1, 1)
    network.then("Reshape", network.constant("s", np.array([0, 3, -1])))
    network.then("InstanceNormalization", network.constant("o", ones), network.constant("z", zeros))
    network.then("Reshape", network.constant("j", np.array([2, 6, 5, 4])))
    network.then("Mul", network.constant("g", gamma))
    network.then("Add", network.constant("b", beta))
    [(_, before, after)] = recognised([network], "group_norm", 21, tmp_path, "GroupNormalization")
    grouped = Network("g", network.x.reshape(2, 3, -1))
    scale = np.broadcast_to(np.abs(gamma), (2, 6, 5, 4)).reshape(2, 3, -1)
    shift = np.broadcast_to(np.abs(beta), (2, 6, 5, 4)).reshape(2, 3, -1)
    bound = normalization_bound(grouped, (2,), scale, shift).reshape(2, 6, 5, 4)
    hold("group_norm", before, after, bound)


@pytest.mark.parametrize("kind", FLOATS)
def test_rms_norm(kind: type, tmp_path: Path) -> None:
    network = Network("r", normal(5, 48).astype(kind))
    if kind == np.float16:
        network.then("Cast", to=1)
    x = network.last
    network.then("Mul", x)
    network.then("ReduceMean", network.constant("axes", np.array([-1])))
    network.then("Add", network.constant("e", np.float32(1e-6)))
    network.then("Sqrt")
    network.then("Reciprocal")
    network.then("Mul", x)
    if kind == np.float16:
        network.then("Cast", to=10)
    network.then("Mul", network.constant("g", normal(48).astype(kind)))
    [(_, before, after)] = recognised([network], "rms_norm", 23, tmp_path, "RMSNormalization")
    unit = ULP if kind == np.float32 else 2.0**-15
    hold("rms_norm", before, after, 56 * unit * np.abs(before) + 2.0**-24)


def test_softmax(tmp_path: Path) -> None:
    networks: list[Network] = []
    for takes_maximum in [True, False]:
        network = Network(f"s{len(networks)}", (normal(3, 40, 2) * 5).astype(np.float32))
        x = network.last
        axes = network.constant("axes", np.array([1]))
        if takes_maximum:
            largest = network.then("ReduceMax", axes=[1])
            network.last = x
            network.then("Sub", largest)
        top = network.then("Exp")
        network.then("ReduceSum", axes)
        network.then("Div", top, first=False)
        networks.append(network)
    for network, before, after in recognised(networks, "softmax", 17, tmp_path, "Softmax"):
        distance = network.x.max(1, keepdims=True) - network.x
        hold(network.name, before, after, (56 + 2 * distance) * 2.0**-22 * before)


def test_attention(tmp_path: Path) -> None:
    networks: list[Network] = []
    terms = []
    for has_mask, places in [(False, "s"), (True, "s"), (True, "qk"), (False, "d")]:
        network = Network(f"a{len(networks)}", normal(2, 3, 5, 8))
        k, v = normal(2, 3, 7, 8), normal(2, 3, 7, 6)
        mask = normal(1, 1, 5, 7)
        query = network.last
        if places == "qk":
            query = network.then("Mul", scalar(network, 0.6))
        network.last = network.constant("k", k)
        # Keys that depend on the input, or their Transpose would be folded.
        keys, network.last = network.last, f"{network.name}/x"
        network.then("ReduceMax", network.constant("axes", np.array([2])))
        network.then("Add", keys)
        network.then("Transpose", perm=[0, 1, 3, 2])
        if places == "qk":
            network.then("Mul", scalar(network, 0.6))
        network.then("MatMul", query, first=False)
        if places == "s":
            network.then("Mul", scalar(network, 0.35))
        if places == "d":
            network.then("Div", scalar(network, math.sqrt(8)))
        if has_mask:
            network.then("Add", network.constant("mask", mask))
        network.then("Softmax", axis=-1)
        network.then("MatMul", network.constant("v", v))
        network.left = 3
        networks.append(network)
        scale = {"s": 0.35, "qk": 0.36, "d": 1 / math.sqrt(8)}[places]
        terms.append((k, v, mask if has_mask else np.zeros_like(mask), scale))
    found = recognised(networks, "attention", 23, tmp_path, "Attention")
    for (network, before, after), (k, v, mask, scale) in zip(found, terms, strict=True):
        q = network.x.astype(np.float64)
        k = k + q.max(2, keepdims=True)
        scores = scale * q @ k.swapaxes(2, 3) + mask
        largest = scale * np.abs(q) @ np.abs(k.swapaxes(2, 3)) + np.abs(mask)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        d = 16 * 2.0**-22 * largest.max(-1, keepdims=True) + 2.0**-20
        hold(network.name, before, after, (2 * d + 7 * ULP) * (weights @ np.abs(v)))
