#include "partition/cut.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "edit/sweep.h"
#include "graph/constants.h"
#include "graph/splice.h"

namespace acuate {
namespace {

bool is_constant_node(const Node* node) { return node != nullptr && node->is_op("Constant"); }

// The names of the edges of the part, whose values come from outside or are seen there.
Result<void> declare(Graph& graph, const Value& theirs, const Splice& splice) {
  if (theirs.type.kind == ValueType::Kind::Unknown ||
      (theirs.type.kind == ValueType::Kind::Tensor &&
       theirs.type.element == ElementType::Undefined))
    return fail(
        "'{}' stands at the border of a piece, and its type is not known; name it with "
        "set-type",
        to_valid_utf8(theirs.name));
  ValueType type = theirs.type;
  if (type.shape)
    for (Dim& dim : *type.shape) dim.name = graph.model().intern(dim.name);
  graph.set_type(*splice.values.at(&theirs), std::move(type));
  return {};
}

}  // namespace

Result<std::unique_ptr<Model>> cut_out(const Model& model, const Part& part) {
  auto out = std::make_unique<Model>();
  out->keep_storage_of(model);
  out->set_ir_version(model.ir_version());
  for (const OpsetImport& import : model.opset_imports())
    out->set_opset(import.domain, import.version);
  Graph& graph = out->graph();
  Splice splice;
  std::vector<Value*> inputs;
  for (const Value* input : part.inputs) {
    Value* copy = graph.add_value(input->name);
    splice.values.emplace(input, copy);
    // An input of the model may have a default.
    if (input->initializer) graph.set_initializer(*copy, *input->initializer);
    inputs.push_back(copy);
  }
  graph.set_inputs(inputs);
  std::vector<const Value*> values;
  std::unordered_set<const Value*> seen;
  const auto add = [&](const Value* value) {
    if (value != nullptr && seen.insert(value).second) values.push_back(value);
  };
  std::vector<const Node*> nodes;
  std::unordered_set<const Node*> constants;
  const auto add_read = [&](const Value* value) {
    if (is_constant_node(value->producer) && constants.insert(value->producer).second)
      nodes.push_back(value->producer);
    add(value);
  };
  for (const Value* output : part.outputs)
    if (is_constant(*output)) add_read(output);
  for (const Node* node : part.nodes) {
    for (const Value* value : values_read(*node)) {
      if (!is_constant(*value) && seen.count(value) == 0 && splice.values.count(value) == 0)
        return fail("a piece reads '{}' and has it not among its inputs",
                    to_valid_utf8(value->name));
      add_read(value);
    }
    for (const Value* value : node->outputs()) add(value);
    nodes.push_back(node);
  }
  if (auto copied = splice_nodes(nodes, values, graph, splice); !copied) return copied.error();
  FunctionCopier functions(model, *out);
  for (const Node* node : nodes) functions.bring_for(*node);
  std::vector<Value*> outputs;
  for (const Value* output : part.outputs) outputs.push_back(splice.values.at(output));
  graph.set_outputs(outputs);
  for (const auto* border : {&part.inputs, &part.outputs})
    for (const Value* value : *border)
      if (auto declared = declare(graph, *value, splice); !declared) return declared.error();
  return out;
}

std::vector<Part> parts_of(const Graph& graph, const Dag& dag, const std::vector<Piece>& pieces) {
  std::vector<Part> parts(std::max<size_t>(pieces.size(), 1));
  const std::vector<uint32_t> piece_of = piece_of_node(dag, pieces);
  std::vector<size_t> listed(dag.tensors.size(), SIZE_MAX);  // the last part that has it as input
  for (size_t i = 0; i < pieces.size(); ++i) {
    parts[i].label = pieces[i].label;
    for (const uint32_t node : pieces[i].nodes) {
      parts[i].nodes.push_back(dag.nodes[node]);
      for (const uint32_t read : dag.reads[node]) {
        const uint32_t producer = dag.tensors[read].producer;
        if ((producer != Dag::kOutside && piece_of[producer] == i) || listed[read] == i) continue;
        listed[read] = i;
        parts[i].inputs.push_back(dag.tensors[read].value);
      }
      for (const uint32_t made : dag.makes[node]) {
        const Dag::Tensor& tensor = dag.tensors[made];
        const bool leaves = std::any_of(tensor.readers.begin(), tensor.readers.end(),
                                        [&](uint32_t reader) { return piece_of[reader] != i; });
        if (leaves || tensor.is_output) parts[i].outputs.push_back(tensor.value);
      }
    }
  }
  std::unordered_set<const Value*> seen;
  for (const Value* output : graph.outputs())
    if ((is_constant(*output) || output->initializer) && seen.insert(output).second) {
      parts[0].outputs.push_back(output);
      // An input with a default, which the caller need not give.
      if (output->is_input && std::find(parts[0].inputs.begin(), parts[0].inputs.end(), output) ==
                                  parts[0].inputs.end())
        parts[0].inputs.push_back(output);
    }
  std::erase_if(parts, [](const Part& part) { return part.outputs.empty(); });
  return parts;
}

std::vector<Part> divide(const Graph& graph, const std::function<Label(const Node&)>& label_of) {
  const Dag dag = Dag::of(graph);
  std::vector<Label> labels;
  for (const Node* node : dag.nodes) labels.push_back(label_of(*node));
  return parts_of(graph, dag, make_pieces(dag, labels));
}

}  // namespace acuate
