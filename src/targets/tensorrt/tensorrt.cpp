#include <algorithm>
#include <mutex>

#include <dlfcn.h>
#include <fmt/format.h>

#include "base/hash.h"
#include "graph/model.h"
#include "onnx_io/export.h"
#include "targets/library_search.h"
#include "targets/table.h"
#include "targets/tensorrt/partial_model.h"
#include "targets/tensorrt/toolchain.h"

namespace acuate {
namespace {

const LibrarySearch kLibrary{.home_variable = "ACUATE_TENSORRT_HOME",
                             .stem = "libtensorrt_rtx.so.",
                             .home_folders = {"", "lib", "lib64"},
                             .package_folders = {"tensorrt_rtx_libs"}};
constexpr const char* kHowToGet =
    "pip install tensorrt-rtx-cu13==1.7.1.116, or set ACUATE_TENSORRT_PYTHON to a Python that has "
    "tensorrt_rtx";
// TensorRT developer guide, explicit quantization: symmetric grids only, no integer bias behind a
// DequantizeLinear; the shortcut of a residual block is quantized, so that its Add is computed with
// the convolution before it.
QuantizationRules rules() {
  return {.target = "TensorRT",
          .placement = QuantizationRules::Placement::Residuals,
          .schemes = {"s8"},
          .integer_bias = false,
          .weight_only_schemes = {"s8", "s4"}};
}

class TensorRtTarget final : public TargetBackend, public SizedTools {
 public:
  TensorRtTarget() {
    auto table = parse_table(embedded_table("tensorrt"), "built in");
    ACUATE_CHECK(table.has_value(),
                 "the built-in table: " + (table ? std::string() : table.error().message));
    table_ = std::move(*table);
  }

  const CapabilityTable& table() const { return table_; }

  TargetStatus status() const override {
    TargetStatus status{
        .diagnose = {true, "", table_.origin, table_.revision}, .build = {}, .run = {}};
    const FoundLibrary found = find_library(kLibrary);
    if (const char* python = std::getenv(TensorRtToolchain::kPythonVariable);
        python != nullptr && *python != '\0') {
      status.build = {true, "", python, ""};
    } else if (!found.path.empty()) {
      status.build = {true, "", found.path.string(),
                      found.path.filename().string().substr(kLibrary.stem.size())};
    } else {
      status.build.reason = found.home.empty()
                                ? fmt::format("TensorRT-RTX is not there ({})", kHowToGet)
                                : fmt::format("{} is '{}', where no {}* lies",
                                              kLibrary.home_variable, found.home, kLibrary.stem);
    }
    status.run = status.build;
    status.run.available = false;
    if (status.build.available)
      status.run.reason =
          has_driver() ? "this version of acuate builds TensorRT engines, it does not run them"
                       : "no NVIDIA driver (libcuda.so.1); engines are built, not run";
    else
      status.run.reason = status.build.reason + "; it needs an NVIDIA GPU and driver to run";
    return status;
  }

  std::vector<Reason> why_not(const Node& node, const NodeContext& context) const override {
    return acuate::why_not(table_, node, context);
  }

  Result<std::vector<Refusal>> probe(const Model& model) const override {
    return probe_within(model, {});
  }
  Result<std::vector<Refusal>> probe_within(const Model& model,
                                            const ShapeRanges& sizes) const override {
    std::vector<Refusal> refusals;
    if (!status().build.available || model.graph().first() == nullptr) return refusals;
    auto bytes = model_bytes(model);
    if (!bytes) {
      refusals.push_back({model.graph().first(),
                          {.id = "unknown_support",
                           .message = "TensorRT's parser cannot be asked about this model",
                           .evidence = bytes.error().message,
                           .blocks = false}});
      return refusals;
    }
    // Every stage of a conversion asks about the same few models.
    std::string key = content_hash(as_bytes(*bytes));
    for (const auto& [input, range] : sizes)
      key += fmt::format(" {}={}:{}:{}", input, fmt::join(range.min, "x"),
                         fmt::join(range.opt, "x"), fmt::join(range.max, "x"));
    bytes->clear();
    std::optional<Verdict> verdict = known_verdict(key);
    if (!verdict) {
      auto asked = toolchain_.ask(model, refused_by_table(model), sizes);
      if (!asked) return asked.error();
      verdict = std::move(*asked);
      remember(key, *verdict);
    }
    const std::vector<Node*> nodes = model.graph().nodes();
    for (const auto& [place, reason] : *verdict) refusals.push_back({nodes[place], reason});
    return refusals;
  }

