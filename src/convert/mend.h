#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "convert/float_model.h"
#include "partition/tail.h"

namespace acuate {

// A model after the remedies of `fix`.
struct Mended {
  std::unique_ptr<Model> model;  // for the target: the whole, or the prefix where it was cut
  std::unique_ptr<Model> tail;   // what is behind the cut, for the host; null where nothing was cut
  // Edit commands that make each of the given model, to the byte.
  std::vector<std::string> edits, tail_edits;
  std::vector<std::string> cuts;              // the tensors between both
  std::vector<std::string> tail_outputs;      // outputs of the given model that the tail makes
  std::vector<std::string> notes;             // what was done and what could not be, for people
  std::map<std::string, std::string> bounds;  // of the rounding passes that changed something
  size_t refused = 0;                         // nodes of `model` that the target does not take
  size_t nodes = 0;                           // of `model`, without constants
};

// Applies remedies to a model that has its shapes, in this order, each only while the target
// refuses a node: the simplification that the target wants, legalization, the cut that the options
// ask for (`auto`: the longest prefix that the target takes, before Concats that mix value ranges).
// Cuts by name come first, so that names mean the user's tensors. `target` may be null: then only
// cuts by name are made. Errors: a tensor to cut at that is not there, and a cut that leaves
// nothing on one side.
Result<Mended> mend(FixedModel fixed, const ConvertOptions& options, const Target* target);

// The values of the main graph that ConvertOptions::cut names. Errors: a name that is not there
// (the closest is suggested), and one that no node computes.
Result<std::vector<const Value*>> cut_values(const Model& model,
                                             const std::vector<std::string>& names);
inline bool cuts_by_name(const ConvertOptions& options) {
  return !options.cut.empty() && options.cut[0] != "auto" && options.cut[0] != "none";
}
inline bool cuts_automatically(const ConvertOptions& options) {
  return !options.cut.empty() && options.cut[0] == "auto";
}

// Refuses a cut without nodes before or behind it, with the reason.
Result<void> check_tail(const Tail& tail, const ConvertOptions& options);

}  // namespace acuate
