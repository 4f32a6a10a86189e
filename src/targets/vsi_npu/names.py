"""Fits our ranges and inputs to the layers that Acuity makes of a model when it imports it.

names.py MODEL.json IN OUT [IN OUT ...]

Acuity names a layer after the tensor that the layer gives, with a number of its own behind it, and
adds layers. Those that only move values get the range of what they move; one whose result goes
through a Relu alone that of the Relu; and a bias the product of the scales of what it is added to.
"""

import json
import re
import sys
from pathlib import Path

MOVES = {
    "crop_image", "depth2space", "dropout", "expanddims", "flatten", "noop", "output", "pad",
    "permute", "reorg", "reshape", "reverse", "shuffle", "slice", "space2depth", "split", "squeeze",
    "stridedslice", "tile", "unstack",
}  # fmt: skip
MOVES_IF = {"image_resize": "nearest", "pooling": "MAX"}  # by the parameter `type`
CLAMPS = {"clipbyvalue", "relu", "relu6", "relun"}


def acuity_name(name):
    """What Acuity makes of a tensor's name."""
    return re.sub(r"[^\w./-]", "_", name, flags=re.ASCII).lstrip("/_-")


def tensor_of(layer_id, layer, known):
    """The tensor after which a layer was named, of those that are `known`; None: no such."""
    stem = re.sub(r"_\d+$", "", layer_id)
    for text in (layer.get("name") or stem, stem):
        # Some versions put the operator before it.
        for candidate in (text, re.sub(r"^[A-Z][A-Za-z]*_[/_-]*", "", text)):
            if candidate in known:
                return candidate
    # `A_7_relun` is the Clip that gives A, `A_7_B` one layer for the nodes that give A, then B.
    for joint in re.finditer(r"_\d+_", stem):
        first, second = stem[: joint.start()], stem[joint.end() :]
        if second in known:
            return second
        if second == "relun" and first in known:
            return first
    return None


def moves(layer):
    kind = layer.get("parameters", {}).get("type")
    return layer["op"] in MOVES or (kind is not None and MOVES_IF.get(layer["op"]) == kind)


def spread(layers, grids):
    """Gives a grid to the layers that take one from a neighbour."""
    readers = {}
    for layer_id, layer in layers.items():
        for source in layer.get("inputs", []):
            readers.setdefault(source, []).append(layer_id)
    # Whoever got a grid hands it on to its neighbours.
    waiting = [tensor for tensor in grids if tensor.endswith(":out0")]
    while waiting:
        tensor = waiting.pop()
        given = [f"@{reader}:out0" for reader in readers.get(tensor, []) if moves(layers[reader])]
        layer = layers[tensor[1 : -len(":out0")]]
        source = next(iter(layer.get("inputs", [])), None)
        hands_back = layer["op"] in CLAMPS or layer["op"] == "permute"
        if source and hands_back and len(readers[source]) == 1:
            given.append(source)
        for neighbour in given:
            if neighbour not in grids:
                grids[neighbour] = grids[tensor]
                waiting.append(neighbour)


def numbers(grid, key):
    for line in grid:
        found = re.match(rf"\s+{key}: (.*)$", line)
        if found:
            return [float(text) for text in found.group(1).strip("[]").split(",")]
    return []


def bias_grid(data, weight):
    """That of the sums; empty: the two do not make one."""
    qtype = "i64" if any("qtype: i16" in line for line in data) else "i32"
    scales = numbers(data, "scale"), numbers(weight, "scale")
    lengths = numbers(data, "fl"), numbers(weight, "fl")
    if all(lengths):
        grid = ["dynamic_fixed_point", f"fl: {int(lengths[0][0] + lengths[1][0])}"]
    elif not all(scales):
        return []
    elif len(scales[1]) > 1:
        products = [scales[0][0] * scale for scale in scales[1]]
        grid = ["perchannel_symmetric_affine", f"scale: {products}", "channel_dim: 0"]
    else:
        grid = ["asymmetric_affine", f"scale: {scales[0][0] * scales[1][0]}", "zero_point: 0"]
    rest = [f"qtype: {qtype}", f"quantizer: {grid[0]}", "rounding: rtne", *grid[1:]]
    return ["    " + line for line in rest]


def fit_ranges(layers, lines):
    """The lines for these layers, our tensors that no layer has, and the layers without a range."""
    head, entries, place = [], {}, None
    for line in lines:
        entry = re.match(r"  '@(.*):(\w+)':$", line)
        if entry:
            place = acuity_name(entry.group(1).replace("''", "'")), entry.group(2)
            entries[place] = []
        else:
            (head if place is None else entries[place]).append(line)
    known = {name for name, _ in entries}
    ids = {}
    for layer_id, layer in layers.items():
        ids.setdefault(tensor_of(layer_id, layer, known), []).append(layer_id)
    grids = {
        f"@{layer_id}:{slot}": grid
        for (name, slot), grid in entries.items()
        for layer_id in ids.get(name, [])
    }
    spread(layers, grids)
    for layer_id, layer in layers.items():
        weight, source = grids.get(f"@{layer_id}:weight"), next(iter(layer.get("inputs", [])), None)
        if weight and source in grids:
            bias = bias_grid(grids[source], weight)
            if bias:
                grids[f"@{layer_id}:bias"] = bias
    out = list(head)
    for tensor, grid in grids.items():
        out += [f"  '{tensor}':", *grid]
    left_out = sorted(name for name in known if name not in ids)
    in_float = [layer_id for layer_id in layers if f"@{layer_id}:out0" not in grids]
    return out, left_out, in_float


def fit_inputs(layers, lines):
    """The lines with the ids of the inputs' layers."""
    ids = {acuity_name(layer.get("name") or ""): layer_id for layer_id, layer in layers.items()}
    out = []
    for line in lines:
        port = re.match(r"(\s+- lid: )'(.*)'$", line)
        if port:
            name = acuity_name(port.group(2).replace("''", "'"))
            if name not in ids:
                sys.exit(f"the imported model has no input {name}")
            line = port.group(1) + ids[name]
        out.append(line)
    return out


def fit(model, source, target):
    """Writes `target`, which is `source` for the layers of `model`. What fit_ranges() found."""
    layers = json.loads(Path(model).read_text(encoding="utf-8"))["Layers"]
    lines = Path(source).read_text(encoding="utf-8").splitlines()
    left_out, in_float = [], []
    if "quantize_parameters:" in lines:
        lines, left_out, in_float = fit_ranges(layers, lines)
    else:
        lines = fit_inputs(layers, lines)
    Path(target).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return left_out, in_float


def main():
    for place in range(2, len(sys.argv) - 1, 2):
        source, target = sys.argv[place : place + 2]
        left_out, in_float = fit(sys.argv[1], source, target)
        for name in left_out:
            print(
                f"{source}: the imported model has no layer {name}; its range is left out",
                file=sys.stderr,
            )
        for name in in_float:
            print(f"{source}: layer {name} has no range and stays float", file=sys.stderr)


if __name__ == "__main__":
    main()
