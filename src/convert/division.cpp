#include "convert/division.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/file.h"
#include "base/text.h"
#include "convert/float_model.h"
#include "convert/mend.h"
#include "convert/module_config.h"
#include "diagnose/rule.h"
#include "graph/module_tree.h"
#include "targets/sizes_within.h"

namespace acuate {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostConfigBytes = uint64_t{16} << 20;

class Divider {
 public:
  Divider(Model& model, const Model& original, const ConvertOptions& options, const Target& target,
          const ShapeRanges& sizes)
      : model_(model),
        options_(options),
        target_(target),
        sizes_(sizes),
        tree_(ModelModuleTree::carried_over(model, original)) {}

  Result<Division> run() {
    if (auto read = read_config(); !read) return read.error();
    auto costs = read_partition_costs(options_.costs, target_, options_.note);
    if (!costs) return costs.error();
    costs_ = std::move(*costs);
    if (auto judged = judge(); !judged) return judged.error();
    refuse_undividable_modules();
    if (auto cut = cut_tail(); !cut) return cut.error();
    PartitionRequest request;
    request.may_take = [this](const Node& node) { return label(node) != kHost; };
    request.group = [this](const Node& node) { return label(node); };
    request.costs = costs_ ? &costs_->costs : nullptr;
    request.max_engines = options_.max_engines;
    auto partition = acuate::partition(model_.graph(), request);
    if (!partition) return partition.error();
    if (sized_tools(target_) != nullptr)
      if (const SizesWithin sizes(model_, sizes_); sizes.is_complete())
        while (leave_unsized(*partition, sizes)) {
          partition = acuate::partition(model_.graph(), request);
          if (!partition) return partition.error();
        }
    tell_unsized();
    if (partition->counts.nodes_on_target == 0 && partition->counts.nodes_total > 0)
      if (auto useful = explain_nothing(*partition); !useful) return useful.error();
    division_.options = partition->options;
    division_.counts = partition->counts;
    division_.is_whole = partition->counts.nodes_on_target == partition->counts.nodes_total &&
                         partition->pieces.size() <= 1;
    const bool mixes = config_ && std::any_of(config_->begin(), config_->end(), [](const auto& e) {
                         return e.second.convert && e.second.fp16;
                       });
    if (!division_.is_whole || mixes) name_nodes(model_);
    for (size_t i = 0; i < partition->labels.size(); ++i) {
      const Node& node = *partition->dag.nodes[i];
      if (!division_.is_whole) division_.labels.emplace(node.name(), partition->labels[i]);
      if (!mixes || partition->labels[i] == kHost) continue;
      const auto* choice = choice_of(tree_.module_of(node).path);
      if (choice != nullptr && choice->second.fp16) division_.in_float16.emplace(node.name());
    }
    return std::move(division_);
  }

 private:
  Result<void> read_config() {
    if (!options_.config) return {};
    auto text = read_text_file(*options_.config, kMostConfigBytes);
    if (!text) return text.error();
    auto config = parse_module_config(*text, options_.config->string());
    if (!config) return config.error();
    if (auto known = check_modules(*config, tree_); !known)
      return fail("{}: {}", options_.config->string(), known.error().message);
    config_ = std::move(*config);
    Label next = 1;
    for (const auto& [path, choice] : *config_) {
      if (!choice.convert) continue;
      if (next == UINT16_MAX)
        return fail("{} converts too many modules", options_.config->string());
      groups_.emplace(path, next++);
      note_precision(path, choice);
    }
    if (groups_.empty())
      return fail("{} converts no module; expected one with \"rt_mode\": \"onnx\"",
                  options_.config->string());
    return {};
  }

  // Eight bits are for the whole conversion, which measures ranges for them.
  void note_precision(const std::string& path, const ModuleChoice& choice) {
    if (!choice.int8 || options_.precision == "int8") return;
    Finding finding = new_finding("precision_not_available");
    finding.target = target_.id;
    finding.module = path;
    finding.cause = "The module is to be in 8 bits, which needs --precision int8 and --data.";
    finding.evidence = fmt::format("asked: int8; converted: {}", options_.precision);
    finding.stage = "partition";
    division_.findings.push_back(std::move(finding));
  }

