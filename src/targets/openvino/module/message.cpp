#include "targets/openvino/module/message.h"

#include <vector>

namespace acuate::openvino {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == text.npos ? std::string_view() : text.substr(end + 1);
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
    while (!line.empty() && (line.back() == ' ' || line.back() == '\r' || line.back() == '\t'))
      line.remove_suffix(1);
    lines.push_back(line);
  }
  return lines;
}

void append(std::string& text, std::string_view part, std::string_view separator) {
  if (!text.empty()) text += separator;
  text += part;
}

bool is_scaffold(std::string_view line) {
  for (const std::string_view start :
       {"Exception from ", "Check '", "FrontEnd API failed", "Model wasn't fully converted",
        "Summary:", "While validating ", "To facilitate the conversion", "[ NOT_FOUND ]"})
    if (line.starts_with(start)) return true;
  return line.empty() || line.find("openvino-tokenizers") != line.npos;
}

// `-- Reshape-17 with a message:` and what follows up to an empty line, whose last line is the
// reason and whose first may name the ONNX node.
std::string failed_conversion(std::string_view head, const std::vector<std::string_view>& block) {
  std::string node, reason;
  for (const std::string_view line : block) {
    constexpr std::string_view kNode = "While validating ONNX node '<Node(";
    if (line.starts_with(kNode))
      if (const size_t name = line.find("): "), end = line.find(">'");
          name != line.npos && end != line.npos && name + 3 < end)
        node = line.substr(name + 3, end - name - 3);
    if (!is_scaffold(line)) reason = line;
  }
  std::string out(head);
  if (!node.empty()) out += " (node '" + node + "')";
  return reason.empty() ? out : out + ": " + reason;
}

}  // namespace

std::string readable_message(std::string_view what) {
  constexpr std::string_view kNoRule = "-- No conversion rule found for operations: ";
  constexpr std::string_view kWithMessage = " with a message:";
  const auto lines = lines_of(what);
  std::string conversions, rest;
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string_view line = lines[i];
    if (line.starts_with(kNoRule)) {
      append(conversions, "it has no conversion for " + std::string(line.substr(kNoRule.size())),
             "; ");
    } else if (line.starts_with("-- ") && line.ends_with(kWithMessage)) {
      const std::string_view head = line.substr(3, line.size() - 3 - kWithMessage.size());
      std::vector<std::string_view> block;
      while (i + 1 < lines.size() && !lines[i + 1].empty()) block.push_back(lines[++i]);
      append(conversions, failed_conversion(head, block), "; ");
    } else if (!is_scaffold(line) && !line.starts_with("-- ")) {
      append(rest, line, " ");
    }
  }
  if (!conversions.empty()) return conversions;
  if (!rest.empty()) return rest;
  std::string all;
  for (const std::string_view line : lines)
    if (!line.empty()) append(all, line, " ");
  return all.empty() ? "it gave no reason" : all;
}

}  // namespace acuate::openvino
