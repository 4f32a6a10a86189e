#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/flags.h"
#include "cli/model_summary.h"
#include "cli/models.h"
#include "convert/convert.h"
#include "diagnose/issues.h"
#include "edit/address.h"
#include "graph/module_tree.h"
#include "onnx_io/import.h"
#include "report/display.h"
#include "report/table.h"
#include "report/writer.h"
#include "shape/dynamic.h"

namespace acuate {
namespace {

using Json = nlohmann::ordered_json;
constexpr const char* kNoMacs = "a shape is not static; give --shape or --dim";

struct Flags {
  std::filesystem::path model;
  ShapeFlags shapes;
  int depth = 3;
  bool nodes = false;
};

std::string opsets(const Model& model) {
  std::vector<std::string> parts;
  for (const OpsetImport& opset : model.opset_imports())
    parts.push_back(
        fmt::format("{} {}", opset.domain.empty() ? "ai.onnx" : opset.domain, opset.version));
  return parts.empty() ? "none" : join(parts, ", ");
}

std::string macs_text(const std::optional<int64_t>& macs) {
  return macs ? format_quantity(static_cast<double>(*macs)) : "?";
}

std::string operator_name(const std::pair<std::string, std::string>& key) {
  return key.first.empty() ? key.second : key.first + ":" + key.second;
}

std::string modules_text(const ModelSummary& summary, int depth) {
  if (summary.modules.size() <= 1) return "";
  TextTable table({{"module"}, {"class"}, {"nodes", true}, {"parameters", true}, {"MACs", true}});
  size_t hidden = 0;
  for (const ModuleSummary& module : summary.modules) {
    if (module.depth > depth) {
      ++hidden;
      continue;
    }
    const std::string label = module.path.empty() ? "(model)" : module.path;
    table.add(
        {std::string(static_cast<size_t>(2 * module.depth), ' ') + printable(label),
         module.class_name.empty() && module.guessed ? "(guessed)" : printable(module.class_name),
         format_count(module.nodes), format_quantity(static_cast<double>(module.parameters)),
         macs_text(module.macs)});
  }
  std::string text = "\nModules\n" + table.render(100);
  if (hidden > 0) text += fmt::format("  … {} more below; --depth shows them\n", hidden);
  return text;
}

// Dimensions of the outputs that stay dynamic, each with what makes it so.
struct DynamicOutput {
  std::string name;  // `y[2]`
  std::string dim;   // `(h + 1)//2`
  std::vector<std::string> chains;
};

std::vector<DynamicOutput> dynamic_outputs(const ShapeInference& shapes) {
  std::vector<DynamicOutput> all;
  for (const Value* output : shapes.model().graph().outputs())
    for (const DynamicAxis& axis : explain_dynamic(shapes, *output)) {
      DynamicOutput dynamic{
          fmt::format("{}[{}]", to_valid_utf8(output->name), axis.axis), axis.expression, {}};
      for (const auto& source : axis.sources) dynamic.chains.push_back(chain_text(source));
      all.push_back(std::move(dynamic));
    }
  return all;
}

std::string summary_text(const Model& model, const ModelSummary& summary,
                         const std::vector<DynamicOutput>& dynamic, int depth) {
  std::string text = fmt::format("{}\n", printable(model.path().string()));
  const auto add = [&](std::string_view name, const std::string& value) {
    text += wrap(printable(value), 100, fmt::format("  {:<12} ", name), std::string(15, ' '));
  };
  if (!model.producer_name().empty())
    add("producer", fmt::format("{} {}", model.producer_name(), model.producer_version()));
  add("IR version", std::to_string(model.ir_version()));
  add("opset", opsets(model));
  for (const Value* input : summary.inputs)
    add("input", fmt::format("{} {}", input->name, input->type.text()));
  for (const Value* output : summary.outputs)
    add("output", fmt::format("{} {}", output->name, output->type.text()));
  for (const DynamicDim& dim : summary.dynamic_dims)
    add("dynamic", (dim.name.empty() ? "unnamed" : dim.name) + ": " + join(dim.places, ", "));
  for (const DynamicOutput& output : dynamic)
    add("", fmt::format("{} = {}: {}", output.name, output.dim, join(output.chains, "; ")));
  add("nodes", format_count(summary.nodes));
  add("parameters", fmt::format("{} ({})", format_quantity(static_cast<double>(summary.parameters)),
                                format_size(static_cast<double>(summary.weight_bytes))));
  add("MACs", summary.macs ? macs_text(summary.macs) : std::string("unknown: ") + kNoMacs);
  for (const auto& [location, file] : summary.external)
    add("data file", fmt::format("{}: {}, {}", location,
                                 format_plural(static_cast<int64_t>(file.tensors), "tensor"),
                                 format_size(static_cast<double>(file.size_bytes))));
  if (!summary.functions.empty()) add("functions", join(summary.functions, ", "));
  std::vector<std::pair<int64_t, std::string>> operators;
  for (const auto& [key, count] : summary.operators)
    operators.emplace_back(-count, operator_name(key));
  std::sort(operators.begin(), operators.end());
  std::vector<std::string> parts;
  for (const auto& [count, name] : operators) parts.push_back(fmt::format("{} {}", name, -count));
  add("operators", join(parts, ", "));
  return text + modules_text(summary, depth);
}

Json macs_json(Json object, const std::optional<int64_t>& macs) {
  object["macs"] = macs ? Json(*macs) : Json(nullptr);
  if (!macs) object["reason"]["macs"] = kNoMacs;
  return object;
}

Json port_json(const Value& value) {
  Json shape = nullptr;
  if (value.type.shape) {
    shape = Json::array();
    for (const Dim& dim : *value.type.shape)
      shape.push_back(dim.is_known()     ? Json(dim.value)
                      : dim.name.empty() ? Json(nullptr)
                                         : Json(to_valid_utf8(dim.name)));
  }
  return {{"name", to_valid_utf8(value.name)},
          {"type", element_type_name(value.type.element)},
          {"shape", shape}};
}

Json summary_json(const Model& model, const ModelSummary& summary,
                  const std::vector<DynamicOutput>& dynamic, const std::vector<Finding>& findings) {
  Json json = {{"path", model.path().string()},
               {"producer", to_valid_utf8(model.producer_name())},
               {"producer_version", to_valid_utf8(model.producer_version())},
               {"ir_version", model.ir_version()}};
  json["opset"] = Json::array();
  for (const OpsetImport& opset : model.opset_imports())
    json["opset"].push_back({{"domain", to_valid_utf8(opset.domain)}, {"version", opset.version}});
  json["inputs"] = Json::array();
  for (const Value* input : summary.inputs) json["inputs"].push_back(port_json(*input));
  json["outputs"] = Json::array();
  for (const Value* output : summary.outputs) json["outputs"].push_back(port_json(*output));
  json["dynamic_dims"] = Json::array();
  for (const DynamicDim& dim : summary.dynamic_dims)
    json["dynamic_dims"].push_back({{"name", dim.name}, {"places", dim.places}});
  json["dynamic_outputs"] = Json::array();
  for (const DynamicOutput& output : dynamic)
    json["dynamic_outputs"].push_back(
        {{"place", output.name}, {"dim", output.dim}, {"because_of", output.chains}});
  json["nodes"] = summary.nodes;
  json["parameters"] = summary.parameters;
  json["weight_bytes"] = summary.weight_bytes;
  json = macs_json(std::move(json), summary.macs);
  json["operators"] = Json::object();
  for (const auto& [key, count] : summary.operators) json["operators"][operator_name(key)] = count;
  json["functions"] = summary.functions;
  json["external_data"] = Json::array();
  for (const auto& [location, file] : summary.external)
    json["external_data"].push_back(
        {{"file", location}, {"tensors", file.tensors}, {"size_bytes", file.size_bytes}});
  json["modules"] = Json::array();
  for (const ModuleSummary& module : summary.modules)
    json["modules"].push_back(macs_json({{"path", module.path},
                                         {"class", module.class_name},
                                         {"guessed", module.guessed},
                                         {"nodes", module.nodes},
                                         {"parameters", module.parameters}},
                                        module.macs));
  json["findings"] = findings_json(findings);
  return json;
}

// Every node with the modules that it comes from.
struct NodeModules {
  std::string node, op_type;
  std::vector<std::string> modules;  // of a merged node all, its own first; empty: the model
  bool guessed = false;
};

std::vector<NodeModules> node_modules(const Model& model) {
  const ModelModuleTree tree = ModelModuleTree::of(model);
  std::vector<NodeModules> all;
  for (const Graph* graph : model.all_graphs())
    for (const Node* node = graph->first(); node != nullptr; node = node->next()) {
      NodeModules& row = all.emplace_back();
      row.node = node_path(*node);
      row.op_type = to_valid_utf8(node->op_type());
      row.guessed = tree.module_of(*node).guessed;
      for (const ModuleInfo* module : tree.modules_of(*node))
        row.modules.push_back(to_valid_utf8(module->path));
    }
  return all;
}

std::string node_modules_text(const std::vector<NodeModules>& rows) {
  TextTable table({{"node"}, {"operator"}, {"module"}, {""}});
  for (const NodeModules& row : rows) {
    std::string modules;
    for (const std::string& module : row.modules)
      modules += (modules.empty() ? "" : ", ") + (module.empty() ? "(model)" : module);
    table.add({printable(row.node), printable(row.op_type), printable(modules),
               row.guessed ? "guessed" : ""});
  }
  return "\nNodes\n" + table.render(100);
}

Json node_modules_json(const std::vector<NodeModules>& rows) {
  Json json = Json::array();
  for (const NodeModules& row : rows)
    json.push_back({{"node", row.node},
                    {"operator", row.op_type},
                    {"modules", row.modules},
                    {"guessed", row.guessed}});
  return json;
}

// The model as summarize_model wants it, with shapes as far as they are known; a plain copy where
// its structure does not hold.
Result<std::unique_ptr<Model>> with_types(const Model& model, const FixOptions& shapes,
                                          const std::vector<Finding>& findings) {
  const bool is_sound = std::none_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.severity == Severity::Error;
  });
  if (!is_sound) return model.clone();
  auto fixed = fix(model, shapes);
  if (!fixed) return fixed.error();
  if (auto lifted = apply_pass_by_name(*fixed->model, "constants_to_initializers", {}); !lifted)
    return lifted.error();
  return std::move(fixed->model);
}

