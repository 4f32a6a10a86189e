"""Encodings that are applied again to a real network, with what recovery did to it."""

import json
from pathlib import Path

from support import FIXTURES, acuate

PICODET = FIXTURES / "picodet_layout_cdla.onnx"


def test_a_detector_gets_the_same_bytes_without_data(tmp_path: Path) -> None:
    first, again = tmp_path / "first.onnx", tmp_path / "again.onnx"
    data = ["--data", FIXTURES / "pages" / "calibration", "--samples", "2"]
    recovery = ["--recover", "equalize-channels,round-weights,correct-biases"]
    acuate("quantize", PICODET, "-o", first, *data, *recovery)
    encodings = tmp_path / "first.encodings.json"
    changes = json.loads(encodings.read_text())
    assert len(changes["channel_scales"]) > 10
    assert len(changes["rounding"]) > 50
    assert len(changes["biases"]) > 50
    acuate("quantize", PICODET, "-o", again, "--encodings", encodings)
    assert again.read_bytes() == first.read_bytes()
    assert (tmp_path / "again.encodings.json").read_bytes() == encodings.read_bytes()
    # Without what recovery did, the grids of scaled tensors have nothing to stand for.
    del changes["channel_scales"]
    edited = tmp_path / "edited.json"
    edited.write_text(json.dumps(changes))
    done = acuate("quantize", PICODET, "-o", tmp_path / "no.onnx", "--encodings", edited, status=2)
    assert "edited.json" in done.stderr
    assert "_scaled'" in done.stderr
    assert not (tmp_path / "no.onnx").exists()
