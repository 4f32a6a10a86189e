#include <algorithm>
#include <cmath>

#include "rewrite/pads.h"
#include "rewrite/pass.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

// The reason where the Pad does more than to put one number around the data.
std::optional<std::string> check_pad(const Pads& pads, size_t rank) {
  if (pads.mode != "constant") return "it pads with " + pads.mode;
  if (std::ranges::any_of(pads.sides, [](int64_t side) { return side < 0; })) return "it crops";
  if (pads.sides[0] != 0 || pads.sides[1] != 0 || pads.sides[rank] != 0 ||
      pads.sides[rank + 1] != 0)
    return "it pads the batch or the channels";
  return std::nullopt;
}

// What must hold for a pooling operator besides; `pads` are those that it gets.
std::optional<std::string> check_pool(const Node& pool, double value, bool had_pads,
                                      const std::vector<int64_t>& pads) {
  if (pool.int_attribute("ceil_mode", 0) != 0) return "the pooling rounds its size up (ceil_mode)";
  for (const int64_t dilation : pool.ints_attribute("dilations"))
    if (dilation != 1) return "the pooling is dilated";
  const auto kernel = pool.ints_attribute("kernel_shape");
  for (size_t i = 0; i < pads.size(); ++i)
    if (pads[i] >= kernel[i % kernel.size()])
      return "the padding is not smaller than the pooling's kernel";
  if (pool.is_op("AveragePool")) {
    if (value != 0) return "it pads with another number than 0";
    if (had_pads && pool.int_attribute("count_include_pad", 0) == 0)
      return "the pooling pads too, and does not count its own padding";
    return std::nullopt;
  }
  if (pool.output(1) != nullptr) return "the positions that MaxPool gives count the padding";
  const ElementType type = pool.output()->type.element;
  const double lowest = type == ElementType::Float    ? -3.4028234663852886e38
                        : type == ElementType::Double ? -1.7976931348623157e308
                                                      : -INFINITY;
  if (value != -INFINITY && value != lowest)
    return "it pads with " + std::to_string(value) + ", and MaxPool pads with -inf";
  return std::nullopt;
}

// Told from the operator behind the Pad.
std::optional<std::string> fuse(Node& node, const PassContext&) {
  Node* pad = node.input(0) ? node.input(0)->producer : nullptr;
  if (pad == nullptr || !pad->is_op("Pad") || pad->input(0) == nullptr || !node.output()) return "";
  if (node.graph().model().opset_version() < 7)
    return "before opset 7 pooling does not say what it counts";
  const bool is_conv = node.is_op("Conv");
  size_t rank = node.ints_attribute("kernel_shape").size() + 2;
  if (rank == 2 && is_conv && node.input(1) != nullptr && node.input(1)->type.shape)
    rank = node.input(1)->type.shape->size();
  if (rank < 3) return "the rank is not known";
  Pads pads;
  if (auto reason = read_pads(*pad, rank, pads)) return reason;
  if (auto reason = check_pad(pads, rank)) return reason;
  const std::string mode = node.string_attribute("auto_pad", "NOTSET");
  if (mode != "NOTSET" && mode != "VALID") return "the operator behind it pads by " + mode;
  auto own = node.ints_attribute("pads");
  const size_t dims = rank - 2;
  if (own.empty() || mode == "VALID") own.assign(dims * 2, 0);
  if (own.size() != dims * 2) return "the pads of the operator behind it do not fit its rank";
  const bool had_pads = std::any_of(own.begin(), own.end(), [](int64_t p) { return p != 0; });
  for (size_t i = 0; i < dims; ++i) {
    own[i] += pads.sides[2 + i];
    own[dims + i] += pads.sides[rank + 2 + i];
  }
  if (pads.value != 0 && (is_conv || node.is_op("AveragePool")))
    return "it pads with another number than 0";
  if (!is_conv)
    if (auto reason = check_pool(node, pads.value, had_pads, own)) return reason;

  const auto both = merged_origins(node, *pad);
  Value& padded = *pad->output();
  node.set_input(0, pad->input(0));
  node.remove_attribute("auto_pad");
  node.set_attribute(encode_attribute("pads", std::span<const int64_t>(own)));
  if (node.is_op("AveragePool"))
    node.set_attribute(encode_attribute("count_include_pad", int64_t{1}));
  set_origins(node, both);
  if (padded.is_unused()) pad->graph().remove_node(*pad);
  return std::nullopt;
}

}  // namespace

void register_rewrite_fuse_pad(PassRegistry& registry) {
  registry.add({.id = "fuse_pad",
                .doc = "A Pad with zeros in front of a Conv or AveragePool, or with -inf in front "
                       "of a MaxPool, becomes padding of that operator.",
                .exactness = Exactness::Exact,
                .bound = "",
                .phase = Phase::Clean,
                .after = {},
                .operators = {"Conv", "AveragePool", "MaxPool"},
                .rewrite = fuse});
}

}  // namespace acuate
