"""Samples of every form become calls."""

import itertools
from collections import UserDict
from typing import Any, NamedTuple

import acuate
import pytest
import torch
from acuate.pytorch.samples import MAX_SAMPLES, Call, calls

X = torch.arange(6.0).reshape(2, 3)


class Point(NamedTuple):
    x: torch.Tensor
    y: torch.Tensor


class Named(torch.nn.Module):
    def forward(self, image: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        return image if mask is None else image * mask


class Open(torch.nn.Module):
    def forward(self, image: torch.Tensor, **more: Any) -> torch.Tensor:
        return image


def only(sample: Any, model: torch.nn.Module | None = None) -> Call:
    (call,) = calls([sample], model=model)
    return call


def test_what_a_sample_is() -> None:
    call = Call((X,), {"mask": X})
    assert only(call) is call
    assert only((X, None)).args == (X, None)
    assert only([X, X]).args == ([X, X],)
    assert only(X).args == (X,)
    point = Point(X, X)
    assert only(point).args == (point,)


def test_a_mapping_goes_by_the_parameters_of_forward() -> None:
    assert only({"image": X, "mask": X}, Named()).kwargs == {"image": X, "mask": X}
    assert only(UserDict(image=X), Named()).kwargs == {"image": X}
    for other in ({"mask": X}, {"image": X, "masks": X}, {0: X}):
        assert only(other, Named()) == Call((other,))
    assert only({"image": X}) == Call(({"image": X},))
    assert only({"image": X, "other": X}, Open()).kwargs == {"image": X, "other": X}
    assert only({"other": X}, Open()) == Call(({"other": X},))


def test_pre_decides_where_it_is_given() -> None:
    assert calls([(X, 1)], lambda batch: ((batch[0],), {"mask": None})) == [
        Call((X,), {"mask": None})
    ]
    assert calls([X], lambda batch: ([batch], {})) == [Call((X,), {})]
    with pytest.raises(
        acuate.Error, match=r"a tuple of Tensor, int for sample 1, expected \(args, k"
    ):
        calls([X, X], _answers(((X,), {}), (X, 1)))
    with pytest.raises(acuate.Error, match="pre gives a Tensor for sample 0"):
        calls([X], lambda batch: batch)


def _answers(*given: Any) -> Any:
    rest = iter(given)
    return lambda batch: next(rest)


def test_a_data_loader() -> None:
    pairs = torch.utils.data.TensorDataset(X, torch.arange(2))
    loader = torch.utils.data.DataLoader(pairs, batch_size=1)
    taken = calls(loader, lambda batch: ((batch[0],), {}))
    assert [call.args[0].tolist() for call in taken] == [[[0, 1, 2]], [[3, 4, 5]]]


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (None, "none given"),
        ([], "gives none"),
        (X, r"one Tensor is given.*\[sample\]"),
        ({"image": X}, "one dict is given"),
        (Call((X,)), "one Call is given"),
        (5, "one int is given"),
        (itertools.repeat(X), f"more than {MAX_SAMPLES}"),
    ],
)
def test_what_is_no_iterable_of_samples(samples: Any, message: str) -> None:
    with pytest.raises(acuate.Error, match=message):
        calls(samples)


def test_a_limit() -> None:
    endless = itertools.repeat(X)
    assert len(calls(endless, limit=3)) == 3
    assert len(calls([X] * MAX_SAMPLES)) == MAX_SAMPLES
    with pytest.raises(acuate.Error, match="limit of 0"):
        calls([X], limit=0)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (
            {"image": X, "mask": None},
            r"mask is a tensor and None in samples 0 and 1.*optional input",
        ),
        ({"image": X}, "sample 1 has the arguments image, sample 0 image, mask"),
        ({"image": [X], "mask": X}, "image is a tensor and a list in samples 0 and 1"),
    ],
)
def test_samples_of_another_structure(second: Any, message: str) -> None:
    with pytest.raises(acuate.Error, match=message):
        calls([{"image": X, "mask": X}, second], model=Named())


def test_the_first_difference_is_named_by_its_key_path() -> None:
    with pytest.raises(acuate.Error, match=r"args\[0\]\['b'\]\[1\] is 1 and 2 in samples 0 and 2"):
        calls([{"a": X, "b": [X, 1]}, {"a": X, "b": [X, 1]}, {"a": X, "b": [X, 2]}])
    # Sizes and values may differ.
    assert len(calls([X, X[:1] + 1], model=Named())) == 2


def test_tensors_that_no_conversion_takes() -> None:
    with pytest.raises(acuate.Error, match=r"args\[0\]\['y'\] of sample 1 requires grad.*detach"):
        calls([{"y": X}, {"y": X.clone().requires_grad_()}])
    with pytest.raises(acuate.Error, match="image of sample 0 is on the meta device"):
        calls([X.to("meta")], model=Named())
