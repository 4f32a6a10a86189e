#include <algorithm>
#include <cmath>

#include "rewrite/facts.h"
#include "rewrite/pass.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

// The pads of a Pad node [begin…, end…] for all of `rank` dimensions, in any opset; the reason
// where they are not constants, or where it does more than to put zeros (`value`) around the data.
std::optional<std::string> read_pads(const Node& pad, size_t rank, std::vector<int64_t>& pads,
                                     double& value) {
  if (pad.string_attribute("mode", "constant") != "constant")
    return "it pads with " + pad.string_attribute("mode", "");
  value = 0;
  if (pad.attribute("pads") != nullptr || pad.attribute("paddings") != nullptr) {  // opset < 11
    pads = pad.ints_attribute(pad.attribute("pads") != nullptr ? "pads" : "paddings");
    value = pad.float_attribute("value", 0);
  } else {
    const auto given = int_constant(pad.input(1));
    if (!given) return "its pads are not constants";
    pads = *given;
    if (pad.input(2) != nullptr) {
      const auto number = scalar_constant(pad.input(2));
      if (!number) return "its value is not a constant of a float or 32- or 64-bit integer type";
      value = *number;
    }
    if (pad.input(3) != nullptr) {
      const auto axes = int_constant(pad.input(3));
      if (!axes || axes->size() * 2 != pads.size()) return "its axes are not constants";
      std::vector<int64_t> all(rank * 2, 0);
      for (size_t i = 0; i < axes->size(); ++i) {
        const int64_t axis = (*axes)[i] < 0 ? (*axes)[i] + static_cast<int64_t>(rank) : (*axes)[i];
        if (axis < 0 || axis >= static_cast<int64_t>(rank)) return "its axes are out of range";
        all[static_cast<size_t>(axis)] = pads[i];
        all[static_cast<size_t>(axis) + rank] = pads[i + axes->size()];
      }
      pads = std::move(all);
    }
  }
  if (pads.size() != rank * 2) return "its pads do not fit the rank of the operator behind it";
  if (std::any_of(pads.begin(), pads.end(), [](int64_t p) { return p < 0; })) return "it crops";
  if (pads[0] != 0 || pads[1] != 0 || pads[rank] != 0 || pads[rank + 1] != 0)
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
  std::vector<int64_t> pads;
  double value = 0;
  if (auto reason = read_pads(*pad, rank, pads, value)) return reason;
  const std::string mode = node.string_attribute("auto_pad", "NOTSET");
  if (mode != "NOTSET" && mode != "VALID") return "the operator behind it pads by " + mode;
  auto own = node.ints_attribute("pads");
  const size_t dims = rank - 2;
  if (own.empty() || mode == "VALID") own.assign(dims * 2, 0);
  if (own.size() != dims * 2) return "the pads of the operator behind it do not fit its rank";
  const bool had_pads = std::any_of(own.begin(), own.end(), [](int64_t p) { return p != 0; });
  for (size_t i = 0; i < dims; ++i) {
    own[i] += pads[2 + i];
    own[dims + i] += pads[rank + 2 + i];
  }
  if (is_conv ? value != 0 : node.is_op("AveragePool") && value != 0)
    return "it pads with another number than 0";
  if (!is_conv)
    if (auto reason = check_pool(node, value, had_pads, own)) return reason;

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
