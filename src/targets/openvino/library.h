#pragma once

#include <string>

#include "targets/openvino/module.h"

namespace acuate::openvino {

// OpenVINO's library as it was found, and acuate's module, which speaks with it.
struct Library {
  const Module* module = nullptr;  // null: it does not serve
  std::string reason;              // then why, and how to get one that does
  std::string file;                // also where it does not serve
  std::string version;             // `2026.4.1-22982-…`, or that of the file's name
};

// Looked for and opened once per value of ACUATE_OPENVINO_HOME.
const Library& library();

}  // namespace acuate::openvino
