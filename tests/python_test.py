"""The Python package: convert, load, run."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import acuate
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from PIL import Image
from support import DETECTOR, FIXTURES, pages

SHAPE = (1, 3, 160, 160)


def reference(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> acuate.Result:
    return acuate.convert(
        DETECTOR, output=tmp_path_factory.mktemp("python") / "out", shape={"x": SHAPE}, runs=1
    )


@pytest.fixture(scope="module")
def model(converted: acuate.Result) -> acuate.Model:
    return acuate.load(converted.output, threads=1)


@pytest.fixture(scope="module")
def x() -> npt.NDArray[np.float32]:
    """Text: the middle of a page."""
    page = Image.open(pages("evaluation", 3)[1]).convert("RGB")
    left, top = (page.width - 160) // 2, (page.height - 160) // 2
    pixels = np.asarray(page.crop((left, top, left + 160, top + 160)), np.float32)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[np.newaxis]) / 127.5 - 1


def save_model(folder: Path, text: str) -> Path:
    onnx.save(onnx.parser.parse_model(text), folder / "model.onnx")
    return folder / "model.onnx"


def test_convert_writes_an_artifact_and_tells_of_it(converted: acuate.Result) -> None:
    assert converted.ok
    assert converted.unmet == ()
    written = json.loads((converted.output / "report.json").read_text("utf-8"))
    assert converted.report == written
    assert converted.report["model"]["inputs"][0]["shape_after"] == list(SHAPE)


def test_results_are_those_of_onnxruntime_bit_for_bit(
    converted: acuate.Result, model: acuate.Model, x: npt.NDArray[np.float32]
) -> None:
    y = model(x)
    emitted = reference(converted.output / "modules/model.onnx")
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, emitted.run(None, {"x": x})[0])
    # Folding BatchNorm rounds, so the user's own file agrees closely and not in every bit.
    original = reference(DETECTOR).run(None, {"x": x})[0]
    np.testing.assert_allclose(y, original, rtol=0, atol=1e-4)
    assert original.max() > 0.9


def test_the_model_describes_itself(model: acuate.Model) -> None:
    assert model.inputs == (acuate.TensorSpec("x", "float32", SHAPE),)
    assert [spec.name for spec in model.outputs] == ["sigmoid_0.tmp_0"]
    assert model.target == "onnxruntime"
    assert "x: float32[1, 3, 160, 160]" in repr(model)


def test_ways_to_call(model: acuate.Model, x: npt.NDArray[np.float32]) -> None:
    y = model(x)
    np.testing.assert_array_equal(model(x=x), y)
    np.testing.assert_array_equal(model({"x": x}), y)
    np.testing.assert_array_equal(model(x.tolist()), y)
    # Not contiguous, not aligned, other byte order: copied, never misread.
    np.testing.assert_array_equal(model(np.asfortranarray(x)), y)
    np.testing.assert_array_equal(model(x.astype(">f4")), y)
    shifted = np.empty(x.nbytes + 1, np.uint8)[1:].view(np.float32).reshape(SHAPE)
    shifted[:] = x
    np.testing.assert_array_equal(model(shifted), y)
    y[:] = 0  # ours to write to


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, x: m(x.astype(np.float64)), r"'x': found float64.*, expected float32"),
        (lambda m, x: m(x[:, :2]), r"'x': found float32\[1, 2, 160, 160\], expected"),
        (lambda m, x: m(x[0]), r"'x': found .*, expected"),
        (lambda m, x: m({"y": x}), r"there is no input 'y'; there are: x"),
        (lambda m, x: m(), r"input 'x' is missing"),
        (lambda m, x: m(x, x), r"2 arrays given, the model has 1"),
        (lambda m, x: m(x, x=x), r"'x' is given twice"),
        (lambda m, x: m("text"), r"'x': no array of float32"),
        (lambda m, x: m(np.array(["text"])), r"'x': arrays of dtype <U4 cannot be fed"),
        (lambda m, x: m.run_image(FIXTURES / "none.png"), r"stores no pre-processing"),
    ],
)
def test_wrong_inputs_are_errors_that_name_them(
    model: acuate.Model, x: npt.NDArray[np.float32], call: Any, message: str
) -> None:
    with pytest.raises(acuate.Error, match=message):
        call(model, x)


def test_an_error_is_a_value_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=re.escape(str(tmp_path / "none.onnx"))):
        acuate.convert(tmp_path / "none.onnx", output=tmp_path / "out")
    with pytest.raises(acuate.Error, match=r"manifest\.json"):
        acuate.load(tmp_path)
    with pytest.raises(acuate.Error, match="there is no pass 'nonsense'"):
        acuate.convert(DETECTOR, output=tmp_path / "out", disable=["nonsense"])
    assert list(tmp_path.iterdir()) == []


def test_several_inputs_and_outputs_and_one_passed_through(tmp_path: Path) -> None:
    path = save_model(
        tmp_path,
        """<ir_version: 8, opset_import: ["" : 17]>
        g (float[2] a, int64[2] b) => (float[2] c, int64[2] d, float[2] e)
        { c = Neg(a)  d = Add(b, b)  e = Identity(a) }""",
    )
    model = acuate.convert(path, output=tmp_path / "out", runs=0).load()
    a, b = np.array([1, -2], np.float32), np.array([3, 4])
    for result in (model(a, b), model(a, b=b), model({"b": b, "a": a}), model([1, -2], [3, 4])):
        assert list(result) == ["c", "d", "e"]
        np.testing.assert_array_equal(result["c"], [-1, 2])
        np.testing.assert_array_equal(result["d"], [6, 8])
        np.testing.assert_array_equal(result["e"], a)
    result["e"][:] = 0
    np.testing.assert_array_equal(a, [1, -2])
    with pytest.raises(acuate.Error, match="input 'b' is missing; the model has: a, b"):
        model(a)


@pytest.mark.parametrize(
    ("onnx_type", "dtype"), [("float16", "float16"), ("bfloat16", "bfloat16"), ("bool", "bool")]
)
def test_element_types(tmp_path: Path, onnx_type: str, dtype: str) -> None:
    operator = "Not" if dtype == "bool" else "Identity"
    path = save_model(
        tmp_path,
        f"""<ir_version: 8, opset_import: ["" : 17]>
        g ({onnx_type}[3] a) => ({onnx_type}[3] b) {{ b = {operator}(a) }}""",
    )
    model = acuate.convert(path, output=tmp_path / "out", runs=0).load()
    kind = np.dtype(dtype) if dtype != "bfloat16" else pytest.importorskip("ml_dtypes").bfloat16
    a = np.array([0, 1, 1], kind)
    b = model(a)
    assert b.dtype == a.dtype
    np.testing.assert_array_equal(b, ~a if dtype == "bool" else a)


def test_results_live_on_and_inputs_are_not_kept(
    model: acuate.Model, x: npt.NDArray[np.float32]
) -> None:
    copy = x.copy()
    before = sys.getrefcount(copy)
    results = [model(copy) for _ in range(3)]
    assert sys.getrefcount(copy) == before
    first = results[0].copy()
    model(np.zeros_like(copy))
    np.testing.assert_array_equal(results[0], first)


def test_threads_may_share_a_model(model: acuate.Model, x: npt.NDArray[np.float32]) -> None:
    expected = model(x)
    results: list[Any] = []
    threads = [threading.Thread(target=lambda: results.append(model(x))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    for result in results:
        np.testing.assert_array_equal(result, expected)


def test_a_forked_process_opens_the_artifact_again(
    converted: acuate.Result, x: npt.NDArray[np.float32]
) -> None:
    model = acuate.load(converted.output, threads=2)
    expected = model(x)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:  # no exception may leave this branch: pytest would run on in the child
        signal.alarm(60)
        try:
            with pytest.raises(acuate.Error, match="before this process was forked"):
                model(x)
            del model  # would wait for threads that are not here
            again = acuate.load(converted.output, threads=2)
            os.write(write, b"same" if np.array_equal(again(x), expected) else b"other")
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        assert pipe.read() == b"same"
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_int8_from_images_stores_the_preprocessing(tmp_path: Path) -> None:
    listing = tmp_path / "pages.txt"
    listing.write_text("\n".join(map(str, pages("calibration", 4))), "utf-8")
    events: list[tuple[str, int, int, str]] = []
    result = acuate.convert(
        DETECTOR,
        listing,
        output=tmp_path / "out",
        shape={"x": SHAPE},
        precision="int8",
        preprocess={"preset": "ppocr-det"},
        max_drop=["sqnr=100dB"],
        runs=1,
        progress=lambda *event: events.append(event),
    )
    assert not result.ok
    assert "sqnr" in result.unmet[0]
    assert ("calibrate", 3, 3, "samples") in events
    model = result.load()
    page = pages("evaluation", 1)[0]
    prepared = model.prepare_image(page)
    assert prepared.shape == SHAPE
    np.testing.assert_array_equal(model.run_image(page), model(prepared))


def test_samples_from_an_iterable(tmp_path: Path, x: npt.NDArray[np.float32]) -> None:
    for samples in (
        [x[0], x[0] * 2],
        ({"x": x * scale} for scale in (1, 2)),
        np.concatenate([x, x * 2]),
    ):
        result = acuate.convert(
            DETECTOR,
            samples,
            output=tmp_path / "out",
            overwrite=True,
            shape={"x": SHAPE},
            precision="int8",
            range="minmax",
            runs=0,
        )
        tensors = {t["name"]: t for t in result.report["quantization"]["tensors"]}
        assert tensors["x"]["range_method"] == "minmax"
    with pytest.raises(acuate.Error, match=r"'input' of sample 1 is float32\[3, 160, 80\]"):
        acuate.convert(DETECTOR, [x[0], x[0, :, :, :80]], output=tmp_path / "bad")
    with pytest.raises(acuate.Error, match="no samples"):
        acuate.convert(DETECTOR, [], output=tmp_path / "bad")


def test_what_a_progress_function_raises_comes_out(
    tmp_path: Path, x: npt.NDArray[np.float32]
) -> None:
    def refuse(*event: Any) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        acuate.convert(
            DETECTOR,
            [x[0]] * 4,
            output=tmp_path / "out",
            shape={"x": SHAPE},
            precision="int8",
            progress=refuse,
        )
    assert list(tmp_path.iterdir()) == []
    acuate.convert(DETECTOR, output=tmp_path / "out", shape={"x": SHAPE}, runs=0)  # goes on working


def test_ctrl_c_is_a_keyboard_interrupt_and_leaves_nothing(tmp_path: Path) -> None:
    script = f"""
