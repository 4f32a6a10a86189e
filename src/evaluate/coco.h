#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "evaluate/truth.h"

namespace acuate {

// Objects of COCO's instances format (cocodataset.org, "Data format", object detection).
struct CocoObjects {
  std::map<std::string, std::vector<TruthBox>> images;  // by file name without folders; in pixels
  size_t categories = 0;                                // numbered from 0 in the order of their ids
};

// Needs `images` (id, file_name), `annotations` (image_id, category_id, bbox [left, top, width,
// height]; iscrowd where it is not 0) and `categories` (id). What is missing, of another type,
// listed twice or refers to nothing is an Error that says which entry.
Result<CocoObjects> read_coco(const std::filesystem::path& path);
Result<CocoObjects> parse_coco(std::string_view text, const std::string& source);

}  // namespace acuate
