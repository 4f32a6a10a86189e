#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "graph/module_tree.h"

namespace acuate {

// What a configuration says about one of the user's modules. The keys are AcuiRT's.
struct ModuleChoice {
  bool convert = false;     // `rt_mode`: "onnx"; null or "torch" leave the module on the host
  bool may_divide = false;  // `auto`: what the target refuses inside stays on the host; else the
                            // module converts whole or not at all
  bool fp16 = false, int8 = false;
};

// By module path.
using ModuleConfig = std::map<std::string, ModuleChoice>;

// `{"backbone.stem": {"rt_mode": "onnx", "auto": true}}`; `children` nests, and a key of several
// scopes is the same as scopes nested. Errors name the key: unknown keys, values of another kind, a
// module that is named twice, and a converted module inside of a converted one.
Result<ModuleConfig> parse_module_config(std::string_view json, std::string_view origin);

// Whether `path` is the module `ancestor`, or of it.
bool is_within(std::string_view path, std::string_view ancestor);

// Errors name what is no module of the model, with the closest path.
Result<void> check_modules(const ModuleConfig& config, const ModelModuleTree& tree);

}  // namespace acuate
