#include "edit/model_argument.h"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "base/file.h"
#include "base/text.h"
#include "edit/address.h"
#include "edit/data_files.h"
#include "edit/literal.h"
#include "edit/new_value.h"
#include "edit/tensor_argument.h"
#include "graph/verify.h"
#include "onnx_io/authority.h"
#include "onnx_io/import.h"
#include "onnx_io/opset.h"
#include "onnx_io/text_form.h"

namespace acuate {
namespace {

constexpr uint64_t kMaxTextBytes = uint64_t{1} << 26;
constexpr size_t kMaxNamesTold = 8;

// With header and graph name, where the text has none.
std::string complete_text(const Model& model, std::string_view text) {
  text = trim(text);
  std::string out;
  if (!text.starts_with('<')) {
    std::vector<std::string> imports;
    for (const OpsetImport& import : model.opset_imports())
      imports.push_back(fmt::format("\"{}\" : {}", import.domain, import.version));
    out = fmt::format("<ir_version: {}, opset_import: [{}]>\n", model.ir_version(),
                      join(imports, ", "));
  }
  if (text.starts_with('(')) out += "graph ";
  return out + std::string(text);
}

Result<std::unique_ptr<Model>> parse_text(const Model& model, std::string_view text,
                                          const std::string& source) {
  auto parsed = parse_text_model(complete_text(model, text));
  if (!parsed) return fail("{}: {}", source, parsed.error().message);
  return parsed;
}

Result<std::unique_ptr<Model>> read_any(Edit& edit, Token token) {
  if (take_prefix(token, {"text"}) == "text") return parse_text(edit.model(), token.text, "text");
  auto path = script_file(edit, token.text);
  if (!path) return path.error();
  if (path->extension() != ".onnxtxt") return import_model(*path);
  auto text = read_text_file(*path, kMaxTextBytes);
  if (!text) return text.error();
  return parse_text(edit.model(), *text, path->string());
}

// Every name of values in and around the graph, and below it where `below`.
std::unordered_set<std::string_view> names_around(const Graph& graph, bool below) {
  std::unordered_set<std::string_view> names;
  const auto add = [&](const Graph& one) {
    for (const Value* value : one.values()) names.insert(value->name);
  };
  add(graph);
  if (below)
    for (const Graph* body : graphs_below(graph)) add(*body);
  for (const Node* owner = graph.owner(); owner != nullptr; owner = owner->graph().owner())
    add(owner->graph());
  return names;
}

Result<void> bring_domain(Edit& edit, const OpsetImport& import) {
  Model& model = edit.model();
  const int64_t mine = model.opset_version(import.domain);
  if (mine == import.version || import.domain.empty()) return {};
  if (mine != 0)
    return fail("domain '{}' has version {} there and {} here; expected the same",
                to_valid_utf8(import.domain), import.version, mine);
  model.set_opset(import.domain, import.version);
  edit.note(
      fmt::format("imports domain '{}', version {}", to_valid_utf8(import.domain), import.version));
  return {};
}

// A function of a name that both have must be the same, byte for byte.
Result<void> bring_functions(Model& model, const Model& source) {
  std::vector<std::string> clashes;
  for (const Function& theirs : source.functions()) {
    const auto& mine = model.functions();
    const auto same = std::find_if(mine.begin(), mine.end(), [&](const Function& function) {
      return function.domain == theirs.domain && function.name == theirs.name &&
             function.overload == theirs.overload;
    });
    if (same == mine.end())
      copy_function(theirs, model);
    else if (same->body->is_touched() || as_text(same->wire) != as_text(theirs.wire))
      clashes.push_back(
          fmt::format("'{}.{}'", to_valid_utf8(theirs.domain), to_valid_utf8(theirs.name)));
  }
  if (clashes.empty()) return {};
  return fail("both have a function {}, and they differ; rename it in one of the models",
              join(clashes, ", "));
}

}  // namespace

Result<std::unique_ptr<Model>> read_model_argument(Edit& edit, const Token& token,
                                                   MayReadOuter outer) {
  auto model = read_any(edit, token);
  if (!model) return model.error();
  for (const ModelIssue& issue : verify(**model))
    if (outer == MayReadOuter::No ||
        (issue.id != "undefined_input" && issue.id != "undefined_output"))
      return fail("{} is not valid: {}", to_valid_utf8(token.text.substr(0, 60)), issue.message);
  return model;
}

Result<NameMap> parse_name_map(Edit& edit, std::span<const Token> arguments) {
  NameMap map;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const Token& token = arguments[i];
    if (token.text == "--prefix" && !token.quoted && i + 1 < arguments.size()) {
      map.prefix = arguments[++i].text;
      continue;
    }
    size_t equals = token.text.find('=');
    if (token.text.starts_with('"')) equals = token.text.find("\"=") + 1;
    if (token.quoted || equals == std::string::npos || equals == 0)
      return edit.blame(token, fail("found '{}'; expected MINE=THEIRS or --prefix PREFIX",
                                    to_valid_utf8(token.text)));
    map.pairs.push_back({token, word_of(token.text.substr(0, equals), 0).text,
                         word_of(token.text.substr(equals + 1), 0).text});
  }
  return map;
}

