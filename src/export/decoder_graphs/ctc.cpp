#include "export/detection_text.h"

// src/evaluate/decoders/ctc.cpp as nodes.
namespace acuate {
namespace {

Result<DecoderBody> write(const DecoderPorts& ports, const DecoderOptions& options) {
  const auto fits = [](const Shape& shape) {
    return shape.size() == 3 && (shape[0] == 1 || shape[1] == 1) && (shape[2] > 1 || shape[2] < 0);
  };
  if (ports.outputs.size() != 1 || !fits(ports.outputs[0].shape))
    return fail("ctc: expected one output 1xSTEPSxSYMBOLS or STEPSx1xSYMBOLS, found {}",
                ports.outputs.empty() ? "none" : ports.outputs[0].text());
  const auto blank = static_cast<int64_t>(options.at("blank"));
  const int64_t all[] = {-1}, begin[] = {0}, last[] = {-1};
  IoSpec symbols;
  symbols.name = "symbols";
  symbols.type = ElementType::Int64;
  symbols.shape = {-1};
  DecoderBody body;
  body.reads = ports.outputs;
  body.text = constant_text("blank", {1}, std::span(&blank, 1)) + constant_text("all", {1}, all) +
              constant_text("begin", {1}, begin) + constant_text("last", {1}, last) +
              "likeliest = ArgMax <axis = 2, keepdims = 0> (read_0)  steps = Reshape(likeliest, "
              "all)  but_last = Slice(steps, begin, last)  before = Concat <axis = 0> (blank, "
              "but_last)  repeats = Equal(steps, before)  is_blank = Equal(steps, blank)  "
              "goes = Or(repeats, is_blank)  stays = Not(goes)  symbols = Compress <axis = 0> "
              "(steps, stays)";
  body.results = {symbols};
  return body;
}

}  // namespace

void register_export_ctc(DecoderGraphRegistry& registry) {
  registry.add({.id = "ctc", .write = write});
}

}  // namespace acuate