  // The choice for the innermost module that the configuration names.
  const ModuleConfig::value_type* choice_of(const std::string& path) const {
    for (std::string_view part = path;;) {
      if (const auto found = config_->find(std::string(part)); found != config_->end())
        return &*found;
      const size_t end = part.find_last_of("./");
      if (end == part.npos) return nullptr;
      part = part.substr(0, end);
    }
  }

  Label wanted(const Node& node) const {
    const std::string& path = tree_.module_of(node).path;
    const auto modules = tree_.modules_of(node);
    for (const std::string& pattern : options_.keep_on_host) {
      const auto is_meant = [&](const ModuleInfo* module) {
        return matches_pattern(module->path, pattern);
      };
      if (matches_pattern(node.address(), pattern) ||
          std::any_of(modules.begin(), modules.end(), is_meant))
        return kHost;
    }
    if (!config_) return 1;
    const auto* choice = choice_of(path);
    return choice == nullptr || !choice->second.convert ? kHost : groups_.at(choice->first);
  }

  Result<void> judge() {
    const Target judging = judging_within(target_, sizes_);
    const auto verdict = ModelVerdict::of(judging, model_);
    if (!verdict) return verdict.error();
    const Graph& graph = model_.graph();
    for (const Node* node = graph.first(); node != nullptr; node = node->next()) {
      Label label = wanted(*node);
      if (label == kHost) ++kept_;
      for (Reason& reason : label == kHost ? std::vector<Reason>() : verdict->why_not(*node)) {
        if (!reason.blocks) continue;
        if (reasons_.size() < kShownReasons) reasons_.push_back({node->address(), reason.message});
        refused_by_module_[label].try_emplace(node->address(), reason.message);
        label = kHost;
        break;
      }
      if (label != kHost) labels_.emplace(node, label);
    }
    return {};
  }

  // Modules that convert whole or not at all, and are not taken whole.
  void refuse_undividable_modules() {
    for (const auto& [path, group] : groups_) {
      const auto refused = refused_by_module_.find(group);
      if (refused == refused_by_module_.end()) continue;
      const auto& [node, message] = *refused->second.begin();
      const bool divides = config_->at(path).may_divide;
      division_.failed_modules[path] =
          fmt::format("{} of its nodes {} refused, first '{}': {}{}", refused->second.size(),
                      refused->second.size() == 1 ? "is" : "are", node, message,
                      divides ? "" : "; with \"auto\": true the rest would be converted");
      if (divides) continue;
      std::erase_if(labels_, [g = group](const auto& entry) { return entry.second == g; });
    }
  }

  // What is behind the cut is the host's.
  Result<void> cut_tail() {
    if (!cuts_by_name(options_) && !cuts_automatically(options_)) return {};
    TailRequest request;
    request.may_take = [this](const Node& node) {
      return cuts_by_name(options_) || label(node) != kHost;
    };
    if (cuts_by_name(options_)) {
      auto cuts = cut_values(model_, options_.cut);
      if (!cuts) return cuts.error();
      request.cuts = std::move(*cuts);
    }
    request.fewest_values = request.before_mixing = cuts_automatically(options_);
    const Tail tail = find_tail(model_.graph(), request);
    if (cuts_by_name(options_))
      if (auto useful = check_tail(tail, options_); !useful) return useful;
    for (size_t i = 0; i < tail.labels.size(); ++i)
      if (tail.labels[i] == kHost) labels_.erase(tail.dag.nodes[i]);
    return {};
  }

