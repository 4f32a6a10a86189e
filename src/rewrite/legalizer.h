#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rewrite/pass.h"

namespace acuate {

// What a legalizer may ask, and tell.
struct LegalizeContext {
  ShapeInference* shapes = nullptr;  // of the model, true for the node and what it reads
  std::vector<Node*>* added =
      nullptr;  // gets the nodes that were added, in stored order; may be null
};

// Replaces one node by simpler ones, for a target that lacks its operator: the way back from the
// passes of phase Pattern. simplify() runs none of them; diagnose/legalize.h chooses them for a
// target, and an edit script by name: `apply legalize-gelu NODE`.
struct Legalizer {
  std::string id;  // `legalize_gelu`
  std::string doc;
  Exactness exactness = Exactness::Exact;
  std::string bound = {};                   // of a rounding one: what it may change
  std::vector<std::string_view> operators;  // that it replaces, of the standard domain
  std::vector<std::string_view> uses;       // that may come out
  // Nothing where it applied; the node is gone then. Else the reason, and nothing changed.
  std::function<std::optional<std::string>(Node& node, const LegalizeContext&)> rewrite;

  bool replaces(const Node& node) const;
};
using LegalizerRegistry = Registry<Legalizer>;

// Defined by the build from the folder legalizers/.
void register_all_legalizers(LegalizerRegistry& registry);
const LegalizerRegistry& legalizers();

// The node by this legalizer; types are inferred anew behind it where there is a ShapeInference.
// The reason where it does not fit, another operator included.
std::optional<std::string> run_legalizer(const Legalizer& legalizer, Node& node,
                                         const LegalizeContext& context);
// All nodes of the main graph and of bodies.
PassOutcome run_legalizer(const Legalizer& legalizer, Model& model);

}  // namespace acuate
