"""TensorRT-RTX as a worker: what its parser takes, and engines built ahead of time.

Parser and builder run without a GPU. Networks are strongly typed, the only kind that TensorRT-RTX
has: precision lives in the graph, as Cast for float16 and bfloat16 and as symmetric
QuantizeLinear and DequantizeLinear for int8.
"""

try:
    import tensorrt_rtx as trt
except ImportError:  # the same module without the wrapper, as the pinned wheels bring it
    import tensorrt_rtx_bindings as trt


class _Log(trt.ILogger):
    """Keeps what the library says; it would print to stderr otherwise."""

    # Without a driver every device query that fails on the way is told; it is no fault of a model.
    NOISE = ("catchCudaError", "CUDA driver version is insufficient", "CUDA lazy loading")

    def __init__(self):
        trt.ILogger.__init__(self)
        self.lines = []

    def log(self, severity, message):
        if severity <= trt.ILogger.ERROR and not any(noise in message for noise in self.NOISE):
            self.lines.append(message)

    def take(self):
        lines, self.lines = self.lines, []
        return lines


class TensorRtWorker:
    METHODS = ("probe", "build")
    PRODUCT = "TensorRT-RTX"  # its engines are not those of the full TensorRT

    def __init__(self):
        self._log = _Log()
        self._builder = None

    def hello(self):
        return {"product": self.PRODUCT, "version": trt.__version__}

    def probe(self, model):
        """The parser's verdict on a serialized ONNX model with all its weights inside.

        Returns whether it is taken whole, and the parser's errors: the name of the node (empty
        where the model itself is refused, such as an input of a type that TensorRT lacks), its
        operator, the parser's code and sentence. The parser may stop at the first error.
        """
        parser, _ = self._parser()
        accepted = parser.supports_model_v2(model)
        return {"accepted": accepted, "errors": self._errors(parser)}

    def build(self, model, profiles, devices, contents=None):
        """A serialized engine. `profiles`: input -> [min, opt, max] shapes, of inputs with dynamic
        dimensions; `devices`: compute capabilities such as "8.6", none: portable from Ampere on;
        `contents`: input -> [min, opt, max] elements, of inputs that may hold sizes: TensorRT asks
        for them where a shape is computed from the input.

        Returns the engine, or the parser's errors, or what the builder said.
        """
        parser, network = self._parser()
        if not parser.parse(model):
            return {"engine": None, "errors": self._errors(parser), "log": self._log.take()}
        config = self._builder.create_builder_config()
        inputs = [network.get_input(place) for place in range(network.num_inputs)]
        held = {
            x.name: contents[x.name]
            for x in inputs
            if x.is_shape_tensor and x.name in (contents or {})
        }
        if profiles or held:
            profile = self._builder.create_optimization_profile()
            for name, (low, usual, high) in profiles.items():
                profile.set_shape(name, low, usual, high)
            for name, (low, usual, high) in held.items():
                profile.set_shape_input(name, low, usual, high)
            config.add_optimization_profile(profile)
        if devices:
            config.num_compute_capabilities = len(devices)
            for place, device in enumerate(devices):
                capability = getattr(trt.ComputeCapability, "SM" + device.replace(".", ""), None)
                if capability is None:
                    known = [n for n in trt.ComputeCapability.__members__ if n.startswith("SM")]
                    return {
                        "engine": None,
                        "errors": [],
                        "log": [f"no compute capability {device}; this version has {known}"],
                    }
                config.set_compute_capability(capability, place)
        self._log.take()
        engine = self._builder.build_serialized_network(network, config)
        return {
            "engine": None if engine is None else memoryview(engine),
            "made_by": f"{self.PRODUCT} {trt.__version__}",
            "errors": [],
            "log": self._log.take(),
        }

    def _parser(self):
        if self._builder is None:
            self._builder = trt.Builder(self._log)
        flags = 1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED)
        network = self._builder.create_network(flags)
        self._log.take()
        return trt.OnnxParser(network, self._log), network

    def _errors(self, parser):
        # What the parser logged beside its errors names types that it cannot convert.
        said = [line for line in self._log.take() if line.startswith("Unsupported")]
        errors = []
        for index in range(parser.num_errors):
            error = parser.get_error(index)
            lines = [line for line in error.desc().splitlines() if line]
            text = [x for x in lines if not any(noise in x for noise in _Log.NOISE)]
            errors.append(
                {
                    "node": error.node_name(),
                    "index": error.node(),
                    "operator": error.node_operator(),
                    "code": error.code().name,
                    "text": "; ".join(text + said),
                    "where": error.func(),
                }
            )
        return errors


WORKER = TensorRtWorker
