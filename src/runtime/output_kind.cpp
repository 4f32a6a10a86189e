#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "base/text.h"
#include "runtime/adapter.h"

namespace acuate {
namespace {

using Form = OutputKind::Form;

constexpr std::pair<std::string_view, Form> kForms[] = {
    {"none", Form::None},     {"xyxy", Form::Xyxy},     {"xywh", Form::Xywh},
    {"cxcywh", Form::Cxcywh}, {"points", Form::Points}, {"mask", Form::Mask}};
constexpr std::string_view kNormalized = "-normalized";

}  // namespace

std::string OutputKind::text() const {
  std::string out;
  for (const auto& [name, each] : kForms)
    if (each == form) out = name;
  if (is_normalized) out += kNormalized;
  if (axis != -1 || first != 0) out += fmt::format("@{}", axis);
  if (first != 0) out += fmt::format(":{}", first);
  return out;
}

Result<OutputKind> OutputKind::parse(std::string_view text) {
  OutputKind kind;
  std::string_view name = text.substr(0, text.find('@'));
  if (name.size() < text.size()) {
    const std::string_view place = text.substr(name.size() + 1);
    const size_t colon = place.find(':');
    const auto axis = parse_int(place.substr(0, colon));
    const auto first =
        colon == place.npos ? std::optional<int64_t>(0) : parse_int(place.substr(colon + 1));
    constexpr int64_t kMostAxis = 64, kMostFirst = 1 << 20;
    if (!axis || std::abs(*axis) > kMostAxis || !first || *first < 0 || *first > kMostFirst)
      return fail("output kind '{}': found '@{}'; expected @AXIS or @AXIS:FIRST, such as @1:2",
                  text, place);
    kind.axis = *axis;
    kind.first = *first;
  }
  if (name.ends_with(kNormalized)) {
    kind.is_normalized = true;
    name.remove_suffix(kNormalized.size());
  }
  const auto found = std::ranges::find(kForms, name, [](auto& entry) { return entry.first; });
  if (found == std::end(kForms) ||
      (kind.is_normalized && (found->second == Form::None || found->second == Form::Mask)))
    return fail(
        "output kind '{}': expected none, mask, or xyxy, xywh, cxcywh, points, each of these with "
        "-normalized or in pixels",
        text);
  kind.form = found->second;
  if (kind.form == Form::Mask && name.size() == text.size()) kind.axis = -2;
  return kind;
}

Result<std::pair<std::string, OutputKind>> parse_output_kind(std::string_view text) {
  const size_t mark = text.rfind('=');
  if (mark == text.npos || mark == 0)
    return fail("found the output kind '{}'; expected OUTPUT=KIND, such as boxes=xyxy", text);
  auto kind = OutputKind::parse(text.substr(mark + 1));
  if (!kind) return kind.error();
  return std::pair(std::string(text.substr(0, mark)), *kind);
}

}  // namespace acuate
