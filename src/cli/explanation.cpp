#include "cli/explanation.h"

#include <cmath>

#include <fmt/format.h>

#include "report/display.h"
#include "report/table.h"

namespace acuate {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kShown = 24;

// Noise over signal as a ratio of signal to noise; nothing where there is no noise.
std::optional<double> to_db(double damage) {
  if (!(damage > 0)) return std::nullopt;
  return -10 * std::log10(damage);
}

std::string db_text(const std::optional<double>& value) {
  return value ? format_fixed(*value, 1) + " dB" : "-";
}

Json or_null(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Json(*value) : Json();
}

std::string grid_text(const Quantization& grid) {
  return grid.scheme + (grid.per_channel_axis >= 0 ? " by channel" : "");
}

}  // namespace

std::string explanation_text(const Explanation& explanation, const Encodings& encodings) {
  TextTable table({{"layer"},
                   {"tensor"},
                   {"grid"},
                   {"range"},
                   {"clipped", true},
                   {"alone", true},
                   {"share", true},
                   {"so far", true},
                   {"int16 gains", true}});
  const EncodingIndex index(encodings);
  const size_t shown = std::min(kShown, explanation.tensors.size());
  for (size_t i = 0; i < shown; ++i) {
    const TensorExplanation& row = explanation.tensors[i];
    const TensorEncoding& encoding = *index.find(row.tensor);
    table.add(
        {printable(row.layer), printable(row.tensor), grid_text(encoding.quantization),
         printable(encoding.range_method),
         encoding.clipped_fraction ? format_fixed(100 * *encoding.clipped_fraction, 3) + " %" : "-",
         db_text(to_db(row.damage)), format_fixed(100 * row.share, 1) + " %",
         row.is_weight ? "-" : db_text(row.cumulative_sqnr_db),
         format_fixed(row.int16_gain_db, 2) + " dB"});
  }
  std::string text =
      fmt::format("\nWhat harms the outputs most: {} of {} tensors, from {}\n", shown,
                  explanation.tensors.size(),
                  format_plural(static_cast<int64_t>(explanation.samples), "sample"));
  text += table.render(140);
  text +=
      "  alone: signal over noise at the outputs, predicted, with this tensor quantized and all "
      "else in float\n"
      "  share: of the noise of all tensors\n"
      "  so far: signal over noise of this tensor in the quantized model, with what came before "
      "it\n"
      "  int16 gains: at the outputs, predicted, if this tensor alone had 16 bits\n";
  if (explanation.predicted_sqnr_db)
    text += fmt::format("  all together, predicted: {:.1f} dB\n", *explanation.predicted_sqnr_db);
  return text;
}

Json explanation_json(const Explanation& explanation, const Encodings& encodings) {
  const EncodingIndex index(encodings);
  Json rows = Json::array();
  for (const TensorExplanation& row : explanation.tensors) {
    const TensorEncoding& encoding = *index.find(row.tensor);
    rows.push_back({{"tensor", row.tensor},
                    {"layer", row.layer},
                    {"kind", row.is_weight ? "weight" : "activation"},
                    {"scheme", encoding.quantization.scheme},
                    {"per_channel", encoding.quantization.per_channel_axis >= 0},
                    {"range_method", encoding.range_method},
                    {"clipped_fraction", or_null(encoding.clipped_fraction)},
                    {"own_sqnr_db", or_null(encoding.sqnr_db)},
                    {"isolated_sqnr_db", or_null(to_db(row.damage))},
                    {"share", row.share},
                    {"cumulative_sqnr_db", or_null(row.cumulative_sqnr_db)},
                    {"int16_sqnr_db", or_null(to_db(row.int16_damage))},
                    {"int16_gain_db", row.int16_gain_db}});
  }
  return {{"samples", explanation.samples},
          {"predicted_sqnr_db", or_null(explanation.predicted_sqnr_db)},
          {"tensors", rows}};
}

}  // namespace acuate