  // Leaves to the host what would read, over the border of a piece, a tensor whose sizes depend on
  // data. True where there was such a node: the pieces are others then.
  bool leave_unsized(const Partition& partition, const SizesWithin& sizes) {
    const Dag& dag = partition.dag;
    const std::vector<uint32_t> piece_of = piece_of_node(dag, partition.pieces);
    std::vector<bool> left(dag.nodes.size());
    const size_t before = unsized_.size();
    for (size_t i = 0; i < dag.nodes.size(); ++i) {
      if (partition.labels[i] == kHost) continue;
      for (const uint32_t read : dag.reads[i]) {
        const auto& [value, producer, readers, is_output] = dag.tensors[read];
        if (producer == Dag::kOutside || (piece_of[producer] == piece_of[i] && !left[producer]) ||
            value->type.is_static() || sizes.shape(value->name))
          continue;
        left[i] = true;
        labels_.erase(dag.nodes[i]);
        unsized_.emplace_back(dag.nodes[i], value);
        break;
      }
    }
    return unsized_.size() > before;
  }

  void tell_unsized() {
    if (unsized_.empty()) return;
    Finding finding = new_finding("data_dependent_shape");
    finding.severity = Severity::Info;
    finding.target = target_.id;
    finding.cause = fmt::format(
        "The host keeps what reads, from another piece, a tensor whose size depends on data: an "
        "engine of {} is built for sizes.",
        target_.id);
    const auto& [first, value] = unsized_.front();
    finding.evidence = fmt::format("{} nodes, first '{}', which reads '{}'", unsized_.size(),
                                   first->address(), to_valid_utf8(value->name));
    for (const auto& [node, reads] : unsized_) finding.nodes.push_back(node->address());
    finding.stage = "partition";
    division_.findings.push_back(std::move(finding));
  }

  Label label(const Node& node) const {
    const auto found = labels_.find(&node);
    return found == labels_.end() ? kHost : found->second;
  }

  // Fine where the user wants it so, or where everything is cheaper on the host.
  Result<void> explain_nothing(const Partition& partition) const {
    if (!labels_.empty() || kept_ == model_.graph().node_count()) return {};
    std::string text = fmt::format("target {} takes none of the {} nodes", target_.id,
                                   partition.counts.nodes_total);
    for (const auto& [node, message] : reasons_) text += fmt::format("\n  '{}': {}", node, message);
    for (const auto& [path, message] : division_.failed_modules)
      text += fmt::format("\n  module '{}': {}", path, message);
    return fail("{}\nrun `acuate diagnose` for all reasons and fixes", text);
  }

  static constexpr size_t kShownReasons = 3;

  Model& model_;
  const ConvertOptions& options_;
  const Target& target_;
  const ShapeRanges& sizes_;
  std::unique_ptr<PredictedCosts> costs_;  // null: no times are predicted
  const ModelModuleTree tree_;
  std::optional<ModuleConfig> config_;
  std::map<std::string, Label> groups_;
  std::unordered_map<const Node*, Label> labels_;  // what the target may have
  std::map<Label, std::map<std::string, std::string>> refused_by_module_;
  std::vector<std::pair<std::string, std::string>> reasons_;
  // On the host for the sizes of what they read.
  std::vector<std::pair<const Node*, const Value*>> unsized_;
  size_t kept_ = 0;  // nodes that the user keeps on the host
  Division division_;
};

}  // namespace

Label Division::label_of(const Node& node) const {
  // What quantization writes stands between nodes of the float graph: it is the target's where its
  // reader or its maker is.
  const auto reader = [](const Node& at) -> const Node* {
    const Value* output = at.output();
    return output != nullptr && !output->uses().empty() ? output->uses()[0].node : nullptr;
  };
  const auto maker = [](const Node& at) -> const Node* {
    return at.input(0) != nullptr ? at.input(0)->producer : nullptr;
  };
  const auto first_known = [this](const Node* at, const auto& next) {
    for (; at != nullptr; at = next(*at))
      if (const auto found = labels.find(at->name()); found != labels.end()) return found->second;
    return kHost;
  };
  const Label label = first_known(&node, reader);
  return label != kHost || labels.count(node.name()) > 0 ? label : first_known(&node, maker);
}

Result<Division> divide_for(Model& model, const Model& original, const ConvertOptions& options,
                            const Target& target, const ShapeRanges& sizes) {
  return Divider(model, original, options, target, sizes).run();
}

}  // namespace acuate
