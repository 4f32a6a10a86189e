#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "edit/address.h"
#include "edit/command.h"
#include "edit/model_argument.h"
#include "edit/sweep.h"
#include "edit/transplant.h"

namespace acuate {
namespace {

size_t place_in(const std::vector<Value*>& values, std::string_view name) {
  const auto found = std::find_if(values.begin(), values.end(), [&](const Value* value) {
    return value != nullptr && value->name == name;
  });
  return static_cast<size_t>(found - values.begin());
}

// By position, except where the name map says otherwise.
struct Interface {
  std::vector<Value*> inputs, outputs;  // of mine, in the order of theirs; null: nothing
};

Result<Interface> connect(Edit& edit, const Node& node, const Graph& source, const NameMap& names) {
  Interface out;
  for (size_t i = 0; i < source.inputs().size(); ++i) out.inputs.push_back(node.input(i));
  for (size_t i = 0; i < source.outputs().size(); ++i) out.outputs.push_back(node.output(i));
  std::vector<bool> mapped(out.outputs.size(), false);
  for (const auto& [token, mine, theirs] : names.pairs) {
    if (const size_t at = place_in(source.inputs(), theirs); at < out.inputs.size()) {
      auto value = resolve_value(edit.model(), mine);
      if (!value) return edit.blame(token, value.error());
      out.inputs[at] = *value;
      continue;
    }
    const size_t at = place_in(source.outputs(), theirs), slot = place_in(node.outputs(), mine);
    if (at == source.outputs().size() || slot == node.outputs().size())
      return edit.blame(token, fail("'{}' is no input or output of the graph, or '{}' no output of "
                                    "the node; expected a value and what it is there",
                                    to_valid_utf8(theirs), to_valid_utf8(mine)));
    for (size_t i = 0; i < out.outputs.size(); ++i)
      if (!mapped[i] && out.outputs[i] == node.output(slot)) out.outputs[i] = nullptr;
    out.outputs[at] = node.output(slot);
    mapped[at] = true;
  }
  return out;
}

Result<void> check_interface(const Node& node, const Graph& source, const Interface& interface) {
  for (size_t i = 0; i < interface.inputs.size(); ++i)
    if (interface.inputs[i] == nullptr && !source.inputs()[i]->initializer)
      return fail("nothing feeds the graph's input '{}'; name a value for it: VALUE={}",
                  to_valid_utf8(source.inputs()[i]->name), to_valid_utf8(source.inputs()[i]->name));
  for (const Value* output : node.outputs()) {
    const auto& given = interface.outputs;
    if (output != nullptr && !output->is_unused() &&
        std::find(given.begin(), given.end(), output) == given.end())
      return fail("nothing of the graph computes '{}', which is in use; name it: {}=OUTPUT",
                  value_path(*output), to_valid_utf8(output->name));
  }
  return {};
}

Result<void> replace_node(Edit& edit, std::span<const Token> arguments) {
  auto resolved = resolve_node(edit.model(), arguments[0].text);
  if (!resolved) return edit.blame(arguments[0], resolved.error());
  Node& node = **resolved;
  auto names = parse_name_map(edit, arguments.subspan(2));
  if (!names) return names.error();
  auto source = read_model_argument(edit, arguments[1]);
  if (!source) return edit.blame(arguments[1], source.error());
  if (auto brought = bring_requirements(edit, *source); !brought)
    return edit.blame(arguments[1], brought.error());
  const Graph& theirs = (*source)->graph();
  auto interface = connect(edit, node, theirs, *names);
  if (!interface) return interface.error();
  if (auto fits = check_interface(node, theirs, *interface); !fits)
    return edit.blame(arguments[1], fits.error());

  std::vector<Connection> inputs, outputs;
  for (size_t i = 0; i < interface->inputs.size(); ++i)
    if (interface->inputs[i]) inputs.push_back({theirs.inputs()[i], interface->inputs[i]});
  for (size_t i = 0; i < interface->outputs.size(); ++i)
    if (interface->outputs[i]) outputs.push_back({theirs.outputs()[i], interface->outputs[i]});
  std::vector<Value*> old = node.outputs();
  std::erase(old, nullptr);
  for (size_t slot = 0; slot < node.outputs().size(); ++slot) node.set_output(slot, nullptr);
  Splice splice;
  splice.prefix = names->prefix;
  // The node's own name is free for a node of the graph.
  if (!node.name().empty()) node.set_name("");
  Graph& graph = node.graph();
  const size_t before = graph.node_count();
  if (auto done = transplant(theirs, graph, inputs, outputs, splice, &node); !done)
    return edit.blame(arguments[1], done.error());
  edit.note(fmt::format("{} nodes in its place", graph.node_count() - before));
  for (Value* value : old)
    if (value->is_unused() && !value->is_defined()) graph.remove_value(*value);
  remove_nodes_and_sweep({&node});
  edit.types_changed();
  return {};
}

}  // namespace

void register_edit_replace_node(EditCommandRegistry& registry) {
  registry.add(
      {"replace_node", "replace-node NODE GRAPH [VALUE=NAME…] [--prefix PREFIX]",
       R"(replace-node gelu_3 text:"(x) => (y) { s = Sigmoid (x)  y = Mul (x, s) }")",
       "Puts a graph in the place of a node. GRAPH is a model `FILE.onnx`, a `FILE.onnxtxt` in "
       "ONNX's text form, or such text: `text:\"…\"`, whose header and name may be left out. Its "
       "inputs and outputs are those of the node by position, or by name where VALUE=NAME says "
       "which value is which of them. Its opset is converted. PREFIX goes before the names of its "
       "nodes and values. Refused: an input that nothing feeds, an output in use that nothing "
       "computes, types that do not agree, names that are taken.",
       2, 4096, replace_node});
}

}  // namespace acuate
