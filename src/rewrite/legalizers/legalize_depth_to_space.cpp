#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  Value* x = node.input(0);
  const auto shape = known_shape(x);
  const int64_t block = node.int_attribute("blocksize", 0);
  if (!shape || shape->size() != 4) return "the shape of its input is not known";
  if (element_count(*shape).value_or(0) == 0) return "it is empty";
  const int64_t n = (*shape)[0], c = (*shape)[1], h = (*shape)[2], w = (*shape)[3];
  Expansion out(node, context);
  if (node.is_op("SpaceToDepth")) {
    if (block < 1 || h % block != 0 || w % block != 0) return "its blocks do not divide its input";
    Value* apart = out.reshape(x, {n, c, h / block, block, w / block, block});
    Value* moved = out.transpose(apart, {0, 3, 5, 1, 2, 4});
    return out.finish(out.reshape(moved, {n, c * block * block, h / block, w / block}));
  }
  if (block < 1 || c % (block * block) != 0) return "its blocks do not divide its channels";
  const int64_t depth = c / (block * block);
  const bool is_crd = node.string_attribute("mode", "DCR") == "CRD";
  Value* apart = is_crd ? out.reshape(x, {n, depth, block, block, h, w})
                        : out.reshape(x, {n, block, block, depth, h, w});
  Value* moved = out.transpose(apart, is_crd ? std::vector<int64_t>{0, 1, 4, 2, 5, 3}
                                             : std::vector<int64_t>{0, 3, 4, 1, 5, 2});
  return out.finish(out.reshape(moved, {n, depth, h * block, w * block}));
}

}  // namespace

void register_rewrite_legalize_depth_to_space(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_depth_to_space",
                .doc = "DepthToSpace and SpaceToDepth become Reshape, Transpose and Reshape.",
                .exactness = Exactness::Exact,
                .operators = {"DepthToSpace", "SpaceToDepth"},
                .uses = {"Reshape", "Transpose"},
                .rewrite = rewrite});
}

}  // namespace acuate