Action declare(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  app.add_option("MODEL", flags->model, "ONNX model, valid or not")->required();
  flags->shapes.declare(app);
  app.add_option("--depth", flags->depth, "levels of the module tree that are shown")
      ->capture_default_str();
  app.add_flag("--nodes", flags->nodes, "also each node with the modules that it comes from");
  auto console = Console::declare(app);
  return [flags, console]() -> Result<int> {
    auto shapes = flags->shapes.parse();
    if (!shapes) return shapes.error();
    auto model = import_model(flags->model);
    if (!model) return model.error();
    const std::vector<Finding> findings = model_findings(**model);
    auto typed = with_types(**model, *shapes, findings);
    if (!typed) return typed.error();
    const ShapeInference types(**typed);
    const auto dynamic = dynamic_outputs(types);
    const ModelSummary summary = summarize_model(**model, **typed);
    console->print(summary_text(**model, summary, dynamic, flags->depth));
    if (!findings.empty())
      console->print("\n" + render_findings(findings, {.colour = console->colour()}));
    Json json = summary_json(**model, summary, dynamic, findings);
    if (flags->nodes) {
      const std::vector<NodeModules> rows = node_modules(**model);
      console->print(node_modules_text(rows));
      json["node_modules"] = node_modules_json(rows);
    }
    if (auto written = console->write_json(json); !written) return written.error();
    return kDone;
  };
}

}  // namespace

void register_cli_inspect(CliCommandRegistry& registry) {
  registry.add({.id = "inspect",
                .summary = "what is in a model, and what is wrong with it",
                .examples = "  acuate inspect model.onnx\n"
                            "  acuate inspect model.onnx --shape x=1x3x640x640 --depth 5\n"
                            "  acuate inspect model.onnx --nodes\n"
                            "  acuate inspect model.onnx --json - | jq .operators",
                .declare = declare});
}

}  // namespace acuate
