#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graph/model.h"

namespace acuate {

// A module of the user's program with everything below it.
struct ModuleSummary {
  std::string path;
  std::string class_name;  // empty: the exporter did not say
  bool guessed = false;    // of none of its nodes the exporter said that it is theirs
  int depth = 0;           // how many of the modules listed hold it
  int64_t nodes = 0;
  int64_t parameters = 0;           // a weight that several modules share counts in each, once
  std::optional<int64_t> macs = 0;  // nothing: a shape is not static
};

struct ExternalFile {
  uint64_t tensors = 0;
  uint64_t size_bytes = 0;  // of those tensors
};

// A dimension of an input, by name or, where it has none, as `input[axis]`.
struct DynamicDim {
  std::string name;
  std::vector<std::string> places;  // `x[0]`
};

// What `inspect` tells of a model. Reads no weight.
struct ModelSummary {
  std::vector<const Value*> inputs, outputs;  // inputs: those that callers feed
  std::map<std::pair<std::string, std::string>, int64_t>
      operators;           // domain and type → count, all graphs
  int64_t nodes = 0;       // all graphs
  int64_t parameters = 0;  // elements of all initializers and constants
  uint64_t weight_bytes = 0;
  std::optional<int64_t> macs;  // nothing: a shape is not static
  std::vector<ModuleSummary> modules;
  std::vector<DynamicDim> dynamic_dims;
  std::map<std::string, ExternalFile> external;  // by location
  std::vector<std::string> functions;            // `domain:name`
};

// `typed` is the same model with inferred types and its Constant nodes as initializers: what
// weights, multiply-accumulates and modules are counted from.
ModelSummary summarize_model(const Model& model, const Model& typed);

}  // namespace acuate
