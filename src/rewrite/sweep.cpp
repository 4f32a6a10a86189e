#include "rewrite/sweep.h"

#include <algorithm>
#include <chrono>
#include <unordered_map>

namespace acuate {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMaxMisses = 64;
// Of a value with more readers only the last ones are tried again at once: a value that every node
// reads would make the sweep quadratic. The next round sees the others.
constexpr size_t kMaxReaders = 16;
// Every rewrite leaves less to do, so that a node changes a few times at most; more would be two
// passes that undo each other.
constexpr size_t kMaxRewritesPerNode = 8;

// Told in the order in which they were found, which is that of the nodes but for those tried again.
struct Miss {
  size_t found = 0;
  std::string reason;
};

class Sweep {
 public:
  Sweep(std::span<const Pass* const> passes, const PassContext& context,
        std::span<PassRecord> records)
      : passes_(passes), context_(context), records_(records), misses_(passes.size()) {
    for (size_t i = 0; i < passes.size(); ++i)
      for (const std::string_view op : passes[i]->operators) by_operator_[op].push_back(i);
  }

  void run(const Graph& graph) {
    const std::vector<Node*> nodes = graph.nodes();
    budget_ = kMaxRewritesPerNode * nodes.size();
    for (Node* node : nodes) {
      open_.push_back(node);
      while (!open_.empty()) {
        Node* next = open_.back();
        open_.pop_back();
        if (!next->is_removed()) visit(*next);
      }
    }
  }

  void tell_misses() {
    for (size_t i = 0; i < passes_.size(); ++i) {
      std::vector<std::pair<const Node*, const Miss*>> left;
      for (const auto& [node, miss] : misses_[i])
        if (!node->is_removed()) left.emplace_back(node, &miss);
      std::ranges::sort(left, {}, [](const auto& entry) { return entry.second->found; });
      records_[i].misses.clear();
      for (const auto& [node, miss] : left)
        records_[i].misses.push_back({node->address(), miss->reason});
    }
  }

 private:
  void visit(Node& node) {
    if (!node.domain().empty() || budget_ == 0) return;
    const auto found = by_operator_.find(node.op_type());
    if (found == by_operator_.end()) return;
    inputs_.clear();
    for (size_t slot = 0; slot < node.input_count(); ++slot)
      if (Value* input = node.input(slot); input != nullptr) inputs_.push_back(input);
    auto start = Clock::now();
    for (const size_t i : found->second) {
      auto reason = passes_[i]->rewrite(node, context_);
      const auto end = Clock::now();
      records_[i].seconds += std::chrono::duration<double>(end - start).count();
      start = end;
      if (!reason) {
        ++records_[i].applied;
        misses_[i].erase(&node);
        --budget_;
        open_neighbours(node);
        return;
      }
      if (!reason->empty() && misses_[i].size() < kMaxMisses)
        misses_[i][&node] = {found_++, std::move(*reason)};
    }
  }

  // Readers, then the node, then producers, so that the last, which stand first, are tried first.
  void open_neighbours(Node& node) {
    for (const Value* input : inputs_) {
      if (input->producer == nullptr) continue;
      const auto& uses = input->uses();
      for (size_t i = uses.size() - std::min(uses.size(), kMaxReaders); i < uses.size(); ++i)
        if (uses[i].node != &node) open_.push_back(uses[i].node);
    }
    open_.push_back(&node);
    for (const Value* input : inputs_)
      if (input->producer != nullptr) open_.push_back(input->producer);
  }

  std::span<const Pass* const> passes_;
  const PassContext& context_;
  std::span<PassRecord> records_;
  std::vector<std::unordered_map<const Node*, Miss>> misses_;
  size_t found_ = 0;
  std::unordered_map<std::string_view, std::vector<size_t>> by_operator_;
  std::vector<Node*> open_;
  std::vector<Value*> inputs_;  // of the node that is visited, before it changes
  size_t budget_ = 0;
};

}  // namespace

void sweep(std::span<const Pass* const> passes, const Model& model, const PassContext& context,
           std::span<PassRecord> records) {
  Sweep sweep(passes, context, records);
  for (const Graph* graph : model.all_graphs())
    if (graph->owner() != nullptr || graph == &model.graph()) sweep.run(*graph);
  sweep.tell_misses();
}

}  // namespace acuate
