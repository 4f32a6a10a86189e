// The Python module over the rooms: conversion, artifacts, decoders, the command line. It holds
// what needs C++; what Python says better stands in the .py files beside it. Tensors cross as flat
// bytes with an element type and a shape, so that types which NumPy does not know by itself
// (bfloat16) take the same way.
#include <atomic>
#include <csignal>
#include <cstring>
#include <functional>
#include <mutex>
#include <tuple>

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/function.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/set.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>
#include <unistd.h>

#include "base/file.h"
#include "base/stop.h"
#include "base/text.h"
#include "base/version.h"
#include "cli/command.h"
#include "cli/convert_flags.h"
#include "convert/convert.h"
#include "data/image.h"
#include "evaluate/judge.h"
#include "report/writer.h"
#include "runtime/artifact.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace acuate {
namespace {

// The Error of a Result on its way to Python, where it is acuate.Error.
class PythonError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

template <class T>
T take(Result<T> result) {
  if (!result) throw PythonError(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// A model and the process that opened it. In a process forked from that one the threads of its
// engines are not there, and ending an engine waits for them for ever: there it is left behind.
template <class Model>
class Opened {
 public:
  explicit Opened(Model model) : model_(std::make_unique<Model>(std::move(model))) {}
  Opened(Opened&&) noexcept = default;
  ~Opened() {
    if (getpid() != process_) std::ignore = model_.release();
  }
  const Model& model() const { return *model_; }
  Model& runnable() {
    if (getpid() != process_)
      throw PythonError("the model was opened before this process was forked; open it again here");
    return *model_;
  }

 private:
  std::unique_ptr<Model> model_;
  pid_t process_ = getpid();
};

std::atomic<bool> interrupted{false};

// While it lives, Ctrl-C stops the work in C++ instead of waiting for Python to look; only where
// Python's own handler is in place, and only in the main thread, where Python would raise. finish()
// raises KeyboardInterrupt.
class InterruptScope {
 public:
  InterruptScope() {
    const nb::object threading = nb::module_::import_("threading");
    const nb::object signal = nb::module_::import_("signal");
    if (!threading.attr("current_thread")().is(threading.attr("main_thread")())) return;
    if (!signal.attr("getsignal")(SIGINT).is(signal.attr("default_int_handler"))) return;
    interrupted = false;
    struct sigaction action = {};
    action.sa_handler = [](int) {
      interrupted = true;
      request_stop();
    };
    sigemptyset(&action.sa_mask);
    active_ = sigaction(SIGINT, &action, &previous_) == 0;
  }
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;
  ~InterruptScope() { restore(); }

  void finish() {
    if (!restore() || !interrupted.exchange(false)) return;
    clear_stop();
    PyErr_SetNone(PyExc_KeyboardInterrupt);
    throw nb::python_error();
  }

 private:
  bool restore() {
    if (!std::exchange(active_, false)) return false;
    sigaction(SIGINT, &previous_, nullptr);
    return true;
  }
  bool active_ = false;
  struct sigaction previous_ = {};
};

using InBytes = nb::ndarray<const uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using InTensor = std::tuple<InBytes, std::string, Shape>;
using OutBytes = nb::ndarray<nb::numpy, uint8_t, nb::ndim<1>>;
using OutTensor = std::tuple<OutBytes, std::string, Shape>;

// A view of the array, which lives as long as the last tensor over it.
Tensor to_tensor(const InTensor& in) {
  const auto& [bytes, type_name, shape] = in;
  const auto type = parse_element_type(type_name);
  if (!type || element_bits(*type) < 8)
    throw PythonError(fmt::format("arrays of type {} cannot be fed", type_name));
  std::shared_ptr<const void> owner(new InBytes(bytes), [](const InBytes* held) {
    const nb::gil_scoped_acquire gil;
    delete held;
  });
  return Tensor::view(*type, shape,
                      {reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()},
                      std::move(owner));
}

std::vector<Tensor> to_tensors(const std::vector<InTensor>& in) {
  std::vector<Tensor> tensors;
  for (const InTensor& one : in) tensors.push_back(to_tensor(one));
  return tensors;
}

// Python owns the tensor; nothing is copied.
OutTensor to_python(const Tensor& tensor) {
  if (element_bits(tensor.type()) < 8)
    throw PythonError(fmt::format("results of type {} cannot be given to NumPy",
                                  element_type_name(tensor.type())));
  auto held = std::make_unique<Tensor>(tensor);
  auto* data = reinterpret_cast<uint8_t*>(const_cast<std::byte*>(held->bytes().data()));
  const size_t size_bytes = held->bytes().size();
  const nb::capsule owner(held.release(),
                          [](void* pointer) noexcept { delete static_cast<Tensor*>(pointer); });
  return {OutBytes(data, {size_bytes}, owner), std::string(element_type_name(tensor.type())),
          tensor.shape()};
}

// Results become writable arrays, so one that shares its bytes with an input or another result is
// copied.
void separate(std::span<const Tensor> inputs, std::vector<Tensor>& outputs) {
  const auto overlap = [](const Tensor& a, const Tensor& b) {
    const auto x = a.bytes(), y = b.bytes();
    return !x.empty() && !y.empty() && std::less<>()(x.data(), y.data() + y.size()) &&
           std::less<>()(y.data(), x.data() + x.size());
  };
  for (size_t i = 0; i < outputs.size(); ++i) {
    bool shared = false;
    for (const Tensor& input : inputs) shared |= overlap(input, outputs[i]);
    for (size_t j = 0; j < i; ++j) shared |= overlap(outputs[j], outputs[i]);
    if (!shared) continue;
    Tensor copy = Tensor::allocate(outputs[i].type(), outputs[i].shape());
    std::memcpy(copy.mutable_bytes().data(), outputs[i].bytes().data(), copy.bytes().size());
    outputs[i] = std::move(copy);
  }
}

using PythonPort = std::tuple<std::string, std::string, std::vector<std::optional<int64_t>>>;

std::vector<PythonPort> to_ports(const std::vector<IoSpec>& specs) {
  std::vector<PythonPort> ports;
  for (const IoSpec& spec : specs) {
    std::vector<std::optional<int64_t>> shape;
    for (const int64_t dim : spec.shape)
      shape.push_back(dim < 0 ? std::nullopt : std::optional(dim));
    ports.emplace_back(spec.name, std::string(element_type_name(spec.type)), std::move(shape));
  }
  return ports;
}

template <class Model>
std::vector<OutTensor> run_model(Opened<Model>& opened, const std::vector<InTensor>& in) {
  Model& model = opened.runnable();
  const std::vector<Tensor> inputs = to_tensors(in);
  std::vector<Tensor> outputs;
  {
    const nb::gil_scoped_release release;
    outputs = take(model.run(inputs));
    separate(inputs, outputs);
  }
  std::vector<OutTensor> results;
  for (const Tensor& output : outputs) results.push_back(to_python(output));
  return results;
}

OutTensor prepare_image(const Opened<Artifact>& opened, const std::filesystem::path& path) {
  Tensor tensor;
  {
    const nb::gil_scoped_release release;
    tensor = take(opened.model().read_image(path));
  }
  return to_python(tensor);
}

using PythonProgress =
    std::function<void(const std::string&, uint64_t, uint64_t, const std::string&)>;
using PythonNote = std::function<void(const std::string&)>;
// report.json as text, the folder, what was required and not met.
using PythonConversion = std::tuple<std::string, std::filesystem::path, std::vector<std::string>>;

PythonConversion run_convert(const std::vector<nb::bytes>& arguments,
                             const std::optional<PythonProgress>& progress,
                             const std::optional<PythonNote>& note) {
  std::vector<std::string> texts;
  for (const nb::bytes& argument : arguments) texts.emplace_back(argument.c_str(), argument.size());
  ConvertOptions options = take(parse_convert_arguments(texts));
  // A function of the caller that raises stops the work; what it raised goes on to the caller.
  std::exception_ptr raised;
  std::mutex raised_mutex;
  const auto call = [&](const auto& function, const auto&... values) {
    const nb::gil_scoped_acquire gil;
    try {
      function(values...);
    } catch (...) {
      const std::lock_guard lock(raised_mutex);
      if (!raised) raised = std::current_exception();
      request_stop();
    }
  };
  if (progress)
    options.progress = [&](const ProgressEvent& event) {
      call(*progress, event.stage, event.done, event.total, event.unit);
    };
  if (note) options.note = [&](const std::string& line) { call(*note, to_valid_utf8(line)); };
  InterruptScope interrupt;
  std::optional<Result<Conversion>> conversion;
  {
    const nb::gil_scoped_release release;
    conversion.emplace(convert(options));
  }
  if (raised) {
    clear_stop();
    std::rethrow_exception(raised);
  }
  interrupt.finish();
  Conversion done = take(std::move(*conversion));
  return {render_json(done.report), std::move(done.output), std::move(done.unmet)};
}

Report read_report(const std::string& json) { return take(parse_report(json)); }

// Into an artifact that lies there, in place of the report that it has.
void write_report(const std::filesystem::path& folder, const std::string& json) {
  const nb::gil_scoped_release release;
  const Report report = read_report(json);
  if (!std::filesystem::exists(folder / kManifestName))
    throw PythonError(
        fmt::format("{}: no artifact, there is no {}", folder.string(), kManifestName));
  take(write_text_file(folder / "report.json", render_json(report)));
  take(write_text_file(folder / "report.html", render_html(report)));
}

std::string render_report(const std::string& json, bool colour) {
  const nb::gil_scoped_release release;
  return render_terminal(read_report(json), {.colour = colour});
}

struct Decoding {
  DecoderRegistry decoders;
  const Decoder* decoder = nullptr;
  DecoderOptions options;
};

using GivenOptions = std::map<std::string, double>;

Decoding text_decoding(const GivenOptions& numbers) {
  Decoding decoding;
  DecoderOptions given;
  for (const auto& [id, value] : numbers) given.set(id, {value});
  register_all_decoders(decoding.decoders);
  decoding.decoder = decoding.decoders.lookup("db_text");
  decoding.options = take(complete_options(*decoding.decoder, given));
  return decoding;
}

// Corners, four (x, y) for each box, and the boxes' scores.
std::pair<std::vector<double>, std::vector<float>> decode_text_boxes(const InTensor& map,
                                                                     const GivenOptions& options) {
  const Decoding decoding = text_decoding(options);
  const Tensor tensor = to_tensor(map);
  std::pair<std::vector<double>, std::vector<float>> result;
  const nb::gil_scoped_release release;
  for (const TextBox& box :
       take(decoding.decoder->decode({{&tensor, 1}}, decoding.options)).text_boxes) {
    for (const Point& corner : box.corners) {
      result.first.push_back(corner.x);
      result.first.push_back(corner.y);
    }
    result.second.push_back(box.score);
  }
  return result;
}

// F1 (nothing where neither side has a box) and the counts behind it; one pair of maps for each
// page.
std::pair<std::optional<double>, std::map<std::string, double>> text_box_f1(
    const std::vector<InTensor>& baseline, const std::vector<InTensor>& converted,
    const GivenOptions& options) {
  if (baseline.size() != converted.size())
    throw PythonError(fmt::format("{} maps of the baseline, {} of the converted model",
                                  baseline.size(), converted.size()));
  const Decoding decoding = text_decoding(options);
  MetricRegistry metrics;
  register_all_metrics(metrics);
  Evaluation evaluation{{metrics.lookup("text_box_f1")}, {.output_names = {"map"}}};
  evaluation.context.decoder = decoding.decoder;
  evaluation.context.decoder_options = decoding.options;
  const std::vector<Tensor> truth = to_tensors(baseline), found = to_tensors(converted);
  const nb::gil_scoped_release release;
  Candidate candidate(evaluation);
  for (size_t page = 0; page < truth.size(); ++page)
    take(candidate.add(take(make_reference(evaluation, fmt::format("page {}", page), {},
                                           {truth[page]}, std::nullopt)),
                       {&found[page], 1}));
  const MetricValue value = candidate.finish().at(0);
  return {value.converted, value.details};
}

int command_line(const std::vector<std::string>& arguments) {
  const nb::gil_scoped_release release;
  return run_command_line(arguments);
}

}  // namespace
}  // namespace acuate

NB_MODULE(_core, m) {
  using namespace acuate;
  nb::set_leak_warnings(false);  // module state lives until the process ends
  m.attr("__version__") = kVersion;
  auto error = nb::exception<PythonError>(m, "Error", PyExc_ValueError);
  auto internal = nb::exception<InternalError>(m, "InternalError", PyExc_RuntimeError);
  error.attr("__module__") = internal.attr("__module__") = "acuate";
  error.attr("__doc__") = "The caller's mistake or unusable input: what, where, found, expected.";
  internal.attr("__doc__") = "A bug in acuate.";

  m.def("convert", &run_convert, "arguments"_a, "progress"_a.none(), "note"_a.none());

  nb::class_<Opened<Artifact>>(m, "Artifact")
      .def_prop_ro("target", [](const Opened<Artifact>& a) { return a.model().manifest().target; })
      .def_prop_ro("inputs", [](const Opened<Artifact>& a) { return to_ports(a.model().inputs()); })
      .def_prop_ro("outputs",
                   [](const Opened<Artifact>& a) { return to_ports(a.model().outputs()); })
      .def("run", &run_model<Artifact>, "inputs"_a)
      .def("prepare_image", &prepare_image, "path"_a);
  m.def(
      "open_artifact",
      [](const std::filesystem::path& folder, int threads, bool spinning, bool shared_arena) {
        std::vector<std::string> notes;
        auto artifact = [&] {
          const nb::gil_scoped_release release;
          return take(Artifact::open(
              folder, {.threads = threads, .spinning = spinning, .shared_arena = shared_arena},
              [&](const std::string& note) { notes.push_back(note); }));
        }();
        for (const std::string& note : notes)
          if (PyErr_WarnEx(PyExc_UserWarning, note.c_str(), 1) != 0) throw nb::python_error();
        return Opened(std::move(artifact));
      },
      "folder"_a, "threads"_a, "spinning"_a, "shared_arena"_a = false);

  nb::class_<Opened<Runnable>>(m, "Runnable")
      .def_prop_ro("inputs", [](const Opened<Runnable>& r) { return to_ports(r.model().inputs()); })
      .def_prop_ro("outputs",
                   [](const Opened<Runnable>& r) { return to_ports(r.model().outputs()); })
      .def("run", &run_model<Runnable>, "inputs"_a);
  m.def(
      "open_model",
      [](const std::filesystem::path& path, const std::string& target, int threads, bool spinning,
         bool optimized) {
        const nb::gil_scoped_release release;
        return Opened(
            take(Runnable::open(path, take(resolve_target(target)),
                                {.threads = threads,
                                 .optimization = optimized ? Optimization::All : Optimization::None,
                                 .spinning = spinning})));
      },
      "path"_a, "target"_a, "threads"_a, "spinning"_a, "optimized"_a);
  m.def(
      "require_target",
      [](const std::string& target) {
        const Availability runs = take(resolve_target(target)).status().run;
        if (!runs.available) throw PythonError(runs.reason);
      },
      "target"_a);
  m.def("write_report", &write_report, "folder"_a, "json"_a);
  m.def("render_report", &render_report, "json"_a, "colour"_a);

  m.def("decode_text_boxes", &decode_text_boxes, "map"_a, "options"_a);
  m.def("text_box_f1", &text_box_f1, "baseline"_a, "converted"_a, "options"_a);
  m.def("run_command_line", &command_line, "arguments"_a);
}