Result<std::unique_ptr<Model>> convert_valid(const Model& model, int64_t version) {
  for (const ModelIssue& issue : verify(model))
    return fail("the model must be valid to be converted: {}", issue.message);
  for (const ModelIssue& issue : check_operators(model))
    if (issue.id == "invalid_node" || issue.id == "unknown_operator")
      return fail("the model must be valid to be converted: {}", issue.message);
  return convert_opset(model, version);
}

Result<void> bring_requirements(Edit& edit, std::unique_ptr<Model>& source) {
  Model& model = edit.model();
  const int64_t mine = model.opset_version(), theirs = source->opset_version();
  if (theirs != 0 && theirs != mine) {
    auto converted = convert_valid(*source, mine);
    if (!converted) return converted.error();
    source = *std::move(converted);
    edit.note(fmt::format("converted from opset {} to {}", theirs, mine));
  }
  for (const OpsetImport& import : source->opset_imports())
    if (auto brought = bring_domain(edit, import); !brought) return brought;
  if (source->ir_version() > model.ir_version()) model.set_ir_version(source->ir_version());
  if (auto apart = keep_data_files_apart(*source, model); !apart) return apart;
  model.keep_storage_of(*source);
  if (auto brought = bring_functions(model, *source); !brought) return brought;
  return {};
}

Result<void> bind_outer_values(const Graph& source, const Graph& graph, Splice& splice) {
  for (const Value* value : source.values()) {
    if (value->is_defined() || splice.values.count(value) != 0) continue;
    Value* outer = graph.resolve(value->name);
    if (outer == nullptr)
      return fail("it reads '{}', which is not defined in or around '{}'",
                  to_valid_utf8(value->name), to_valid_utf8(graph.name()));
    splice.values.emplace(value, outer);
  }
  return {};
}

Result<void> check_names_free(const Graph& source, const Graph& into, const Splice& splice,
                              bool as_body) {
  const auto taken = names_around(into, !as_body);
  std::unordered_set<std::string_view> nodes;
  for (const Node* node = as_body ? nullptr : into.first(); node != nullptr; node = node->next())
    if (!node->name().empty()) nodes.insert(node->name());
  std::vector<std::string> clashes;
  const auto check = [&](const auto& names, std::string_view what, std::string_view name) {
    const std::string given = splice.prefix + std::string(name);
    if (names.count(given) != 0)
      clashes.push_back(fmt::format("{} '{}'", what, to_valid_utf8(given)));
  };
  for (const Graph* graph : graphs_below(source))
    for (const Value* value : graph->values())
      if (splice.values.count(value) == 0) check(taken, "value", value->name);
  for (const Node* node = source.first(); node != nullptr; node = node->next())
    if (!node->name().empty()) check(nodes, "node", node->name());
  if (clashes.empty()) return {};
  const size_t more = clashes.size() - std::min(clashes.size(), kMaxNamesTold);
  clashes.resize(clashes.size() - more);
  return fail("both have {}{}; rename one of them or give a prefix", join(clashes, ", "),
              more > 0 ? fmt::format(" and {} more", more) : "");
}

}  // namespace acuate
