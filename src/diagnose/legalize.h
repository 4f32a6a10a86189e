#pragma once

#include <memory>
#include <string>
#include <vector>

#include "graph/model.h"
#include "rewrite/pass.h"
#include "targets/target.h"

namespace acuate {

// A node that the target does not take though there are legalizers for its operator.
struct NotLegalized {
  std::string node;          // its address
  std::string reason;        // what the target has against it, first of several
  std::vector<NoMatch> why;  // by legalizer (NoMatch::node is its id): why it did not help
};

struct Legalization {
  std::unique_ptr<Model> model;
  std::vector<std::string>
      edits;            // `apply LEGALIZER NODE…`: make `model` of the given one, to the byte
  size_t replaced = 0;  // nodes of the given model
  std::vector<NotLegalized> kept;
};

// Replaces nodes that the target does not take by simpler ones (rewrite/legalizer.h), and
// those in turn, where the target takes everything that comes out; all others stay as they are.
// Exact legalizers are tried before rounding ones. Looks where the target would: the main graph and
// bodies of nodes that it takes; what only computes shapes, and folds away, is left alone. Wants a
// valid model; what dynamic shapes block stays. Linear: each node is tried by itself.
Result<Legalization> legalize(const Model& model, const Target& target);

// Legalizers as the remedy of a finding: what `apply` lines would replace single nodes, with the
// choice of legalize(). That a shape is dynamic is another finding, and holds no replacement up.
class LegalizeOffers {
 public:
  // Works on `model` and leaves it as it is, but for its inferred types.
  LegalizeOffers(Model& model, const Target& target);
  ~LegalizeOffers();

  struct Offer {
    std::vector<std::string> edits;     // empty where nothing is replaced
    std::vector<const Node*> replaced;  // of those asked about
    std::vector<const Node*> kept;      // the target refuses them, and no legalizer helps
  };
  // For nodes of the main graph or of bodies.
  Offer offer(const std::vector<Node*>& nodes);

 private:
  std::unique_ptr<class Legalizations> planner_;
};

}  // namespace acuate
