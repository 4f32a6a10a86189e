// Random valid models against everything that must hold for any model (properties.cpp).
//
//   ACUATE_PROPERTY_SEEDS=5000 ACUATE_PROPERTY_FIRST=1 property_test     a long run
//   ACUATE_PROPERTY_SEEDS=1 ACUATE_PROPERTY_FIRST=4711 property_test     one seed again
//   ACUATE_PROPERTY_KEEP=DIR                                             failing models as files
//
// A failure prints the seed and the shrunk model as ONNX text.
#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "property/shrink.h"

namespace acuate::property {
namespace {

uint64_t setting(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void report(const Case& made, const Failure& failure) {
  const Case small = shrink(made, failure);
  const Verdict verdict = check(small, failure.property);
  const std::string text = describe(small, verdict.failure.value_or(failure));
  ADD_FAILURE() << text;
  if (const char* folder = std::getenv("ACUATE_PROPERTY_KEEP")) {
    std::ofstream(fmt::format("{}/{}.txt", folder, made.seed)) << text;
    std::ofstream(fmt::format("{}/{}.onnx", folder, made.seed), std::ios::binary)
        << small.model.SerializeAsString();
  }
}

TEST(Property, HoldsForGeneratedModels) {
  const uint64_t first = setting("ACUATE_PROPERTY_FIRST", 1);
  const uint64_t count = setting("ACUATE_PROPERTY_SEEDS", 150);
  const uint64_t max_failures = setting("ACUATE_PROPERTY_FAILURES", 3);
  size_t valid = 0, compared = 0, other = 0, nodes = 0;
  uint64_t failures = 0;
  std::map<std::string, size_t> operators;
  for (uint64_t seed = first; seed < first + count && failures < max_failures; ++seed) {
    const Case made = generate(seed);
    const Verdict verdict = check(made);
    if (!verdict.is_valid) continue;
    ++valid;
    compared += verdict.compared;
    other += verdict.other_runs;
    nodes += static_cast<size_t>(made.model.graph().node_size());
    for (const auto& node : made.model.graph().node()) ++operators[node.op_type()];
    if (verdict.failure) {
      ++failures;
      report(made, *verdict.failure);
    }
  }
  std::printf(
      "%zu models of %zu nodes and %zu operators, %zu of them with two sets of dimensions, "
      "run %zu times beside the original\n",
      valid, nodes, operators.size(), other, compared);
  if (count >= 100 && failures == 0) {
    EXPECT_GE(valid * 10, count * 9) << "the generator makes invalid models";
    EXPECT_GE(operators.size(), 80U);
    EXPECT_GE(other * 10, count * 3);
  }
}

TEST(Property, SameSeedSameModel) {
  for (const uint64_t seed : {1, 2, 3})
    EXPECT_EQ(generate(seed).model.SerializeAsString(), generate(seed).model.SerializeAsString());
}

}  // namespace
}  // namespace acuate::property
