"""Every legalizer against its bound: random inputs and edge values, all combinations of
attributes, both sides run by ONNX Runtime without graph optimisations."""

import itertools
import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from support import BINARY

RANDOM = np.random.default_rng(5)
EPS = 2.0**-22
Array = np.ndarray


@dataclass
class Case:
    """One node. Arrays in `fed` are inputs of the model, those in `held` constants, by slot."""

    op: str
    fed: dict[int, Array]
    held: dict[int, Array] = field(default_factory=dict)
    attributes: dict[str, object] = field(default_factory=dict)
    opset: int = 17
    outputs: int = 1
    # What |y' - y| may be, of the case, y, and what the operator makes of absolute values.
    bound: Callable[["Case", Array, Array], Array] | None = None

    @property
    def x(self) -> Array:
        return self.fed[0].astype(np.float64)


def normal(*shape: int, scale: float = 1.0) -> Array:
    return np.array(RANDOM.normal(size=shape) * scale, np.float32)


def points() -> Array:
    edges = [0.0, -0.0, 1e-20, -1e-20, 80, -80, 1e4, -1e4, 3, -3, 1, -1]
    return np.concatenate([np.linspace(-12, 12, 501), RANDOM.normal(size=99) * 3, edges]).astype(
        np.float32
    )


def combinations(**values: list[object]) -> Iterator[dict[str, object]]:
    for chosen in itertools.product(*values.values()):
        yield {key: value for key, value in zip(values, chosen, strict=True) if value is not None}


def model_of(cases: list[Case], absolute: bool) -> onnx.ModelProto:
    nodes, inputs, outputs, constants = [], [], [], []
    for i, case in enumerate(cases):
        names = [""] * (1 + max([*case.fed, *case.held]))
        for slot, array in case.fed.items():
            names[slot] = f"x{i}_{slot}"
            kind = helper.np_dtype_to_tensor_dtype(array.dtype)
            inputs.append(helper.make_tensor_value_info(names[slot], kind, array.shape))
        for slot, array in case.held.items():
            names[slot] = f"c{i}_{slot}"
            if absolute and array.dtype.kind == "f":
                array = np.abs(array)
            constants.append(numpy_helper.from_array(array, names[slot]))
        made = [f"y{i}_{k}" for k in range(case.outputs)]
        nodes.append(helper.make_node(case.op, names, made, name=f"n{i}", **case.attributes))
        outputs += [onnx.ValueInfoProto(name=name) for name in made]
    graph = helper.make_graph(nodes, "cases", inputs, outputs, constants)
    opset = helper.make_opsetid("", cases[0].opset)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=8)
    return onnx.shape_inference.infer_shapes(model, data_prop=True)


def run(model: onnx.ModelProto, cases: list[Case], absolute: bool = False) -> list[list[Array]]:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    feeds = {
        f"x{i}_{slot}": np.asarray(np.abs(array) if absolute and array.dtype.kind == "f" else array)
        for i, case in enumerate(cases)
        for slot, array in case.fed.items()
    }
    found = iter(session.run(None, feeds))
    return [[next(found) for _ in range(case.outputs)] for case in cases]


