#include "diagnose/legalize.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/text.h"
#include "edit/address.h"
#include "edit/script.h"
#include "graph/change_log.h"
#include "rewrite/legalizer.h"
#include "shape/inference.h"

namespace acuate {
namespace {

// Replacements of replacements; HardSwish → HardSigmoid → Clip → Min is three.
constexpr size_t kMaxDepth = 5;

// The passes for an operator, exact ones first.
using Candidates = std::map<std::string_view, std::vector<const Legalizer*>>;
const Candidates& candidates() {
  static const Candidates all = [] {
    Candidates found;
    for (const Exactness wanted : {Exactness::Exact, Exactness::Rounding})
      for (const Legalizer& legalizer : legalizers().all())
        if (legalizer.exactness == wanted)
          for (const std::string_view op : legalizer.operators) found[op].push_back(&legalizer);
    return found;
  }();
  return all;
}

// How one node is replaced: by what, and which of the nodes that it adds in turn.
struct Step {
  const Legalizer* legalizer = nullptr;
  std::vector<std::pair<size_t, Step>> inner;
};

}  // namespace

class Legalizations {
 public:
  // With `among_dynamic` nodes may be replaced by such as the target refuses for dynamic shapes.
  Legalizations(Model& model, const Target& target, bool among_dynamic = false)
      : model_(model), target_(target), among_dynamic_(among_dynamic), shapes_(model) {}

  // What to replace, in graph order; the model is as it was.
  std::vector<std::pair<Node*, Step>> plan() {
    model_.attach(&log_);
    plan_graph(model_.graph());
    model_.attach(nullptr);
    return std::move(plan_);
  }

  std::vector<NotLegalized> take_kept() { return std::move(kept_); }

  LegalizeOffers::Offer offer(const std::vector<Node*>& nodes) {
    LegalizeOffers::Offer result;
    std::vector<std::pair<Node*, Step>> round;
    model_.attach(&log_);
    const ChangeLog::Mark mark = log_.mark();
    for (Node* node : nodes) {
      if (!refusal(*node)) continue;
      auto step = folds_away(*node) ? std::nullopt : plan_alone(*node, nullptr);
      (step ? result.replaced : result.kept).push_back(node);
      if (step) round.emplace_back(node, *std::move(step));
    }
    result.edits = apply(std::move(round));
    take_back(mark);
    model_.attach(nullptr);
    return result;
  }

  // Round by round, so that one line holds all nodes that a legalizer replaces. The lines of it.
  std::vector<std::string> apply(std::vector<std::pair<Node*, Step>> round) {
    std::vector<std::string> lines;
    while (!round.empty()) {
      std::vector<const Legalizer*> order;
      std::map<const Legalizer*, std::vector<size_t>> by_legalizer;
      for (size_t i = 0; i < round.size(); ++i) {
        auto& places = by_legalizer[round[i].second.legalizer];
        if (places.empty()) order.push_back(round[i].second.legalizer);
        places.push_back(i);
      }
      std::vector<std::pair<Node*, Step>> next;
      for (const Legalizer* legalizer : order) {
        std::vector<std::string> words{to_kebab_case(legalizer->id)};
        for (const size_t i : by_legalizer[legalizer]) {
          Node& node = *round[i].first;
          if (node.is_removed()) continue;  // a replacement beside it took it along
          const std::string path = node_path(node);
          added_.clear();
          if (run_legalizer(*legalizer, node, context_)) continue;
          words.push_back(path);
          for (auto& [place, step] : round[i].second.inner)
            next.emplace_back(added_[place], std::move(step));
        }
        if (words.size() > 1)
          lines.push_back(format_command("apply", std::span<const std::string>(words)));
      }
      round = std::move(next);
    }
    return lines;
  }

 private:
  void plan_graph(const Graph& graph) {
    for (Node* node : graph.nodes()) {
      const auto reason = refusal(*node);
      if (!reason) {
        for (const Attribute& attribute : node->attributes())
          for (const auto& body : attribute.graphs) plan_graph(*body);
        continue;
      }
      if (find_candidates(*node) == nullptr || folds_away(*node)) continue;
      NotLegalized kept{node->address(), *reason, {}};
      if (auto step = plan_alone(*node, &kept.why))
        plan_.emplace_back(node, std::move(*step));
      else
        kept_.push_back(std::move(kept));
    }
  }

