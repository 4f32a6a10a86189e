#include "diagnose/dynamic_fix.h"

#include <fmt/format.h>

#include "base/text.h"
#include "edit/script.h"

namespace acuate {
namespace {

// Letters by the layout that the known dimensions show.
std::string letter(const std::vector<Dim>& dims, size_t axis) {
  if (dims.size() != 4) return fmt::format("D{}", axis);
  const bool channels_last =
      dims[3].is_known() && dims[3].value <= 4 && !(dims[1].is_known() && dims[1].value <= 4);
  return std::string(1, (channels_last ? "NHWC" : "NCHW")[axis]);
}

}  // namespace

ShapeRemedy shape_remedy(const DiagnoseContext& context, const Value& input) {
  ShapeRemedy remedy;
  const Value* mended = context.shadow.graph().find(input.name);
  const Value& known = mended != nullptr ? *mended : input;
  if (!known.type.shape) return remedy;
  const std::vector<Dim>& dims = *known.type.shape;
  std::vector<std::string> arguments = {std::string(input.name)}, letters;
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    arguments.push_back(dims[axis].is_known() ? std::to_string(dims[axis].value)
                                              : letter(dims, axis));
    if (!dims[axis].is_known()) letters.push_back(arguments.back());
  }
  remedy.command = format_command("set-shape", std::span<const std::string>(arguments));
  if (!letters.empty()) {
    const std::string last = letters.back();
    letters.pop_back();
    remedy.letters = letters.empty() ? last : join(letters, ", ") + " and " + last;
  }
  return remedy;
}

std::vector<const Node*> dynamic_nodes(const Judgement& judgement) {
  std::vector<const Node*> out;
  std::unordered_set<const Node*> seen;
  for (const auto& [nodes, judged, reason] : judgement.reasons)
    if (reason.id == "dynamic_shape")
      for (const Node* node : nodes)
        if (seen.insert(node).second) out.push_back(node);
  return out;
}

}  // namespace acuate
