#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "edit/diff.h"

namespace acuate {
namespace {

std::string plural(size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

// Of what is told module by module, in this order.
enum Kind : size_t {
  kRemoved,
  kAdded,
  kChanged,
  kRenamed,
  kWeightsRemoved,
  kWeightsAdded,
  kWeightsChanged,
  kTypes,
  kValuesRenamed,
  kKinds
};
constexpr std::pair<std::string_view, std::string_view> kNouns[kKinds] = {
    {"node", " removed"},   {"node", " added"},     {"node", " changed"},
    {"node", " renamed"},   {"weight", " removed"}, {"weight", " added"},
    {"weight", " changed"}, {"shape", " changed"},  {"value", " renamed"}};

class Writer {
 public:
  Writer(const ModelDiff& diff, bool all) : diff_(diff), all_(all) {}

  std::vector<std::string> run() {
    if (diff_.empty()) return {"no differences"};
    collect();
    std::vector<size_t> totals(kKinds);
    for (const auto& [module, lists] : modules_)
      for (size_t kind = 0; kind < kKinds; ++kind) totals[kind] += lists[kind].size();
    if (const std::string total = counts_text(totals); !total.empty()) out_.push_back(total);
    section("model", diff_.model);
    section("inputs and outputs", diff_.interface);
    section("weights that moved", diff_.weights_moved);
    size_t shown = 0;
    for (const std::string& module : order_) {
      if (!all_ && ++shown > kMaxModules) continue;
      write(module, modules_.at(module));
    }
    if (shown > kMaxModules)
      out_.push_back(fmt::format("… and {} with changes; --all shows everything",
                                 plural(shown - kMaxModules, "more module")));
    if (diff_.types_following > 0)
      out_.push_back(fmt::format(
          "{} from what is told above",
          diff_.types_following == 1
              ? "1 shape of an inner value follows"
              : fmt::format("{} shapes of inner values follow", diff_.types_following)));
    return std::move(out_);
  }

 private:
  using Entry = std::vector<std::string>;  // lines
  static constexpr size_t kMaxModules = 20;
  static constexpr size_t kMaxEntries = 8;  // of one kind under one heading
  static constexpr size_t kMaxBytes = 100;  // of one value

  std::string cut(const std::string& text) const {
    if (all_ || text.size() <= kMaxBytes) return text;
    size_t end = kMaxBytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return text.substr(0, end) + "…";
  }

  std::string line(const FieldChange& change) const {
    if (change.before.empty()) return fmt::format("+ {}: {}", change.what, cut(change.after));
    if (change.after.empty()) return fmt::format("- {}: {}", change.what, cut(change.before));
    return fmt::format("~ {}: {} → {}", change.what, cut(change.before), cut(change.after));
  }

  static std::string line(const WeightChange& change) {
    if (change.before != change.after)
      return fmt::format("~ weight {}: {} → {}", change.path, change.before, change.after);
    if (change.differing == 0)
      return fmt::format("~ weight {}: {}, {}", change.path, change.before, change.reason);
    const std::string largest = change.max_abs_difference ? fmt::format("largest difference {:.6g}",
                                                                        *change.max_abs_difference)
                                                          : change.reason;
    return fmt::format("~ weight {}: {}, {} {}, {}", change.path, change.before,
                       plural(change.differing, "element"),
                       change.differing == 1 ? "differs" : "differ", largest);
  }

  void add(const std::string& module, Kind kind, Entry lines) {
    const auto [place, is_new] = modules_.try_emplace(module, kKinds);
    if (is_new) order_.push_back(module);
    place->second[kind].push_back(std::move(lines));
  }

  void collect() {
    for (const auto& node : diff_.nodes_removed)
      add(node.module, kRemoved, {fmt::format("- {} ({})", node.path, node.op_type)});
    for (const auto& node : diff_.nodes_added)
      add(node.module, kAdded, {fmt::format("+ {} ({})", node.path, node.op_type)});
    for (const auto& node : diff_.nodes_changed) {
      Entry lines{fmt::format("~ {} ({})", node.path, node.op_type)};
      for (const FieldChange& change : node.changes) lines.push_back("    " + line(change));
      add(node.module, kChanged, std::move(lines));
    }
    for (const auto& rename : diff_.nodes_renamed)
      add(rename.module, kRenamed, {fmt::format("~ node {} → {}", rename.before, rename.after)});
    for (const auto& weight : diff_.weights_removed)
      add(weight.module, kWeightsRemoved,
          {fmt::format("- weight {}: {}", weight.path, weight.type)});
    for (const auto& weight : diff_.weights_added)
      add(weight.module, kWeightsAdded, {fmt::format("+ weight {}: {}", weight.path, weight.type)});
    for (const auto& weight : diff_.weights_changed)
      add(weight.module, kWeightsChanged, {line(weight)});
    for (const auto& type : diff_.types_changed) {
      const std::string more =
          type.followers == 0 ? "" : fmt::format(", and {} that follow", type.followers);
      add(type.module, kTypes,
          {fmt::format("~ shape of {}: {} → {}{}", type.path, cut(type.before), cut(type.after),
                       more)});
    }
    for (const auto& rename : diff_.values_renamed)
      add(rename.module, kValuesRenamed,
          {fmt::format("~ value {} → {}", rename.before, rename.after)});
  }

  // `2 nodes added, 1 removed; 3 weights changed`
  static std::string counts_text(const std::vector<size_t>& counts) {
    std::string out;
    std::string_view last;
    for (size_t kind = 0; kind < kKinds; ++kind) {
      if (counts[kind] == 0) continue;
      const auto& [noun, what] = kNouns[kind];
      out += out.empty() ? "" : noun == last ? ", " : "; ";
      out += noun == last ? std::to_string(counts[kind]) : plural(counts[kind], noun);
      out += what;
      last = noun;
    }
    return out;
  }

  void write(const std::string& module, const std::vector<std::vector<Entry>>& lists) {
    std::vector<size_t> counts;
    for (const auto& list : lists) counts.push_back(list.size());
    out_.push_back(
        fmt::format("{}: {}", module.empty() ? "outside of modules" : module, counts_text(counts)));
    for (const auto& list : lists) write_entries(list);
  }

  void write_entries(const std::vector<Entry>& entries) {
    const size_t shown = all_ ? entries.size() : std::min(entries.size(), kMaxEntries);
    for (size_t i = 0; i < shown; ++i)
      for (const std::string& text : entries[i]) out_.push_back("  " + text);
    if (shown < entries.size())
      out_.push_back(fmt::format("  … and {} more like these", entries.size() - shown));
  }

  void section(std::string_view title, const std::vector<FieldChange>& changes) {
    if (changes.empty()) return;
    out_.emplace_back(title);
    std::vector<Entry> entries;
    for (const FieldChange& change : changes) entries.push_back({line(change)});
    write_entries(entries);
  }

  const ModelDiff& diff_;
  bool all_;
  std::map<std::string, std::vector<std::vector<Entry>>> modules_;
  std::vector<std::string> order_;  // of first appearance
  std::vector<std::string> out_;
};

}  // namespace

std::vector<std::string> to_lines(const ModelDiff& diff, bool all) {
  return Writer(diff, all).run();
}

std::string to_text(const ModelDiff& diff) { return join(to_lines(diff), "\n") + "\n"; }

}  // namespace acuate