import acuate, sys
def progress(*event):
    print("working", flush=True)
try:
    acuate.convert({str(DETECTOR)!r}, {str(FIXTURES / "pages/calibration")!r},
        preprocess="ppocr-det", output={str(tmp_path / "out")!r}, precision="int8",
        progress=progress)
except KeyboardInterrupt:
    print("interrupted")
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "working\n"
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert output.splitlines()[-1] == "interrupted"
    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_the_module_is_the_command_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "acuate", "--version"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert done.stdout.strip() == acuate.__version__
    done = subprocess.run(
        [sys.executable, "-m", "acuate", "convert", "none.onnx", "-o", "out"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert "none.onnx" in done.stderr


def test_text_boxes_of_a_drawn_map() -> None:
    drawn = np.zeros((100, 200), np.float32)
    drawn[20:40, 30:150] = 0.9
    drawn[70:90, 20:60] = 0.5  # below the score
    boxes = acuate.decode_text_boxes(drawn)
    assert boxes.corners.shape == (1, 4, 2)
    assert boxes.scores == pytest.approx([0.9], abs=1e-6)
    left, top = boxes.corners[0, 0]
    assert left < 30
    assert top < 20
    assert len(acuate.decode_text_boxes(drawn, box_score=0.4).corners) == 2
    with pytest.raises(acuate.Error, match="threshhold"):
        acuate.decode_text_boxes(drawn, threshhold=0.4)
    moved = np.roll(drawn, 60, axis=0)
    assert acuate.text_box_f1([drawn, drawn], [drawn, moved]) == acuate.BoxAgreement(0.5, 2, 2, 1)
    empty = np.zeros_like(drawn)
    assert acuate.text_box_f1([empty], [empty]).f1 is None
