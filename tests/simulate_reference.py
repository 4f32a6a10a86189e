"""The arithmetic of docs/simulate.md, slowly, in Python's integers: written from its formulae."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np

Integers = np.ndarray  # of int64


@dataclass(frozen=True)
class Grid:
    """(q - zero_point) * scale for lowest <= q <= highest; `scale` per tensor, or along `axis`."""

    bits: int
    signed: bool
    scale: np.ndarray
    zero_point: int = 0
    axis: int = -1

    @property
    def lowest(self) -> int:
        return -(1 << self.bits - 1) if self.signed else 0

    @property
    def highest(self) -> int:
        return (1 << self.bits - int(self.signed)) - 1

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(f"{'' if self.signed else 'u'}int{self.bits}")

    @property
    def step(self) -> float:
        return float(self.scale.reshape(-1)[0])


def fixed_point(real: float) -> tuple[int, int]:
    """The mantissa in [2^30, 2^31) and the shift."""
    fraction, exponent = math.frexp(real)
    mantissa = round(math.ldexp(fraction, 31))
    if mantissa == 1 << 31:
        return 1 << 30, 30 - exponent
    return mantissa, 31 - exponent


def shift_half_even(value: int, shift: int) -> int:
    if shift <= 0:
        return value << -shift
    quotient, rest = value >> shift, value & ((1 << shift) - 1)
    half = 1 << (shift - 1)
    return quotient + int(rest > half or (rest == half and quotient & 1))


def clamp(value: int, low: int, high: int) -> int:
    return min(max(value, low), high)


def rescale(
    sums: Integers, factor: float, out: Grid, bounds: tuple[int, int] | None = None
) -> Integers:
    low, high = bounds or (out.lowest, out.highest)
    mantissa, shift = fixed_point(factor)
    steps = [
        clamp(shift_half_even(int(s) * mantissa, shift) + out.zero_point, low, high)
        for s in sums.reshape(-1)
    ]
    return np.array(steps, np.int64).reshape(sums.shape)


def nearest(real: float, out: Grid) -> int:
    return clamp(round(real / out.step) + out.zero_point, out.lowest, out.highest)


def relu_bounds(out: Grid) -> tuple[int, int]:
    return clamp(out.zero_point, out.lowest, out.highest), out.highest


def centred(q: Integers, grid: Grid) -> Integers:
    return q.astype(np.int64) - grid.zero_point


def spread(image: Integers, stride: tuple[int, int]) -> Integers:
    """Zeros between the elements, for transposed convolutions."""
    n, c, h, w = image.shape
    out = np.zeros((n, c, (h - 1) * stride[0] + 1, (w - 1) * stride[1] + 1), np.int64)
    out[:, :, :: stride[0], :: stride[1]] = image
    return out


def convolve(
    x: Integers,
    w: Integers,
    bias: Integers,
    stride: tuple[int, int],
    dilation: tuple[int, int],
    pads: tuple[int, int, int, int],
    groups: int,
) -> Integers:
    """Exact sums of centred integers, [N, C, H, W] and [M, C / groups, ky, kx]."""
    x = np.pad(x, ((0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])))
    m, depth, kh, kw = w.shape
    rows = (x.shape[2] - (kh - 1) * dilation[0] - 1) // stride[0] + 1
    columns = (x.shape[3] - (kw - 1) * dilation[1] - 1) // stride[1] + 1
    out = np.zeros((x.shape[0], m, rows, columns), np.int64) + bias.reshape(1, -1, 1, 1)
    for channel in range(m):
        first = channel // (m // groups) * depth
        for c, ky, kx in product(range(depth), range(kh), range(kw)):
            y0, x0 = ky * dilation[0], kx * dilation[1]
            patch = x[
                :,
                first + c,
                y0 : y0 + (rows - 1) * stride[0] + 1 : stride[0],
                x0 : x0 + (columns - 1) * stride[1] + 1 : stride[1],
            ]
            out[:, channel] += patch * w[channel, c, ky, kx]
    return out


def rescale_channels(
    sums: Integers,
    x: Grid,
    w: Grid,
    out: Grid,
    axis: int,
    bounds: tuple[int, int] | None = None,
) -> Integers:
    """Each channel of the result by its own factor."""
    scales = np.broadcast_to(w.scale.reshape(-1), sums.shape[axis])
    parts = [
        rescale(np.take(sums, [c], axis), x.step * float(scales[c]) / out.step, out, bounds)
        for c in range(sums.shape[axis])
    ]
    return np.concatenate(parts, axis)


def add(
    a: Integers, a_grid: Grid, b: Integers, b_grid: Grid, out: Grid, sign: int, bounds=None
) -> Integers:
    factor_a, factor_b = a_grid.step / out.step, b_grid.step / out.step
    shift = fixed_point(max(factor_a, factor_b))[1]
    m_a, m_b = round(math.ldexp(factor_a, shift)), sign * round(math.ldexp(factor_b, shift))
    low, high = bounds or (out.lowest, out.highest)
    a, b = np.broadcast_arrays(centred(a, a_grid), centred(b, b_grid))
    steps = [
        clamp(shift_half_even(int(p) * m_a + int(q) * m_b, shift) + out.zero_point, low, high)
        for p, q in zip(a.reshape(-1), b.reshape(-1), strict=True)
    ]
    return np.array(steps, np.int64).reshape(a.shape)


def multiply(
    a: Integers, a_grid: Grid, b: Integers, b_grid: Grid, out: Grid, bounds=None
) -> Integers:
    product_of = centred(a, a_grid) * centred(b, b_grid)
    return rescale(product_of, a_grid.step * b_grid.step / out.step, out, bounds)


def table(q: Integers, grid: Grid, out: Grid, function: Callable[[float], float]) -> Integers:
    entries = {
        step: nearest(function(step * grid.step), out)
        for step in range(grid.lowest - grid.zero_point, grid.highest - grid.zero_point + 1)
    }
    return np.vectorize(entries.__getitem__, otypes=[np.int64])(centred(q, grid))


def softmax(q: Integers, grid: Grid, out: Grid) -> Integers:
    """Along the last axis."""
    mantissa, shift = fixed_point(1 / out.step)
    results = []
    for row in centred(q, grid).reshape(-1, q.shape[-1]).tolist():
        exponentials = [round(math.ldexp(math.exp(-(max(row) - v) * grid.step), 30)) for v in row]
        below = sum(exponentials) << shift
        for e in exponentials:
            quotient, rest = divmod(e * mantissa, below)
            up = 2 * rest > below or (2 * rest == below and quotient & 1)
            results.append(clamp(quotient + int(up) + out.zero_point, out.lowest, out.highest))
    return np.array(results, np.int64).reshape(q.shape)


def average_pool(
    x: Integers,
    grid: Grid,
    out: Grid,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    pads: tuple[int, int, int, int],
    counts_padding: bool,
) -> Integers:
    steps = centred(x, grid)
    ones = np.ones((1, 1, *x.shape[2:]), np.int64)
    window = np.ones((1, 1, *kernel), np.int64)
    nothing = np.zeros(1, np.int64)
    counts = convolve(ones, window, nothing, stride, (1, 1), pads, 1)
    if counts_padding:
        counts[:] = kernel[0] * kernel[1]
    planes = [
        convolve(steps[:, [c]], window, nothing, stride, (1, 1), pads, 1) for c in range(x.shape[1])
    ]
    sums = np.concatenate(planes, 1)
    counts = np.broadcast_to(counts, sums.shape)
    factor = grid.step / out.step
    flat = [
        rescale(np.array(s), factor / int(n), out)
        for s, n in zip(sums.reshape(-1), counts.reshape(-1), strict=True)
    ]
    return np.array(flat, np.int64).reshape(sums.shape)


def linear_weights(size: int, result: int) -> list[tuple[int, int, int]]:
    """Half-pixel positions: first and second element, and the second's weight in 2^-11."""
    scale = np.float32(result) / np.float32(size)
    taps = []
    for i in range(result):
        x = (np.float32(i) + np.float32(0.5)) / scale - np.float32(0.5)
        x = min(max(x, np.float32(0)), np.float32(size - 1))
        first = int(x)
        second = min(first + 1, size - 1)
        part = np.float32(float(x) - first)
        taps.append((first, second, 0 if first == second else round(float(part) * 2048)))
    return taps


def resize_linear(x: Integers, grid: Grid, out: Grid, size: tuple[int, int]) -> Integers:
    """[N, C, H, W], both axes of another size."""
    steps = centred(x, grid)
    for axis, result in ((2, size[0]), (3, size[1])):
        parts = []
        for first, second, weight in linear_weights(x.shape[axis], result):
            parts.append(
                (2048 - weight) * np.take(steps, [first], axis)
                + weight * np.take(steps, [second], axis)
            )
        steps = np.concatenate(parts, axis)
    return rescale(steps, math.ldexp(grid.step / out.step, -22), out)
