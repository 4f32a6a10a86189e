#include "partition/partition.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "base/text.h"
#include "partition/min_cut.h"
#include "shape/macs.h"

namespace acuate {

// The costs of a graph as arrays, and the search over labellings.
class Partitioner {
 public:
  Partitioner(const Graph& graph, const PartitionRequest& request) : request_(request) {
    result_.dag = Dag::of(graph);
    const size_t count = dag().nodes.size();
    allowed_.resize(count);
    macs_.resize(count);
    host_us_.resize(count);
    target_us_.resize(count);
    for (size_t i = 0; i < count; ++i) {
      const Node& node = *dag().nodes[i];
      result_.index_.emplace(&node, i);
      if (request.may_take(node)) allowed_[i] = request.group ? request.group(node) : Label{1};
      macs_[i] = multiply_accumulates(node).value_or(0);
      if (request.costs == nullptr) continue;
      host_us_[i] = request.costs->host_us(node);
      if (allowed_[i] != kHost) target_us_[i] = request.costs->target_us(node);
    }
    copy_us_.resize(dag().tensors.size());
    if (request.costs != nullptr)
      for (size_t i = 0; i < copy_us_.size(); ++i)
        copy_us_[i] = request.costs->copy_us(*dag().tensors[i].value);
  }

  Result<Partition> run() {
    // Of labellings that cost the same the first is kept: the target's, which was asked for.
    for (std::vector<Label> labels : {allowed_, std::vector<Label>(allowed_.size(), kHost)}) {
      if (auto kept = keep_whole(labels); !kept) return kept.error();
      starts_.push_back(std::move(labels));
    }
    const std::vector<Label> everything = starts_[0], nothing = starts_[1];
    std::vector<Label> chosen;
    if (request_.costs != nullptr) {
      auto cut = cheapest_cut();
      if (auto kept = keep_whole(cut); !kept) return kept.error();
      starts_.push_back(std::move(cut));
      double best = std::numeric_limits<double>::infinity();
      for (std::vector<Label>& start : starts_) {
        std::vector<Label> labels = improve(std::move(start));
        if (const double cost = cost_us(labels, make_pieces(dag(), labels)); cost < best) {
          best = cost;
          chosen = std::move(labels);
        }
      }
    } else {
      chosen = without_idle_pieces(everything);
    }
    limit_engines(chosen);
    if (auto kept = keep_whole(chosen); !kept) return kept.error();
    result_.options.push_back({"host", count(nothing)});
    result_.options.push_back({"everything", count(everything)});
    result_.options.push_back({"largest", count(largest_of(everything))});
    result_.counts = count(chosen);
    result_.options.push_back({"chosen", result_.counts});
    result_.pieces = make_pieces(dag(), chosen);
    result_.labels = std::move(chosen);
    return std::move(result_);
  }

 private:
  const Dag& dag() const { return result_.dag; }

  bool crosses(const Dag::Tensor& tensor, const std::vector<Label>& labels, bool to_target) const {
    const bool from_target = tensor.producer != Dag::kOutside && labels[tensor.producer] != kHost;
    if (from_target == to_target) return false;
    if (!to_target && tensor.is_output) return true;
    return std::any_of(tensor.readers.begin(), tensor.readers.end(),
                       [&](uint32_t reader) { return (labels[reader] != kHost) == to_target; });
  }

  double cost_us(const std::vector<Label>& labels, const std::vector<Piece>& pieces) const {
    if (request_.costs == nullptr) return 0;
    double cost = 0;
    for (size_t i = 0; i < labels.size(); ++i)
      cost += labels[i] == kHost ? host_us_[i] : target_us_[i];
    for (size_t i = 0; i < copy_us_.size(); ++i)
      if (copy_us_[i] > 0)
        cost += copy_us_[i] * (crosses(dag().tensors[i], labels, true) +
                               crosses(dag().tensors[i], labels, false));
    for (const Piece& piece : pieces)
      cost += piece.on_target() ? request_.costs->target_call_us : request_.costs->host_call_us;
    return cost;
  }

