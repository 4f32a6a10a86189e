#include "graph/verify.h"

#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "base/text.h"

namespace acuate {
namespace {

// The node of `graph` that stands for `node`: itself, or the node whose body holds it.
const Node* holder_in(const Node* node, const Graph& graph) {
  while (node != nullptr && &node->graph() != &graph) node = node->graph().owner();
  return node;
}

// Of the nodes that Kahn's algorithm cannot reach, those that are not merely behind a cycle: what
// remains when it is run backwards over them. In stored order.
using Missing = std::unordered_map<const Node*, size_t>;  // producers that are not done yet
std::vector<const Node*> on_cycles(const Graph& graph, const Missing& missing) {
  const auto is_left = [&](const Node* node) {
    const auto found = missing.find(node);
    return found != missing.end() && found->second > 0;
  };
  std::unordered_map<const Node*, std::vector<const Node*>> producers;
  std::unordered_map<const Node*, size_t> users;
  std::vector<const Node*> left, unused;
  for (const Node* node = graph.first(); node != nullptr; node = node->next()) {
    if (!is_left(node)) continue;
    left.push_back(node);
    for (const Value* output : node->outputs()) {
      if (output == nullptr) continue;
      for (const Use& use : output->uses())
        if (const Node* user = holder_in(use.node, graph); is_left(user)) {
          producers[user].push_back(node);
          ++users[node];
        }
    }
    if (users[node] == 0) unused.push_back(node);
  }
  while (!unused.empty()) {
    const Node* node = unused.back();
    unused.pop_back();
    for (const Node* producer : producers[node])
      if (--users[producer] == 0) unused.push_back(producer);
  }
  std::erase_if(left, [&](const Node* node) { return users[node] == 0; });
  return left;
}

void check_order(const Graph& graph, std::vector<ModelIssue>& issues) {
  const Node* early = nullptr;
  const Value* late = nullptr;
  const auto for_each_reader = [&graph](const Node& node, const auto& visit) {
    for (const Value* output : node.outputs())
      if (output != nullptr)
        for (const Use& use : output->uses())
          if (const Node* user = holder_in(use.node, graph)) visit(*output, *user);
  };
  for (const Node* node = graph.first(); node != nullptr && early == nullptr; node = node->next())
    for_each_reader(*node, [&](const Value& output, const Node& user) {
      if (early != nullptr || node->precedes(user)) return;
      early = &user;
      late = &output;
    });
  if (early == nullptr) return;
  Missing missing;
  for (const Node* node = graph.first(); node != nullptr; node = node->next())
    for_each_reader(*node, [&](const Value&, const Node& user) { ++missing[&user]; });
  // What Kahn's algorithm cannot reach lies on a cycle or behind one.
  std::vector<const Node*> ready;
  for (const Node* node = graph.first(); node != nullptr; node = node->next())
    if (missing[node] == 0) ready.push_back(node);
  size_t done = 0;
  while (!ready.empty()) {
    const Node* node = ready.back();
    ready.pop_back();
    ++done;
    for_each_reader(*node, [&](const Value&, const Node& user) {
      if (--missing[&user] == 0) ready.push_back(&user);
    });
  }
  if (done == graph.node_count()) {
    issues.push_back(
        {"unsorted_nodes", early->address(), to_valid_utf8(late->name),
         fmt::format(
             "node '{}' stands before the producer of its input '{}'; ONNX wants producers first",
             early->address(), to_valid_utf8(late->name))});
    return;
  }
  const auto cycle = on_cycles(graph, missing);
  issues.push_back({"cycle", cycle.front()->address(), "",
                    fmt::format("node '{}' needs its own output: {} nodes lie on a cycle",
                                cycle.front()->address(), cycle.size())});
}

std::string definition_of(const Value& value) {
  if (value.producer != nullptr)
    return fmt::format("output of node '{}'", value.producer->address());
  if (value.is_input) return value.graph->function() ? "function input" : "graph input";
  return value.is_sparse_initializer ? "sparse initializer" : "initializer";
}

void check_values(const Graph& graph, std::vector<ModelIssue>& issues) {
  for (const Value* value : graph.values()) {
    const std::string name = to_valid_utf8(value->name);
    if (!value->is_defined()) {
      if (!value->uses().empty()) {
        const Node& reader = *value->uses()[0].node;
        issues.push_back({"undefined_input", reader.address(), name,
                          fmt::format("node '{}' ({}) reads '{}', which nothing produces",
                                      reader.address(), to_valid_utf8(reader.op_type()), name)});
      } else if (value->is_output()) {
        issues.push_back({"undefined_output", "", name,
                          fmt::format("graph output '{}' is produced by nothing", name)});
      }
    } else if (graph.find(value->name) != value) {
      issues.push_back(
          {"duplicate_name", "", name,
           fmt::format("{} '{}' is defined a second time; every value needs one name of its own",
                       definition_of(*value), name)});
    }
  }
}

void check_names(const Graph& graph, std::vector<ModelIssue>& issues) {
  std::unordered_set<std::string_view> seen;
  seen.reserve(graph.node_count());
  for (const Node* node = graph.first(); node != nullptr; node = node->next())
    if (!node->name().empty() && !seen.insert(node->name()).second)
      issues.push_back(
          {"duplicate_node_name", node->address(), "",
           fmt::format("two nodes are called '{}'; address them by @output", node->address())});
}

void check_types(const Graph& graph, std::vector<ModelIssue>& issues) {
  for (const Value* value : graph.initializers()) {
    const ValueType& declared = value->type;
    const TensorRef& ref = *value->initializer;
    const std::string name = to_valid_utf8(value->name);
    if (declared.kind == ValueType::Kind::Tensor && declared.element != ElementType::Undefined &&
        declared.element != ref.type)
      issues.push_back({"type_mismatch", "", name,
                        fmt::format("'{}' is declared {} but its initializer is {}", name,
                                    declared.text(), element_type_name(ref.type))});
    if (declared.kind != ValueType::Kind::Tensor || !declared.shape) continue;
    bool fits = declared.shape->size() == ref.shape.size();
    for (size_t i = 0; fits && i < ref.shape.size(); ++i)
      fits = !(*declared.shape)[i].is_known() || (*declared.shape)[i].value == ref.shape[i];
    if (!fits)
      issues.push_back({"type_mismatch", "", name,
                        fmt::format("'{}' is declared {} but its initializer has shape {}", name,
                                    declared.text(), format_shape(ref.shape))});
  }
}

}  // namespace

std::vector<ModelIssue> verify(const Model& model) {
  std::vector<ModelIssue> issues;
  for (const Graph* graph : model.all_graphs()) {
    check_values(*graph, issues);
    check_order(*graph, issues);
    check_names(*graph, issues);
    check_types(*graph, issues);
  }
  return issues;
}

void check_invariants(const Model& model) {
  // Uses of each value that no operand has been found for yet.
  std::unordered_map<const Value*, size_t> uses;
  for (const Graph* graph : model.all_graphs())
    for (const Value* value : graph->values()) {
      ACUATE_CHECK(value->producer == nullptr || &value->producer->graph() == graph,
                   "producer of " + std::string(value->name));
      if (!value->uses().empty()) uses.emplace(value, value->uses().size());
      for (const Use& use : value->uses())
        ACUATE_CHECK(use.node->input(use.slot) == value, "use list of " + std::string(value->name));
    }
  for (const Graph* graph : model.all_graphs()) {
    size_t count = 0;
    const Node* previous = nullptr;
    for (const Node* node = graph->first(); node != nullptr;
         previous = node, node = node->next(), ++count) {
      ACUATE_CHECK(&node->graph() == graph && node->previous() == previous && !node->is_removed(),
                   "node list of " + node->address());
      for (size_t slot = 0; slot < node->input_count(); ++slot) {
        const Value* value = node->input(slot);
        if (value == nullptr) continue;
        const auto left = uses.find(value);
        ACUATE_CHECK(value->graph != nullptr && left != uses.end() && left->second > 0,
                     "value that " + node->address() + " reads does not know it");
        ACUATE_CHECK(
            value->graph == graph || graph->resolve(value->name) == value,
            "another value hides " + std::string(value->name) + " from " + node->address());
        --left->second;
      }
      for (const Value* output : node->outputs())
        ACUATE_CHECK(output == nullptr || output->producer == node,
                     "producer of an output of " + node->address());
    }
    ACUATE_CHECK(count == graph->node_count() && previous == graph->last(), "node count");
  }
  for (const auto& [value, left] : uses)
    ACUATE_CHECK(left == 0, "nobody there reads " + std::string(value->name));
}

LooseEnds loose_ends(const Model& model) {
  LooseEnds found;
  for (const Graph* graph : model.all_graphs()) {
    for (const Value* value : graph->values())
      if (!value->is_defined() && !value->is_unused()) found.undefined.insert(value);
    for (const Node* node = graph->first(); node != nullptr && !found.is_unsorted;
         node = node->next())
      for (const Value* output : node->outputs()) {
        if (output == nullptr) continue;
        for (const Use& use : output->uses())
          if (const Node* user = holder_in(use.node, *graph);
              user != nullptr && !node->precedes(*user))
            found.is_unsorted = true;
      }
  }
  return found;
}

LooseEnds check_invariants(const Model& model, const LooseEnds& before) {
  check_invariants(model);
  LooseEnds now = loose_ends(model);
  for (const Value* value : now.undefined)
    ACUATE_CHECK(before.undefined.count(value) > 0,
                 "nothing makes " + std::string(value->name) + " any more, which is still read");
  ACUATE_CHECK(before.is_unsorted || !now.is_unsorted, "a node stands before its producer");
  return now;
}

}  // namespace acuate
