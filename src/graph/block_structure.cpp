#include "graph/block_structure.h"

#include <algorithm>
#include <map>
#include <unordered_set>
#include <vector>

namespace acuate {
namespace {

constexpr size_t kMaxPeriod = 64;  // nodes of the trunk in a block that comes again

// Layers, as against what stands around them.
bool is_layer(const Node& node) {
  static const std::unordered_set<std::string_view> kLayers = {
      "Conv",   "ConvTranspose",      "ConvInteger",          "QLinearConv", "Gemm",
      "MatMul", "MatMulInteger",      "QLinearMatMul",        "LSTM",        "GRU",
      "RNN",    "LayerNormalization", "InstanceNormalization"};
  return node.domain().empty() && kLayers.count(node.op_type()) > 0;
}

class Structure {
 public:
  explicit Structure(const Graph& graph) : graph_(graph) {
    collect();
    find_dominators();
  }

  std::unordered_map<const Node*, std::string> run() {
    // What reaches no node of the trunk again has the topmost node that holds it and lies beside.
    std::vector<size_t> all(nodes_.size() - 1);
    for (size_t v = 1; v < nodes_.size(); ++v) all[v - 1] = v;
    const Trunk trunk = find_trunk(0, all);
    std::vector<size_t> top(nodes_.size(), 0);
    size_t layers_beside = 0;
    for (const size_t v : all) {
      if (trunk.segment_of[v] != kNone) continue;
      top[v] = top[idom_[v]] != 0 ? top[idom_[v]] : v;
      layers_beside += is_layer(*nodes_[v]) ? 1 : 0;
    }
    const bool has_parts = layers_beside > 0;
    name_trunk(trunk, has_parts ? "backbone" : "");
    if (has_parts) name_beside(top);
    return std::move(paths_);
  }

 private:
  static constexpr size_t kNone = static_cast<size_t>(-1);

  // The chain of dominators below a node, and what lies between two of them.
  struct Trunk {
    size_t length = 0;
    std::vector<size_t> nodes;       // of the region, in order
    std::vector<size_t> segment_of;  // by node: the trunk's node that it is or leads to
  };

  // Node 0 stands for the inputs.
  void collect() {
    nodes_.push_back(nullptr);
    preds_.emplace_back();
    std::unordered_map<const Node*, size_t> index;
    std::unordered_set<const Node*> constant;
    for (const Node* node = graph_.first(); node != nullptr; node = node->next()) {
      std::vector<size_t> preds;
      bool is_constant = true;
      for (size_t slot = 0; slot < node->input_count(); ++slot) {
        const Value* value = node->input(slot);
        if (value == nullptr || value->initializer) continue;
        if (value->producer != nullptr && constant.count(value->producer) > 0) continue;
        is_constant = false;
        const auto found = index.find(value->producer);
        preds.push_back(found == index.end() ? 0 : found->second);
      }
      if (is_constant) {
        constant.insert(node);
        continue;
      }
      index.emplace(node, nodes_.size());
      nodes_.push_back(node);
      preds_.push_back(std::move(preds));
    }
  }

  // The node that everything passes which reaches v: in a graph without cycles the nearest one
  // that dominates all its predecessors, found by pointers that jump up the tree.
  void find_dominators() {
    const size_t count = nodes_.size();
    idom_.assign(count, 0);
    jump_.assign(count, 0);
    depth_.assign(count, 0);
    weight_.assign(count, 0);
    for (size_t v = 1; v < count; ++v) {
      size_t common = preds_[v][0];
      for (const size_t pred : preds_[v]) common = common_dominator(common, pred);
      idom_[v] = common;
      depth_[v] = depth_[common] + 1;
      const size_t far = jump_[common];
      jump_[v] =
          depth_[common] - depth_[far] == depth_[far] - depth_[jump_[far]] ? jump_[far] : common;
    }
    constexpr size_t kLayerWeight = 16;
    for (size_t v = count; v-- > 1;) {
      weight_[v] += is_layer(*nodes_[v]) ? kLayerWeight : 1;
      weight_[idom_[v]] += weight_[v];
    }
    // Short branches belong to where they join, so that the last block does not end in one.
    const size_t short_branch = std::max(weight_[0] / 8, 2 * kLayerWeight);
    for (size_t v = 1; v < count; ++v) {
      std::unordered_set<size_t> joined;
      for (const size_t pred : preds_[v])
        if (pred != idom_[v]) joined.insert(below(idom_[v], pred));
      for (const size_t branch : joined)
        if (weight_[branch] <= short_branch) weight_[v] += weight_[branch];
    }
  }

