"""A second opinion on `acuate diagnose`: what a capability table (targets/<id>/table.yaml) holds
against a model, from the onnx library and the table alone. Where the answer depends on what
simplification makes of the model, or on shapes that the onnx library does not infer, it says so."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import onnx
from onnx import AttributeProto, GraphProto, NodeProto, TensorProto, helper

CONTROL_FLOW = {"If", "Loop", "Scan", "SequenceMap"}
SIZED_BY_VALUES = {"NonZero", "NonMaxSuppression", "Unique", "Compress"}
# Inputs that the ONNX operator specification takes a shape, a count or a position from.
SIZING_INPUTS: dict[str, tuple[int, ...]] = {
    "AffineGrid": (1,),
    "BlackmanWindow": (0,),
    "CenterCropPad": (1,),
    "Col2Im": (1, 2),
    "ConstantOfShape": (0,),
    "DFT": (1,),
    "Expand": (1,),
    "HammingWindow": (0,),
    "HannWindow": (0,),
    "MaxUnpool": (2,),
    "MelWeightMatrix": (0, 1),
    "OneHot": (1,),
    "Pad": (1, 3),
    "Range": (0, 1, 2),
    "Reshape": (1,),
    "Resize": (2, 3),
    "STFT": (1, 3),
    "Slice": (1, 2, 3, 4),
    "Split": (1,),
    "Squeeze": (1,),
    "Tile": (1,),
    "TopK": (1,),
    "Unsqueeze": (1,),
    "Upsample": (1,),
}
for _reduction in ("L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "Sum"):
    SIZING_INPUTS[f"Reduce{_reduction}"] = (1,)
SIZING_INPUTS["ReduceSumSquare"] = (1,)
# What `acuate passes` may take out or turn into something else by itself, and beside others.
_IDENTITIES = """Add Cast CastLike Concat Div Dropout Expand Flatten Identity Mul Pad Reshape Resize
Slice Split Squeeze Sub Tile Transpose Unsqueeze Where"""
_FUSED = """Abs BatchNormalization BitwiseNot Ceil Clip Erf Exp Floor Gather Gemm HardSigmoid
InstanceNormalization MatMul Neg Not Pow ReduceMax ReduceMean ReduceSum Relu Round Sigmoid Sign
Softmax Softplus Sqrt Tanh"""
IDENTITIES = frozenset(_IDENTITIES.split())
FUSED = frozenset(_FUSED.split())
ADVICE = "slow_on_target"


@dataclass
class Verdict:
    """Ids of findings that there must be, and that there may be beside them."""

    must: set[str] = field(default_factory=set)
    may: set[str] = field(default_factory=set)

    def add(self, ids: Iterable[str], certain: bool = True) -> None:
        (self.must if certain else self.may).update(ids)

    @property
    def undecided(self) -> set[str]:
        return self.may - self.must


@dataclass
class Type:
    """Of a value; `dims` has None where a dimension is not known, and is None without a rank."""

    kind: str = "tensor_type"
    element: str = ""
    dims: list[int | None] | None = None

    @property
    def is_numeric(self) -> bool:
        return self.kind == "tensor_type" and self.element != "string"

    @property
    def is_static(self) -> bool:
        return self.dims is not None and None not in self.dims


def element_name(element: int) -> str:
    name = str(TensorProto.DataType.Name(element)).lower()
    return {"float": "float32", "double": "float64", "undefined": ""}.get(name, name)


def type_of(proto: onnx.TypeProto) -> Type:
    kind = proto.WhichOneof("value") or "unknown"
    if kind != "tensor_type":
        return Type(kind)
    tensor = proto.tensor_type
    dims = None
    if tensor.HasField("shape"):
        dims = [d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim]
    return Type(kind, element_name(tensor.elem_type), dims)


def bodies(node: NodeProto) -> Iterator[GraphProto]:
    for attribute in node.attribute:
        if attribute.type == AttributeProto.GRAPH:
            yield attribute.g
        yield from attribute.graphs


def reads(node: NodeProto) -> set[str]:
    """Names that the node reads, those that its bodies take from outside among them."""
    names = set(node.input)
    for body in bodies(node):
        inner = {value.name for value in body.input} | {t.name for t in body.initializer}
        taken: set[str] = {value.name for value in body.output}
        for child in body.node:
            taken |= reads(child)
            inner |= set(child.output)
        names |= taken - inner
    return names - {""}


class Judge:
    """What the table holds against one model."""

    def __init__(self, model: onnx.ModelProto, table: dict[str, Any]) -> None:
        self.table = table
        self.graph = model.graph
        self.opsets = {entry.domain: entry.version for entry in model.opset_import}
        self.functions = {(f.domain, f.name) for f in model.functions}
        self.constants = {
            t.name: Type("tensor_type", element_name(t.data_type), list(t.dims))
            for t in model.graph.initializer
        }
        self.feeds = {
            value.name: type_of(value.type)
            for value in model.graph.input
            if model.ir_version >= 4 or value.name not in self.constants
        }
        for node in self.graph.node:
            if node.op_type == "Constant" and node.domain in ("", "ai.onnx"):
                self.constants[node.output[0]] = Type()
        self.types = self._types(model)
        self.moving = self._moving()
        self.sized_by_values = self._sized_by_values()
        self.alive = self._alive()

    def is_constant(self, name: str) -> bool:
        return name in self.constants and name not in self.feeds

    def _types(self, model: onnx.ModelProto) -> dict[str, Type]:
        """As the onnx library infers them when nothing is declared but inputs and the elements of
        outputs."""
        declared = {v.name: type_of(v.type) for v in model.graph.output}
        bare = onnx.ModelProto()
        bare.CopyFrom(model)
        del bare.graph.value_info[:]
        for value in bare.graph.output:
            if value.type.HasField("tensor_type"):
                value.type.tensor_type.ClearField("shape")
        inferred = onnx.shape_inference.infer_shapes(bare, data_prop=True).graph
        types = dict(declared)
        for name, known in declared.items():
            types[name] = Type(known.kind, known.element, None)
        for value in (*inferred.value_info, *inferred.output):
            found = type_of(value.type)
            old = types.get(value.name)
            if found.kind != "unknown" and (old is None or found.dims is not None):
                types[value.name] = found
        types.update({name: kind for name, kind in self.constants.items() if kind.dims is not None})
        types.update(self.feeds)
        return types

    def _moving(self) -> set[str]:
        """Values that follow from what is fed, other than by dimensions alone."""
        moving = set(self.feeds)
        for node in self.graph.node:
            measures = node.op_type in ("Shape", "Size")
            draws = node.op_type.startswith(("Random", "Bernoulli", "Multinomial"))
            if draws or (reads(node) & moving and not measures):
                moving |= set(node.output)
        return moving

    def _sizing(self, node: NodeProto) -> list[str]:
        slots = SIZING_INPUTS.get(node.op_type, ()) if node.domain in ("", "ai.onnx") else ()
        names = [node.input[slot] for slot in slots if slot < len(node.input)]
        if node.op_type == "Resize" and self.opsets.get("", 1) < 11:
            names = list(node.input[1:2])
        return [name for name in names if name and not self.is_constant(name)]

    def _sized_by_values(self) -> set[str]:
        """Tensors that have no size before the model runs, by the nodes that make them."""
        sized: set[str] = set()
        for node in self.graph.node:
            if node.domain not in ("", "ai.onnx"):
                continue
            if node.op_type in SIZED_BY_VALUES or any(n in self.moving for n in self._sizing(node)):
                sized |= {
                    name
                    for name in node.output
                    if name in self.types and not self.types[name].is_static
                }
        return sized

    def _alive(self) -> set[int]:
        needed = {value.name for value in self.graph.output}
        alive = set()
        for index in reversed(range(len(self.graph.node))):
            node = self.graph.node[index]
            if set(node.output) & needed:
                alive.add(index)
                needed |= reads(node)
        return alive

    def is_dynamic(self, name: str) -> tuple[bool, bool]:
        """Whether the value is, and whether that is certain."""
        kind = self.types.get(name)
        if kind is None or kind.is_static:
            return kind is None, kind is not None
        return True, name in self.feeds or name in self.sized_by_values

    def stays(self, index: int) -> bool:
        """Whether simplification certainly leaves the node."""
        node = self.graph.node[index]
        if index not in self.alive or not reads(node) & self.moving:
            return False
        if node.op_type in ("Shape", "Size"):
            return False
        if node.domain not in ("", "ai.onnx"):
            return (node.domain, node.op_type) not in self.functions
        if node.op_type in ("If", "Loop"):
            decides = node.input[:1] if node.op_type == "If" else node.input[:2]
            return any(name in self.moving for name in decides)
        if node.op_type not in IDENTITIES | FUSED:
            return True
        others = [n for n in self.graph.node if n is not node and n.op_type != "Constant"]
        if others:
            return False
        first = self.types.get(node.input[0]) if node.input else None
        made = self.types.get(node.output[0])
        return node.op_type in FUSED or (
            node.op_type not in ("Identity", "Dropout", "CastLike")
            and first is not None
            and made is not None
            and first.dims is not None
            and made.dims is not None
            and (first.dims, first.element) != (made.dims, made.element)
        )

    def run(self) -> Verdict:
        verdict = Verdict()
        for index, node in enumerate(self.graph.node):
            if node.op_type == "Constant":
                continue
            stays = self.stays(index)
            for reason, certain in self.reasons(node):
                verdict.add({reason}, certain and stays)
        self._interface(verdict)
        verdict.may |= verdict.must
        return verdict

    def reasons(self, node: NodeProto) -> list[tuple[str, bool]]:
        """Ids, each with whether it is certain for the node as it stands."""
        main = node.domain in ("", "ai.onnx")
        row = self.table["operators"].get(node.op_type if main else f"{node.domain}:{node.op_type}")
        found: list[tuple[str, bool]] = []
        nested = main and node.op_type in CONTROL_FLOW and not self.table["control_flow"]
        sized = main and node.op_type in SIZED_BY_VALUES
        if nested:
            found.append(("control_flow", True))
        if sized:
            found.append(("data_dependent_shape", True))
        elif sizing := self._sizing(node):
            found.append(("data_dependent_shape", any(name in self.moving for name in sizing)))
        if not nested and not sized:
            found += self._operator(node, row)
        found += self._operands(node, row or {})
        if row and "slow" in row and (not found or not any(certain for _, certain in found)):
            found += self._speed(node, row["slow"], not found)
        return found

    def _operator(self, node: NodeProto, row: dict[str, Any] | None) -> list[tuple[str, bool]]:
        if row is None:
            return [("unknown_support", True)]
        if not row.get("supported", True):
            return [("unsupported_operator", True)]
        outside = [
            name
            for name, limit in row.get("attributes", {}).items()
            if not self._within(node, name, limit)
        ]
        found = [("unsupported_attribute", True)] if outside else []
        opset, limits = self.opsets.get(node.domain, 1), row.get("opset", {})
        if not limits.get("min", opset) <= opset <= limits.get("max", opset):
            found.append(("unsupported_opset", True))
        return found

    def _within(self, node: NodeProto, name: str, limit: Any) -> bool:
        value: Any = next(
            (helper.get_attribute_value(a) for a in node.attribute if a.name == name), None
        )
        if value is None and name == "kernel_shape" and node.op_type in ("Conv", "ConvTranspose"):
            weights = self.types.get(node.input[1])
            value = weights.dims[2:] if weights and weights.dims else None
        if value is None:
            return True
        if isinstance(limit, dict):
            numbers = value if isinstance(value, (list, tuple)) else [value]
            return all(limit.get("min", n) <= n <= limit.get("max", n) for n in numbers)
        allowed = [str(item) for item in limit]
        if "last" in allowed:
            dims = (self.types.get(node.input[0]) or Type()).dims
            if value == -1 or (dims is not None and value == len(dims) - 1):
                return True
        return (value.decode() if isinstance(value, bytes) else str(value)) in allowed

    def _operands(self, node: NodeProto, row: dict[str, Any]) -> list[tuple[str, bool]]:
        found: dict[str, bool] = {}

        def note(reason: str, certain: bool) -> None:
            found[reason] = found.get(reason, False) or certain

        max_rank = row.get("max_rank", self.table["max_rank"])
        taken = row.get("types", self.table["types"])
        for name in [*node.input, *node.output]:
            if not name:
                continue
            kind = self.types.get(name)
            if kind is None:
                for reason in (
                    "dynamic_shape",
                    "rank_too_high",
                    "unsupported_type",
                    "int64_narrowed",
                    "non_numeric_value",
                ):
                    note(reason, False)
                continue
            if not kind.is_numeric:
                note("non_numeric_value", True)
                if kind.element != "string":
                    continue
            dynamic, certain = self.is_dynamic(name)
            if dynamic and not self.is_constant(name) and self.table["static_shapes"]:
                note("dynamic_shape", certain)
            if kind.dims is None:
                note("rank_too_high", False)
            elif len(kind.dims) > max_rank:
                note("rank_too_high", True)
            if not kind.element or kind.element == "string" or kind.element in taken:
                continue
            if kind.element != "int64" or not self.table["int64_as_int32"]:
                note("unsupported_type", True)
            elif not self.is_constant(name):
                note("int64_narrowed", name in self.moving)
        return list(found.items())

    def _speed(self, node: NodeProto, slow: Any, certain: bool) -> list[tuple[str, bool]]:
        if isinstance(slow, dict):
            named = {a.name for a in node.attribute} | {"kernel_shape"}
            for name, limit in slow.get("attributes", {}).items():
                if name not in named or not self._within(node, name, limit):
                    return []
            unless = slow.get("unless", {})
            if unless and all(self._within(node, name, limit) for name, limit in unless.items()):
                return []
        return [(ADVICE, certain)]

    def _interface(self, verdict: Verdict) -> None:
        read: set[str] = {value.name for value in self.graph.output}
        for node in self.graph.node:
            read |= reads(node)
        for name, kind in self.feeds.items():
            if name not in self.constants and name not in read:
                verdict.add({"unused_input"})
            readers = [n for n in self.graph.node if name in reads(n)]
            if kind.kind == "tensor_type" and not kind.is_static and readers:
                verdict.add({"dynamic_input"})
        for value in self.graph.output:
            if value.name in self.feeds or self.is_constant(value.name):
                continue
            dynamic, certain = self.is_dynamic(value.name)
            if dynamic and self.types[value.name].kind == "tensor_type":
                verdict.add({"dynamic_output"}, certain)


def judge(model: onnx.ModelProto, table: dict[str, Any]) -> Verdict:
    return Judge(model, table).run()
