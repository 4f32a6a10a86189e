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

}  // namespace acuate
