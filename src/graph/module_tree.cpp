#include "graph/module_tree.h"

#include <algorithm>
#include <set>

#include "base/text.h"

namespace acuate {
namespace {

constexpr std::string_view kNameScopes = "pkg.torch.onnx.name_scopes";
constexpr std::string_view kClassHierarchy = "pkg.torch.onnx.class_hierarchy";
constexpr std::string_view kOrigins = "acuate.origins";

void append_utf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

class TextListParser {
 public:
  explicit TextListParser(std::string_view text) : text_(trim(text)) {}

  std::optional<std::vector<std::string>> run() {
    if (text_.size() < 2 || text_.front() != '[' || text_.back() != ']') return std::nullopt;
    text_ = trim(text_.substr(1, text_.size() - 2));
    std::vector<std::string> items;
    while (at_ < text_.size()) {
      if (!quoted(items.emplace_back())) return std::nullopt;
      skip_spaces();
      if (at_ == text_.size()) break;
      if (text_[at_++] != ',') return std::nullopt;
      skip_spaces();
      if (at_ == text_.size()) return std::nullopt;
    }
    return items;
  }

 private:
  void skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }

  bool quoted(std::string& out) {
    const char quote = text_[at_++];
    if (quote != '\'' && quote != '"') return false;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == quote) return true;
      if (c != '\\')
        out += c;
      else if (!escaped(out))
        return false;
    }
    return false;
  }

  bool escaped(std::string& out) {
    if (at_ == text_.size()) return false;
    const char c = text_[at_++];
    constexpr std::string_view kFrom = "\\'\"/nrtbf", kTo = "\\'\"/\n\r\t\b\f";
    if (const size_t i = kFrom.find(c); i != kFrom.npos) {
      out += kTo[i];
      return true;
    }
    const auto code = hex(c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0);
    if (!code || *code > 0x10FFFF) return false;
    uint32_t point = *code;
    // JSON writes what lies beyond 16 bits as two halves.
    if (point >= 0xD800 && point < 0xDC00 && text_.substr(at_, 2) == "\\u") {
      at_ += 2;
      const auto low = hex(4);
      if (!low || *low < 0xDC00 || *low > 0xDFFF) return false;
      point = 0x10000 + ((point - 0xD800) << 10) + (*low - 0xDC00);
    }
    append_utf8(out, point);
    return true;
  }

  std::optional<uint32_t> hex(size_t digits) {
    if (digits == 0 || at_ + digits > text_.size()) return std::nullopt;
    uint32_t code = 0;
    for (size_t i = 0; i < digits; ++i) {
      constexpr std::string_view kDigits = "0123456789abcdef0123456789ABCDEF";
      const size_t digit = kDigits.find(text_[at_++]);
      if (digit == kDigits.npos) return std::nullopt;
      code = code << 4 | static_cast<uint32_t>(digit % 16);
    }
    return code;
  }

  std::string_view text_;
  size_t at_ = 0;
};

// `torch.nn.modules.conv.Conv2d` → `Conv2d`
std::string short_class(const std::string& qualified) {
  return qualified.substr(qualified.rfind('.') + 1);
}

// The modules around a node from the outermost to its own.
using Scopes = std::vector<ModuleInfo>;

std::optional<Scopes> stated_scopes(const Node& node) {
  auto names = parse_text_list(node.metadata(kNameScopes));
  if (!names || names->empty()) return std::nullopt;
  const auto classes = parse_text_list(node.metadata(kClassHierarchy));
  Scopes scopes;
  for (size_t i = 0; i + 1 < names->size(); ++i) {
    const bool has_class = classes && classes->size() == names->size();
    scopes.push_back({(*names)[i], has_class ? short_class((*classes)[i]) : "", false});
  }
  return scopes;
}

// `/layer1/layer1.0/conv1/Conv` → [layer1, layer1.0, conv1]
std::optional<std::vector<std::string>> name_segments(std::string_view name) {
  if (name.empty() || name[0] != '/') return std::nullopt;
  std::vector<std::string> segments = split(name.substr(1), '/');
  for (const std::string& segment : segments)
    if (segment.empty()) return std::nullopt;
  segments.pop_back();
  return segments;
}

// The name of a module that is called again without `_1`; empty for any other segment.
std::string_view first_call(std::string_view segment) {
  const size_t mark = segment.rfind('_');
  if (mark == segment.npos || mark == 0 || !parse_int(segment.substr(mark + 1))) return {};
  return segment.substr(0, mark);
}

