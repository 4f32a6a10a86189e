// Runs the operator models of the onnx project (Debian's libonnx-testdata) and compares with the
// outputs that come with them.
#include <bit>
#include <cmath>

#include <gtest/gtest.h>

#include "graph/corpus_test_support.h"
#include "targets/target.h"

namespace acuate {
namespace {

namespace fs = std::filesystem;

float half_to_float(uint16_t bits) {
  const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
  const float size = exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -24)
                     : exponent == 31
                         ? (mantissa == 0 ? INFINITY : NAN)
                         : std::ldexp(static_cast<float>(mantissa + 1024), exponent - 25);
  return bits >> 15 ? -size : size;
}

double element(const Tensor& tensor, size_t i) {
  switch (tensor.type()) {
    case ElementType::Float:
      return tensor.values<float>()[i];
    case ElementType::Double:
      return tensor.values<double>()[i];
    case ElementType::Float16:
      return half_to_float(tensor.values<uint16_t>()[i]);
    case ElementType::Bfloat16:
      return std::bit_cast<float>(uint32_t{tensor.values<uint16_t>()[i]} << 16);
    default:
      return NAN;
  }
}

// Empty where they agree: integers to the bit, floats as onnx's own backend test compares (rtol
// 1e-3, atol 1e-7).
std::string difference(const Tensor& found, const Tensor& expected) {
  if (found.type() != expected.type() || found.shape() != expected.shape())
    return fmt::format("{} {} instead of {} {}", element_type_name(found.type()),
                       format_shape(found.shape()), element_type_name(expected.type()),
                       format_shape(expected.shape()));
  if (std::ranges::equal(found.bytes(), expected.bytes())) return "";
  if (std::isnan(element(expected, 0)) && expected.type() != ElementType::Float &&
      expected.type() != ElementType::Double && expected.type() != ElementType::Float16 &&
      expected.type() != ElementType::Bfloat16)
    return "other bits";
  for (int64_t i = 0; i < found.size(); ++i) {
    const double x = element(found, i), y = element(expected, i);
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    if (!(std::abs(x - y) <= 1e-7 + 1e-3 * std::abs(y)))
      return fmt::format("{} instead of {} at {}", x, y, i);
  }
  return "";
}

// Where ONNX Runtime 1.31.1 itself deviates; its own Python interface gives the same values. By
// prefix of the name.
struct Deviation {
  std::string_view prefix;
  std::string_view reason;
};
constexpr Deviation kDeviations[] = {
    {"test_bernoulli", "random"},
    {"test_training_dropout", "random"},
    {"test_cast_FLOAT_to_BFLOAT16", "the file keeps bfloat16 as uint16"},
    {"test_dft", "about 1e-4 absolute where 0 is expected"},
    {"test_stft", "about 1e-4 absolute where 0 is expected"},
    {"test_maxunpool_export_with_output_shape",
     "places the values by another reading of the indices"},
    {"test_resize_downsample_scales_cubic_align_corners",
     "rounds the size of the result differently"},
    {"test_resize_downsample_scales_linear_align_corners",
     "rounds the size of the result differently"},
};

bool is_known(std::string_view name) {
  return std::any_of(std::begin(kDeviations), std::end(kDeviations),
                     [&](const Deviation& known) { return name.starts_with(known.prefix); });
}

struct Outcome {
  enum { Matches, CannotLoad, CannotFeed, Differs } kind;
  std::string detail;
};

Outcome run_case(const Target& target, const fs::path& folder) {
  auto engine =
      target.load(ModelSource::file(folder / "model.onnx"), {.threads = 1, .spinning = false});
  if (!engine) return {Outcome::CannotLoad, engine.error().message};
  const fs::path data = folder / "test_data_set_0";
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < (*engine)->inputs().size(); ++i) {
    if (!(*engine)->inputs()[i].is_tensor) return {Outcome::CannotFeed, "an input is no tensor"};
    auto tensor = read_stored_tensor(data / fmt::format("input_{}.pb", i));
    if (!tensor) return {Outcome::CannotFeed, tensor.error().message};
    inputs.push_back(std::move(*tensor));
  }
  auto outputs = (*engine)->run(std::span<const Tensor>(inputs));
  if (!outputs) return {Outcome::CannotFeed, outputs.error().message};
  for (size_t i = 0; i < outputs->size(); ++i) {
    auto expected = read_stored_tensor(data / fmt::format("output_{}.pb", i));
    if (!expected) return {Outcome::CannotFeed, expected.error().message};
    if (const auto what = difference((*outputs)[i], *expected); !what.empty())
      return {Outcome::Differs, what};
  }
  return {Outcome::Matches, ""};
}

TEST(OnnxRuntimeConformance, OperatorModelsGiveTheirExpectedOutputs) {
  const fs::path root = fs::path(ACUATE_ONNX_TESTDATA) / "node";
  ASSERT_TRUE(fs::exists(root)) << root;
  std::vector<fs::path> cases;
  for (const auto& entry : fs::directory_iterator(root))
    if (fs::exists(entry.path() / "model.onnx")) cases.push_back(entry.path());
  std::sort(cases.begin(), cases.end());
  const Target target = *resolve_target("onnxruntime");
  ASSERT_TRUE(target.status().run.available) << target.status().run.reason;
  std::map<int, int> counts;
  std::string details, unexpected;
  for (const fs::path& path : cases) {
    const Outcome outcome = run_case(target, path);
    ++counts[outcome.kind];
    const std::string name = path.filename().string();
    if (outcome.kind == Outcome::Differs && !is_known(name))
      unexpected += fmt::format("{}: {}\n", name, outcome.detail);
    if (outcome.kind != Outcome::Matches)
      details +=
          fmt::format("{} {}: {}\n", outcome.kind == Outcome::Differs ? "DIFFERS" : "cannot run",
                      name, outcome.detail.substr(0, 160));
  }
  std::ofstream(fs::path(ACUATE_BUILD_DIR) / "onnxruntime_conformance.txt") << details;
  RecordProperty("matches", counts[Outcome::Matches]);
  std::cout << fmt::format(
      "{} operator models: {} match, {} differ, {} cannot be loaded, {} cannot be fed\n",
      cases.size(), counts[Outcome::Matches], counts[Outcome::Differs], counts[Outcome::CannotLoad],
      counts[Outcome::CannotFeed]);
  EXPECT_EQ(unexpected, "");
  // The rest: training operators, sequences, optionals, strings, types without a kernel. They are
  // listed in onnxruntime_conformance.txt in the build folder.
  EXPECT_GE(counts[Outcome::Matches], 850) << details;
}

}  // namespace
}  // namespace acuate
