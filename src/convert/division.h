#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "convert/options.h"
#include "convert/partition_costs.h"
#include "diagnose/finding.h"
#include "graph/model.h"
#include "partition/cut.h"
#include "partition/partition.h"
#include "targets/sizes_within.h"

namespace acuate {

// What of a model goes to the target: a labelling of the nodes of its main graph, by name, which
// holds for the float graph and for its quantized form.
struct Division {
  std::vector<PartitionOption> options;  // what each way would amount to
  PartitionCounts counts;                // of what was chosen
  std::vector<Finding> findings;
  // Why a module that the configuration names was not converted, or not whole.
  std::map<std::string, std::string> failed_modules;
  bool is_whole = false;  // the target takes the model as it is: one engine, nothing on the host
  std::map<std::string, Label, std::less<>> labels;  // empty where it is whole

  // Nodes of modules that the configuration wants in float16, by name; on the target.
  std::set<std::string, std::less<>> in_float16;

  // On the host where the name is none of the float graph's and no neighbour is.
  Label label_of(const Node& node) const;
};

// Asks the target about each node, honours what the options keep on the host and the configuration
// leaves there, and divides the rest. Nodes get names where the model is not whole. `original` is
// the user's model, whose modules the options name; `sizes` are those of open inputs. Errors: the
// target takes nothing, with its first reasons; the configuration.
Result<Division> divide_for(Model& model, const Model& original, const ConvertOptions& options,
                            const Target& target, const ShapeRanges& sizes = {});

}  // namespace acuate
