#include "targets/tensorrt/toolchain.h"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "base/text.h"
#include "edit/sweep.h"
#include "onnx_io/export.h"
#include "targets/embedded_python.h"
#include "targets/tensorrt/partial_model.h"

namespace acuate {
namespace {

// The parser is asked again behind what it refused; what is left after so many rounds stays untold.
constexpr int kMostRounds = 32;
constexpr std::chrono::seconds kBuildDeadline{3600};

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

// The nodes that read an input whose sizes nobody knows, at first or behind others of them: engines
// are built for sizes.
std::vector<Node*> readers_of_unsized(const Graph& graph, const SizesWithin& sizes) {
  std::unordered_set<const Value*> unsized;
  const auto look_at = [&](const Value* value) {
    if (value != nullptr && !value->type.is_static() && !sizes.shape(value->name))
      unsized.insert(value);
  };
  for (const Value* input : graph.inputs())
    if (!input->initializer) look_at(input);
  std::vector<Node*> readers;
  for (Node* node = graph.first(); node != nullptr && !unsized.empty(); node = node->next()) {
    const auto reads = values_read(*node);
    if (std::none_of(reads.begin(), reads.end(),
                     [&](const Value* value) { return unsized.count(value) > 0; }))
      continue;
    readers.push_back(node);
    for (const Value* output : node->outputs()) look_at(output);
  }
  return readers;
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

}  // namespace

Result<TensorRtToolchain::Verdict> TensorRtToolchain::ask(const Model& model,
                                                          const std::vector<size_t>& left_out,
                                                          const ShapeRanges& sizes) {
  Verdict verdict;
  const SizesWithin known(model, sizes);
  const auto copy = model.clone();
  Graph& graph = copy->graph();
  name_by_place(graph, "");
  std::vector<Node*> refused;
  for (const size_t place : left_out)
    refused.push_back(graph.nodes_called(fmt::format("n{}", place))[0]);
  for (int round = 0; round < kMostRounds; ++round) {
    if (!refused.empty() && !take_out(graph, refused)) break;
    refused.clear();
    auto bytes = model_bytes(*copy);
    if (!bytes) return bytes.error();
    auto answer = worker().call("probe", {{"model", {{"$blob", 0}}}}, {*bytes});
    if (!answer) return answer.error();
    bytes->clear();
    if (answer->result.value("accepted", false)) {
      if (!known.is_complete()) break;
      if (const auto unsized = readers_of_unsized(graph, known); !unsized.empty())
        if (!take_out(graph, unsized)) break;
      auto builder = first_that_does_not_build(*copy, known);
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

// The name of the node at which the builder fails, and why; nothing where it does not fail.
Result<std::optional<std::pair<std::string, Reason>>> TensorRtToolchain::first_that_does_not_build(
    const Model& model, const SizesWithin& sizes) {
  std::optional<std::pair<std::string, Reason>> none;
  auto whole = try_build(model, sizes, {});
  if (!whole) return whole.error();
  if (whole->engine) return none;
  const Node* node = whole->node;
  if (node == nullptr) {
    auto found = first_failing(model, [&](const Model& part) -> Result<bool> {
      auto tried = try_build(part, sizes, {});
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

Result<TensorRtToolchain::Trial> TensorRtToolchain::try_build(
    const Model& model, const SizesWithin& sizes, const std::vector<std::string>& devices) {
  const SizesWithin::OfInputs known = sizes.of_inputs(model.graph());
  for (const Value* input : model.graph().inputs())
    if (!input->initializer && !input->type.is_static() &&
        known.shapes.count(std::string(input->name)) == 0)
      return fail(
          "input '{}' is {}: TensorRT needs the sizes between which it is to work; give "
          "--shape-range {}=MIN:OPT:MAX, or its size with --shape",
          input->name, io_spec(*input).text(), input->name);
  const auto points = [](const ShapeRanges& ranges) {
    nlohmann::json out = nlohmann::json::object();
    for (const auto& [input, range] : ranges) out[input] = {range.min, range.opt, range.max};
    return out;
  };
  const auto copy = model.clone();
  name_by_place(copy->graph(), "");
  auto bytes = model_bytes(*copy);
  if (!bytes) return bytes.error();
  const auto nodes = model.graph().nodes();
  auto answer = worker().call("build",
                              {{"model", {{"$blob", 0}}},
                               {"profiles", points(known.shapes)},
                               {"devices", devices},
                               {"contents", points(known.contents)}},
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

Result<std::string> TensorRtToolchain::engine_maker() {
  auto hello = worker().call("hello", nlohmann::json::object());
  if (!hello) return hello.error();
  return fmt::format("{} {}", hello->result.value("product", ""),
                     hello->result.value("version", ""));
}

Worker& TensorRtToolchain::worker() {
  const std::lock_guard lock(mutex_);
  if (worker_ == nullptr)
    worker_ = std::make_unique<Worker>(
        Worker::Program{.id = "tensorrt",
                        .source = std::string(embedded_python("tensorrt")),
                        .interpreter = find_worker_python(kPythonVariable)});
  return *worker_;
}

}  // namespace acuate
