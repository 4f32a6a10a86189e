#include <algorithm>
#include <unordered_map>

#include "graph/stored_bytes.h"
#include "rewrite/facts.h"
#include "rewrite/inline_body.h"
#include "rewrite/pass.h"

namespace acuate {
namespace {

bool is_same_constant(const Model& model, const TensorRef& a, const TensorRef& b) {
  if (a.type != b.type || a.shape != b.shape) return false;
  const auto x = stored_bytes(a), y = stored_bytes(b);
  if (x && y) return std::ranges::equal(*x, *y);
  const auto left = model.load(a), right = model.load(b);
  return left && right && std::ranges::equal(left->bytes(), right->bytes());
}

// Whether two branches do the same node by node. Branches that hold bodies count as different.
class SameBranches {
 public:
  SameBranches(const Graph& a, const Graph& b) : a_(a), b_(b) {}

  bool run() {
    if (a_.node_count() != b_.node_count()) return false;
    for (const Node *x = a_.first(), *y = b_.first(); x != nullptr; x = x->next(), y = y->next())
      if (!is_same(*x, *y)) return false;
    return std::ranges::equal(a_.outputs(), b_.outputs(),
                              [&](const Value* x, const Value* y) { return is_same(x, y); });
  }

 private:
  bool is_same(const Value* x, const Value* y) const {
    if (x == nullptr || y == nullptr) return x == y;
    if (x->graph != &a_ || y->graph != &b_) return x == y;  // from outside
    if (x->is_constant() && y->is_constant())
      return is_same_constant(a_.model(), *x->initializer, *y->initializer);
    const auto found = pairs_.find(x);
    return found != pairs_.end() && found->second == y;
  }

  bool is_same(const Node& x, const Node& y) {
    if (x.op_type() != y.op_type() || x.domain() != y.domain() || x.overload() != y.overload() ||
        x.input_count() != y.input_count() || x.outputs().size() != y.outputs().size() ||
        x.attributes().size() != y.attributes().size())
      return false;
    for (const Attribute& attribute : x.attributes()) {
      const Attribute* other = y.attribute(attribute.name);
      if (other == nullptr || !attribute.graphs.empty() ||
          !std::ranges::equal(attribute.wire, other->wire))
        return false;
    }
    for (size_t slot = 0; slot < x.input_count(); ++slot)
      if (!is_same(x.input(slot), y.input(slot))) return false;
    for (size_t slot = 0; slot < x.outputs().size(); ++slot) {
      if ((x.output(slot) == nullptr) != (y.output(slot) == nullptr)) return false;
      if (x.output(slot) != nullptr) pairs_.emplace(x.output(slot), y.output(slot));
    }
    return true;
  }

  const Graph &a_, &b_;
  std::unordered_map<const Value*, const Value*> pairs_;  // what the nodes so far made
};

// The body that runs, or one that does what the other does; null where that is not known.
const Graph* chosen_body(const Node& node) {
  const Graph *then = body_of(node, "then_branch"), *otherwise = body_of(node, "else_branch");
  if (is_constant_of(node.input(0), 1)) return then;
  if (is_constant_of(node.input(0), 0)) return otherwise;
  const bool same = then && otherwise && SameBranches(*then, *otherwise).run();
  return same ? then : nullptr;
}

Result<std::vector<Value*>> inline_body(Node& node, BodyInliner& inliner) {
  const Graph* body = chosen_body(node);
  if (body == nullptr || body->outputs().size() != node.outputs().size())
    return std::vector<Value*>{};
  return inliner.copy(node, *body, {});
}

}  // namespace

void register_rewrite_inline_constant_if(PassRegistry& registry) {
  registry.add({.id = "inline_constant_if",
                .doc = "An If whose condition is constant gives way to the nodes of the branch "
                       "that runs, one whose branches do the same to those of either; names stay "
                       "unique.",
                .phase = Phase::Fold,
                .after = {"fold_constants"},
                .run = [](Model& model, const PassContext&) -> Result<PassOutcome> {
                  return inline_bodies(model, "If", inline_body);
                }});
}

}  // namespace acuate
