"""VeriSilicon's acuitylite as a worker: what its toolkit makes of a hand-over (docs/acuity.md).

Only its public interface is called: `acuitylib.vsi_nn`, `acuitylib.interface`. It works in the
folder that `acuate export --acuity` wrote, and keeps there what it makes of it.
"""

import contextlib
import importlib.abc
import importlib.machinery
import importlib.metadata
import importlib.util
import json
import os
import runpy
import sys
import types
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


class _Absent(types.ModuleType):
    """Stands for PyTorch where it is not installed: acuitylib names its types and decorators when
    it is imported, and needs it for nothing that is done here. A class has nothing in it."""

    __path__ = ()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        whole = f"{self.__name__}.{name}"
        value = type(name, (), {}) if name[0].isupper() else _Absent(whole)
        setattr(self, name, value)
        return value

    def __call__(self, *decorated):
        return decorated[0] if decorated else lambda function: function


class _AbsentTorch(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] != "torch":
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return _Absent(spec.name)

    def exec_module(self, module):
        pass


if importlib.util.find_spec("torch") is None:
    sys.meta_path.append(_AbsentTorch())

import numpy as np  # noqa: E402
from acuitylib.interface.exporter import (  # noqa: E402
    OvxlibExporter,
    TFLiteExporter,
    TimVxExporter,
)
from acuitylib.interface.inference import Inference  # noqa: E402
from acuitylib.vsi_nn import VSInn  # noqa: E402


class AcuityWorker:
    METHODS = ("take", "infer", "infer_integers", "export")

    def __init__(self):
        self._toolkit = VSInn()
        self._net = None
        self._folder = None  # of the hand-over
        self._inputs, self._outputs = [], []  # names of the model, in its order
        self._names = {}  # what names.py of the hand-over defines

    def hello(self):
        return {"product": "acuitylite", "version": importlib.metadata.version("acuitylite")}

    def take(self, folder, inputs, outputs):
        """Imports the hand-over of that folder, whose model has these inputs and outputs, and
        applies its ranges. Writes acuity.json and acuity.data, and acuity.quantize and
        acuity_inputmeta.yml, which are ours under the names of its layers.

        Returns how many layers there are, which of our tensors none of them stands for, and which
        of them have no range.
        """
        self._net, self._folder = None, Path(folder)
        self._inputs, self._outputs = inputs, outputs
        with self._inside(self._folder):
            net = self._toolkit.load_onnx("model.onnx")
            self._toolkit.save_model(net, "acuity.json")
            self._toolkit.save_model_data(net, "acuity.data")
            layers = json.loads(Path("acuity.json").read_text(encoding="utf-8"))["Layers"]
            self._names = runpy.run_path("names.py")
            fit = self._names["fit"]
            left_out, in_float = fit("acuity.json", "model.quantize", "acuity.quantize")
            fit("acuity.json", "model_inputmeta.yml", "acuity_inputmeta.yml")
            self._toolkit.load_model_quantize(net, "acuity.quantize")
            self._toolkit.load_model_inputmeta(net, "acuity_inputmeta.yml")
        self._net = net
        return {"layers": len(layers), "left_out": left_out, "in_float": in_float}

    def infer(self, tensors):
        """The outputs for one sample, computed in float between the grids. `tensors`: of each input
        the elements (float32) and the shape."""
        wanted = [self._names["acuity_name"](name) for name in self._inputs]
        feeds = dict(zip(wanted, self._arrays(tensors), strict=True))
        with self._inside_folder_of_net():
            session = Inference(self._net)
            session.build_session()
            _, results = session.run_session(feeds)
        given = map(self._output_of, self._toolkit.get_output_names(self._net))
        outputs = dict(zip(given, results, strict=True))
        return [self._given(outputs[name]) for name in self._outputs]

    def infer_integers(self, tensors):
        """The same of the exported TFLite file, by the integer kernels of TensorFlow Lite."""
        from tensorflow import lite

        # With XNNPACK, which rounds each result once; its own kernels round twice.
        interpreter = lite.Interpreter(str(self._folder / "tflite" / "model.tflite"))
        interpreter.allocate_tensors()
        arrays = dict(
            zip(map(self._names["acuity_name"], self._inputs), self._arrays(tensors), strict=True)
        )
        for detail in interpreter.get_input_details():
            name = detail["name"].split(":")[0].rpartition("_")[0]
            scale, zero_point = detail["quantization"]
            limits = np.iinfo(detail["dtype"])
            integers = np.clip(np.rint(arrays[name] / scale) + zero_point, limits.min, limits.max)
            interpreter.set_tensor(detail["index"], integers.astype(detail["dtype"]))
        interpreter.invoke()
        outputs = {}
        for detail in interpreter.get_output_details():
            scale, zero_point = detail["quantization"]
            integers = interpreter.get_tensor(detail["index"]).astype(np.float64)
            outputs[self._output_of(detail["name"])] = (integers - zero_point) * scale
        return [self._given(outputs[name]) for name in self._outputs]

    def export(self, form):
        """Writes what the toolkit exports into the folder of that name. Returns the files."""
        target = self._folder / form
        with self._inside_folder_of_net():
            if form == "timvx":
                TimVxExporter(self._net).export("timvx/model")
            elif form == "ovxlib":
                OvxlibExporter(self._net).export("ovxlib/model")
            elif form == "tflite":
                TFLiteExporter(self._net).export("tflite/model.tflite")
            elif form == "nbg":
                OvxlibExporter(self._net).export("nbg/model", pack_nbg_only=True)
            else:
                raise ValueError(f"no form '{form}'")
        files = sorted(path for path in target.rglob("*") if path.is_file())
        if not any(path.stat().st_size > 0 for path in files):
            raise RuntimeError(f"acuitylite wrote nothing into {target}")
        return [str(path.relative_to(self._folder)) for path in files]

    def _output_of(self, layer):
        """The model's output that a layer gives: `attach_y/out0`, `attach_y/out0_3:out0` or, where
        the layer before it is the last, `y_4:out0`."""
        text = layer.split(":")[0]
        if text.startswith("attach_"):
            text = text[len("attach_") :].rpartition("/out0")[0]
        by_name = {self._names["acuity_name"](name): name for name in self._outputs}
        return by_name[text] if text in by_name else by_name[text.rpartition("_")[0]]

    @staticmethod
    def _arrays(tensors):
        return [np.frombuffer(each["data"], np.float32).reshape(each["shape"]) for each in tensors]

    @staticmethod
    def _given(array):
        array = np.ascontiguousarray(array, np.float32)
        return {"shape": list(array.shape), "data": memoryview(array).cast("B")}

    def _inside_folder_of_net(self):
        if self._net is None:
            raise RuntimeError("no network was imported; has the process been started anew?")
        return self._inside(self._folder)

    @contextlib.contextmanager
    def _inside(self, folder):
        """The toolkit writes where it is called, and ends the process on some errors."""
        before = Path.cwd()
        os.chdir(folder)
        self._toolkit.set_project_dir(str(folder))
        try:
            yield
        except SystemExit as error:
            raise RuntimeError(f"acuitylite ended with {error.code}") from error
        finally:
            os.chdir(before)


WORKER = AcuityWorker
