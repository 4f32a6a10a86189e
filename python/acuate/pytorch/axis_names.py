"""Names of open axes in an exported file, in place of the exporter's own."""

import re
from collections.abc import Iterator, Sequence

import onnx

from acuate.pytorch.signature import Port, Signature

_WORD = re.compile(r"[A-Za-z_]\w*\b(?!\()")


def name_axes(graph: onnx.GraphProto, signature: Signature) -> None:
    """Axes of inputs get the signature's symbols, and what follows from them is told by these
    (`tensors_2 // 2`); other axes of outputs are `<output>_<axis>`."""
    names: dict[str, str] = {}
    taken = {s for port in (*signature.inputs, *signature.outputs) for s in port.symbols().values()}

    def name(word: str, port: Port, axis: int, symbol: str | None) -> None:
        if word in names:
            return
        if symbol is None:
            symbol = f"{port.name}_{axis}".replace(".", "_")
            while symbol in taken:
                symbol += "_"
            taken.add(symbol)
        names[word] = symbol

    for port, axis, dim in _open_axes(graph.input, signature.inputs):
        name(dim.dim_param, port, axis, port.symbols().get(axis))
    for port, axis, dim in _open_axes(graph.output, signature.outputs):
        for word in _WORD.findall(dim.dim_param):
            # What the export was told to call so is the signature's.
            name(word, port, axis, word if word in port.symbols().values() else None)
    for inner in _graphs(graph):
        for value in (*inner.input, *inner.output, *inner.value_info):
            for dim in value.type.tensor_type.shape.dim:
                if dim.dim_param:
                    dim.dim_param = _WORD.sub(lambda m: names.get(m[0], m[0]), dim.dim_param)


def _open_axes(
    values: Sequence[onnx.ValueInfoProto], ports: Sequence[Port]
) -> Iterator[tuple[Port, int, onnx.TensorShapeProto.Dimension]]:
    by_name = {port.name: port for port in ports}
    for value in values:
        port = by_name.get(value.name)
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            if port is not None and dim.dim_param:
                yield port, axis, dim


def _graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    graphs = [graph]
    for one in graphs:
        yield one
        for node in one.node:
            graphs += [a.g for a in node.attribute if a.type == onnx.AttributeProto.GRAPH]
