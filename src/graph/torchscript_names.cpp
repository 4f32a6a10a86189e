#include "graph/torchscript_names.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "graph/module_tree.h"

namespace acuate {
namespace {

// Names that are deeper or longer are not a program's, and cost too much.
constexpr ptrdiff_t kMaxDepth = 32;
constexpr size_t kMaxParameterName = 256;
constexpr size_t kMaxWeights = 8;   // of a scope, that are compared
constexpr size_t kMaxOptions = 64;  // modules that a scope may stand for

// Tools that put one model into another write `If_0_then_branch__Inline_0__` before its names.
std::string_view without_inliner(std::string_view name) {
  constexpr std::string_view kMark = "Inline_";
  size_t at = name.rfind(kMark);
  if (at == name.npos) return name;
  at += kMark.size();
  const size_t end = name.find("__", at);
  return end == name.npos || !parse_int(name.substr(at, end - at)) ? name : name.substr(end + 2);
}

// `/layer1/layer1.0/conv1/Conv` → [layer1, layer1.0, conv1]
std::optional<std::vector<std::string>> name_segments(std::string_view name) {
  name = without_inliner(name);
  if (name.empty() || name[0] != '/') return std::nullopt;
  if (std::count(name.begin(), name.end(), '/') > kMaxDepth) return std::nullopt;
  std::vector<std::string> segments = split(name.substr(1), '/');
  for (const std::string& segment : segments)
    if (segment.empty()) return std::nullopt;
  segments.pop_back();
  return segments;
}

// The name of a module that is called again without `_1`; empty for any other segment.
std::string_view first_call(std::string_view segment) {
  const size_t mark = segment.rfind('_');
  if (mark == segment.npos || mark == 0) return {};
  const std::string_view number = segment.substr(mark + 1);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (number.empty() || number[0] == '0' || !std::all_of(number.begin(), number.end(), is_digit))
    return {};
  return segment.substr(0, mark);
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

// What holds the module: `layer1.0.conv1` → `layer1.0`; empty: the root.
std::string_view holder_of(std::string_view path) {
  const size_t dot = path.rfind('.');
  return dot == path.npos ? std::string_view() : path.substr(0, dot);
}

bool ends_in(std::string_view path, std::string_view segment) {
  return path.ends_with(segment) &&
         (path.size() == segment.size() || path[path.size() - segment.size() - 1] == '.');
}

// The name that a scope has for the module: the last of its names that is no number, and what
// follows. `encoder.layers.0` → `layers.0`.
std::string_view scope_name(std::string_view path) {
  size_t start = path.size();
  while (true) {
    const size_t dot = start == 0 ? path.npos : path.rfind('.', start - 1);
    const size_t begin = dot == path.npos ? 0 : dot + 1;
    if (begin == 0 || !is_number(path.substr(begin, start - begin))) return path.substr(begin);
    start = dot;
  }
}

// `layer1.0.conv1.weight` → `layer1.0.conv1`. Exporters' own names are no parameters.
std::optional<std::string_view> module_of_parameter(std::string_view name) {
  name = without_inliner(name);
  if (name.size() > kMaxParameterName || name.find_first_of("/: ;") != name.npos)
    return std::nullopt;
  if (std::count(name.begin(), name.end(), '.') > kMaxDepth) return std::nullopt;
  const size_t dot = name.rfind('.');
  if (dot == name.npos || dot == 0 || dot + 1 == name.size()) return std::nullopt;
  const std::string_view last = name.substr(dot + 1);
  // `reshape2_3.tmp_0` is what Paddle calls a tensor that is computed.
  if (name.find("..") != name.npos || is_number(last) || last.starts_with("tmp_"))
    return std::nullopt;
  return name.substr(0, dot);
}

// A weight, or a Constant or Identity that names one: equal weights are exported once, and the
// others are made of it.
bool is_parameter(const Value& value) {
  if (value.initializer) return true;
  const Node* producer = value.producer;
  if (producer == nullptr) return false;
  if (producer->is_op("Constant")) return true;
  const Value* source = producer->input(0);
  return producer->is_op("Identity") && source != nullptr && source->initializer;
}

template <typename Visit>
void for_each_parameter(const Node& node, const Visit& visit) {
  const auto look = [&](const Value* value) {
    if (value == nullptr || !is_parameter(*value)) return;
    if (const auto module = module_of_parameter(value->name)) visit(*module);
  };
  for (size_t slot = 0; slot < node.input_count(); ++slot) look(node.input(slot));
  if (node.is_op("Identity") || node.is_op("Constant")) look(node.output());
}

// The path, of the module of a parameter or what holds that, which ends in the segments.
std::optional<std::string> aligned(const std::vector<std::string>& segments, std::string_view last,
                                   std::string_view parameter_module) {
  std::string_view rest = parameter_module, own;
  for (size_t i = segments.size(); i-- > 0;) {
    const std::string_view segment = i + 1 == segments.size() ? last : segments[i];
    while (!rest.empty() && !ends_in(rest, segment)) rest = holder_of(rest);
    if (rest.empty()) return std::nullopt;
    if (own.empty()) own = rest;
    rest = holder_of(rest);
  }
  return std::string(own);
}

// The path where every module that holds another is called.
std::string spelled(const std::vector<std::string>& segments, std::string_view last) {
  std::string path;
  for (size_t i = 0; i < segments.size(); ++i) {
    const std::string_view segment = i + 1 == segments.size() ? last : segments[i];
    const std::string_view previous = i == 0 ? std::string_view() : segments[i - 1];
    const bool repeats = !previous.empty() && segment.size() > previous.size() + 1 &&
                         segment.starts_with(previous) && segment[previous.size()] == '.';
    if (repeats)
      path += segment.substr(previous.size());
    else
      path += (path.empty() ? "" : ".") + std::string(segment);
  }
  return path;
}

bool have_same_content(const TensorRef& a, const TensorRef& b) {
  constexpr uint64_t kCompared = 512;
  if (a.type != b.type || a.shape != b.shape || a.external || b.external) return false;
  const auto tail = [&](const TensorRef& ref) {
    const auto bytes = ref.resident ? ref.resident->bytes() : std::as_bytes(std::span(ref.wire));
    return bytes.last(std::min<size_t>(bytes.size(), std::min(kCompared, ref.size_bytes())));
  };
  const auto x = tail(a), y = tail(b);
  return x.size() == y.size() && std::equal(x.begin(), x.end(), y.begin());
}

}  // namespace

TorchScriptNames::TorchScriptNames(const Model& model) {
  for (const Graph* graph : model.all_graphs())
    for (const Node* node = graph->first(); node != nullptr; node = node->next()) {
      note_name(node->name(), node);
      note_parameters(*node);
      if (const auto origins = parse_text_list(node->metadata("acuate.origins")))
        for (const std::string& origin : *origins) note_name(origin, nullptr);
    }
}

void TorchScriptNames::note_name(std::string_view name, const Node* node) {
  const auto segments = name_segments(name);
  if (!segments) return;
  std::string written;
  for (size_t i = 0; i < segments->size(); ++i) {
    written += "/" + (*segments)[i];
    Scope& scope = scopes_[written];
    scope.is_held |= i + 1 < segments->size();
    if (node == nullptr || i + 1 < segments->size()) continue;
    for (size_t slot = 0; slot < node->input_count(); ++slot)
      if (const Value* value = node->input(slot);
          value != nullptr && value->initializer && scope.weights.size() < kMaxWeights)
        scope.weights.push_back(value);
  }
}

void TorchScriptNames::note_parameters(const Node& node) {
  for_each_parameter(node, [&](std::string_view module) {
    has_nested_parameters_ |= module.find('.') != module.npos;
    for (; !module.empty() && modules_.emplace(module).second; module = holder_of(module))
      by_scope_name_[std::string(scope_name(module))].emplace(module);
  });
}

std::optional<std::string> TorchScriptNames::parameter_module(const Node& node) const {
  std::optional<std::string> common;
  for_each_parameter(node, [&](std::string_view module) {
    common = common ? common_module(*common, module) : std::string(module);
  });
  return common;
}

std::optional<ReadPath> TorchScriptNames::read(const Node& node) const {
  const auto segments = name_segments(node.name());
  return segments ? read(*segments, &node) : std::nullopt;
}

std::optional<ReadPath> TorchScriptNames::read(std::string_view name) const {
  const auto segments = name_segments(name);
  return segments ? read(*segments, nullptr) : std::nullopt;
}

// Equal weights may be one initializer under the name of one of them, so that the module which the
// scopes spell out goes first.
std::optional<ReadPath> TorchScriptNames::settled_by_parameters(const Segments& segments,
                                                                const Node& node) const {
  std::optional<std::string> settled;
  bool is_spelled = false;
  for_each_parameter(node, [&](std::string_view module) {
    for (const std::string_view last :
         {std::string_view(segments.back()), first_call(segments.back())}) {
      auto path = last.empty() || is_spelled ? std::nullopt : aligned(segments, last, module);
      if (!path) continue;
      const std::string literal = spelled(segments, last);
      is_spelled = *path == literal;
      if (is_spelled || (!settled && modules_.count(literal) == 0)) settled = std::move(path);
    }
  });
  if (!settled) return std::nullopt;
  return ReadPath{*std::move(settled), false, {}};
}

// The modules below `holder` that a scope has this name for.
std::vector<std::string> TorchScriptNames::candidates(const std::string& holder,
                                                      const std::string& segment) const {
  std::vector<std::string> found;
  const auto named = by_scope_name_.find(segment);
  if (named == by_scope_name_.end()) return found;
  const std::string below = holder.empty() ? "" : holder + ".";
  for (auto at = named->second.lower_bound(below);
       at != named->second.end() && at->starts_with(below) && found.size() < kMaxOptions; ++at)
    found.push_back(*at);
  return found;
}

bool TorchScriptNames::is_second_call(const std::string& holder_scope, const std::string& holder,
                                      std::string_view segment, std::string_view first) const {
  const std::string prefix = holder.empty() ? "" : holder + ".";
  if (modules_.count(prefix + std::string(segment)) > 0) return false;
  const auto again = scopes_.find(holder_scope + "/" + std::string(segment));
  if (again != scopes_.end() && again->second.is_held) return false;
  const auto base = scopes_.find(holder_scope + "/" + std::string(first));
  if (base == scopes_.end()) return modules_.count(prefix + std::string(first)) > 0;
  if (again == scopes_.end()) return true;
  const std::vector<const Value*>& known = base->second.weights;
  return std::all_of(
      again->second.weights.begin(), again->second.weights.end(), [&](const Value* weight) {
        return std::any_of(known.begin(), known.end(), [&](const Value* other) {
          return weight == other || have_same_content(*weight->initializer, *other->initializer);
        });
      });
}

std::optional<ReadPath> TorchScriptNames::read(const Segments& segments, const Node* node) const {
  if (segments.empty()) return ReadPath{};
  if (node != nullptr)
    if (auto settled = settled_by_parameters(segments, *node)) return settled;
  // Several where a scope fits several modules.
  std::vector<std::string> paths = {""};
  bool guessed = false;
  std::string written, previous;
  for (size_t i = 0; i < segments.size(); ++i) {
    std::string segment = segments[i];
    const std::string holder_scope = written;
    written += "/" + segment;
    if (const auto first = first_call(segment);
        i + 1 == segments.size() && !first.empty() &&
        is_second_call(holder_scope, paths[0], segment, first)) {
      segment = first;
      guessed = true;
    }
    // A container's children are called after it.
    const bool repeats = !previous.empty() && segment.size() > previous.size() + 1 &&
                         segment.starts_with(previous) && segment[previous.size()] == '.';
    std::vector<std::string> next;
    for (const std::string& path : paths) {
      const std::string direct = path.empty() ? segment : path + "." + segment;
      const std::string child = repeats ? path + segment.substr(previous.size()) : direct;
      if (modules_.count(child) > 0 || modules_.count(direct) > 0) {
        next.push_back(modules_.count(child) > 0 ? child : direct);
        continue;
      }
      auto deeper = repeats ? std::vector<std::string>() : candidates(path, segment);
      if (deeper.empty() && paths.size() == 1) deeper.push_back(child);
      for (std::string& found : deeper) next.push_back(std::move(found));
    }
    if (next.empty())
      for (const std::string& path : paths)
        next.push_back(repeats        ? path + segment.substr(previous.size())
                       : path.empty() ? segment
                                      : path + "." + segment);
    if (next.size() > kMaxOptions) next.resize(kMaxOptions);
    paths = std::move(next);
    previous = segment;
  }
  ReadPath read{paths[0], guessed || paths.size() > 1, {}};
  if (paths.size() > 1) read.options = std::move(paths);
  return read;
}

}  // namespace acuate