  // The child of `dominator` that dominates v.
  size_t below(size_t dominator, size_t v) const {
    while (idom_[v] != dominator) v = depth_[jump_[v]] > depth_[dominator] ? jump_[v] : idom_[v];
    return v;
  }

  size_t common_dominator(size_t a, size_t b) const {
    if (depth_[a] < depth_[b]) std::swap(a, b);
    while (depth_[a] > depth_[b]) a = depth_[jump_[a]] >= depth_[b] ? jump_[a] : idom_[a];
    while (a != b) {
      const bool is_above = jump_[a] != jump_[b];
      a = is_above ? jump_[a] : idom_[a];
      b = is_above ? jump_[b] : idom_[b];
    }
    return a;
  }

  // `region`: the nodes that `root` dominates.
  Trunk find_trunk(size_t root, const std::vector<size_t>& region) const {
    std::vector<size_t> heaviest(nodes_.size(), 0);
    for (const size_t v : region)
      if (v != root)
        if (size_t& child = heaviest[idom_[v]]; child == 0 || weight_[v] > weight_[child])
          child = v;
    Trunk trunk;
    trunk.nodes = region;
    trunk.segment_of.assign(nodes_.size(), kNone);
    std::vector<size_t> place(nodes_.size(), kNone);
    for (size_t v = root == 0 ? heaviest[0] : root; v != 0; v = heaviest[v])
      place[v] = trunk.length++;
    // The last node of the trunk above v, and the last one that v leads to; both plus 1.
    std::vector<size_t> above(nodes_.size(), 0), reached(nodes_.size(), 0);
    for (const size_t v : region)
      above[v] = place[v] != kNone ? place[v] + 1 : v == root ? 0 : above[idom_[v]];
    for (auto v = region.rbegin(); v != region.rend(); ++v) {
      if (place[*v] != kNone) reached[*v] = place[*v] + 1;
      for (const size_t pred : preds_[*v]) reached[pred] = std::max(reached[pred], reached[*v]);
    }
    for (const size_t v : region) {
      if (place[v] != kNone)
        trunk.segment_of[v] = place[v];
      else if (reached[v] > above[v])
        trunk.segment_of[v] = above[v];
    }
    return trunk;
  }

  // A name for the operators between two nodes of the trunk: equal for equal sequences.
  std::vector<size_t> tokens(const Trunk& trunk, std::vector<bool>& has_layer) const {
    std::vector<size_t> tokens(trunk.length, 0);
    has_layer.assign(trunk.length, false);
    for (const size_t v : trunk.nodes) {
      const size_t segment = trunk.segment_of[v];
      if (segment == kNone) continue;
      const Node& node = *nodes_[v];
      const bool is_grouped = node.int_attribute("group", 1) > 1;
      const size_t token = std::hash<std::string_view>()(node.op_type()) + (is_grouped ? 1 : 0);
      tokens[segment] = tokens[segment] * 1'099'511'628'211U + token + 1;
      if (is_layer(node)) has_layer[segment] = true;
    }
    return tokens;
  }

