#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "edit/address.h"
#include "edit/command.h"
#include "edit/model_argument.h"
#include "edit/transplant.h"

namespace acuate {
namespace {

// The older of the two is converted; theirs by bring_requirements.
Result<void> raise_opset(Edit& edit, const Model& source) {
  const int64_t mine = edit.model().opset_version(), theirs = source.opset_version();
  if (mine == 0 || theirs <= mine) return {};
  if (auto whole = edit.run_checks(); !whole) return whole;
  auto converted = convert_valid(edit.model(), theirs);
  if (!converted) return converted.error();
  edit.replace_model(*std::move(converted));
  edit.note(fmt::format("converted this model from opset {} to {}", mine, theirs));
  return {};
}

Result<void> merge_metadata(Edit& edit, const Model& source) {
  std::vector<std::string> clashes;
  const auto mine = edit.model().metadata();
  for (const auto& [key, value] : source.metadata()) {
    const auto same = std::find_if(mine.begin(), mine.end(),
                                   [&, k = key](const auto& entry) { return entry.first == k; });
    if (same == mine.end())
      edit.model().set_metadata(key, value);
    else if (same->second != value)
      clashes.push_back("'" + to_valid_utf8(key) + "'");
  }
  if (clashes.empty()) return {};
  return fail(
      "the metadata of both say different things of {}; remove-metadata takes it from this "
      "model",
      join(clashes, ", "));
}

Value* called(const std::vector<Value*>& values, std::string_view name) {
  const auto found = std::find_if(values.begin(), values.end(),
                                  [&](const Value* value) { return value->name == name; });
  return found == values.end() ? nullptr : *found;
}

std::string names_of(const std::vector<Value*>& values) {
  std::vector<std::string> names;
  for (const Value* value : values) names.push_back(to_valid_utf8(value->name));
  return join(names, ", ");
}

struct Connections {
  std::vector<Connection> inputs, outputs;
};

// Theirs is an input that a value of mine feeds, or an output that feeds an input of mine.
Result<Connections> connect(Edit& edit, const Graph& source, const NameMap& names) {
  Connections out;
  for (const auto& [token, mine, theirs] : names.pairs) {
    auto value = resolve_value(edit.model(), mine);
    if (!value) return edit.blame(token, value.error());
    if ((*value)->graph != &edit.model().graph())
      return edit.blame(token, fail("'{}' does not stand in the main graph; expected a value of it",
                                    value_path(**value)));
    const Value* input = called(source.inputs(), theirs);
    const Value* output = called(source.outputs(), theirs);
    if (input == nullptr && output == nullptr)
      return edit.blame(token, fail("the other model has no input or output '{}'; inputs: {}; "
                                    "outputs: {}",
                                    to_valid_utf8(theirs), names_of(source.inputs()),
                                    names_of(source.outputs())));
    auto& list = input != nullptr ? out.inputs : out.outputs;
    const Value* end = input != nullptr ? input : output;
    for (const Connection& other : list)
      if (other.theirs == end ? input != nullptr : other.mine == *value && input == nullptr)
        return edit.blame(token, fail("'{}' is connected twice", to_valid_utf8(token.text)));
    if (input == nullptr && !(*value)->is_input)
      return edit.blame(token, fail("'{}' is an output of the other model and feeds inputs of this "
                                    "one, but '{}' is none; there are: {}",
                                    to_valid_utf8(theirs), value_path(**value),
                                    names_of(edit.model().graph().inputs())));
    list.push_back({end, *value});
  }
  return out;
}

// Inputs of mine that theirs computes from now on are inputs no more; their outputs of mine that
// theirs reads are outputs no more.
void disconnect(Graph& graph, const Connections& connections) {
  std::vector<Value*> inputs = graph.inputs(), outputs = graph.outputs();
  for (const Connection& output : connections.outputs) {
    std::erase(inputs, output.mine);
    if (output.mine->initializer) graph.remove_initializer(*output.mine);
  }
  for (const Connection& input : connections.inputs) std::erase(outputs, input.mine);
  if (inputs != graph.inputs()) graph.set_inputs(inputs);
  if (outputs != graph.outputs()) graph.set_outputs(outputs);
}

void add_interface(const Model& source, const Connections& connections, const Splice& splice,
                   Graph& graph) {
  const auto is_connected = [](const std::vector<Connection>& list, const Value* value) {
    return std::any_of(list.begin(), list.end(),
                       [&](const Connection& each) { return each.theirs == value; });
  };
  std::vector<Value*> inputs = graph.inputs(), outputs = graph.outputs();
  // Before IR version 4 every constant was listed among the inputs.
  for (Value* input : source.graph().inputs())
    if (!is_connected(connections.inputs, input) &&
        !(input->initializer && source.ir_version() < 4))
      inputs.push_back(splice.values.at(input));
  for (Value* output : source.graph().outputs())
    if (!is_connected(connections.outputs, output)) outputs.push_back(splice.values.at(output));
  graph.set_inputs(inputs);
  graph.set_outputs(outputs);
}

Result<void> merge(Edit& edit, std::span<const Token> arguments) {
  auto names = parse_name_map(edit, arguments.subspan(1));
  if (!names) return names.error();
  auto source = read_model_argument(edit, arguments[0]);
  if (!source) return edit.blame(arguments[0], source.error());
  const auto prepare = [&]() -> Result<void> {
    if (auto raised = raise_opset(edit, **source); !raised) return raised;
    if (auto brought = bring_requirements(edit, *source); !brought) return brought;
    return merge_metadata(edit, **source);
  };
  if (auto prepared = prepare(); !prepared) return edit.blame(arguments[0], prepared.error());
  auto connections = connect(edit, (*source)->graph(), *names);
  if (!connections) return connections.error();
  Graph& graph = edit.model().graph();
  disconnect(graph, *connections);
  Splice splice;
  splice.prefix = names->prefix;
  const size_t before = graph.node_count();
  if (auto done = transplant((*source)->graph(), graph, connections->inputs, connections->outputs,
                             splice, nullptr);
      !done)
    return edit.blame(arguments[0], done.error());
  add_interface(**source, *connections, splice, graph);
  edit.types_changed();
  if (graph.outputs().empty())
    return fail("no output would be left; add-output keeps one of those that are connected");
  edit.note(fmt::format("brought {} nodes", graph.node_count() - before));
  return {};
}

}  // namespace

void register_edit_merge(EditCommandRegistry& registry) {
  registry.add(
      {"merge", "merge GRAPH [MINE=THEIRS…] [--prefix PREFIX]",
       "merge classifier.onnx crops=image --prefix cls/",
       "Joins another model, GRAPH as for replace-node. MINE=THEIRS connects: an input of theirs "
       "reads a value of this model, or an output of theirs feeds an input of this one. What is "
       "connected is an input or output no more; all others stay, theirs behind. The older opset "
       "is converted to the newer, the higher IR version holds, functions and metadata of both "
       "stay. PREFIX goes before the names of their nodes and values. Refused, with the names: "
       "values, nodes, functions or metadata that clash, types that do not agree, a cycle.",
       1, 4096, merge});
}

}  // namespace acuate
