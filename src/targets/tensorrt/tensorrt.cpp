#include <algorithm>
#include <functional>
#include <mutex>
#include <unordered_set>

#include <dlfcn.h>
#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "graph/model.h"
#include "onnx_io/export.h"
#include "targets/embedded_python.h"
#include "targets/library_search.h"
#include "targets/table.h"
#include "targets/worker.h"

namespace acuate {
namespace {

const LibrarySearch kLibrary{.home_variable = "ACUATE_TENSORRT_HOME",
                             .stem = "libtensorrt_rtx.so.",
                             .home_folders = {"", "lib", "lib64"},
                             .package_folders = {"tensorrt_rtx_libs"}};
constexpr const char* kHowToGet =
    "pip install tensorrt-rtx-cu13==1.7.1.116, or set ACUATE_TENSORRT_PYTHON to a Python that has "
    "tensorrt_rtx";
// The parser is asked again behind what it refused; what is left after so many rounds stays untold.
constexpr int kMostRounds = 32;
constexpr std::chrono::seconds kBuildDeadline{3600};

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

// Names of a copy's nodes by which the parser's errors are found again: the place in the main
// graph, and for nodes in bodies that of the node that holds them.
void name_by_place(Graph& graph, const std::string& prefix) {
  size_t place = 0;
  for (Node* node = graph.first(); node != nullptr; node = node->next(), ++place) {
    const std::string name = prefix.empty() ? fmt::format("n{}", place) : prefix;
    node->set_name(name);
    for (const Attribute& attribute : node->attributes())
      for (const auto& body : attribute.graphs) name_by_place(*body, name);
  }
}

std::optional<size_t> place_of(std::string_view name) {
  if (!name.starts_with('n')) return std::nullopt;
  const auto place = parse_int(name.substr(1));
  return place && *place >= 0 ? std::optional<size_t>(*place) : std::nullopt;
}

// The rest of a model without some of its nodes: their results become inputs. False where that
// leaves nothing, or where a type is not known.
bool take_out(Graph& graph, const std::vector<Node*>& nodes) {
  std::vector<Value*> inputs = graph.inputs();
  for (Node* node : nodes) {
    std::vector<Value*> results(node->outputs().begin(), node->outputs().end());
    graph.remove_node(*node);
    for (Value* result : results) {
      if (result == nullptr || result->uses().empty()) continue;
      if (result->type.element == ElementType::Undefined) return false;
      inputs.push_back(result);
    }
  }
  std::erase_if(inputs, [](const Value* input) { return input->uses().empty(); });
  graph.set_inputs(std::move(inputs));
  std::vector<Value*> outputs;
  std::unordered_set<const Value*> given;
  for (Value* output : graph.outputs())
    if (output->producer != nullptr && given.insert(output).second) outputs.push_back(output);
  for (Node* node = graph.first(); node != nullptr; node = node->next())
    for (Value* value : node->outputs())
      if (value != nullptr && value->uses().empty() && given.insert(value).second)
        outputs.push_back(value);
  graph.set_outputs(std::move(outputs));
  return graph.first() != nullptr && !graph.outputs().empty();
}

// The model up to and including a node, in stored order.
std::unique_ptr<Model> prefix_of(const Model& model, size_t nodes) {
  auto copy = model.clone();
  Graph& graph = copy->graph();
  const auto all = graph.nodes();
  for (size_t i = all.size(); i > nodes; --i) graph.remove_node(*all[i - 1]);
  return take_out(graph, {}) ? std::move(copy) : nullptr;
}

// The last node of the shortest prefix for which `fails`, by bisection: log2 of the nodes' number
// of trials. Nothing where the whole model does not fail.
Result<const Node*> first_failing(const Model& model,
                                  const std::function<Result<bool>(const Model&)>& fails) {
  const auto nodes = model.graph().nodes();
  size_t passes = 0, breaks = nodes.size();  // numbers of nodes
  while (breaks - passes > 1) {
    const size_t middle = passes + (breaks - passes) / 2;
    const auto part = prefix_of(model, middle);
    auto failed = part == nullptr ? Result<bool>(false) : fails(*part);
    if (!failed) return failed.error();
    (*failed ? breaks : passes) = middle;
  }
  return nodes.empty() ? nullptr : nodes[breaks - 1];
}

std::string_view reason_of_code(std::string_view code, std::string_view text) {
  if (code == "UNSUPPORTED_NODE_DATATYPE" || text.find("data type") != text.npos)
    return "unsupported_type";
  if (code == "UNSUPPORTED_NODE_DYNAMIC") return "dynamic_shape";
  // Its checkers say no more than `false` of operators that it has no importer for.
  if (text.empty() || text == "false") return "unsupported_operator";
  return "unsupported_attribute";
}

Reason reason_of(const nlohmann::json& error) {
  const std::string code = error.value("code", ""), text = error.value("text", ""),
                    op = error.value("operator", ""), where = error.value("where", "");
  const std::string id(reason_of_code(code, text));
  const std::string shown = op.empty() ? "this model" : op;
  return {.id = id,
          .message = id == "unsupported_operator"
                         ? fmt::format("TensorRT does not take {}", shown)
                         : fmt::format("TensorRT's parser refuses {} as it stands here", shown),
          .evidence = fmt::format("the parser's verdict: {} in {}: {}", code, where, text)};
}

class TensorRtTarget final : public TargetBackend {
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
    if (const char* python = std::getenv(kPythonVariable); python != nullptr && *python != '\0') {
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

  // The parser's verdict, then the builder's where all sizes are known: it refuses what the parser
  // takes. Both are asked again behind what they refused.
  Result<std::vector<Refusal>> probe(const Model& model) const override {
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
    const std::string key = content_hash(as_bytes(*bytes));
    bytes->clear();
    std::optional<Verdict> verdict = known_verdict(key);
    if (!verdict) {
      auto asked = ask(model);
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
    if (const Availability here = status().build; !here.available) return fail("{}", here.reason);
    auto tried = try_build(model, options);
    if (!tried) return tried.error();
    if (tried->engine) return std::optional<BuiltEngine>(std::move(tried->engine));
    if (tried->node != nullptr) return fail("{}", tried->message);
    auto node = first_failing(model, [&](const Model& part) -> Result<bool> {
      BuildOptions of_part = options;
      std::erase_if(of_part.shapes, [&](const auto& entry) {
        const Value* input = part.graph().find(entry.first);
        return input == nullptr || input->uses().empty();
      });
      auto again = try_build(part, of_part);
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

  Result<QuantizationPlan> plan_quantization(Model& model,
                                             const QuantizationRequest& request) const override {
    return acuate::plan_quantization(model, request, rules());
  }
  Result<void> emit_quantized(Model& model, const Encodings& encodings) const override {
    return emit_qdq(model, encodings, rules());
  }

 private:
  static constexpr const char* kPythonVariable = "ACUATE_TENSORRT_PYTHON";

  static bool has_driver() {
    static const bool found = [] {
      void* library = ::dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
      if (library != nullptr) ::dlclose(library);
      return library != nullptr;
    }();
    return found;
  }

  using Verdict = std::vector<std::pair<size_t, Reason>>;  // by place of the node

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

  Result<Verdict> ask(const Model& model) const {
    Verdict verdict;
    const auto copy = model.clone();
    Graph& graph = copy->graph();
    name_by_place(graph, "");
    // What the table refuses would only keep the parser from what lies behind it.
    std::vector<Node*> refused;
    size_t place = 0;
    for (const Node* node = model.graph().first(); node != nullptr; node = node->next(), ++place)
      if (refuses(*node)) refused.push_back(graph.nodes_called(fmt::format("n{}", place))[0]);
    for (int round = 0; round < kMostRounds; ++round) {
      if (!refused.empty() && !take_out(graph, refused)) break;
      refused.clear();
      auto bytes = model_bytes(*copy);
      if (!bytes) return bytes.error();
      auto answer = worker().call("probe", {{"model", {{"$blob", 0}}}}, {*bytes});
      if (!answer) return answer.error();
      bytes->clear();
      if (answer->result.value("accepted", false)) {
        auto builder = first_that_does_not_build(*copy);
        if (!builder) return builder.error();
        if (!*builder) break;
        refused.push_back(graph.nodes_called((*builder)->first)[0]);
        verdict.emplace_back(*place_of((*builder)->first), (*builder)->second);
        continue;
      }
      for (const nlohmann::json& error : answer->result.value("errors", nlohmann::json::array())) {
        const std::string name = error.value("node", "");
        const auto found = graph.nodes_called(name);
        const auto at = found.empty() ? std::nullopt : place_of(name);
        verdict.emplace_back(at.value_or(0), reason_of(error));
        if (at && std::find(refused.begin(), refused.end(), found[0]) == refused.end())
          refused.push_back(found[0]);
      }
      if (refused.empty()) break;  // it refuses the model and names no node
    }
    return verdict;
  }

  // The name of the node at which the builder fails, and why; nothing where it does not fail, or
  // where sizes are open, without which it builds nothing.
  Result<std::optional<std::pair<std::string, Reason>>> first_that_does_not_build(
      const Model& model) const {
    std::optional<std::pair<std::string, Reason>> none;
    const auto& inputs = model.graph().inputs();
    if (!std::all_of(inputs.begin(), inputs.end(), [](const Value* input) {
          return input->initializer || input->type.is_static();
        }))
      return none;
    auto whole = try_build(model, {});
    if (!whole) return whole.error();
    if (whole->engine) return none;
    const Node* node = whole->node;
    if (node == nullptr) {
      auto found = first_failing(model, [&](const Model& part) -> Result<bool> {
        auto tried = try_build(part, {});
        if (!tried) return tried.error();
        return !tried->engine.has_value();
      });
      if (!found) return found.error();
      node = *found;
    }
    if (node == nullptr) return none;
    Reason reason{.id = "unsupported_attribute",
                  .message = fmt::format("TensorRT's builder fails at {}", node->op_type()),
                  .evidence = fmt::format("the builder's verdict on the shortest part of the model "
                                          "that it does not build, which ends here: {}",
                                          whole->message)};
    return std::optional(std::pair(std::string(node->name()), std::move(reason)));
  }

  struct Trial {
    std::optional<BuiltEngine> engine;
    std::string message;         // without an engine: what parser or builder said
    const Node* node = nullptr;  // of the model, where it was named
  };

  // Errors: the worker broke down for another reason than the model, or a dynamic input has no
  // sizes.
  Result<Trial> try_build(const Model& model, const BuildOptions& options) const {
    nlohmann::json profiles = nlohmann::json::object();
    for (const Value* input : model.graph().inputs()) {
      if (input->initializer || input->type.is_static()) continue;
      const auto range = options.shapes.find(std::string(input->name));
      if (range == options.shapes.end())
        return fail(
            "input '{}' is {}: TensorRT needs the sizes between which it is to work; give "
            "--shape-range {}=MIN:OPT:MAX, or its size with --shape",
            input->name, io_spec(*input).text(), input->name);
      profiles[range->first] = {range->second.min, range->second.opt, range->second.max};
    }
    const auto copy = model.clone();
    name_by_place(copy->graph(), "");
    auto bytes = model_bytes(*copy);
    if (!bytes) return bytes.error();
    const auto nodes = model.graph().nodes();
    auto answer = worker().call(
        "build", {{"model", {{"$blob", 0}}}, {"profiles", profiles}, {"devices", options.devices}},
        {*bytes}, kBuildDeadline);
    if (!answer && worker().died()) return Trial{{}, answer.error().message, nullptr};
    if (!answer) return answer.error();
    const nlohmann::json& result = answer->result;
    Trial trial;
    if (const auto engine = result.find("engine"); engine != result.end() && engine->is_object()) {
      const size_t place = engine->value("$blob", size_t{0});
      if (place >= answer->blobs.size()) return fail("the worker's answer lacks the engine");
      trial.engine = BuiltEngine{answer->blobs[place], result.value("made_by", "")};
      return trial;
    }
    const auto errors = result.value("errors", nlohmann::json::array());
    const auto log = result.value("log", nlohmann::json::array());
    trial.message = "TensorRT's builder fails";
    if (!errors.empty()) {
      const Reason reason = reason_of(errors[0]);
      const auto at = place_of(errors[0].value("node", ""));
      if (at && *at < nodes.size()) trial.node = nodes[*at];
      trial.message = fmt::format(
          "{}{}; {}", trial.node != nullptr ? "node '" + trial.node->address() + "': " : "",
          reason.message, reason.evidence);
    } else if (!log.empty() && log[0].is_string()) {
      trial.message += ": " + log[0].get<std::string>();
    }
    return trial;
  }

  bool refuses(const Node& node) const {
    const auto reasons = acuate::why_not(table_, node, {});
    return std::any_of(reasons.begin(), reasons.end(), [](const Reason& r) { return r.blocks; });
  }

  Worker& worker() const {
    const std::lock_guard lock(mutex_);
    if (worker_ == nullptr)
      worker_ = std::make_unique<Worker>(
          Worker::Program{.id = "tensorrt",
                          .source = std::string(embedded_python("tensorrt")),
                          .interpreter = find_worker_python(kPythonVariable)});
    return *worker_;
  }

  CapabilityTable table_;
  mutable std::mutex mutex_;
  mutable std::unique_ptr<Worker> worker_;
  mutable std::vector<std::pair<std::string, Verdict>> verdicts_;  // by hash of the model
};

}  // namespace

void register_targets_tensorrt(TargetRegistry& registry) {
  auto backend = std::make_shared<TensorRtTarget>();
  auto patterns = backend->table().patterns;
  registry.add({"tensorrt", "TensorRT on NVIDIA GPUs (builds engines; runs none)",
                std::move(backend), std::move(patterns)});
}

}  // namespace acuate