  PartitionCounts count(const std::vector<Label>& labels) const {
    PartitionCounts counts;
    const std::vector<Piece> pieces = make_pieces(dag(), labels);
    for (const Piece& piece : pieces) ++(piece.on_target() ? counts.engines : counts.host_pieces);
    for (size_t i = 0; i < labels.size(); ++i) {
      counts.nodes_on_target += labels[i] != kHost;
      counts.macs_on_target += labels[i] != kHost ? macs_[i] : 0;
      counts.macs_total += macs_[i];
    }
    counts.nodes_total = labels.size();
    if (request_.costs != nullptr) counts.predicted_us = cost_us(labels, pieces);
    return counts;
  }

  // Without the cost of calls, which depends on the whole, the best labelling is a cut: a node on
  // the source's side is the target's. A tensor pays its copy once for each direction, through a
  // node of its own.
  std::vector<Label> cheapest_cut() const {
    const auto count = static_cast<uint32_t>(dag().nodes.size());
    const uint32_t source = count, sink = count + 1;
    FlowNetwork network(count + 2);
    for (uint32_t i = 0; i < count; ++i) {
      // Edges to the sink are cut where the node is the target's, those from the source where it is
      // the host's.
      const double target = allowed_[i] == kHost ? FlowNetwork::kUnbounded : target_us_[i];
      const double common = std::min(host_us_[i], target);
      network.add_edge(source, i, host_us_[i] - common);
      network.add_edge(i, sink, target - common);
    }
    for (size_t i = 0; i < dag().tensors.size(); ++i) {
      const Dag::Tensor& tensor = dag().tensors[i];
      if (copy_us_[i] <= 0) continue;
      const uint32_t producer = tensor.producer == Dag::kOutside ? sink : tensor.producer;
      // From target to host: paid where the producer is on the source's side and a reader is not.
      const uint32_t down = network.add_node();
      network.add_edge(producer, down, copy_us_[i]);
      if (tensor.is_output) network.add_edge(down, sink, FlowNetwork::kUnbounded);
      const uint32_t up = network.add_node();
      network.add_edge(up, producer, copy_us_[i]);
      for (const uint32_t reader : tensor.readers) {
        network.add_edge(down, reader, FlowNetwork::kUnbounded);
        network.add_edge(reader, up, FlowNetwork::kUnbounded);
      }
    }
    const std::vector<bool> side = network.source_side(source, sink);
    std::vector<Label> labels(count, kHost);
    for (uint32_t i = 0; i < count; ++i)
      if (side[i]) labels[i] = allowed_[i];
    return labels;
  }

  // The same labels with a piece on the other side; nothing where the target does not take all of
  // it.
  std::optional<std::vector<Label>> flipped(const std::vector<Label>& labels,
                                            const Piece& piece) const {
    std::vector<Label> other = labels;
    for (const uint32_t node : piece.nodes) {
      other[node] = piece.on_target() ? kHost : allowed_[node];
      if (!piece.on_target() && other[node] == kHost) return std::nullopt;
    }
    return other;
  }

  // Whole pieces change sides as long as that is cheaper: the best of all in each round while they
  // are few, else the first that helps. Bounded: a trial is linear, and there are only so many.
  std::vector<Label> improve(std::vector<Label> labels) const {
    constexpr size_t kFew = 64, kMostVisits = 20'000'000;  // of nodes, some seconds
    size_t trials_left = std::max(kFew, kMostVisits / std::max<size_t>(labels.size(), 1));
    std::vector<Piece> pieces = make_pieces(dag(), labels);
    double cost = cost_us(labels, pieces);
    drop_hopeless(labels, pieces, cost);
    for (bool improved = true; improved;) {
      improved = false;
      std::optional<std::vector<Label>> best;
      double best_cost = cost;
      for (const Piece& piece : pieces) {
        if (trials_left == 0) return best ? std::move(*best) : labels;
        auto other = flipped(labels, piece);
        if (!other || keeps_apart(*other)) continue;
        --trials_left;
        const double other_cost = cost_us(*other, make_pieces(dag(), *other));
        if (other_cost >= best_cost) continue;
        best_cost = other_cost;
        best = std::move(other);
        if (pieces.size() > kFew) break;
      }
      if (!best) break;
      improved = true;
      labels = std::move(*best);
      cost = best_cost;
      pieces = make_pieces(dag(), labels);
    }
    return labels;
  }