  // By segment: where the block begins that it belongs to, if that comes again.
  static std::vector<size_t> repeated_blocks(const std::vector<size_t>& tokens,
                                             const std::vector<bool>& has_layer) {
    const size_t count = tokens.size();
    std::vector<size_t> coverage(count, 0), period(count, 0);
    for (size_t p = 1; p <= std::min(kMaxPeriod, count / 2); ++p) {
      size_t equal = 0;
      for (size_t i = count - p; i-- > 0;) {
        equal = tokens[i] == tokens[i + p] ? equal + 1 : 0;
        if (!has_layer[i] || equal < p) continue;
        const size_t covered = (equal / p + 1) * p;
        if (covered > coverage[i]) {
          coverage[i] = covered;
          period[i] = p;
        }
      }
    }
    std::vector<size_t> begins(count, kNone);
    for (size_t i = 0; i < count;) {
      const size_t end = i + coverage[i], step = period[i];
      if (coverage[i] == 0) ++i;
      for (size_t begin = i; begin < end; begin += step, i = begin)
        std::fill_n(begins.begin() + static_cast<ptrdiff_t>(begin), step, begin);
    }
    return begins;
  }

  void name_trunk(const Trunk& trunk, const std::string& prefix) {
    std::vector<bool> has_layer;
    const std::vector<size_t> names = tokens(trunk, has_layer);
    const std::vector<size_t> begins = repeated_blocks(names, has_layer);
    const auto is_block = [](size_t begin) { return begin != kNone; };
    const size_t last =
        static_cast<size_t>(begins.rend() - std::find_if(begins.rbegin(), begins.rend(), is_block));
    std::vector<std::string> labels(trunk.length);
    size_t blocks = 0, transitions = 0;
    for (size_t i = 0; i < trunk.length && last > 0; ++i) {
      if (i > 0 && begins[i] == begins[i - 1] && (i < last || begins[i] != kNone)) {
        labels[i] = labels[i - 1];
      } else if (begins[i] != kNone) {
        labels[i] = "block" + std::to_string(blocks++);
      } else if (i >= last) {
        labels[i] = "tail";
      } else {
        labels[i] = blocks == 0 ? "stem" : "transition" + std::to_string(transitions++);
      }
    }
    for (const size_t v : trunk.nodes) {
      if (trunk.segment_of[v] == kNone) continue;
      const std::string& label = labels[trunk.segment_of[v]];
      set_path(v, prefix.empty() || label.empty() ? prefix + label : prefix + "." + label);
    }
  }

  void name_beside(const std::vector<size_t>& top) {
    std::unordered_map<const Node*, size_t> index;
    for (size_t v = 1; v < nodes_.size(); ++v) index.emplace(nodes_[v], v);
    std::vector<size_t> heads;
    std::map<size_t, std::vector<size_t>> regions;
    for (const Value* output : graph_.outputs())
      if (const auto found = index.find(output->producer); found != index.end())
        if (const size_t head = top[found->second]; head != 0 && regions.try_emplace(head).second)
          heads.push_back(head);
    for (size_t v = 1; v < nodes_.size(); ++v) {
      if (top[v] == 0) continue;
      if (const auto region = regions.find(top[v]); region != regions.end())
        region->second.push_back(v);
      else
        set_path(v, "neck");
    }
    for (size_t i = 0; i < heads.size(); ++i)
      for (const size_t v : regions[heads[i]])
        set_path(v, heads.size() == 1 ? "head" : "head" + std::to_string(i));
  }

  void set_path(size_t v, std::string path) {
    if (!path.empty()) paths_[nodes_[v]] = std::move(path);
  }

  const Graph& graph_;
  std::vector<const Node*> nodes_;
  std::vector<std::vector<size_t>> preds_;
  std::vector<size_t> idom_, jump_, depth_, weight_;
  std::unordered_map<const Node*, std::string> paths_;
};

}  // namespace

std::unordered_map<const Node*, std::string> guess_blocks(const Graph& graph) {
  return Structure(graph).run();
}

}  // namespace acuate
