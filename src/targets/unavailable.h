#pragma once

#include <optional>
#include <string>

#include "targets/library_search.h"
#include "targets/target.h"

namespace acuate {

// A target that this version knows by name only. It looks for the vendor's library, so that `acuate
// targets` can say what is there, and answers every node with `unknown_support`.
struct UnavailableTarget {
  std::string product;  // `OpenVINO`
  LibrarySearch library;
  std::string how_to_get;  // where the library is not found: `pip install openvino`
  std::string needs;       // what else it takes; may be empty
  // What it is known to want of a quantized network; nothing: it quantizes nothing.
  std::optional<QuantizationRules> quantization = {};
};

std::shared_ptr<const TargetBackend> make_unavailable_target(UnavailableTarget target);

}  // namespace acuate
