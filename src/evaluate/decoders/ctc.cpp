#include <algorithm>

#include "evaluate/decoder.h"
#include "evaluate/values.h"

// Best path of connectionist temporal classification (Graves et al., ICML 2006, section 3.2): the
// likeliest symbol of every step, repeats made one, blanks dropped.

namespace acuate {
namespace {

Result<Decoded> decode(const RawOutputs& raw, const DecoderOptions& options) {
  const Tensor* output = raw.outputs.size() == 1 ? &raw.outputs[0] : nullptr;
  const auto fits = [](const Shape& shape) {
    return shape.size() == 3 && (shape[0] == 1 || shape[1] == 1) && shape[2] > 1;
  };
  if (output == nullptr || !fits(output->shape()))
    return fail("ctc: expected one output 1xSTEPSxSYMBOLS or STEPSx1xSYMBOLS, found {}",
                output == nullptr ? fmt::format("{} outputs", raw.outputs.size())
                                  : format_shape(output->shape()));
  const auto values = to_doubles(*output, "ctc");
  if (!values) return values.error();
  const auto symbols = static_cast<size_t>(output->shape()[2]);
  const auto blank = static_cast<int64_t>(options.at("blank"));
  Decoded decoded;
  int64_t previous = blank;
  for (size_t start = 0; start < values->size(); start += symbols) {
    const auto step = values->begin() + static_cast<std::ptrdiff_t>(start);
    const int64_t symbol =
        std::max_element(step, step + static_cast<std::ptrdiff_t>(symbols)) - step;
    if (symbol != blank && symbol != previous) decoded.symbols.push_back(symbol);
    previous = symbol;
  }
  return decoded;
}

}  // namespace

void register_evaluate_ctc(DecoderRegistry& registry) {
  registry.add({.id = "ctc",
                .summary = "a line of text from the steps of a CTC recogniser (PP-OCR rec)",
                .produces = "symbols",
                .parameters = {{"blank", "the symbol that means none", 0, 0, 1e6}},
                .decode = decode});
}

}  // namespace acuate
