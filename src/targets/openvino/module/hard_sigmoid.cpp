#include "targets/openvino/module/hard_sigmoid.h"

#include <cmath>
#include <optional>

#include <openvino/core/graph_util.hpp>
#include <openvino/core/rt_info.hpp>
#include <openvino/op/add.hpp>
#include <openvino/op/clamp.hpp>
#include <openvino/op/constant.hpp>
#include <openvino/op/hard_sigmoid.hpp>
#include <openvino/op/hsigmoid.hpp>
#include <openvino/op/multiply.hpp>

namespace acuate::openvino {
namespace {

std::optional<float> number(const ov::Output<ov::Node>& value) {
  const auto constant = ov::as_type_ptr<ov::op::v0::Constant>(value.get_node_shared_ptr());
  if (constant == nullptr || ov::shape_size(constant->get_shape()) != 1) return std::nullopt;
  return constant->cast_vector<float>()[0];
}

}  // namespace

void replace_hard_sigmoids(ov::Model& model) {
  for (const auto& node : model.get_ordered_ops()) {
    if (!ov::is_type<ov::op::v0::HardSigmoid>(node)) continue;
    const auto x = node->input_value(0);
    const auto alpha = number(node->input_value(1)), beta = number(node->input_value(2));
    if (!alpha || !beta) continue;
    ov::NodeVector made;
    if (std::abs(*alpha * 6 - 1) < 1e-6F && *beta == 0.5F) {
      made = {std::make_shared<ov::op::v5::HSigmoid>(x)};
    } else {
      const auto constant = [&](float value) {
        return ov::op::v0::Constant::create(x.get_element_type(), ov::Shape{}, {value});
      };
      const auto scaled = std::make_shared<ov::op::v1::Multiply>(x, constant(*alpha));
      const auto moved = std::make_shared<ov::op::v1::Add>(scaled, constant(*beta));
      made = {scaled, moved, std::make_shared<ov::op::v0::Clamp>(moved, 0.0, 1.0)};
    }
    // Profiles find the ONNX node by its name.
    made.back()->set_friendly_name(node->get_friendly_name());
    ov::copy_runtime_info(node, made);
    ov::replace_node(node, made.back());
  }
}

}  // namespace acuate::openvino