  // The model is as it was.
  std::optional<Step> plan_alone(Node& node, std::vector<NoMatch>* why) {
    std::vector<const Legalizer*> chain;
    const ChangeLog::Mark mark = log_.mark();
    auto step = plan_node(node, chain, why);
    take_back(mark);
    return step;
  }

  static const std::vector<const Legalizer*>* find_candidates(const Node& node) {
    if (!node.domain().empty()) return nullptr;
    const auto found = candidates().find(node.op_type());
    return found == candidates().end() ? nullptr : &found->second;
  }

  // The first sentence that the target has against the node; nothing where it takes it.
  std::optional<std::string> refusal(const Node& node) const {
    for (const Reason& reason : target_.why_not(node))
      if (reason.blocks && !(among_dynamic_ && reason.id == "dynamic_shape")) return reason.message;
    return std::nullopt;
  }

  bool folds_away(const Node& node) const {
    return std::all_of(node.outputs().begin(), node.outputs().end(), [&](const Value* value) {
      if (value == nullptr) return true;
      const ShapeData* data = shapes_.data(*value);
      return data != nullptr && std::all_of(data->values.begin(), data->values.end(),
                                            [](const Expr& e) { return e.is_number(); });
    });
  }

  // Tries one legalizer after the other; what helped stays done, all else is taken back. `chain`:
  // those that led here, which are not tried again, so that two of them cannot undo each other.
  std::optional<Step> plan_node(Node& node, std::vector<const Legalizer*>& chain,
                                std::vector<NoMatch>* why) {
    const auto* all = find_candidates(node);
    if (all == nullptr || chain.size() >= kMaxDepth) return std::nullopt;
    for (const Legalizer* legalizer : *all) {
      if (std::find(chain.begin(), chain.end(), legalizer) != chain.end()) continue;
      const ChangeLog::Mark mark = log_.mark();
      added_.clear();
      auto reason = run_legalizer(*legalizer, node, context_);
      if (!reason) {
        Step step{legalizer, {}};
        chain.push_back(legalizer);
        reason = plan_added(std::exchange(added_, {}), step, chain);
        chain.pop_back();
        if (!reason) return step;
        take_back(mark);
      }
      if (why != nullptr && !reason->empty()) why->push_back({legalizer->id, *reason});
    }
    return std::nullopt;
  }

  // Nothing where the target takes these nodes or what replaces them; a replacement may take others
  // of them along, so that what is left is asked about at the end.
  std::optional<std::string> plan_added(const std::vector<Node*>& nodes, Step& step,
                                        std::vector<const Legalizer*>& chain) {
    std::vector<const Node*> refused;
    for (size_t i = 0; i < nodes.size(); ++i) {
      if (nodes[i]->is_removed() || !refusal(*nodes[i])) continue;
      if (auto inner = plan_node(*nodes[i], chain, nullptr))
        step.inner.emplace_back(i, std::move(*inner));
      else
        refused.push_back(nodes[i]);
    }
    for (const Node* node : refused)
      if (!node->is_removed()) return refusal(*node);
    return std::nullopt;
  }

  void take_back(ChangeLog::Mark mark) {
    log_.undo_to(mark);
    shapes_.update();
  }

  Model& model_;
  const Target& target_;
  const bool among_dynamic_;
  ShapeInference shapes_;
  ChangeLog log_;
  std::vector<Node*> added_;
  const LegalizeContext context_{&shapes_, &added_};
  std::vector<std::pair<Node*, Step>> plan_;
  std::vector<NotLegalized> kept_;
};

LegalizeOffers::LegalizeOffers(Model& model, const Target& target)
    : planner_(std::make_unique<Legalizations>(model, target, true)) {}
LegalizeOffers::~LegalizeOffers() = default;

LegalizeOffers::Offer LegalizeOffers::offer(const std::vector<Node*>& nodes) {
  return planner_->offer(nodes);
}

Result<Legalization> legalize(const Model& model, const Target& target) {
  if (const Availability answers = target.status().diagnose; !answers.available)
    return fail("target {} cannot say what it takes: {}", to_kebab_case(target.id), answers.reason);
  Legalization result;
  result.model = model.clone();
  Legalizations planner(*result.model, target);
  auto plan = planner.plan();
  result.kept = planner.take_kept();
  result.replaced = plan.size();
  result.edits = planner.apply(std::move(plan));
  return result;
}

}  // namespace acuate
