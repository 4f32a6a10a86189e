#include "partition/tail.h"

#include <algorithm>

#include <fmt/format.h>

#include "edit/address.h"
#include "edit/script.h"
#include "numeric/mixed_ranges.h"
#include "partition/min_cut.h"
#include "shape/macs.h"

namespace acuate {
namespace {

constexpr double kNodeCost = 0.25;    // one value fewer is worth three nodes that multiply nothing
constexpr double kProductCost = 1e6;  // never worth it
constexpr double kForced = 1e12;

bool multiplies(const Node& node) {
  if (node.is_op("LSTM") || node.is_op("GRU") || node.is_op("RNN")) return true;
  const auto macs = multiply_accumulates(node);
  return !macs || *macs > 0;
}

class TailFinder {
 public:
  TailFinder(const Graph& graph, const TailRequest& request) : graph_(graph), request_(request) {
    tail_.dag = Dag::of(graph);
    for (const Node* node : dag().nodes) {
      multiplies_.push_back(multiplies(*node));
      folds_.push_back(request.folds && request.folds(*node));
    }
  }

  Tail run() {
    tail_.labels.assign(dag().nodes.size(), Label{1});
    mark_refused();
    spread();
    if (request_.fewest_values) widen();
    if (request_.before_mixing && mark_mixing()) spread();
    keep_non_tensors_inside();
    describe();
    return std::move(tail_);
  }

 private:
  const Dag& dag() const { return tail_.dag; }
  bool is_behind(uint32_t node) const { return tail_.labels[node] == kHost; }
  bool is_read_behind(const Dag::Tensor& tensor) const {
    return std::any_of(tensor.readers.begin(), tensor.readers.end(),
                       [&](uint32_t reader) { return is_behind(reader); });
  }
  bool is_given(const Dag::Tensor& tensor) const {
    return tensor.producer != Dag::kOutside && !is_behind(tensor.producer) &&
           !folds_[tensor.producer] && is_read_behind(tensor);
  }

  void mark_refused() {
    const std::unordered_set<const Value*> cuts(request_.cuts.begin(), request_.cuts.end());
    for (size_t i = 0; i < dag().nodes.size(); ++i) {
      const bool follows =
          std::any_of(dag().reads[i].begin(), dag().reads[i].end(),
                      [&](uint32_t read) { return cuts.count(dag().tensors[read].value) > 0; });
      if (follows || !request_.may_take(*dag().nodes[i])) tail_.labels[i] = kHost;
    }
  }

  // What follows from the tail is of the tail. Nodes stand in an order of execution.
  void spread() {
    for (size_t i = 0; i < dag().nodes.size(); ++i)
      for (const uint32_t read : dag().reads[i])
        if (const uint32_t producer = dag().tensors[read].producer;
            producer != Dag::kOutside && is_behind(producer))
          tail_.labels[i] = kHost;
  }

  // The tail of the fewest values, where it is one that leaves most of the model.
  void widen() {
    if (std::all_of(tail_.labels.begin(), tail_.labels.end(), [](Label l) { return l != kHost; }))
      return;
    const std::vector<bool> stays = cheapest_prefix();
    std::vector<Label> narrow = tail_.labels;
    for (size_t i = 0; i < stays.size(); ++i)
      if (!stays[i] && !folds_[i]) tail_.labels[i] = kHost;
    describe();
    Tail again;  // to be described anew
    again.labels =
        tail_.keeps_most() && tail_.ends_at_cuts() ? std::move(tail_.labels) : std::move(narrow);
    again.dag = std::move(tail_.dag);
    tail_ = std::move(again);
  }

  // A node on the source's side stays in the prefix.
  std::vector<bool> cheapest_prefix() const {
    const auto count = static_cast<uint32_t>(dag().nodes.size());
    const uint32_t source = count, sink = count + 1;
    FlowNetwork network(count + 2);
    for (uint32_t i = 0; i < count; ++i) {
      if (is_behind(i))
        network.add_edge(i, sink, kForced);
      else if (!folds_[i])
        network.add_edge(source, i, multiplies_[i] ? kProductCost : kNodeCost);
    }
    for (const Dag::Tensor& tensor : dag().tensors) {
      if (tensor.producer == Dag::kOutside || is_behind(tensor.producer)) continue;
      const uint32_t value = network.add_node();
      network.add_edge(tensor.producer, value, folds_[tensor.producer] ? 0 : 1);
      for (const uint32_t reader : tensor.readers) {
        network.add_edge(value, reader, kForced);
        network.add_edge(reader, tensor.producer, kForced);  // what follows from the tail is in it
      }
    }
    std::vector<bool> stays = network.source_side(source, sink);
    stays.resize(count);
    return stays;
  }

