#pragma once

#include <string>
#include <string_view>

namespace acuate::openvino {

// What an exception of OpenVINO says, as one line: without source files, checked conditions and
// advertisements; where parts of a model were not converted, each with its reason.
std::string readable_message(std::string_view what);

}  // namespace acuate::openvino
