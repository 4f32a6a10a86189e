#include "partition/pieces.h"

#include <algorithm>
#include <map>
#include <set>

namespace acuate {
namespace {

class Scheduler {
 public:
  Scheduler(const Dag& dag, const std::vector<Label>& labels)
      : dag_(dag), labels_(labels), waiting_for_(dag.nodes.size()) {
    for (size_t node = 0; node < dag.nodes.size(); ++node) {
      for (const uint32_t read : dag.reads[node])
        waiting_for_[node] += dag.tensors[read].producer != Dag::kOutside;
      if (waiting_for_[node] == 0) ready_[labels[node]].push_back(static_cast<uint32_t>(node));
    }
  }

  // Runs all that is ready of one label, then goes on with another.
  std::vector<Piece> run(Label first) {
    std::vector<Piece> pieces;
    Label label = first;
    while (!ready_.empty()) {
      if (ready_.count(label) == 0) label = next_label();
      Piece& piece = pieces.emplace_back();
      piece.label = label;
      std::vector<uint32_t> open = std::move(ready_[label]);
      ready_.erase(label);
      while (!open.empty()) {
        const uint32_t node = open.back();
        open.pop_back();
        piece.nodes.push_back(node);
        release(node, label, open);
      }
      std::sort(piece.nodes.begin(), piece.nodes.end());
    }
    return pieces;
  }

 private:
  // The host first, which costs least to interrupt for; else the node that stands first.
  Label next_label() const {
    if (ready_.count(kHost) != 0) return kHost;
    const auto first = std::min_element(ready_.begin(), ready_.end(), [](auto& a, auto& b) {
      return *std::min_element(a.second.begin(), a.second.end()) <
             *std::min_element(b.second.begin(), b.second.end());
    });
    return first->first;
  }

  void release(uint32_t node, Label label, std::vector<uint32_t>& open) {
    for (const uint32_t made : dag_.makes[node])
      for (const uint32_t reader : dag_.tensors[made].readers)
        if (--waiting_for_[reader] == 0)
          (labels_[reader] == label ? open : ready_[labels_[reader]]).push_back(reader);
  }

  const Dag& dag_;
  const std::vector<Label>& labels_;
  std::vector<uint32_t> waiting_for_;
  std::map<Label, std::vector<uint32_t>> ready_;
};

// What is computed from constants alone is ready at once, but belongs to its first reader: else it
// would cross borders as a constant need not.
void postpone_constants(const Dag& dag, const std::vector<Label>& labels,
                        std::vector<Piece>& pieces) {
  const size_t count = dag.nodes.size();
  std::vector<bool> is_constant(count);
  for (size_t node = 0; node < count; ++node)
    is_constant[node] =
        std::all_of(dag.reads[node].begin(), dag.reads[node].end(), [&](uint32_t read) {
          const uint32_t producer = dag.tensors[read].producer;
          return producer != Dag::kOutside && is_constant[producer];
        });
  if (std::find(is_constant.begin(), is_constant.end(), true) == is_constant.end()) return;
  std::vector<uint32_t> piece_of = piece_of_node(dag, pieces);
  for (size_t node = count; node-- > 0;) {
    if (!is_constant[node]) continue;
    uint32_t first = UINT32_MAX;
    for (const uint32_t made : dag.makes[node])
      for (const uint32_t reader : dag.tensors[made].readers)
        first = std::min(first, piece_of[reader]);
    if (first != UINT32_MAX && pieces[first].label == labels[node]) piece_of[node] = first;
  }
  for (Piece& piece : pieces) piece.nodes.clear();
  for (uint32_t node = 0; node < count; ++node) pieces[piece_of[node]].nodes.push_back(node);
  std::erase_if(pieces, [](const Piece& piece) { return piece.nodes.empty(); });
}

}  // namespace

std::vector<Piece> make_pieces(const Dag& dag, const std::vector<Label>& labels) {
  const std::set<Label> used(labels.begin(), labels.end());
  std::vector<Piece> best;
  const auto engines = [](const std::vector<Piece>& pieces) {
    return std::count_if(pieces.begin(), pieces.end(), [](auto& p) { return p.on_target(); });
  };
  for (const Label first : used) {
    if (first != kHost && used.size() > 2 && !best.empty()) break;
    std::vector<Piece> pieces = Scheduler(dag, labels).run(first);
    postpone_constants(dag, labels, pieces);
    const bool better = best.empty() || pieces.size() < best.size() ||
                        (pieces.size() == best.size() && engines(pieces) < engines(best));
    if (better) best = std::move(pieces);
  }
  return best;
}

std::vector<uint32_t> piece_of_node(const Dag& dag, const std::vector<Piece>& pieces) {
  std::vector<uint32_t> piece_of(dag.nodes.size());
  for (uint32_t i = 0; i < pieces.size(); ++i)
    for (const uint32_t node : pieces[i].nodes) piece_of[node] = i;
  return piece_of;
}

}  // namespace acuate