  // Engines that bring less than their own call, all at once: each of them is better on the host
  // even where all that it shares with other engines would have to be copied then.
  void drop_hopeless(std::vector<Label>& labels, std::vector<Piece>& pieces, double& cost) const {
    for (bool changed = true; changed;) {
      changed = false;
      const std::vector<uint32_t> piece_of = piece_of_node(dag(), pieces);
      const auto is_on_other_engine = [&](uint32_t node, uint32_t piece) {
        return node != Dag::kOutside && piece_of[node] != piece &&
               pieces[piece_of[node]].on_target();
      };
      for (uint32_t i = 0; i < pieces.size(); ++i) {
        const Piece& piece = pieces[i];
        if (!piece.on_target()) continue;
        double gain = -request_.costs->target_call_us;
        // Pieces of the host that run just before or after it take it in; else it is a call there.
        if ((i == 0 || pieces[i - 1].on_target()) &&
            (i + 1 == pieces.size() || pieces[i + 1].on_target()))
          gain += request_.costs->host_call_us;
        for (const uint32_t node : piece.nodes) {
          gain += host_us_[node] - target_us_[node];
          for (const uint32_t read : dag().reads[node])
            if (is_on_other_engine(dag().tensors[read].producer, i)) gain += copy_us_[read];
          for (const uint32_t made : dag().makes[node]) {
            const std::vector<uint32_t>& readers = dag().tensors[made].readers;
            if (std::any_of(readers.begin(), readers.end(),
                            [&](uint32_t reader) { return is_on_other_engine(reader, i); }))
              gain += copy_us_[made];
          }
        }
        if (gain >= 0) continue;
        for (const uint32_t node : piece.nodes) labels[node] = kHost;
        changed = true;
      }
      if (!changed) return;
      pieces = make_pieces(dag(), labels);
      cost = cost_us(labels, pieces);
    }
  }

  // Engines without multiply-accumulates where others have some: their copies cost more than they
  // bring.
  std::vector<Label> without_idle_pieces(std::vector<Label> labels) const {
    for (bool changed = true; changed;) {
      changed = false;
      const std::vector<Piece> pieces = make_pieces(dag(), labels);
      const auto macs = [&](const Piece& piece) { return macs_of(piece); };
      const bool any = std::any_of(pieces.begin(), pieces.end(),
                                   [&](auto& p) { return p.on_target() && macs(p) > 0; });
      if (!any) return labels;
      for (const Piece& piece : pieces) {
        if (!piece.on_target() || macs(piece) > 0) continue;
        for (const uint32_t node : piece.nodes) labels[node] = kHost;
        changed = true;
      }
    }
    return labels;
  }

  int64_t macs_of(const Piece& piece) const {
    int64_t macs = 0;
    for (const uint32_t node : piece.nodes) macs += macs_[node];
    return macs;
  }

  // What an engine brings: microseconds, or without costs multiply-accumulates, then nodes.
  std::pair<double, size_t> worth(const Piece& piece) const {
    if (request_.costs == nullptr) return {static_cast<double>(macs_of(piece)), piece.nodes.size()};
    double gain = 0;
    for (const uint32_t node : piece.nodes) gain += host_us_[node] - target_us_[node];
    return {gain, piece.nodes.size()};
  }

