#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "export/decoder_model.h"

// Parts of the text that decoders of detections share.
namespace acuate {

// `name = Constant`, of that shape.
std::string constant_text(std::string_view name, const Shape& shape,
                          std::span<const double> values);
std::string constant_text(std::string_view name, const Shape& shape,
                          std::span<const int64_t> values);

// What keep_best() does, behind `low` and `high`, float [1, cells, 2], the corners of boxes, and
// `scores`, float [1, cells, classes]: makes detection_results(). Equal scores stay in the order of
// the cells, then of the classes.
std::string keep_best_text(int64_t classes, const DecoderOptions& options);
std::vector<IoSpec> detection_results();

}  // namespace acuate