  bool mark_mixing() {
    const ValueRanges ranges = ValueRanges::of(graph_);
    // What a model is given is as it is on the target, too.
    const auto range_of = [&](const Value& value) {
      return value.producer == nullptr ? std::nullopt : std::optional(ranges.of(value));
    };
    std::unordered_set<const Node*> mixing;
    for (const MixedConcat& mixed : mixed_concats(graph_, range_of)) mixing.insert(mixed.node);
    if (mixing.empty()) return false;
    std::vector<bool> leads_on = multiplies_;  // the node multiplies, or what follows from it
    for (size_t i = dag().nodes.size(); i-- > 0;) {
      for (const uint32_t made : dag().makes[i])
        for (const uint32_t reader : dag().tensors[made].readers)
          if (leads_on[reader]) leads_on[i] = true;
      if (leads_on[i] || mixing.count(dag().nodes[i]) == 0) continue;
      tail_.labels[i] = kHost;
      mixing_.push_back(i);
    }
    return !mixing_.empty();
  }

  // Sequences, maps and optionals do not cross: who makes them goes with who reads them.
  void keep_non_tensors_inside() {
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t i = dag().nodes.size(); i-- > 0;) {
        if (tail_.labels[i] == kHost) continue;
        for (const uint32_t made : dag().makes[i]) {
          const Dag::Tensor& tensor = dag().tensors[made];
          if (tensor.value->type.kind == ValueType::Kind::Tensor || !is_read_behind(tensor))
            continue;
          tail_.labels[i] = kHost;
          changed = true;
        }
      }
      if (changed) spread();
    }
  }

  void describe() {
    std::unordered_set<const Value*> made;
    for (uint32_t i = 0; i < dag().nodes.size(); ++i) {
      ++(is_behind(i) ? tail_.tail_nodes : tail_.prefix_nodes);
      (is_behind(i) ? tail_.tail_products : tail_.prefix_products) += multiplies_[i];
      if (is_behind(i))
        for (const uint32_t each : dag().makes[i]) made.insert(dag().tensors[each].value);
    }
    for (const Dag::Tensor& tensor : dag().tensors) {
      if (is_given(tensor)) tail_.cuts.push_back(tensor.value);
      if (tensor.producer == Dag::kOutside && is_read_behind(tensor))
        tail_.inputs.push_back(tensor.value);
    }
    for (const Value* output : graph_.outputs())
      if (made.count(output) > 0) tail_.outputs.push_back(output);
    for (auto i = mixing_.rbegin(); i != mixing_.rend(); ++i) {
      const auto& reads = dag().reads[*i];
      if (std::any_of(reads.begin(), reads.end(), [&](uint32_t read) {
            const uint32_t producer = dag().tensors[read].producer;
            return producer != Dag::kOutside && !is_behind(producer);
          }))
        tail_.mixing_concats.push_back(dag().nodes[*i]);
    }
  }

  const Graph& graph_;
  const TailRequest& request_;
  Tail tail_;
  std::vector<bool> multiplies_, folds_;
  std::vector<size_t> mixing_;
};

}  // namespace

bool Tail::ends_at_cuts() const {
  if (cuts.empty()) return false;
  std::unordered_set<const Value*> behind(cuts.begin(), cuts.end());
  for (size_t i = 0; i < dag.nodes.size(); ++i) {
    const auto& reads = dag.reads[i];
    if (labels[i] == kHost && std::any_of(reads.begin(), reads.end(), [&](uint32_t read) {
          return behind.count(dag.tensors[read].value) > 0;
        }))
      for (const uint32_t made : dag.makes[i]) behind.insert(dag.tensors[made].value);
  }
  return std::all_of(outputs.begin(), outputs.end(),
                     [&](const Value* output) { return behind.count(output) > 0; });
}

std::string Tail::cut_command() const {
  std::vector<std::string> paths;
  for (const Value* value : cuts) paths.push_back(value_path(*value));
  return format_command("cut-at", std::span<const std::string>(paths));
}

bool Tail::keeps_most() const {
  return prefix_products + tail_products > 0 ? prefix_products >= tail_products
                                             : prefix_nodes >= tail_nodes;
}

std::string Tail::text() const {
  return fmt::format("cut at {} value{}, {} of {} nodes stay on the host", cuts.size(),
                     cuts.size() == 1 ? "" : "s", tail_nodes, prefix_nodes + tail_nodes);
}

Tail find_tail(const Graph& graph, const TailRequest& request) {
  return TailFinder(graph, request).run();
}

std::optional<Tail> offered_tail(const Graph& graph, const std::unordered_set<const Node*>& nodes,
                                 const std::function<bool(const Node&)>& folds) {
  if (nodes.empty() || !graph.is_sorted()) return std::nullopt;
  TailRequest request;
  request.may_take = [&](const Node& node) { return nodes.count(&node) == 0; };
  request.fewest_values = true;
  request.folds = folds;
  Tail tail = find_tail(graph, request);
  return tail.keeps_most() && tail.ends_at_cuts() ? std::optional(std::move(tail)) : std::nullopt;
}

std::optional<Tail> offered_tail_before(const Graph& graph, const Node& node,
                                        const std::function<bool(const Node&)>& folds) {
  if (!graph.is_sorted()) return std::nullopt;
  TailRequest request;
  request.may_take = [&](const Node& each) { return &each != &node; };
  request.folds = folds;
  Tail tail = find_tail(graph, request);
  return tail.tail_products == 0 && tail.ends_at_cuts() ? std::optional(std::move(tail))
                                                        : std::nullopt;
}

}  // namespace acuate
