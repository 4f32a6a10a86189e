"""The eager scan: one run over the samples finds all that stands in the way of an export."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter

import numpy as np
import torch

from acuate._core import Error
from acuate.pytorch.blocker import ERROR, Blocker
from acuate.pytorch.model_state import require_model, require_torch
from acuate.pytorch.records import Scan
from acuate.pytorch.runs import Runs
from acuate.pytorch.samples import Call
from acuate.pytorch.watch import Facts

MAX_BLOCKERS = 1000


def scan(model: torch.nn.Module, calls: Sequence[Call]) -> Scan:
    """Runs the model on each call, and once more on the first, and tells what it saw.

    The model is left as it was, with what forward changes in it; so are the samples and the states
    of the random generators. Nothing is exported.

    Errors: what is no nn.Module in evaluation mode with all its weights; no calls; a forward that
    raises (its exception is the cause; sample, module and line are told).
    """
    require_torch()
    require_model(model)
    if not calls:
        raise Error("samples: none given; the scan runs the model on them")
    started = perf_counter()
    with _generators_kept(), torch.no_grad():
        made = _scanned(Runs(model, calls))
    made.seconds = perf_counter() - started
    return made


def _scanned(runs: Runs) -> Scan:
    try:
        first = runs.watched()
        state_matters = runs.changes_state() and not first.equals(runs.plain(0))
        runs.state.restore()
        seconds, second = runs.timed()
        runs.state.restore()
        guarded = runs.guarded()
        runs.state.restore()
        steady = first.equals(second)
        random_module = None if steady else runs.first_random()
    finally:
        runs.state.restore()
    facts = Facts(
        modules=runs.records,
        samples=len(runs.calls),
        random=not steady,
        random_module=random_module,
        state_matters=state_matters,
        guarded=guarded,
    )
    found = _joined([b for d in runs.detectors.values() for b in d.blockers(facts)])
    order = {path: index for index, path in enumerate(runs.modules)}
    found.sort(key=lambda b: (b.severity != ERROR, order.get(b.module, 0), b.line, b.kind))
    left_out = []
    if len(found) > MAX_BLOCKERS:
        left_out.append(f"{len(found) - MAX_BLOCKERS} more are left out")
    if not runs.compared_all():
        left_out.append("the model runs too many functions to compare all between samples")
    return Scan(
        modules=runs.records,
        blockers=found[:MAX_BLOCKERS],
        samples=len(runs.calls),
        random=facts.random,
        eager_seconds=seconds,
        left_out=tuple(left_out),
    )


def _joined(found: list[Blocker]) -> list[Blocker]:
    """A branch on a value that is read is told once, with the value."""
    reads = {(b.module, b.file, b.line): b for b in found if b.kind == "value_read"}
    partings = {(b.module, b.file, b.line): b for b in found if b.kind == "branch"}
    joined = []
    for blocker in found:
        key = (blocker.module, blocker.file, blocker.line)
        if blocker.kind == "branch" and key in reads:
            continue
        if blocker.kind == "value_read" and (parting := partings.get(key)):
            blocker = replace(blocker, evidence=f"{blocker.evidence}; {parting.evidence}")
        joined.append(blocker)
    return joined


@contextmanager
def _generators_kept() -> Iterator[None]:
    """The random generators of torch, Python and NumPy go on as if nothing had been drawn."""
    pythons, numpys = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng():
            yield
    finally:
        random.setstate(pythons)
        np.random.set_state(numpys)
