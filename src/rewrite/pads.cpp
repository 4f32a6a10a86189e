#include "rewrite/pads.h"

#include "rewrite/facts.h"

namespace acuate {

std::optional<std::string> read_pads(const Node& pad, size_t rank, Pads& pads) {
  pads.mode = pad.string_attribute("mode", "constant");
  if (pad.attribute("pads") != nullptr || pad.attribute("paddings") != nullptr) {  // opset < 11
    pads.sides = pad.ints_attribute(pad.attribute("pads") != nullptr ? "pads" : "paddings");
    pads.value = pad.float_attribute("value", 0);
  } else {
    auto given = int_constant(pad.input(1));
    if (!given) return "its pads are not constants";
    pads.sides = std::move(*given);
    if (pad.input(2) != nullptr) {
      const auto number = scalar_constant(pad.input(2));
      if (!number) return "its value is not a constant of a float or 32- or 64-bit integer type";
      pads.value = *number;
    }
    if (pad.input(3) != nullptr) {
      const auto axes = int_constant(pad.input(3));
      if (!axes || axes->size() * 2 != pads.sides.size()) return "its axes are not constants";
      std::vector<int64_t> all(rank * 2, 0);
      for (size_t i = 0; i < axes->size(); ++i) {
        const auto axis = normalized_axis((*axes)[i], static_cast<int64_t>(rank));
        if (!axis) return "its axes are out of range";
        all[static_cast<size_t>(*axis)] = pads.sides[i];
        all[static_cast<size_t>(*axis) + rank] = pads.sides[i + axes->size()];
      }
      pads.sides = std::move(all);
    }
  }
  if (pads.sides.size() != rank * 2) return "its pads do not fit the rank of what it pads";
  return std::nullopt;
}

}  // namespace acuate