// Reads TorchScript names. `conv_1` can be a second call of `conv`, or a module of that name: it
// has weights of its own then.
class NameReader {
 public:
  explicit NameReader(const Model& model) {
    for (const Graph* graph : model.all_graphs())
      for (const Node* node = graph->first(); node != nullptr; node = node->next()) note(*node);
  }

  std::optional<Scopes> read(std::string_view name) const {
    const auto segments = name_segments(name);
    if (!segments) return std::nullopt;
    Scopes scopes;
    std::string raw, holder, previous;
    bool guessed = false;
    for (const std::string& written : *segments) {
      const std::string parent = raw;
      raw += "/" + written;
      std::string segment = written;
      if (const auto base = first_call(written);
          !base.empty() && is_call_of(raw, parent + "/" + std::string(base))) {
        segment = base;
        guessed = true;
      }
      // A container's children are called after it.
      const bool repeats = !previous.empty() && segment.size() > previous.size() + 1 &&
                           segment.starts_with(previous) && segment[previous.size()] == '.';
      if (!repeats) holder = scopes.empty() ? "" : scopes.back().path + ".";
      scopes.push_back({holder + segment, "", guessed});
      previous = segment;
    }
    return scopes;
  }

 private:
  void note(const Node& node) {
    const auto segments = name_segments(node.name());
    if (!segments) return;
    std::string raw;
    for (const std::string& segment : *segments) {
      raw += "/" + segment;
      std::set<const Value*>& weights = weights_[raw];
      for (size_t slot = 0; slot < node.input_count(); ++slot)
        if (const Value* value = node.input(slot); value != nullptr && value->initializer)
          weights.insert(value);
    }
  }

  bool is_call_of(const std::string& again, const std::string& first) const {
    const auto a = weights_.find(again), b = weights_.find(first);
    return a != weights_.end() && b != weights_.end() &&
           std::includes(b->second.begin(), b->second.end(), a->second.begin(), a->second.end());
  }

  std::unordered_map<std::string, std::set<const Value*>> weights_;  // by scope as it is written
};

std::optional<Scopes> origin_scopes(const Node& node, const NameReader& names) {
  const auto origins = parse_text_list(node.metadata(kOrigins));
  if (!origins) return std::nullopt;
  for (const std::string& origin : *origins)
    if (auto scopes = names.read(origin)) {
      for (ModuleInfo& scope : *scopes) scope.guessed = true;
      return scopes;
    }
  return std::nullopt;
}

}  // namespace

std::optional<std::vector<std::string>> parse_text_list(std::string_view text) {
  return TextListParser(text).run();
}

ModelModuleTree ModelModuleTree::of(const Model& model) {
  ModelModuleTree tree;
  tree.modules_.push_back({});
  std::unordered_map<std::string, size_t> by_path = {{"", 0}};
  const NameReader names(model);
  // A graph comes after the one that holds it, so that the owner of a body is known.
  for (const Graph* graph : model.all_graphs())
    for (const Node* node = graph->first(); node != nullptr; node = node->next()) {
      auto scopes = stated_scopes(*node);
      if (!scopes) scopes = names.read(node->name());
      if (!scopes) scopes = origin_scopes(*node, names);
      const Node* owner = graph->owner();
      if ((!scopes || scopes->empty()) && owner != nullptr) {
        ModuleInfo inherited = tree.module_of(*owner);
        tree.index_of_[node] = by_path.at(inherited.path);
        inherited.guessed = true;
        tree.guesses_[node] = std::move(inherited);
        continue;
      }
      size_t index = 0;
      for (const ModuleInfo& scope : scopes.value_or(Scopes())) {
        const auto [found, is_new] = by_path.try_emplace(scope.path, tree.modules_.size());
        index = found->second;
        if (is_new)
          tree.modules_.push_back(scope);
        else if (tree.modules_[index].class_name.empty())
          tree.modules_[index].class_name = scope.class_name;
        tree.modules_[index].guessed &= scope.guessed;
      }
      tree.index_of_[node] = index;
      if (scopes && !scopes->empty() && scopes->back().guessed)
        tree.guesses_[node] = scopes->back();
    }
  // A class may have been stated at another node of the module.
  for (auto& [node, info] : tree.guesses_)
    info.class_name = tree.modules_[tree.index_of_[node]].class_name;
  return tree;
}

const ModuleInfo& ModelModuleTree::module_of(const Node& node) const {
  if (const auto guess = guesses_.find(&node); guess != guesses_.end()) return guess->second;
  const auto found = index_of_.find(&node);
  return modules_[found == index_of_.end() ? 0 : found->second];
}

}  // namespace acuate
