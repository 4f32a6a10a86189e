#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "graph/model.h"
#include "rewrite/pass.h"
#include "targets/target.h"

namespace acuate {

// A dimension for each of an input; nothing: it stays as the model has it.
using ShapeSpec = std::vector<std::optional<int64_t>>;

// `x=1x3x640x640`, split at the last `=`; `?` for a dimension that stays. Errors quote the text.
Result<std::pair<std::string, ShapeSpec>> parse_shape_option(std::string_view text);
// `batch=1`
Result<std::pair<std::string, int64_t>> parse_dim_option(std::string_view text);

// Sizes between which an input that stays dynamic is to run, and the one it runs at mostly; `?` in
// all three where nothing is said of a dimension.
struct GivenRange {
  ShapeSpec min, opt, max;
};
// `x=1x3x32x32:1x3x640x640:4x3x1280x1280`: min ≤ opt ≤ max in each dimension.
Result<std::pair<std::string, GivenRange>> parse_shape_range_option(std::string_view text);

struct FixOptions {
  std::map<std::string, ShapeSpec> shapes;   // by input
  std::map<std::string, GivenRange> ranges;  // by input; of none that `shapes` has
  std::map<std::string, int64_t> dims;       // by the name of a dimension
  // Folds what computes shapes when it is asked what stays dynamic; empty: shape inference alone.
  Evaluator evaluate;

  bool empty() const { return shapes.empty() && dims.empty(); }
};

// A tensor that is dynamic after the fix, and why.
struct StillDynamic {
  std::string value;
  std::string type;    // `float32[1, ?, 4]`
  std::string source;  // of its dimensions, each once: `input 'x'`, `NonMaxSuppression 'nms'`
  std::string chain;  // from there to the tensor: `input 'x', axis 0 → Conv 'stem' → Relu 'act'`
};

struct FixResult {
  std::unique_ptr<Model> model;
  std::vector<std::string> edits;  // edit commands that make `model` of the given one, to the byte
  // Inputs, then results whose size follows from values, then outputs.
  std::vector<StillDynamic> still_dynamic;
  // Of the inputs that the options give ranges to, and of others by the names of dimensions, with
  // what the model and other options say of the dimensions; −1: open.
  std::map<std::string, ShapeRange> ranges;
};

// Gives inputs their shapes and infers all others anew. A named dimension is one number: one that
// `shapes` gives to an input holds for the other inputs that have it. The given model stays as it
// is; without shapes the result is an equal one. Errors: an unknown input or dimension (the closest
// name is suggested), another rank, two numbers for one dimension (both are named), and a node that
// refuses the shapes. Ranges change nothing of the model; it is inferred at their least, usual and
// largest sizes, and what is wrong there is an error that says at which.
Result<FixResult> fix(const Model& model, const FixOptions& options);

// The model of fix() alone, for callers that do not ask what stays dynamic.
Result<std::unique_ptr<Model>> with_shapes(const Model& model, const FixOptions& options);

// The ranges alone, checked as fix() does.
Result<std::map<std::string, ShapeRange>> check_ranges(const Model& model,
                                                       const FixOptions& options);

}  // namespace acuate
