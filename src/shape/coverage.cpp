#include <map>

#include <onnx/defs/schema.h>

#include "shape/rule.h"

namespace acuate {

std::vector<RuleCoverage> rule_coverage() {
  std::map<std::pair<std::string, std::string>, RuleCoverage> all;
  for (const onnx::OpSchema& schema : onnx::OpSchemaRegistry::get_all_schemas()) {
    const bool has_rule = schema.has_type_and_shape_inference_function();
    all[{schema.domain(), schema.Name()}] = {
        schema.domain(), schema.Name(),
        has_rule ? RuleCoverage::By::Library : RuleCoverage::By::Nothing, false, ""};
  }
  for (const ShapeFamily& family : shape_families().all())
    for (const OperatorRule& rule : family.operators)
      all[{rule.domain, rule.op_type}] = {rule.domain, rule.op_type, RuleCoverage::By::OwnRule,
                                          rule.has_data, family.id};
  std::vector<RuleCoverage> out;
  for (auto& [name, coverage] : all) out.push_back(std::move(coverage));
  return out;
}

}  // namespace acuate
