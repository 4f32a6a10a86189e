#include "partition/tail.h"

#include <algorithm>
#include <unordered_set>

#include "partition/value_range.h"
#include "shape/macs.h"

namespace acuate {
namespace {

class TailFinder {
 public:
  TailFinder(const Graph& graph, const TailRequest& request) : graph_(graph), request_(request) {
    tail_.dag = Dag::of(graph);
  }

  Tail run() {
    tail_.labels.assign(dag().nodes.size(), Label{1});
    mark_refused();
    if (request_.before_mixing) mark_mixing();
    spread();
    keep_non_tensors_inside();
    describe();
    return std::move(tail_);
  }

 private:
  const Dag& dag() const { return tail_.dag; }

  void mark_refused() {
    const std::unordered_set<const Value*> cuts(request_.cuts.begin(), request_.cuts.end());
    for (size_t i = 0; i < dag().nodes.size(); ++i) {
      const bool is_behind =
          std::any_of(dag().reads[i].begin(), dag().reads[i].end(),
                      [&](uint32_t read) { return cuts.count(dag().tensors[read].value) > 0; });
      if (is_behind || !request_.may_take(*dag().nodes[i])) tail_.labels[i] = kHost;
    }
  }

  void mark_mixing() {
    const ValueRanges ranges = ValueRanges::of(graph_);
    std::vector<bool> multiplies(dag().nodes.size());  // the node or what follows from it
    for (size_t i = dag().nodes.size(); i-- > 0;) {
      const auto macs = multiply_accumulates(*dag().nodes[i]);
      multiplies[i] = !macs || *macs > 0;
      for (const uint32_t made : dag().makes[i])
        for (const uint32_t reader : dag().tensors[made].readers)
          if (multiplies[reader]) multiplies[i] = true;
      if (multiplies[i] || !ranges.mixes_ranges(*dag().nodes[i])) continue;
      tail_.labels[i] = kHost;
      mixing_.push_back(i);
    }
  }

  // What follows from the tail is of the tail. Nodes stand in an order of execution.
  void spread() {
    for (size_t i = 0; i < dag().nodes.size(); ++i)
      for (const uint32_t read : dag().reads[i])
        if (const uint32_t producer = dag().tensors[read].producer;
            producer != Dag::kOutside && tail_.labels[producer] == kHost)
          tail_.labels[i] = kHost;
  }

  // Sequences, maps and optionals do not cross: who makes them goes with who reads them.
  void keep_non_tensors_inside() {
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t i = dag().nodes.size(); i-- > 0;) {
        if (tail_.labels[i] == kHost) continue;
        for (const uint32_t made : dag().makes[i]) {
          const Dag::Tensor& tensor = dag().tensors[made];
          const bool crosses =
              std::any_of(tensor.readers.begin(), tensor.readers.end(),
                          [&](uint32_t reader) { return tail_.labels[reader] == kHost; });
          if (!crosses || tensor.value->type.kind == ValueType::Kind::Tensor) continue;
          tail_.labels[i] = kHost;
          changed = true;
        }
      }
      if (changed) spread();
    }
  }

  void describe() {
    for (const Label label : tail_.labels)
      ++(label == kHost ? tail_.tail_nodes : tail_.prefix_nodes);
    for (const Dag::Tensor& tensor : dag().tensors) {
      const bool is_read = std::any_of(tensor.readers.begin(), tensor.readers.end(),
                                       [&](uint32_t r) { return tail_.labels[r] == kHost; });
      const bool is_outside = tensor.producer == Dag::kOutside;
      if (is_read && is_outside) tail_.inputs.push_back(tensor.value);
      if (is_read && !is_outside && tail_.labels[tensor.producer] != kHost)
        tail_.cuts.push_back(tensor.value);
    }
    std::unordered_set<const Value*> made;
    for (size_t i = 0; i < dag().nodes.size(); ++i)
      if (tail_.labels[i] == kHost)
        for (const uint32_t each : dag().makes[i]) made.insert(dag().tensors[each].value);
    for (const Value* output : graph_.outputs())
      if (made.count(output) > 0) tail_.outputs.push_back(output);
    for (auto i = mixing_.rbegin(); i != mixing_.rend(); ++i) {
      const auto& reads = dag().reads[*i];
      if (std::any_of(reads.begin(), reads.end(), [&](uint32_t read) {
            const uint32_t producer = dag().tensors[read].producer;
            return producer != Dag::kOutside && tail_.labels[producer] != kHost;
          }))
        tail_.mixing_concats.push_back(dag().nodes[*i]);
    }
  }

  const Graph& graph_;
  const TailRequest& request_;
  Tail tail_;
  std::vector<size_t> mixing_;
};

}  // namespace

Tail find_tail(const Graph& graph, const TailRequest& request) {
  return TailFinder(graph, request).run();
}

}  // namespace acuate