def legalized(model: onnx.ModelProto, pass_id: str, count: int, folder: Path) -> onnx.ModelProto:
    onnx.save(model, folder / "before.onnx")
    script = folder / "edits.acu"
    script.write_text(f"apply {pass_id} " + " ".join(f"n{i}" for i in range(count)) + "\n")
    call = [str(BINARY), "edit", str(folder / "before.onnx"), str(script), "-o"]
    done = subprocess.run([*call, str(folder / "after.onnx")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return onnx.load(folder / "after.onnx")


def check(pass_id: str, cases: list[Case], passes: dict[str, dict], folder: Path) -> None:
    facts = passes[pass_id]
    for opset in sorted({case.opset for case in cases}):
        group = [case for case in cases if case.opset == opset]
        before = model_of(group, absolute=False)
        after = legalized(before, pass_id, len(group), folder)
        allowed_operators = {*facts["uses"]}
        assert {node.op_type for node in after.graph.node} <= allowed_operators
        onnx.checker.check_model(after, full_check=True)
        sums = run(model_of(group, absolute=True), group, absolute=True)
        for case, a, b, s in zip(group, run(before, group), run(after, group), sums, strict=True):
            for y, made, total in zip(a, b, s, strict=True):
                what = f"{pass_id}: {case.op} {case.attributes} opset {opset}"
                assert (y.dtype, y.shape) == (made.dtype, made.shape), what
                if facts["exactness"] == "exact":
                    assert y.tobytes() == made.tobytes(), what
                    continue
                assert case.bound is not None, what
                with np.errstate(all="ignore"):
                    y64, made64 = y.astype(np.float64), made.astype(np.float64)
                    same = (y64 == made64) | (np.isnan(y64) & np.isnan(made64))
                    error = np.where(same, 0, np.abs(y64 - made64))
                    allowed = np.broadcast_to(
                        case.bound(case, y64, total.astype(np.float64)), y.shape
                    )
                worst = np.argmax(error - allowed)
                assert (error <= allowed).all(), (
                    f"{what}: {error.flat[worst]} where {allowed.flat[worst]} is allowed, "
                    f"y {y.flat[worst]}"
                )


def elementwise(op: str, bound: Callable, opset: int = 17, **values: list[object]) -> list[Case]:
    return [
        Case(op, {0: points()}, attributes=chosen, opset=opset, bound=bound)
        for chosen in combinations(**values)
    ]


def of_input(factor: float) -> Callable:
    return lambda case, y, total: factor * np.abs(case.x)


def of_output(factor: float, floor: float = 0.0) -> Callable:
    return lambda case, y, total: factor * np.maximum(floor, np.abs(y))


def of_sum(count: float, unit: float = EPS) -> Callable:
    return lambda case, y, total: count * unit * total


def nothing(case: Case, y: Array, total: Array) -> Array:
    return np.zeros(())


def signless(cases: list[Case]) -> list[Case]:
    """Bounds that leave the sign of zero open: equal as numbers."""
    for case in cases:
        case.bound = nothing
    return cases


def normalized(case: Case, y: Array, axes: tuple[int, ...], scale: Array, bias: Array) -> Array:
    epsilon = case.attributes.get("epsilon", 1e-5)
    mean, var = case.x.mean(axes, keepdims=True), case.x.var(axes, keepdims=True)
    count = np.prod([case.x.shape[axis] for axis in axes])
    deviation = np.abs(case.x - mean) / np.sqrt(var + epsilon)
    condition = 1 + mean**2 / (var + epsilon)
    return (count + 16) * EPS * condition * (np.abs(scale) * (deviation + 1) + np.abs(bias))


def layer_norms() -> list[Case]:
    def bound(case: Case, y: Array, total: Array) -> Array:
        axes = tuple(range(case.attributes.get("axis", -1) % 3, 3))
        held = {**case.fed, **case.held}
        return normalized(case, y, axes, held[1], held.get(2, np.zeros(1)))

    cases = []
    for axis, epsilon, offset, biased in itertools.product(
        [-1, 1, -3], [1e-5, 1e-3], [0, 10], [True, False]
    ):
        x = normal(2, 5, 8) + np.float32(offset)
        shape = x.shape[axis % 3 :]
        held = {1: normal(*shape), **({2: normal(*shape)} if biased else {})}
        attributes = {"axis": axis, "epsilon": epsilon}
        cases.append(Case("LayerNormalization", {0: x}, held, attributes, bound=bound))
    return cases


def instance_norms() -> list[Case]:
    def bound(case: Case, y: Array, total: Array) -> Array:
        held = {**case.fed, **case.held}
        column = (-1, *[1] * (case.x.ndim - 2))
        axes = tuple(range(2, case.x.ndim))
        return normalized(case, y, axes, held[1].reshape(column), held[2].reshape(column))

    cases = []
    for shape, epsilon, fed in itertools.product(
        [(2, 3, 7), (1, 3, 5, 6), (2, 3, 2, 3, 4)], [1e-5, 1e-2], [True, False]
    ):
        parameters = {1: normal(3), 2: normal(3)}
        x = {0: normal(*shape) + np.float32(2)}
        cases.append(
            Case(
                "InstanceNormalization",
                {**x, **parameters} if fed else x,
                {} if fed else parameters,
                {"epsilon": epsilon},
                bound=bound,
            )
        )
    return cases


def group_norms() -> list[Case]:
    def bound(case: Case, y: Array, total: Array) -> Array:
        groups = case.attributes["num_groups"]
        shape = case.x.shape
        apart = Case("", {0: case.x.reshape(shape[0], groups, -1)}, attributes=case.attributes)
        one = normalized(apart, y, (2,), np.ones(1), np.zeros(1)).reshape(shape)
        column = (-1, *[1] * (len(shape) - 2))
        count = case.x.size / shape[0] / groups
        biased = (count + 16) * EPS * np.abs(case.held[2].reshape(column)) * 1
        return one * np.abs(case.held[1].reshape(column)) + biased

    return [
        Case(
            "GroupNormalization",
            {0: normal(*shape)},
            {1: normal(4), 2: normal(4)},
            {"num_groups": groups, "epsilon": epsilon},
            opset=21,
            bound=bound,
        )
        for shape, groups, epsilon in itertools.product(
            [(2, 4, 7), (1, 4, 3, 5)], [1, 2, 4], [1e-5, 1e-2]
        )
    ]


def rms_norms() -> list[Case]:
    def bound(case: Case, y: Array, total: Array) -> Array:
        count = np.prod(case.x.shape[case.attributes["axis"] % 3 :])
        return (count + 16) * EPS * np.abs(y)

    return [
        Case(
            "RMSNormalization",
            {0: normal(2, 5, 8)},
            {1: normal(*(2, 5, 8)[axis % 3 :])},
            {"axis": axis, "epsilon": epsilon},
            opset=23,
            bound=bound,
        )
        for axis, epsilon in itertools.product([-1, 1], [1e-5, 1e-3])
    ]


def batch_norms() -> list[Case]:
    def bound(case: Case, y: Array, total: Array) -> Array:
        column = (-1, *[1] * (case.x.ndim - 2))
        scale, bias, mean, var = (
            case.held[slot].astype(np.float64).reshape(column) for slot in range(1, 5)
        )
        spread = np.sqrt(var + case.attributes["epsilon"])
        return 2.0**-21 * (np.abs(scale) * (np.abs(case.x) + np.abs(mean)) / spread + np.abs(bias))

    return [
        Case(
            "BatchNormalization",
            {0: normal(*shape)},
            {1: normal(3), 2: normal(3), 3: normal(3), 4: np.abs(normal(3))},
            {"epsilon": epsilon},
            bound=bound,
        )
        for shape, epsilon in itertools.product([(4, 3), (2, 3, 5), (1, 3, 4, 4)], [1e-5, 1e-2])
    ]


def softmax_like(ops: list[str], axes: list[int], of_log: Callable) -> list[Case]:
    def bound(case: Case, y: Array, total: Array) -> Array:
        axis = case.attributes["axis"]
        count = case.x.shape[axis] + 16
        return count * EPS * (np.abs(y) if case.op == "Softmax" else of_log(case, y, axis))

    return [
        Case(op, {0: normal(2, 5, 6, scale=scale)}, attributes={"axis": axis}, bound=bound)
        for op, axis, scale in itertools.product(ops, axes, [1, 20])
    ]


def reduces() -> list[Case]:
    def bound(case: Case, y: Array, total: Array) -> Array:
        floor = 1.0 if case.op == "ReduceLogSum" else 0.0
        return (case.x.size + 4) * EPS * np.maximum(floor, np.abs(y))

    cases = []
    for op, axes, keepdims, opset in itertools.product(
        ["ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSum"],
        [None, [0], [-1], [0, -1]],
        [0, 1],
        [11, 13, 18],
    ):
        x = normal(3, 4, 5)
        if op == "ReduceLogSum":
            x = np.abs(x) + np.float32(0.1)
        attributes: dict[str, object] = {"keepdims": keepdims}
        held = {}
        if axes is not None and opset >= 18:
            held[1] = np.array(axes, np.int64)
        elif axes is not None:
            attributes["axes"] = axes
        cases.append(Case(op, {0: x}, held, attributes, opset, bound=bound))
    return cases


def pools() -> list[Case]:
    cases = []
    for op, shape, opset in itertools.product(
        ["GlobalAveragePool", "GlobalMaxPool"], [(2, 3, 7), (1, 2, 5, 6)], [11, 17, 18]
    ):
        count = np.prod(shape[2:]) + 2
        bound = of_sum(count, 2.0**-23) if op == "GlobalAveragePool" else nothing
        cases.append(Case(op, {0: normal(*shape)}, opset=opset, bound=bound))
    return cases


def spatial_reduces() -> list[Case]:
    return [
        Case(
            op,
            {0: normal(2, 3, 5, 6)},
            {1: np.array(axes, np.int64)} if opset == 18 else {},
            {"keepdims": keepdims, **({} if opset == 18 else {"axes": axes})},
            opset,
            bound=of_sum(32, 2.0**-23) if op == "ReduceMean" else nothing,
        )
        for op, axes, keepdims, opset in itertools.product(
            ["ReduceMean", "ReduceMax"], [[2, 3], [-1, -2]], [0, 1], [13, 18]
        )
    ]


def splits() -> list[Case]:
    cases = []
    for axis, opset in itertools.product([0, 1, -1], [11, 13, 18]):
        size = 7
        shape = [2, 3, 4]
        shape[axis] = size
        parts = [1, 4, 2]
        x = {0: normal(*shape)}
        if opset == 11:
            cases.append(Case("Split", x, {}, {"axis": axis, "split": parts}, opset, 3))
        else:
            held = {1: np.array(parts, np.int64)}
            cases.append(Case("Split", x, held, {"axis": axis}, opset, 3))
        if opset == 18:
            attributes = {"axis": axis, "num_outputs": 3}
            cases.append(Case("Split", x, {}, attributes, opset, 3))
    return cases


def gathers() -> list[Case]:
    lists = [2, -1, [3], [0, 1, 2], [4, 2, 0], [5, 4, 3, 2, 1, 0], [1, 1, -1, 0, 3, 4], [-6]]
    return [
        Case("Gather", {0: normal(6, 6, 6)}, {1: np.array(indices, kind)}, {"axis": axis}, opset)
        for indices, axis, kind, opset in itertools.product(
            lists, [0, 1, -1], [np.int64, np.int32], [11, 17]
        )
    ]


def blocks() -> list[Case]:
    cases = [
        Case("SpaceToDepth", {0: normal(2, 3, 6, 12)}, attributes={"blocksize": block})
        for block in [1, 2, 3]
    ]
    for block, mode in itertools.product([1, 2, 3], [None, "DCR", "CRD"]):
        attributes = {"blocksize": block, **({"mode": mode} if mode else {})}
        cases.append(Case("DepthToSpace", {0: normal(2, 36, 3, 2)}, attributes=attributes))
    return cases


def squeezes() -> list[Case]:
    cases = []
    for opset, axes in itertools.product([11, 13], [[0], [-2], [0, 2]]):
        for op, x in [("Squeeze", normal(1, 3, 1, 4)), ("Unsqueeze", normal(3, 4))]:
            if op == "Squeeze" and axes == [-2]:
                axes = [-2]
            if opset == 11 and axes[0] < 0 and op == "Unsqueeze":
                continue
            attributes = {"axes": axes} if opset == 11 else {}
            held = {} if opset == 11 else {1: np.array(axes, np.int64)}
            cases.append(Case(op, {0: x}, held, attributes, opset))
    for axis in [0, 1, 2, -1, 3]:
        cases.append(Case("Flatten", {0: normal(2, 3, 4)}, attributes={"axis": axis}))
    return cases


def expands() -> list[Case]:
    return [
        Case("Expand", {0: normal(*shape)}, {1: np.array(to, np.int64)})
        for shape, to in [
            ((3, 1), [3, 4]),
            ((3, 1), [2, 1, 4]),
            ((1,), [2, 3]),
            ((2, 3), [2, 3]),
            ((1, 3, 1), [5, 1, 2]),
        ]
    ]


def tiles() -> list[Case]:
    return [
        Case("Tile", {0: normal(*shape)}, {1: np.array(repeats, np.int64)})
        for shape, repeats in [((3,), [4]), ((2, 3), [2, 3]), ((1, 2, 2), [3, 1, 2])]
    ]


def einsums() -> list[Case]:
    size = {"b": 2, "h": 3, "i": 4, "j": 5, "k": 6, "d": 7}
    equations = [
        "ij->ji", "ij->i", "ij->", "bij->jb", "ij", "ji",
        "ij,jk->ik", "ij,kj->ik", "ji,jk", "bij,bjk->bik", "bhid,bhjd->bhij", "bhij,bhjd->bhid",
        "bihd,bjhd->bhij", "bhij,bjhd->bihd", "bid,hdk->bhik", "i,j->ij", "bi,bi->b", "bi,bi->bi",
        "bi,bj->bij", "i,i->", "bij,j->bi", "bijk,bk->bij", "ij,ji->", "bij,kd->bkd",
    ]  # fmt: skip
    cases = []
    for equation in equations:
        operands = equation.split("->")[0].split(",")
        fed = {i: normal(*[size[c] for c in letters]) for i, letters in enumerate(operands)}
        inner = np.prod([size[c] for c in set(equation) & set(size)])
        cases.append(Case("Einsum", fed, {}, {"equation": equation}, bound=of_sum(inner + 2)))
    return cases


def gemms() -> list[Case]:
    cases = []
    for a, b, alpha, c in itertools.product(
        [0, 1], [0, 1], [1.0, 0.3], [None, (), (5,), (4, 1), (4, 5)]
    ):
        fed = {0: normal(*((7, 4) if a else (4, 7))), 1: normal(*((5, 7) if b else (7, 5)))}
        if c is not None:
            fed[2] = normal(*c)
        attributes = {"transA": a, "transB": b, "alpha": alpha, "beta": alpha * 2}
        cases.append(Case("Gemm", fed, {}, attributes, bound=of_sum(7 + 4)))
    return cases


def matmuls() -> list[Case]:
    return [
        Case("MatMul", {0: normal(*shape)}, {1: normal(7, 5)}, bound=of_sum(7 + 2))
        for shape in [(4, 7), (2, 4, 7), (2, 3, 4, 7), (1, 1, 7)]
    ]


def windows(op: str, spatial: int) -> Iterator[Case]:
    for stride, dilation, pad, group, held in itertools.product(
        [1, 2],
        [1, 2],
        ["none", "uneven", "SAME_UPPER", "SAME_LOWER", "VALID"],
        [1, 2],
        [True, False],
    ):
        if op.endswith("Pool") and group == 2:
            continue
        if pad.startswith("SAME") and dilation != 1:
            continue  # ONNX Runtime refuses it
        kernel = [3, 2][:spatial]
        attributes: dict[str, object] = {"strides": [stride] * spatial}
        if dilation != 1:
            attributes["dilations"] = [dilation] * spatial
        if pad == "uneven":
            attributes["pads"] = [1] * spatial + [0] * spatial
        elif pad != "none":
            attributes["auto_pad"] = pad
        x = normal(2, 4, *[9, 8][:spatial])
        if op.endswith("Pool"):
            attributes["kernel_shape"] = kernel
            if op == "AveragePool":
                attributes.pop("dilations", None)
                attributes["count_include_pad"] = group if held else 0
            attributes["ceil_mode"] = int(held and pad in ("none", "uneven"))
            bound = of_sum(8, 2.0**-23) if op == "AveragePool" else nothing
            yield Case(op, {0: x}, {}, attributes, bound=bound)
            continue
        if op == "ConvTranspose" and pad.startswith("SAME"):
            continue
        attributes["group"] = group
        channels = (6, 4 // group) if op == "Conv" else (4, 6 // group)
        w = normal(*channels, *kernel)
        parameters = {1: w, 2: normal(6)}
        fed, constants = ({0: x}, parameters) if held else ({0: x, **parameters}, {})
        yield Case(op, fed, constants, attributes, bound=of_sum(4 * 6 + 2))


def auto_pads() -> list[Case]:
    return [
        case
        for op in ["Conv", "MaxPool", "AveragePool"]
        for spatial in [1, 2]
        for case in windows(op, spatial)
        if "auto_pad" in case.attributes
    ]


def cum_sums() -> list[Case]:
    return [
        Case(
            "CumSum",
            {0: normal(3, 4, 5)},
            {1: np.array(axis, np.int64)},
            attributes,
            bound=lambda case, y, total: (
                7 * 2.0**-23 * np.abs(case.x).sum(int(case.held[1]), keepdims=True)
            ),
        )
        for axis in [0, 1, -1]
        for attributes in combinations(reverse=[0, 1], exclusive=[0, 1])
    ]


def pads() -> list[Case]:
    cases = []
    for mode, amounts, opset in itertools.product(
        ["constant", "edge", "reflect", "wrap"],
        [[0, 1, 0, 2], [2, 0, 1, 0], [1, 3, 2, 3], [0, 0, 0, 1]],
        [11, 13, 19],
    ):
        if mode == "wrap" and opset < 19:
            continue
        for fill in [None, -1.5] if mode == "constant" else [None]:
            held = {1: np.array(amounts, np.int64)}
            if fill is not None:
                held[2] = np.array(fill, np.float32)
            cases.append(Case("Pad", {0: normal(4, 4)}, held, {"mode": mode}, opset))
    return cases


COORDINATES = ["half_pixel", "asymmetric", "pytorch_half_pixel", "align_corners"]
ROUNDINGS = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]


def resizes(modes: list[str], sizes: list[tuple[int, int]], bound: Callable | None) -> list[Case]:
    cases = []
    for mode, (h, w), coordinates, rounding, by_size, opset in itertools.product(
        modes, sizes, COORDINATES, ROUNDINGS, [True, False], [11, 13, 19]
    ):
        if mode != "nearest" and rounding != "floor":
            continue
        held: dict[int, Array] = {}
        if by_size:
            held[3] = np.array([1, 2, h, w], np.int64)
        else:
            held[2] = np.array([1, 1, h / 4, w / 6], np.float32)
        if opset == 11:
            held[1] = np.zeros(0, np.float32)
            if by_size:
                held[2] = np.zeros(0, np.float32)
        attributes: dict[str, object] = {
            "mode": mode,
            "coordinate_transformation_mode": coordinates,
            "nearest_mode": rounding,
        }
        x = {0: normal(1, 2, 4, 6)}
        if mode != "cubic":
            cases.append(Case("Resize", x, held, attributes, opset, bound=bound))
            continue
        for outside, a in itertools.product([0, 1], [-0.75, -0.5]):
            more = {"exclude_outside": outside, "cubic_coeff_a": a}
            cases.append(Case("Resize", x, held, {**attributes, **more}, opset, bound=bound))
    return cases


def of_largest(factor: float) -> Callable:
    return lambda case, y, total: factor * np.abs(case.x).max()


def repeats() -> list[Case]:
    cases = [
        Case("Resize", case.fed, case.held, case.attributes, case.opset)
        for case in resizes(["nearest"], [(8, 12), (12, 6), (4, 18)], None)
        if (case.attributes["coordinate_transformation_mode"], case.attributes["nearest_mode"])
        in {("asymmetric", "floor")}
    ]
    for mode, opset in [("nearest", 9)]:
        scales = np.array([1, 1, 2, 3], np.float32)
        cases.append(Case("Upsample", {0: normal(1, 2, 4, 6)}, {1: scales}, {"mode": mode}, opset))
    return cases


def grids() -> list[Case]:
    cases = []
    for mode, padding, corners, opset, n in itertools.product(
        ["near", "lin"], ["zeros", "border", "reflection"], [0, 1], [16, 20], [1, 2]
    ):
        name = {"near": "nearest", "lin": "bilinear" if opset == 16 else "linear"}[mode]
        one = RANDOM.uniform(-1.6, 1.6, size=(1, 4, 5, 2)).astype(np.float32)
        attributes = {"mode": name, "padding_mode": padding, "align_corners": corners}
        cases.append(
            Case(
                "GridSample",
                {0: normal(n, 3, 6, 7)},
                {1: np.repeat(one, n, 0)},
                attributes,
                opset,
                bound=of_largest(2.0**-16),
            )
        )
    return cases


def mods() -> list[Case]:
    cases = []
    for kind, d, fmod in itertools.product(
        [np.int32, np.int64], [1, 3, 4, 7, [2, 5, 9, 3]], [0, 1]
    ):
        x = RANDOM.integers(-50, 50, size=(6, 4)).astype(kind)
        cases.append(Case("Mod", {0: x}, {1: np.array(d, kind)}, {"fmod": fmod}, bound=nothing))
    for d in [1.0, 2.0, 8.0]:
        held = {1: np.array(d, np.float32)}
        cases.append(Case("Mod", {0: points()}, held, {"fmod": 1}, bound=nothing))
    return cases


def chains() -> list[Case]:
    return [
        Case(
            op,
            fed,
            opset=opset,
            bound=of_sum(count, 2.0**-23) if op in ("Sum", "Mean") else nothing,
        )
        for op, count, opset in itertools.product(["Sum", "Mean", "Max", "Min"], [2, 3, 5], [8, 17])
        if count > 2 or op in ("Sum", "Mean")
        for fed in [{i: normal(*([3, 4] if i else [4])) for i in range(count)}]
    ]


def clips() -> list[Case]:
    cases = []
    for low, high, opset in itertools.product([None, -1.0, 0.0], [None, 2.0], [8, 11, 13]):
        if low is None and high is None:
            continue
        if opset >= 11:
            held = {
                slot: np.array(limit, np.float32)
                for slot, limit in [(1, low), (2, high)]
                if limit is not None
            }
            cases.append(Case("Clip", {0: points()}, held, opset=opset))
        else:
            limits = {"min": low, "max": high}
            given = {key: limit for key, limit in limits.items() if limit is not None}
            cases.append(Case("Clip", {0: points()}, {}, given, opset))
    return signless(cases)


def powers() -> list[Case]:
    return [
        Case(
            "Pow",
            {0: np.abs(points()) + np.float32(1e-3) if e in (0.5, -0.5, -1, -2) else points()},
            {1: np.array(e, np.float32)},
            bound=of_output(2.0**-21),
        )
        for e in [2, 3, 4, 0.5, -0.5, -1, -2]
    ]


def slopes() -> list[Case]:
    cases = [
        Case("LeakyRelu", {0: points()}, attributes=a)
        for a in combinations(alpha=[None, 0.3, -2.0])
    ]
    for shape in [(4,), (1,), (3, 1)]:
        cases.append(Case("PRelu", {0: normal(2, 3, 4)}, {1: normal(*shape)}))
    return signless(cases)


def wheres() -> list[Case]:
    choose = RANDOM.integers(0, 2, size=(4, 3)).astype(bool)
    return [
        Case("Where", {0: choose}, {1: normal(*a), 2: normal(*b)})
        for a, b in [((), ()), ((3,), (4, 1)), ((4, 3), ())]
    ]


def comparisons() -> list[Case]:
    a = RANDOM.integers(-3, 3, size=200).astype(np.float32)
    b = RANDOM.integers(-3, 3, size=200).astype(np.float32)
    a[:5], b[3:8] = np.nan, np.inf
    return [Case(op, {0: a, 1: b}) for op in ["GreaterOrEqual", "LessOrEqual"]]


def elus() -> list[Case]:
    def bound(case: Case, y: Array, total: Array) -> Array:
        selu = case.op == "Selu"
        alpha = case.attributes.get("alpha", 1.6732632 if selu else 1.0)
        gamma = case.attributes.get("gamma", 1.0507009 if selu else 1.0)
        return 2.0**-21 * (np.abs(y) + abs(gamma * alpha))

    return [
        *elementwise("Elu", bound, alpha=[None, 0.5]),
        *elementwise("Selu", bound, alpha=[None, 0.5], gamma=[None, 2.0]),
        *elementwise("Celu", bound, alpha=[None, 0.5, 3.0]),
    ]


def conv_groups() -> list[Case]:
    cases = []
    for spatial, group, biased, stride in itertools.product([1, 2], [2, 4], [True, False], [1, 2]):
        held = {1: normal(8, 4 // group, *[3, 2][:spatial])}
        if biased:
            held[2] = normal(8)
        attributes = {"group": group, "strides": [stride] * spatial, "pads": [1, 0] * spatial}
        x = {0: normal(2, 4, *[9, 8][:spatial])}
        cases.append(Case("Conv", x, held, attributes, bound=of_sum(4 * 6 + 2)))
    return cases


def dense_convs() -> list[Case]:
    cases = [
        Case("Gemm", {0: normal(4, 7)}, held, {"transB": turned}, bound=of_sum(7 + 4))
        for turned in [0, 1]
        for matrix in [normal(5, 7) if turned else normal(7, 5)]
        for held in [{1: matrix}, {1: matrix, 2: normal(5)}]
    ]
    return [*cases, *matmuls()]


def lrns() -> list[Case]:
    def bound(case: Case, y: Array, total: Array) -> Array:
        settings = {"alpha": 1e-4, "beta": 0.75, "bias": 1.0, **case.attributes}
        size, channels = settings["size"], case.x.shape[1]
        squares = np.pad(case.x**2, [(0, 0), (size // 2, size // 2), (0, 0), (0, 0)])
        near = sum(squares[:, i : i + channels] for i in range(size))
        all_of_place = squares.sum(1, keepdims=True)
        base = settings["bias"] + settings["alpha"] / size * near
        running = settings["alpha"] / size * all_of_place / base
        return (channels + size + 16) * EPS * (1 + settings["beta"] * (1 + running)) * np.abs(y)

    return [
        Case("LRN", {0: normal(*shape, scale=scale)}, attributes=chosen, bound=bound)
        for shape, scale in itertools.product([(2, 7, 3, 4), (1, 3, 5, 2)], [1, 30])
        for chosen in combinations(
            size=[1, 3, 5], alpha=[None, 0.5], beta=[None, 2.0], bias=[None, 0.25]
        )
    ]


def lp_norms() -> list[Case]:
    def bound(case: Case, y: Array, total: Array) -> Array:
        return (case.x.shape[case.attributes["axis"]] + 4) * EPS * np.abs(y)

    cases = []
    for p, axis, opset in itertools.product([1, 2], [0, 1, -1], [11, 17]):
        x = normal(3, 4, 5)
        x[0, :, 1] = x[:, 2, 0] = x[2, 3, :] = 0
        attributes = {"p": p, "axis": axis}
        cases.append(Case("LpNormalization", {0: x}, {}, attributes, opset, bound=bound))
    return cases


def log_sum_exps() -> list[Case]:
    def bound(case: Case, y: Array, total: Array) -> Array:
        largest = max(1.0, float(np.abs(case.x).max()))
        return (case.x.size + 16) * EPS * np.maximum(largest, np.abs(y))

    cases = []
    for axes, keepdims, opset, scale in itertools.product(
        [None, [0], [-1], [0, -1]], [0, 1], [11, 13, 18], [1, 40]
    ):
        attributes: dict[str, object] = {"keepdims": keepdims}
        held = {}
        if axes is not None and opset >= 18:
            held[1] = np.array(axes, np.int64)
        elif axes is not None:
            attributes["axes"] = axes
        x = {0: normal(3, 4, 5, scale=scale)}
        cases.append(Case("ReduceLogSumExp", x, held, attributes, opset, bound=bound))
    return cases


CASES: dict[str, Callable[[], list[Case]]] = {
    "auto-pad": auto_pads,
    "batch-norm": batch_norms,
    "ceil": lambda: [Case("Ceil", {0: points()})],
    "clip": clips,
    "comparison": comparisons,
    "conv-1d": lambda: [
        case
        for op in ["Conv", "ConvTranspose", "MaxPool", "AveragePool"]
        for case in windows(op, 1)
    ],
    "conv-group": conv_groups,
    "cum-sum": cum_sums,
    "dense-conv": dense_convs,
    "depth-to-space": blocks,
    "einsum": einsums,
    "elu": elus,
    "expand": expands,
    "gather": gathers,
    "gelu": lambda: elementwise("Gelu", of_input(2.0**-20), 20, approximate=[None, "none", "tanh"]),
    "gemm": gemms,
    "global-pool": pools,
    "global-reduce": spatial_reduces,
    "grid-sample": grids,
    "group-norm": group_norms,
    "hard-sigmoid": lambda: elementwise(
        "HardSigmoid", of_output(EPS, 1.0), alpha=[None, 1 / 6], beta=[None, 0.3]
    ),
    "hard-swish": lambda: elementwise("HardSwish", of_input(EPS)),
    "instance-norm": instance_norms,
    "layer-norm": layer_norms,
    "log-sum-exp": log_sum_exps,
    "lp-norm": lp_norms,
    "lrn": lrns,
    "matmul": matmuls,
    "mish": lambda: elementwise("Mish", of_input(2.0**-20), 18),
    "mod": mods,
    "pad": pads,
    "pow": powers,
    "prelu": slopes,
    "reduce": reduces,
    "resize-gather": lambda: resizes(["nearest"], [(8, 12), (7, 9), (3, 4), (6, 6)], None),
    "resize-matmul": lambda: resizes(
        ["linear", "cubic"], [(8, 12), (7, 9), (3, 4), (6, 5)], of_largest(2.0**-15)
    ),
    "resize-repeat": repeats,
    "rms-norm": rms_norms,
    "softmax": lambda: softmax_like(
        ["Softmax", "LogSoftmax"],
        [0, 1, -1],
        lambda case, y, axis: np.maximum(1, case.x.max(axis, keepdims=True) - case.x),
    ),
    "softmax-axis": lambda: softmax_like(
        ["Softmax", "LogSoftmax", "Hardmax"], [0, 1], lambda case, y, axis: np.maximum(1, np.abs(y))
    ),
    "softplus": lambda: elementwise("Softplus", of_output(2.0**-21, 1.0)),
    "softsign": lambda: elementwise("Softsign", of_output(EPS)),
    "split": splits,
    "squeeze": squeezes,
    "swish": lambda: elementwise("Swish", of_input(2.0**-20), 24, alpha=[None, 1.702]),
    "tile": tiles,
    "variadic": chains,
    "where": wheres,
}


@pytest.fixture(scope="module")
def passes() -> dict[str, dict]:
    done = subprocess.run([str(BINARY), "passes", "--json", "-"], capture_output=True, check=True)
    listed = json.loads(done.stdout)["legalizers"]
    return {item["id"].replace("_", "-").removeprefix("legalize-"): item for item in listed}


def test_every_pass_has_cases(passes: dict[str, dict]) -> None:
    # transpose_rank needs three nodes; it has a test of its own.
    assert {*passes} == {*CASES, "transpose-rank"}


@pytest.mark.parametrize("name", sorted(CASES))
def test_holds_its_bound(name: str, passes: dict[str, dict], tmp_path: Path) -> None:
    listed = {f"legalize-{key}": value for key, value in passes.items()}
    check(f"legalize-{name}", CASES[name](), listed, tmp_path)


# In float16 the same bounds hold with 2^-9 for 2^-22, and 2^-24, its least step, beside them.
HALVES = [
    "conv-1d", "conv-group", "dense-conv", "gemm", "global-pool", "global-reduce", "hard-sigmoid",
    "hard-swish", "matmul", "pad", "softmax-axis", "softsign", "swish", "variadic",
]  # fmt: skip


def in_half(case: Case) -> Case:
    def halved(arrays: dict[int, Array]) -> dict[int, Array]:
        return {
            slot: array.astype(np.float16) if array.dtype == np.float32 else array
            for slot, array in arrays.items()
        }

    def bound(halves: Case, y: Array, total: Array) -> Array:
        return 2.0**13 * case.bound(halves, y, total) + 2.0**-24

    half = bound if case.bound is not None else None
    return replace(case, fed=halved(case.fed), held=halved(case.held), bound=half)


@pytest.mark.parametrize("name", HALVES)
def test_holds_its_bound_in_half(name: str, passes: dict[str, dict], tmp_path: Path) -> None:
    listed = {f"legalize-{key}": value for key, value in passes.items()}
    check(f"legalize-{name}", [in_half(case) for case in CASES[name]()], listed, tmp_path)


@pytest.mark.parametrize("seed", range(12))
def test_transposes_of_many_dimensions(seed: int, tmp_path: Path) -> None:
    random = np.random.default_rng(seed)
    rank = int(random.integers(5, 9))
    shape = [int(size) for size in random.integers(1, 4, size=rank)]
    order = [int(axis) for axis in random.permutation(rank)]
    moved = [shape[axis] for axis in order]
    flat, result = [int(np.prod(shape[:2])), -1], [int(np.prod(moved[:3])), -1]
    nodes = [
        helper.make_node("Reshape", ["x", "apart"], ["r"], name="a"),
        helper.make_node("Transpose", ["r"], ["t"], name="n0", perm=order),
        helper.make_node("Reshape", ["t", "joined"], ["y"], name="b"),
    ]
    constants = [
        numpy_helper.from_array(np.array(value, np.int64), name)
        for name, value in [("apart", shape), ("joined", result)]
    ]
    x = random.normal(size=shape).astype(np.float32).reshape(flat)
    graph = helper.make_graph(
        nodes,
        "transposes",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [onnx.ValueInfoProto(name="y")],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    after = legalized(model, "legalize-transpose-rank", 1, tmp_path)
    assert all(
        len(node.attribute[0].ints) <= 4 for node in after.graph.node if node.op_type == "Transpose"
    )
    session = onnxruntime.InferenceSession(after.SerializeToString())
    expected = x.reshape(shape).transpose(order).reshape(result)
    np.testing.assert_array_equal(session.run(None, {"x": x})[0], expected)