  Result<std::optional<BuiltEngine>> build(const Model& model,
                                           const BuildOptions& options) const override {
    auto built = build_within(model, SizesWithin(model, options.shapes), options.devices);
    if (!built) return built.error();
    return std::optional<BuiltEngine>(std::move(*built));
  }
  Result<BuiltEngine> build_within(const Model& piece, const SizesWithin& sizes,
                                   const std::vector<std::string>& devices) const override {
    if (const Availability here = status().build; !here.available) return fail("{}", here.reason);
    auto tried = toolchain_.try_build(piece, sizes, devices);
    if (!tried) return tried.error();
    if (tried->engine) return std::move(*tried->engine);
    if (tried->node != nullptr) return fail("{}", tried->message);
    auto node = first_failing(piece, [&](const Model& part) -> Result<bool> {
      auto again = toolchain_.try_build(part, sizes, devices);
      if (!again) return again.error();
      return !again->engine.has_value();
    });
    if (!node || *node == nullptr) return fail("{}", tried->message);
    return fail(
        "{}; the builder names no node: with '{}' ({}) as its last node the shortest part of the "
        "model fails, without it that part builds. `--keep-on-host` with its name leaves it to the "
        "host",
        tried->message, (*node)->address(), (*node)->op_type());
  }

  Result<std::string> engine_maker() const override {
    if (const Availability here = status().build; !here.available) return fail("{}", here.reason);
    return toolchain_.engine_maker();
  }

  Result<QuantizationPlan> plan_quantization(Model& model,
                                             const QuantizationRequest& request) const override {
    return acuate::plan_quantization(model, request, rules());
  }
  Result<void> emit_quantized(Model& model, const Encodings& encodings) const override {
    return emit_qdq(model, encodings, rules());
  }

 private:
  static bool has_driver() {
    static const bool found = [] {
      void* library = ::dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
      if (library != nullptr) ::dlclose(library);
      return library != nullptr;
    }();
    return found;
  }

  using Verdict = TensorRtToolchain::Verdict;

  std::optional<Verdict> known_verdict(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [known, verdict] : verdicts_)
      if (known == key) return verdict;
    return std::nullopt;
  }

  void remember(const std::string& key, const Verdict& verdict) const {
    constexpr size_t kKept = 16;
    const std::lock_guard lock(mutex_);
    if (verdicts_.size() == kKept) verdicts_.erase(verdicts_.begin());
    verdicts_.emplace_back(key, verdict);
  }

  // Places of the nodes that the table refuses already.
  std::vector<size_t> refused_by_table(const Model& model) const {
    std::vector<size_t> out;
    size_t place = 0;
    for (const Node* node = model.graph().first(); node != nullptr; node = node->next(), ++place) {
      const auto reasons = acuate::why_not(table_, *node, {});
      if (std::any_of(reasons.begin(), reasons.end(), [](const Reason& r) { return r.blocks; }))
        out.push_back(place);
    }
    return out;
  }

  CapabilityTable table_;
  mutable TensorRtToolchain toolchain_;
  mutable std::mutex mutex_;  // of the verdicts
  // By hash of the model, and sizes.
  mutable std::vector<std::pair<std::string, Verdict>> verdicts_;
};

}  // namespace

void register_targets_tensorrt(TargetRegistry& registry) {
  auto backend = std::make_shared<TensorRtTarget>();
  auto patterns = backend->table().patterns;
  registry.add({"tensorrt", "TensorRT on NVIDIA GPUs (builds engines; runs none)",
                std::move(backend), std::move(patterns)});
}

}  // namespace acuate
