#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "numeric/scheme.h"

namespace acuate {

// How one tensor of the float graph is to be quantized, and what is known about it.
struct TensorEncoding {
  std::string tensor;  // name of the value
  Quantization quantization;
  double range_min =
      0;  // the real range the scale was chosen for; over all channels where there are several
  double range_max = 0;
  std::string range_method;  // `mse`, `percentile:99.9`, `minmax`; empty where a person or another
                             // tool chose
  std::optional<double>
      sqnr_db;  // 10·log10(Σx² / Σ(x − x')²); nothing: not measured, or no noise at all
  std::optional<double> clipped_fraction;  // of the calibration values; nothing: not measured
  // Mean of (x − x')² over those values, by cause: of those beyond the outermost grid points, and
  // of all others; nothing: not measured.
  std::optional<double> clipping_noise;
  std::optional<double> rounding_noise;
  bool operator==(const TensorEncoding&) const = default;
};

// The float graph's encodings: the canonical form of a quantized network together with that graph.
// The file format is documented in docs/encodings.md.
struct Encodings {
  std::vector<TensorEncoding> tensors;

  // A scan; who asks for many makes an EncodingIndex.
  const TensorEncoding* find(std::string_view tensor) const;
  bool operator==(const Encodings&) const = default;
};

// Encodings by name, of the first where a name stands twice. Refers to `encodings`, whose tensors
// stay where they are meanwhile.
class EncodingIndex {
 public:
  explicit EncodingIndex(const Encodings& encodings);
  const TensorEncoding* find(std::string_view tensor) const;

 private:
  std::unordered_map<std::string_view, const TensorEncoding*> by_name_;
};

// `encodings.json`, schema_version 1; one line per tensor, made to be edited. Reading it back gives
// equal Encodings.
std::string write_encodings(const Encodings& encodings);
// Strict: unknown and missing keys, wrong types, scales that are not positive, zero points off the
// grid and tensors listed twice are errors that name `file` and the tensor.
Result<Encodings> parse_encodings(std::string_view text, std::string_view file);

}  // namespace acuate
