#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "edit/command.h"
#include "graph/splice.h"

namespace acuate {

enum class MayReadOuter { No, Yes };

// A model that a script names: `FILE.onnx`; `FILE.onnxtxt`, ONNX's text form; or `text:"…"`, the
// same in the script. Text without a header is of the opsets and IR version of the edited model,
// and its graph needs no name: `text:"(x) => (y) { y = Neg (x) }"`. Refused where its structure
// does not hold; with `Yes` it may read values that it does not define.
Result<std::unique_ptr<Model>> read_model_argument(Edit& edit, const Token& token,
                                                   MayReadOuter outer = MayReadOuter::No);

// What stands behind a graph: `MINE=THEIRS…`, names in quotes where they need them, and
// `--prefix PREFIX`.
struct NameMap {
  struct Pair {
    Token token;
    std::string mine, theirs;
  };
  std::vector<Pair> pairs;
  std::string prefix;
};
Result<NameMap> parse_name_map(Edit& edit, std::span<const Token> arguments);

// As convert_opset, for a model that need not be valid: one that is not is refused, since the
// onnx library's converter takes structure and operators for granted.
Result<std::unique_ptr<Model>> convert_valid(const Model& model, int64_t version);

// What nodes of `source` need of the edited model before they are copied into it: `source` gets the
// version of the default domain that the model has, by the onnx library; domains, functions, the IR
// version and the bytes of `source` come into the model. Errors name domain, versions or function.
Result<void> bring_requirements(Edit& edit, std::unique_ptr<Model>& source);

// Values that `source` reads and does not define, bound to those of that name in or around `graph`.
Result<void> bind_outer_values(const Graph& source, const Graph& graph, Splice& splice);

// Whether everything that the splice will name anew is free in, around and below `into`; an error
// lists what is not. A body of one of its nodes may have names that other bodies have, and nodes
// called like those outside of it.
Result<void> check_names_free(const Graph& source, const Graph& into, const Splice& splice,
                              bool as_body = false);

}  // namespace acuate
