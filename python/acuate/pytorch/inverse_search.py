"""Which steps lead from a padded network's results back to the original's: found by measurement.

A call is run as it is and padded; what is done to the padded results is what brings them closest.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch

from acuate.pytorch.inverse import (
    Cells,
    Crop,
    Length,
    Part,
    Scale,
    Sizes,
    Step,
    scale_of,
    undone,
)
from acuate.pytorch.signature import Port
from acuate.pytorch.tensors import relative_error

MAX_STRIDE = 4096
MAX_GEOMETRIES = 64
MAX_COMPONENTS = 256
"""Of an axis that may hold coordinates."""
MAX_ANCHORS = 9

SMALL_CHANGE = 1e-3
"""Relative: where results change less, they are no parts of the padded size."""
ACCEPTED = 0.25
ACCEPTED_OF_FEW = 0.1
"""A component is scaled where that leaves this part of its change at most, in every observation;
chance does so where there are few values."""
FEW_VALUES = 16

_STRIDES = (1, 2, 4, 8, 16, 32, 64, 128)
_SINGLE_STRIDES = (*_STRIDES, 7, 14)


@dataclass(frozen=True)
class Observation:
    """The results of a call, as it is and padded."""

    sizes: Sizes
    bounds: Sizes
    expected: Sequence[torch.Tensor]
    padded: Sequence[torch.Tensor]


def find_steps(
    ports: Sequence[Port], observations: Sequence[Observation]
) -> dict[str, tuple[Step, ...]]:
    """The steps of each output that needs some, by its name."""
    found = {}
    for place, port in enumerate(ports):
        geometry = _geometry(place, port, observations)
        steps = (*geometry, *_scales(place, geometry, observations))
        if steps:
            found[port.name] = steps
    return found


def change(
    ports: Sequence[Port], steps: Mapping[str, Sequence[Step]], seen: Observation
) -> list[float | None]:
    """The relative change of each output that is left after the steps; None: it is of another
    size."""
    left: list[float | None] = []
    for port, expected, padded in zip(ports, seen.expected, seen.padded, strict=True):
        found = undone(padded, steps.get(port.name, ()), seen.sizes, seen.bounds)
        left.append(relative_error(expected, found) if found.shape == expected.shape else None)
    return left


# ----- results that grow -----


def _geometry(
    place: int, port: Port, observations: Sequence[Observation]
) -> tuple[Crop | Cells, ...]:
    """The choice for all axes that grow that leaves the least change."""
    pairs = [(seen.expected[place], seen.padded[place]) for seen in observations]
    axes = [
        axis
        for axis in range(len(port.shape))
        if any(expected.shape[axis] != padded.shape[axis] for expected, padded in pairs)
    ]
    choices = [_of_axis(place, axis, observations) for axis in axes]
    choices = [choice for choice in choices if choice]
    combinations = itertools.islice(itertools.product(*choices), MAX_GEOMETRIES)
    # Among equals, such as of square images, axes grow with one symbol each.
    ordered = sorted(combinations, key=lambda steps: -len({s.symbols() for s in steps}))
    if len(ordered) < 2:
        return ordered[0] if ordered else ()
    return min(ordered, key=lambda steps: _left(place, steps, observations))


def _left(place: int, steps: Sequence[Step], observations: Sequence[Observation]) -> float:
    return sum(
        relative_error(
            seen.expected[place], undone(seen.padded[place], steps, seen.sizes, seen.bounds)
        )
        for seen in observations
    )


def _of_axis(place: int, axis: int, observations: Sequence[Observation]) -> list[Crop | Cells]:
    symbols = list(observations[0].sizes)
    found: list[Crop | Cells] = []
    for symbol in symbols:
        known: dict[tuple[int, int], None] = {}
        for seen in observations:
            known[seen.sizes[symbol], seen.expected[place].shape[axis]] = None
            known[seen.bounds[symbol], seen.padded[place].shape[axis]] = None
        if length := find_length(list(known)):
            found.append(Crop(axis, symbol, length))
    return found or list(_cells(place, axis, observations))


def find_length(known: Sequence[tuple[int, int]]) -> Length | None:
    """What gives all of these lengths for these sizes: a rounded quotient by a power of two if that
    does, else the roundest numbers that do. None: nothing."""
    if len(dict(known)) != len(known):  # one size, two lengths
        return None
    candidates = []
    for up, down in [(1, d) for d in range(1, MAX_STRIDE)] + [(u, 1) for u in range(2, 65)]:
        # floor((size * up + add) / down) == length, for all of them
        low = max(length * down - size * up for size, length in known)
        high = min((length + 1) * down - 1 - size * up for size, length in known)
        if low > high:
            continue
        usual = [add for add in (down - 1, 0) if low <= add <= high]
        add = usual[0] if usual else min(max(0, low), high)
        roundness = down & -down
        is_usual_power = roundness == down and bool(usual)
        candidates.append(
            (not is_usual_power, abs(add) >= down, -roundness, not usual, down, up, add)
        )
    if not candidates:
        return None
    *_, down, up, add = min(candidates)
    return Length(up, down, add)


def _cells(place: int, axis: int, observations: Sequence[Observation]) -> Iterator[Cells]:
    counts = [
        (sizes, results[place].shape[axis])
        for seen in observations
        for sizes, results in ((seen.sizes, seen.expected), (seen.bounds, seen.padded))
    ]
    levels: list[tuple[int, ...]] = [(stride,) for stride in _SINGLE_STRIDES]
    levels += [_STRIDES[i:j] for i in range(len(_STRIDES)) for j in range(i + 2, len(_STRIDES) + 1)]
    for rows, columns in itertools.permutations(observations[0].sizes, 2):
        for strides, upwards, anchors in itertools.product(
            levels, (True, False), range(1, MAX_ANCHORS + 1)
        ):
            cells = Cells(axis, rows, columns, strides, upwards, anchors)
            before = {length - cells.count(sizes) for sizes, length in counts}
            if len(before) > 1 or min(before) < 0:
                continue
            for anchors_first in (False, True)[: min(anchors, 2)]:
                yield Cells(
                    axis, rows, columns, strides, upwards, anchors, anchors_first, min(before)
                )


# ----- coordinates -----


def _scales(
    place: int, geometry: Sequence[Step], observations: Sequence[Observation]
) -> tuple[Scale, ...]:
    """A scale of the first axis, from the last one on, that holds parts of the padded size."""
    pairs = [
        (seen, seen.expected[place], undone(seen.padded[place], geometry, seen.sizes, seen.bounds))
        for seen in observations
    ]
    if not all(a.shape == b.shape and a.is_floating_point() and a.numel() for _, a, b in pairs):
        return ()
    pairs = [(seen, a, b) for seen, a, b in pairs if relative_error(a, b) > SMALL_CHANGE]
    if not pairs:
        return ()
    grown = {step.axis for step in geometry}
    for axis in reversed(range(pairs[0][1].dim())):
        if axis in grown or not 2 <= pairs[0][1].shape[axis] <= MAX_COMPONENTS:
            continue
        parts = _parts(axis, pairs)
        if any(part.symbols for part in parts):
            return (Scale(axis, parts),)
    return ()


def _parts(
    axis: int, pairs: Sequence[tuple[Observation, torch.Tensor, torch.Tensor]]
) -> tuple[Part, ...]:
    """What each component along the axis is measured in."""
    flat = [
        (seen, a.double().movedim(axis, 0).flatten(1), b.double().movedim(axis, 0).flatten(1))
        for seen, a, b in pairs
    ]
    count, values = len(flat[0][1]), min(a.shape[1] for _, a, _ in flat)
    limit = ACCEPTED if values >= FEW_VALUES else ACCEPTED_OF_FEW
    best = torch.full((count,), float("inf"), dtype=torch.float64)
    parts = [Part()] * count
    for part in _possible(list(flat[0][0].sizes)):
        worst = torch.zeros(count, dtype=torch.float64)
        total = torch.zeros(count, dtype=torch.float64)
        matters = 0
        for seen, expected, padded in flat:
            factor = scale_of(part.symbols, seen.sizes, seen.bounds)
            if factor == 1:
                continue
            matters += 1
            before = (padded - expected).square().sum(1)
            scaled = (padded - part.origin) * factor + part.origin
            after = (scaled - expected).square().sum(1)
            # A component that did not change needs nothing.
            is_changed = before > SMALL_CHANGE**2 * expected.square().sum(1)
            ratio = torch.where(is_changed, (after / before).sqrt(), torch.inf)
            worst, total = torch.maximum(worst, ratio), total + after
        if not matters or (values < FEW_VALUES and matters < 2):
            continue
        better = (worst <= limit) & (total < best)
        best = torch.where(better, total, best)
        parts = [part if is_better else old for is_better, old in zip(better, parts, strict=True)]
    return tuple(parts)


def _possible(symbols: Sequence[str]) -> Iterator[Part]:
    for size in (1, 2):
        for of in itertools.combinations(symbols, size):
            yield Part(of)
            if size == 1:
                yield Part(of, -1.0)
