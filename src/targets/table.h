#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "targets/attribute_limit.h"
#include "targets/target.h"

namespace acuate {

// What a table says about one operator.
struct OperatorRow {
  bool supported = true;
  std::vector<std::string> sources;  // keys of CapabilityTable::sources
  std::string note;
  int max_rank = 0;                                  // of every input and output; 0: the table's
  std::vector<ElementType> types;                    // empty: the table's
  std::map<std::string, AttributeLimit> attributes;  // an absent attribute is allowed
  std::map<size_t, std::vector<int>> input_ranks;    // by input: the ranks that are taken
  std::optional<int64_t> opset_min, opset_max;       // of the operator's domain
  std::optional<bool> static_shapes;                 // nothing: the table's
  // Taken, but slowly: why, and for which attributes (all that are named; none: always), and for
  // which it is fast after all (all that are named; an absent one is within).
  std::string slow;
  std::map<std::string, AttributeLimit> slow_attributes, fast_attributes;
};

// A capability table: what an accelerator takes, by operator. The format is described in
// targets/vsi_npu/table.yaml.
struct CapabilityTable {
  std::string id;
  std::string name;                   // for people
  std::string revision;               // of the table, such as a date
  std::string origin;                 // file, for messages; `built in`
  bool static_shapes = false;         // every dimension must be a number
  bool control_flow = true;           // If, Loop, Scan
  bool data_dependent_shapes = true;  // shapes that follow from values computed at run time
  int max_rank = 0;                   // 0: no limit
  std::vector<ElementType> types;     // empty: all
  bool int64_as_int32 = false;        // 64-bit integers are taken and computed in 32 bits
  std::set<std::string> patterns;     // Target::patterns
  std::string run_on;                 // id of the target that stands in for building and running
  std::map<std::string, std::string> sources;    // key → where it was published
  std::map<std::string, OperatorRow> operators;  // `Conv`, or `com.microsoft:QLinearAdd`
};

// Strict: an unknown key, a type that is none, a source that is not declared, a row that occurs
// twice are errors with `origin` and line.
Result<CapabilityTable> parse_table(std::string_view text, std::string_view origin);

// Every reason at once. Operators that the table does not name are `unknown_support`, never taken
// for supported.
std::vector<Reason> why_not(const CapabilityTable& table, const Node& node,
                            const NodeContext& context);

// A target that diagnoses. What it takes is built and run by `stand_in`, which proves results, not
// speed; where there is none, `missing` says why it cannot be built and run.
Target make_table_target(CapabilityTable table, std::string missing = "",
                         std::shared_ptr<const TargetBackend> stand_in = nullptr);

// The text of src/targets/<id>/table.yaml as it was when this library was built; empty where there
// is none.
std::string_view embedded_table(std::string_view id);

}  // namespace acuate
