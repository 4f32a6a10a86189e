"""`run --simulate` against the slow reference, bit for bit, and against QLinearConv."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import simulate_reference as ref
from onnx import TensorProto, helper, numpy_helper
from simulate_reference import Grid
from support import acuate

ACTIVATIONS = ["u8", "s8", "dfp8", "s16", "dfp16", "u16"]


def grid(kind: str, rng: np.random.Generator, spread: float) -> Grid:
    """A grid of that scheme whose values reach to about `spread`."""
    bits = 16 if kind.endswith("16") else 8
    signed = not kind.startswith("u")
    steps = (1 << bits) - 1
    scale = np.float32(2 * spread / steps * rng.uniform(0.7, 1.4))
    if kind.startswith("dfp"):
        scale = np.float32(2.0 ** round(math.log2(scale)))
    zero_point = 0 if signed else int(rng.integers(0, steps + 1))
    return Grid(bits, signed, np.array([scale], np.float32), zero_point)


def integers(g: Grid, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Random, with both ends of the grid among them."""
    q = rng.integers(g.lowest, g.highest + 1, shape)
    flat = q.reshape(-1)
    if flat.size > 2:
        flat[0], flat[-1] = g.lowest, g.highest
    return q


class Cases:
    """One model of many small networks on grids, and the integers that each is to give."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.inputs: dict[str, np.ndarray] = {}
        self.expected: dict[str, tuple[Grid, np.ndarray]] = {}
        self.count = 0

    def name(self, stem: str) -> str:
        self.count += 1
        return f"{stem}_{self.count}"

    def constant(self, array: np.ndarray) -> str:
        name = self.name("constant")
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def parameters(self, g: Grid) -> list[str]:
        per_channel = g.axis >= 0
        zeros = np.full(g.scale.shape if per_channel else (), g.zero_point, g.dtype)
        return [
            self.constant(g.scale if per_channel else g.scale.reshape(())),
            self.constant(zeros),
        ]

    def pair(self, tensor: str, g: Grid, result: str) -> None:
        parameters = self.parameters(g)
        q = self.name("q")
        self.nodes.append(helper.make_node("QuantizeLinear", [tensor, *parameters], [q]))
        self.nodes.append(helper.make_node("DequantizeLinear", [q, *parameters], [result]))

    def activation(self, q: np.ndarray, g: Grid) -> str:
        x, dequantized = self.name("x"), self.name("dq")
        self.inputs[x] = ((q - g.zero_point) * g.scale[0]).astype(np.float32)
        self.pair(x, g, dequantized)
        return dequantized

    def weight(self, q: np.ndarray, g: Grid) -> str:
        dequantized = self.name("w")
        inputs = [self.constant(q.astype(g.dtype)), *self.parameters(g)]
        axis = {"axis": g.axis} if g.axis >= 0 else {}
        self.nodes.append(helper.make_node("DequantizeLinear", inputs, [dequantized], **axis))
        return dequantized

    def bias(self, q: np.ndarray, x: Grid, w: Grid) -> str:
        scale = (x.scale[0] * w.scale).astype(np.float32)
        dequantized = self.name("b")
        scales = self.constant(scale if scale.size > 1 else scale.reshape(()))
        inputs = [self.constant(q.astype(np.int32)), scales]
        self.nodes.append(helper.make_node("DequantizeLinear", inputs, [dequantized], axis=0))
        return dequantized

    def add(
        self,
        op: str,
        inputs: list[str],
        out: Grid,
        expected: np.ndarray,
        relu: bool = False,
        moves: bool = False,
        **attributes: object,
    ) -> None:
        y, result = self.name("y"), self.name("result")
        # An unnamed node is found by its first output.
        self.nodes.append(helper.make_node(op, inputs, [result if moves else y], **attributes))
        if relu:
            activated = self.name("relu")
            self.nodes.append(helper.make_node("Relu", [y], [activated]))
            y = activated
        if not moves:
            self.pair(y, out, result)
        self.expected[result] = (out, expected)

    def model(self) -> onnx.ModelProto:
        graph = helper.make_graph(
            self.nodes,
            "cases",
            [
                helper.make_tensor_value_info(n, TensorProto.FLOAT, x.shape)
                for n, x in self.inputs.items()
            ],
            [
                helper.make_tensor_value_info(n, TensorProto.FLOAT, q.shape)
                for n, (_, q) in self.expected.items()
            ],
            self.constants,
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)

    def simulate(self, folder: Path) -> dict[str, np.ndarray]:
        """The integers of each result."""
        model = folder / "cases.onnx"
        onnx.save(self.model(), model)
        flags: list[str] = []
        for name, x in self.inputs.items():
            np.save(folder / f"{name}.npy", x)
            flags += ["--input", f"{name}={folder / name}.npy"]
        done = acuate("run", model, "--simulate", *flags, "-o", folder / "out", "--json", "-")
        told = json.loads(done.stdout)["simulation"]
        assert told["float_steps"] == []
        assert told["integer_steps"] >= len(self.expected)
        found = {}
        for name, (g, _) in self.expected.items():
            real = np.load(folder / "out" / f"{name}.npy").astype(np.float64)
            found[name] = np.round(real / g.step).astype(np.int64) + g.zero_point
        return found

    def check(self, folder: Path) -> None:
        found = self.simulate(folder)
        assert len(self.expected) > 0
        for name, (_, expected) in self.expected.items():
            np.testing.assert_array_equal(found[name], expected, err_msg=name)


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_convolutions(kind: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    cases = Cases()
    for index in range(14):
        groups = [1, 1, 2, 4][index % 4]
        channels = groups * int(rng.integers(1, 4)) if index % 7 else 4
        per_group = 1 if index % 5 == 1 else int(rng.integers(1, 5))
        depth = 1 if index % 4 == 3 else channels // groups
        kernel = (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
        if index % 6 == 0:
            kernel = (1, 1)
        stride = (int(rng.integers(1, 3)), int(rng.integers(1, 3)))
        dilation = (int(rng.integers(1, 3)), int(rng.integers(1, 3)))
        pads = tuple(int(p) for p in rng.integers(0, 2, 4))
        x_grid, out = grid(kind, rng, 1), grid(kind, rng, 3)
        weight_kind = "s8" if index % 3 == 2 and kind in ("u8", "s8") else kind
        w_grid = grid(weight_kind, rng, 0.5)
        m = groups * per_group
        if index % 3 == 2 and kind in ("u8", "s8"):
            scale = (w_grid.scale[0] * rng.uniform(0.3, 1, m)).astype(np.float32)
            if m > 1:
                w_grid = Grid(8, True, scale, 0, 0)
        q = integers(x_grid, (2, groups * depth, 7, 8), rng)
        w = integers(w_grid, (m, depth, *kernel), rng)
        bias = rng.integers(-2000, 2000, m)
        sums = ref.convolve(
            ref.centred(q, x_grid), ref.centred(w, w_grid), bias, stride, dilation, pads, groups
        )
        relu = index % 2 == 0
        bounds = ref.relu_bounds(out) if relu else None
        cases.add(
            "Conv",
            [
                cases.activation(q, x_grid),
                cases.weight(w, w_grid),
                cases.bias(bias, x_grid, w_grid),
            ],
            out,
            ref.rescale_channels(sums, x_grid, w_grid, out, 1, bounds),
            relu=relu,
            strides=stride,
            dilations=dilation,
            pads=pads,
            group=groups,
            kernel_shape=kernel,
        )
    cases.check(tmp_path)


@pytest.mark.parametrize("kind", ["u8", "s8", "dfp16"])
def test_transposed_convolutions(kind: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    cases = Cases()
    for index in range(8):
        groups = 1 + index % 2
        stride = (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
        kernel = (int(rng.integers(2, 4)), int(rng.integers(2, 4)))
        pads = tuple(int(p) for p in rng.integers(0, 2, 4))
        extra = (int(rng.integers(0, stride[0])), int(rng.integers(0, stride[1])))
        depth, per_group = 3, 2
        x_grid, w_grid, out = grid(kind, rng, 1), grid(kind, rng, 1), grid(kind, rng, 4)
        q = integers(x_grid, (1, groups * depth, 4, 5), rng)
        w = integers(w_grid, (groups * depth, per_group, *kernel), rng)
        steps = ref.centred(w, w_grid)[:, :, ::-1, ::-1]
        # [C, M / groups] becomes [M, C / groups].
        mirrored = np.concatenate(
            [steps[g * depth : (g + 1) * depth].transpose(1, 0, 2, 3) for g in range(groups)]
        )
        around = (
            kernel[0] - 1 - pads[0],
            kernel[1] - 1 - pads[1],
            kernel[0] - 1 - pads[2] + extra[0],
            kernel[1] - 1 - pads[3] + extra[1],
        )
        bias = rng.integers(-500, 500, groups * per_group)
        sums = ref.convolve(
            ref.spread(ref.centred(q, x_grid), stride),
            mirrored,
            bias,
            (1, 1),
            (1, 1),
            around,
            groups,
        )
        cases.add(
            "ConvTranspose",
            [
                cases.activation(q, x_grid),
                cases.weight(w, w_grid),
                cases.bias(bias, x_grid, w_grid),
            ],
            out,
            ref.rescale_channels(sums, x_grid, w_grid, out, 1),
            strides=stride,
            pads=pads,
            group=groups,
            output_padding=extra,
        )
    cases.check(tmp_path)


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_matrix_products(kind: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    cases = Cases()
    for index in range(8):
        rows, depth, columns = (int(n) for n in rng.integers(1, 80, 3))
        x_grid, w_grid, out = grid(kind, rng, 1), grid(kind, rng, 0.5), grid(kind, rng, 4)
        q, w = integers(x_grid, (2, rows, depth), rng), integers(w_grid, (depth, columns), rng)
        sums = ref.centred(q, x_grid) @ ref.centred(w, w_grid)
        expected = ref.rescale(sums, x_grid.step * w_grid.step / out.step, out)
        if index % 2 == 0:
            inputs = [cases.activation(q, x_grid), cases.weight(w, w_grid)]
            cases.add("MatMul", inputs, out, expected)
        else:
            bias = rng.integers(-3000, 3000, columns)
            inputs = [
                cases.activation(q[0], x_grid),
                cases.weight(w.T.copy(), w_grid),
                cases.bias(bias, x_grid, w_grid),
            ]
            factor = x_grid.step * w_grid.step / out.step
            cases.add("Gemm", inputs, out, ref.rescale(sums[0] + bias, factor, out), transB=1)
    a_grid, b_grid, out = grid(kind, rng, 1), grid(kind, rng, 1), grid(kind, rng, 3)
    a, b = integers(a_grid, (2, 3, 5, 9), rng), integers(b_grid, (2, 3, 9, 6), rng)
    sums = ref.centred(a, a_grid) @ ref.centred(b, b_grid)
    expected = ref.rescale(sums, a_grid.step * b_grid.step / out.step, out)
    cases.add("MatMul", [cases.activation(a, a_grid), cases.activation(b, b_grid)], out, expected)
    cases.check(tmp_path)


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_arithmetic(kind: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    cases = Cases()
    shapes = [
        ((2, 3, 4, 5), (2, 3, 4, 5)),
        ((2, 3, 4, 5), (3, 1, 1)),
        ((1, 5), (4, 1)),
        ((7,), (7,)),
    ]
    for index in range(16):
        a_grid = grid(kind, rng, 1)
        # Scales that are far apart, too.
        b_grid, out = grid(kind, rng, [1, 1e-3, 40, 1e-12][index // 4]), grid(kind, rng, 2)
        a, b = (
            integers(g, s, rng) for g, s in zip((a_grid, b_grid), shapes[index % 4], strict=True)
        )
        inputs = [cases.activation(a, a_grid), cases.activation(b, b_grid)]
        relu = index % 3 == 0
        bounds = ref.relu_bounds(out) if relu else None
        op = ["Add", "Sub", "Mul"][index % 3]
        if op == "Mul":
            expected = ref.multiply(a, a_grid, b, b_grid, out, bounds)
        else:
            expected = ref.add(a, a_grid, b, b_grid, out, 1 if op == "Add" else -1, bounds)
        cases.add(op, inputs, out, expected, relu=relu)
    cases.check(tmp_path)


FUNCTIONS: dict[str, tuple[Callable[[float], float], dict[str, float]]] = {
    "Abs": (abs, {}),
    "Elu": (lambda x: x if x >= 0 else 1.5 * math.expm1(x), {"alpha": 1.5}),
    "Erf": (math.erf, {}),
    "Exp": (math.exp, {}),
    "Gelu": (lambda x: 0.5 * x * (1 + math.erf(x / math.sqrt(2))), {}),
    "HardSigmoid": (lambda x: min(max(0.25 * x + 0.5, 0), 1), {"alpha": 0.25, "beta": 0.5}),
    "HardSwish": (lambda x: x * min(max(x / 6 + 0.5, 0), 1), {}),
    "LeakyRelu": (lambda x: x if x >= 0 else 0.125 * x, {"alpha": 0.125}),
    "Mish": (lambda x: x * math.tanh(math.log1p(math.exp(x))), {}),
    "Neg": (lambda x: -x, {}),
    "Relu": (lambda x: max(x, 0), {}),
    "Sigmoid": (lambda x: 1 / (1 + math.exp(-x)), {}),
    "Softplus": (lambda x: math.log1p(math.exp(x)), {}),
    "Softsign": (lambda x: x / (1 + abs(x)), {}),
    "Tanh": (math.tanh, {}),
}


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_tables(kind: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    cases = Cases()
    for op, (function, attributes) in FUNCTIONS.items():
        x_grid, out = grid(kind, rng, 4), grid(kind, rng, 2)
        # Every integer of the grid.
        q = np.arange(x_grid.lowest, x_grid.highest + 1)
        expected = ref.table(q, x_grid, out, function)
        cases.add(op, [cases.activation(q, x_grid)], out, expected, **attributes)
    cases.check(tmp_path)


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_pooling_and_means(kind: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    cases = Cases()
    for index in range(8):
        kernel = (int(rng.integers(2, 4)), int(rng.integers(2, 4)))
        stride = (int(rng.integers(1, 3)), int(rng.integers(1, 3)))
        pads = tuple(int(p) for p in rng.integers(0, 2, 4))
        x_grid, out = grid(kind, rng, 1), grid(kind, rng, 1)
        q = integers(x_grid, (1, 3, 7, 6), rng)
        counts = index % 2
        expected = ref.average_pool(q, x_grid, out, kernel, stride, pads, bool(counts))
        cases.add(
            "AveragePool",
            [cases.activation(q, x_grid)],
            out,
            expected,
            kernel_shape=kernel,
            strides=stride,
            pads=pads,
            count_include_pad=counts,
        )
    x_grid, out = grid(kind, rng, 1), grid(kind, rng, 1)
    q = integers(x_grid, (2, 3, 7, 6), rng)
    sums = ref.centred(q, x_grid).sum((2, 3), keepdims=True)
    mean = ref.rescale(sums, x_grid.step / out.step / 42, out)
    cases.add("GlobalAveragePool", [cases.activation(q, x_grid)], out, mean)
    axes = cases.constant(np.array([2, 3]))
    cases.add("ReduceMean", [cases.activation(q, x_grid), axes], out, mean)
    total = ref.rescale(ref.centred(q, x_grid).sum(1), x_grid.step / out.step, out)
    one = cases.constant(np.array([1]))
    cases.add("ReduceSum", [cases.activation(q, x_grid), one], out, total, keepdims=0)
    greatest = q.max(1, keepdims=True)
    inputs = [cases.activation(q, x_grid), one]
    cases.add("ReduceMax", inputs, x_grid, greatest, moves=True)
    windows = np.lib.stride_tricks.sliding_window_view(q, (2, 3), (2, 3)).max((4, 5))
    inputs = [cases.activation(q, x_grid)]
    cases.add("MaxPool", inputs, x_grid, windows, moves=True, kernel_shape=(2, 3))
    cases.check(tmp_path)


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_softmax_concat_and_resize(kind: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    cases = Cases()
    for spread in (0.5, 3, 30):
        x_grid, out = grid(kind, rng, spread), grid(kind, rng, 1)
        q = integers(x_grid, (2, 3, 11), rng)
        cases.add(
            "Softmax", [cases.activation(q, x_grid)], out, ref.softmax(q, x_grid, out), axis=-1
        )
    grids = [grid(kind, rng, s) for s in (1, 2, 0.3)]
    out = grid(kind, rng, 1)
    parts = [integers(g, (2, n, 3), rng) for g, n in zip(grids, (2, 3, 1), strict=True)]
    on_grid = [
        ref.rescale(ref.centred(q, g), g.step / out.step, out)
        for q, g in zip(parts, grids, strict=True)
    ]
    inputs = [cases.activation(q, g) for q, g in zip(parts, grids, strict=True)]
    cases.add("Concat", inputs, out, np.concatenate(on_grid, 1), axis=1)
    for size in ((8, 10), (7, 13), (2, 3)):
        x_grid, out = grid(kind, rng, 1), grid(kind, rng, 1)
        q = integers(x_grid, (1, 2, 4, 5), rng)
        sizes = cases.constant(np.array([1, 2, *size]))
        expected = ref.resize_linear(q, x_grid, out, size)
        inputs = [cases.activation(q, x_grid), "", "", sizes]
        cases.add("Resize", inputs, out, expected, mode="linear")
    cases.check(tmp_path)


@pytest.mark.parametrize("kind", ["u8", "s8", "dfp16"])
def test_moves(kind: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    cases = Cases()

    def move(
        op: str,
        expected: Callable[[np.ndarray], np.ndarray],
        *more: np.ndarray,
        **attributes: object,
    ) -> None:
        g = grid(kind, rng, 1)
        q = integers(g, (1, 4, 6, 8), rng)
        inputs = [
            cases.activation(q, g),
            *(cases.constant(each) if each.size else "" for each in more),
        ]
        result = expected(q - g.zero_point) + g.zero_point
        cases.add(op, inputs, g, result, moves=True, **attributes)

    def ints(*values: int) -> np.ndarray:
        return np.array(values, np.int64)

    move("Transpose", lambda q: q.transpose(0, 2, 3, 1), perm=[0, 2, 3, 1])
    move("Reshape", lambda q: q.reshape(4, 48), ints(4, -1))
    move("Flatten", lambda q: q.reshape(4, 48), axis=2)
    move("Slice", lambda q: q[:, :, 5:0:-2], ints(5), ints(0), ints(2), ints(-2))
    move("Slice", lambda q: q[:, 1:-1], ints(1), ints(-1), ints(1))
    move("Pad", lambda q: np.pad(q, ((0, 0), (0, 0), (1, 0), (2, 1))), ints(0, 0, 1, 2, 0, 0, 0, 1))
    move(
        "Pad",
        lambda q: np.pad(q, ((0, 0), (0, 0), (1, 2), (2, 1)), "reflect"),
        ints(0, 0, 1, 2, 0, 0, 2, 1),
        mode="reflect",
    )
    move("Tile", lambda q: np.tile(q, (1, 2, 1, 3)), ints(1, 2, 1, 3))
    move("Expand", lambda q: np.broadcast_to(q, (3, 4, 6, 8)), ints(3, 1, 1, 1))
    move("Gather", lambda q: np.take(q, [[2, 0], [-1, 3]], 1), np.array([[2, 0], [-1, 3]]), axis=1)
    move("Unsqueeze", lambda q: q[:, None], ints(1))
    blocks = (1, 1, 2, 2, 6, 8)
    move(
        "DepthToSpace",
        lambda q: q.reshape(1, 2, 2, 1, 6, 8).transpose(0, 3, 4, 1, 5, 2).reshape(1, 1, 12, 16),
        blocksize=2,
    )
    move(
        "DepthToSpace",
        lambda q: q.reshape(blocks).transpose(0, 1, 4, 2, 5, 3).reshape(1, 1, 12, 16),
        blocksize=2,
        mode="CRD",
    )
    move(
        "SpaceToDepth",
        lambda q: q.reshape(1, 4, 3, 2, 4, 2).transpose(0, 3, 5, 1, 2, 4).reshape(1, 16, 3, 4),
        blocksize=2,
    )
    move(
        "Resize",
        lambda q: q.repeat(2, 2).repeat(3, 3),
        np.zeros(0),
        np.zeros(0),
        ints(1, 4, 12, 24),
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )
    cases.check(tmp_path)


def onnxruntime_convolution(
    q: np.ndarray, w: np.ndarray, x: Grid, wg: Grid, out: Grid
) -> np.ndarray:
    """QLinearConv, whose sums are exact; its rescaling is in float32."""

    def scalar(g: Grid) -> tuple[np.ndarray, np.ndarray]:
        return g.scale.reshape(()), np.array(g.zero_point, g.dtype)

    names = ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz"]
    arrays = [q.astype(x.dtype), *scalar(x), w.astype(wg.dtype), *scalar(wg), *scalar(out)]
    node = helper.make_node("QLinearConv", names, ["y"], pads=[1, 1, 1, 1])
    kinds = {np.dtype("uint8"): TensorProto.UINT8, np.dtype("int8"): TensorProto.INT8}
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", kinds[x.dtype], q.shape)],
        [helper.make_tensor_value_info("y", kinds[out.dtype], None)],
        [numpy_helper.from_array(a, n) for n, a in zip(names[1:], arrays[1:], strict=True)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"x": arrays[0]})[0].astype(np.int64)


@pytest.mark.parametrize("factor", [2.0**-7, 2.0**-10, 0.0033])
def test_qlinear_conv_of_onnxruntime(factor: float, tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    x = Grid(8, False, np.array([0.5], np.float32), 113)
    w = Grid(8, False, np.array([0.25], np.float32), 131)
    out = Grid(8, False, np.array([0.125 / factor], np.float32), 120)
    q, weight = integers(x, (1, 16, 20, 20), rng), integers(w, (8, 16, 3, 3), rng)
    theirs = onnxruntime_convolution(q, weight, x, w, out)
    cases = Cases()
    inputs = [cases.activation(q, x), cases.weight(weight, w)]
    cases.add("Conv", inputs, out, theirs, pads=[1, 1, 1, 1])
    found = cases.simulate(tmp_path)[next(iter(cases.expected))]
    if math.log2(factor).is_integer():
        # Then float32 rescales exactly.
        np.testing.assert_array_equal(found, theirs)
        assert len(np.unique(found)) > 50
    else:
        # float32 may fall on the other side of a tie.
        assert np.abs(found - theirs).max() <= 1
        assert (found != theirs).mean() < 1e-3
