#include "diagnose/tail_cut.h"

#include <algorithm>

#include <fmt/format.h>

#include "diagnose/judge.h"
#include "edit/address.h"
#include "edit/script.h"
#include "partition/dag.h"
#include "partition/min_cut.h"

namespace acuate {
namespace {

constexpr double kNodeCost = 0.05;     // one value fewer is worth twenty nodes without weights
constexpr double kWeightedCost = 1e6;  // never worth it
constexpr double kForced = 1e12;

bool has_weights(const Node& node) {
  constexpr std::string_view kWeighted[] = {"Conv", "ConvTranspose", "Gemm", "MatMul",
                                            "LSTM", "GRU",           "RNN"};
  return node.domain().empty() && std::find(std::begin(kWeighted), std::end(kWeighted),
                                            node.op_type()) != std::end(kWeighted);
}

// The nodes of the Dag that follow from those marked.
void mark_followers(const Dag& dag, std::vector<bool>& marked) {
  for (uint32_t node = 0; node < dag.nodes.size(); ++node)
    for (const uint32_t tensor : dag.reads[node])
      if (dag.tensors[tensor].producer != Dag::kOutside && marked[dag.tensors[tensor].producer])
        marked[node] = true;
}

std::optional<TailCut> make_tail(const Dag& dag, const std::vector<bool>& in_tail,
                                 const std::unordered_set<const Node*>& scaffold) {
  TailCut tail;
  size_t weighted = 0, weighted_in_tail = 0;
  for (size_t i = 0; i < dag.nodes.size(); ++i) {
    weighted += has_weights(*dag.nodes[i]);
    if (!in_tail[i]) continue;
    weighted_in_tail += has_weights(*dag.nodes[i]);
    tail.nodes.insert(dag.nodes[i]);
  }
  tail.total = dag.nodes.size();
  const bool too_much =
      weighted > 0 ? 2 * weighted_in_tail > weighted : 2 * tail.nodes.size() > dag.nodes.size();
  if (too_much) return std::nullopt;
  // What follows from the cut alone is what cut-at drops.
  std::vector<bool> dropped(dag.nodes.size());
  for (const Dag::Tensor& tensor : dag.tensors) {
    if (tensor.producer == Dag::kOutside || in_tail[tensor.producer] ||
        scaffold.count(dag.nodes[tensor.producer]) > 0)
      continue;
    bool is_cut = false;
    for (const uint32_t reader : tensor.readers)
      if (in_tail[reader]) is_cut = dropped[reader] = true;
    if (is_cut) tail.cut.push_back(tensor.value);
  }
  mark_followers(dag, dropped);
  for (const Dag::Tensor& tensor : dag.tensors)
    if (tensor.is_output && tensor.producer != Dag::kOutside && in_tail[tensor.producer] &&
        !dropped[tensor.producer])
      return std::nullopt;
  if (tail.cut.empty()) return std::nullopt;
  std::vector<std::string> arguments;
  for (const Value* value : tail.cut) arguments.push_back(value_path(*value));
  tail.command = format_command("cut-at", std::span<const std::string>(arguments));
  return tail;
}

}  // namespace

std::string TailCut::text() const {
  return fmt::format("cut at {} value{}, {} of {} nodes stay on the host", cut.size(),
                     cut.size() == 1 ? "" : "s", nodes.size(), total);
}

std::optional<TailCut> smallest_tail(const Model& model,
                                     const std::unordered_set<const Node*>& nodes) {
  if (nodes.empty() || !model.graph().is_sorted()) return std::nullopt;
  const Dag dag = Dag::of(model.graph());
  const auto scaffold = shape_scaffold(model);
  std::vector<bool> forced(dag.nodes.size());
  for (size_t i = 0; i < dag.nodes.size(); ++i) forced[i] = nodes.count(dag.nodes[i]) > 0;
  mark_followers(dag, forced);
  // A node on the source's side stays in the model.
  const auto count = static_cast<uint32_t>(dag.nodes.size());
  const uint32_t source = count, sink = count + 1;
  FlowNetwork network(count + 2);
  for (uint32_t i = 0; i < count; ++i) {
    if (forced[i])
      network.add_edge(i, sink, kForced);
    else if (scaffold.count(dag.nodes[i]) == 0)
      network.add_edge(source, i, has_weights(*dag.nodes[i]) ? kWeightedCost : kNodeCost);
  }
  for (const Dag::Tensor& tensor : dag.tensors) {
    if (tensor.producer == Dag::kOutside || forced[tensor.producer]) continue;
    const bool is_free = scaffold.count(dag.nodes[tensor.producer]) > 0;
    const uint32_t value = network.add_node();
    network.add_edge(tensor.producer, value, is_free ? 0 : 1);
    for (const uint32_t reader : tensor.readers) {
      network.add_edge(value, reader, kForced);
      network.add_edge(reader, tensor.producer, kForced);  // what follows from the tail is in it
    }
  }
  const std::vector<bool> stays = network.source_side(source, sink);
  std::vector<bool> in_tail(count);
  for (uint32_t i = 0; i < count; ++i)
    in_tail[i] = forced[i] || (!stays[i] && scaffold.count(dag.nodes[i]) == 0);
  if (auto tail = make_tail(dag, in_tail, scaffold)) return tail;
  return make_tail(dag, forced, scaffold);
}

std::optional<TailCut> tail_from(const Model& model, const Node& node) {
  if (!model.graph().is_sorted()) return std::nullopt;
  const Dag dag = Dag::of(model.graph());
  std::vector<bool> in_tail(dag.nodes.size());
  for (size_t i = 0; i < dag.nodes.size(); ++i) in_tail[i] = dag.nodes[i] == &node;
  mark_followers(dag, in_tail);
  return make_tail(dag, in_tail, shape_scaffold(model));
}

}  // namespace acuate