  void limit_engines(std::vector<Label>& labels) const {
    while (request_.max_engines) {
      const std::vector<Piece> pieces = make_pieces(dag(), labels);
      std::vector<std::pair<std::pair<double, size_t>, const Piece*>> engines;
      for (const Piece& piece : pieces)
        if (piece.on_target()) engines.emplace_back(worth(piece), &piece);
      if (engines.size() <= *request_.max_engines) return;
      // Half of those that are too many at a time: what is left may join by itself.
      const size_t count = (engines.size() - *request_.max_engines + 1) / 2;
      std::stable_sort(engines.begin(), engines.end(),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
      for (size_t i = 0; i < count; ++i)
        for (const uint32_t node : engines[i].second->nodes) labels[node] = kHost;
    }
  }

  std::vector<Label> largest_of(const std::vector<Label>& labels) const {
    const std::vector<Piece> pieces = make_pieces(dag(), labels);
    const Piece* largest = nullptr;
    for (const Piece& piece : pieces)
      if (piece.on_target() && (largest == nullptr || worth(*largest) < worth(piece)))
        largest = &piece;
    std::vector<Label> only(labels.size(), kHost);
    if (largest != nullptr)
      for (const uint32_t node : largest->nodes) only[node] = largest->label;
    return only;
  }

  static bool is_tensor(const Value& value) {
    return value.type.kind == ValueType::Kind::Tensor ||
           value.type.kind == ValueType::Kind::Unknown;
  }

  // A sequence, map or optional of the Dag that leaves its piece; nothing: there is none.
  std::optional<uint32_t> keeps_apart(const std::vector<Label>& labels) const {
    if (!has_containers()) return std::nullopt;
    const auto piece_of = piece_of_node(dag(), make_pieces(dag(), labels));
    for (uint32_t i = 0; i < dag().tensors.size(); ++i) {
      const Dag::Tensor& tensor = dag().tensors[i];
      if (is_tensor(*tensor.value) || tensor.producer == Dag::kOutside) continue;
      for (const uint32_t reader : tensor.readers)
        if (piece_of[reader] != piece_of[tensor.producer]) return i;
    }
    return std::nullopt;
  }

  bool has_containers() const {
    if (!has_containers_)
      has_containers_ =
          std::any_of(dag().tensors.begin(), dag().tensors.end(),
                      [](const Dag::Tensor& tensor) { return !is_tensor(*tensor.value); });
    return *has_containers_;
  }

  // Takes engines out that stand between the maker and a reader of a sequence.
  Result<void> keep_whole(std::vector<Label>& labels) const {
    while (const auto apart = keeps_apart(labels)) {
      const Dag::Tensor& tensor = dag().tensors[*apart];
      const std::vector<Piece> pieces = make_pieces(dag(), labels);
      const auto piece_of = piece_of_node(dag(), pieces);
      const uint32_t from = piece_of[tensor.producer];
      uint32_t to = from;
      for (const uint32_t reader : tensor.readers) to = std::max(to, piece_of[reader]);
      bool changed = false;
      for (uint32_t i = from; i <= to; ++i)
        for (const uint32_t node : pieces[i].nodes) {
          changed |= labels[node] != kHost;
          labels[node] = kHost;
        }
      if (!changed)
        return fail("'{}' is {} and would pass between two pieces; expected tensors there",
                    to_valid_utf8(tensor.value->name), tensor.value->type.text());
    }
    return {};
  }

  const PartitionRequest& request_;
  Partition result_;
  std::vector<Label> allowed_;  // the group where the target may have the node, else kHost
  std::vector<int64_t> macs_;
  std::vector<double> host_us_, target_us_, copy_us_;
  std::vector<std::vector<Label>> starts_;
  mutable std::optional<bool> has_containers_;
};

bool Partition::is_on_target(const Node& node) const {
  const auto at = index_.find(&node);
  return at != index_.end() && labels[at->second] != kHost;
}

Result<Partition> partition(const Graph& graph, const PartitionRequest& request) {
  return Partitioner(graph, request).run();
}

}  // namespace acuate
