#include "convert/verify.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "base/text.h"
#include "evaluate/values.h"
#include "onnx_io/export.h"

namespace acuate {
namespace {

Result<std::unique_ptr<Engine>> load_model(const Model& model, const Target& target,
                                           const EngineOptions& options) {
  auto bytes = model_bytes(model);
  if (!bytes) return bytes.error();
  return target.load(ModelSource::memory(std::as_bytes(std::span(*bytes))), options);
}

Result<void> compare(const Tensor& expected, const Tensor& found, OutputDifference& difference) {
  if (expected.shape() != found.shape() || expected.type() != found.type()) {
    difference.is_equal = false;
    difference.trouble =
        fmt::format("is {}, was {}", format_shape(found.shape()), format_shape(expected.shape()));
    return {};
  }
  const auto a = to_doubles(expected, difference.name), b = to_doubles(found, difference.name);
  if (!a) return a.error();
  if (!b) return b.error();
  if (!std::ranges::equal(expected.bytes(), found.bytes())) difference.is_equal = false;
  for (size_t i = 0; i < a->size(); ++i) {
    const double x = (*a)[i], y = (*b)[i];
    if (std::isfinite(x)) difference.magnitude = std::max(difference.magnitude, std::abs(x));
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    if (!std::isfinite(x) || !std::isfinite(y))
      difference.trouble = fmt::format("has {} where the original has {}", y, x);
    else
      difference.max_abs = std::max(difference.max_abs, std::abs(x - y));
  }
  return {};
}

// The tensors by name, for models that hand on to each other.
using Named = std::map<std::string, Tensor>;

Result<void> run_into(Engine& engine, Named& values) {
  std::vector<Tensor> inputs;
  for (const IoSpec& input : engine.inputs()) {
    const auto found = values.find(input.name);
    if (found == values.end()) return fail("nothing gives '{}'", input.name);
    inputs.push_back(found->second);
  }
  auto outputs = engine.run(inputs);
  if (!outputs) return outputs.error();
  for (size_t i = 0; i < outputs->size(); ++i)
    values.insert_or_assign(engine.outputs()[i].name, std::move((*outputs)[i]));
  return {};
}

}  // namespace

bool Verification::is_equal() const {
  return std::ranges::all_of(outputs, [](const OutputDifference& o) { return o.is_equal; });
}

bool Verification::holds() const {
  return std::ranges::all_of(outputs, [this](const OutputDifference& o) {
    return o.is_equal || (tolerance > 0 && o.trouble.empty() && o.relative() <= tolerance);
  });
}

Result<Verification> verify(const Model& original, const Mended& mended, const Target& engine,
                            const VerifyOptions& options) {
  const EngineOptions settings{.threads = options.threads, .optimization = Optimization::None};
  auto before = load_model(original, engine, settings);
  if (!before) return fail("the original does not run: {}", before.error().message);
  auto prefix = load_model(*mended.model, engine, settings);
  if (!prefix) return fail("the fixed model does not run: {}", prefix.error().message);
  std::unique_ptr<Engine> tail;
  if (mended.tail != nullptr) {
    auto loaded = load_model(*mended.tail, engine, settings);
    if (!loaded) return fail("the tail does not run: {}", loaded.error().message);
    tail = std::move(*loaded);
  }
  Verification result;
  result.samples = options.samples;
  result.tolerance = mended.bounds.empty() ? 0 : options.tolerance;
  for (const IoSpec& output : (*before)->outputs()) {
    OutputDifference difference;
    difference.name = output.name;
    result.outputs.push_back(std::move(difference));
  }
  for (size_t i = 0; i < options.samples; ++i) {
    auto inputs = options.load(i);
    if (!inputs) return inputs.error();
    auto expected = (*before)->run(*inputs);
    if (!expected) return fail("the original does not run: {}", expected.error().message);
    Named values;
    for (size_t k = 0; k < inputs->size(); ++k)
      values.emplace((*before)->inputs()[k].name, (*inputs)[k]);
    if (auto done = run_into(**prefix, values); !done)
      return fail("the fixed model does not run: {}", done.error().message);
    if (tail != nullptr)
      if (auto done = run_into(*tail, values); !done)
        return fail("the tail does not run: {}", done.error().message);
    for (size_t k = 0; k < expected->size(); ++k) {
      const auto found = values.find(result.outputs[k].name);
      if (found == values.end())
        return fail("output '{}' is given neither by the model nor by its tail",
                    result.outputs[k].name);
      if (auto done = compare((*expected)[k], found->second, result.outputs[k]); !done)
        return done.error();
    }
  }
  return result;
}

}  // namespace acuate
