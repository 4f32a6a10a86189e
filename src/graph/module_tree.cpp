#include "graph/module_tree.h"

#include <algorithm>
#include <utility>

#include "graph/block_structure.h"
#include "graph/tensorflow_names.h"
#include "graph/torchscript_names.h"

namespace acuate {
namespace {

constexpr std::string_view kNameScopes = "pkg.torch.onnx.name_scopes";
constexpr std::string_view kClassHierarchy = "pkg.torch.onnx.class_hierarchy";
constexpr std::string_view kOrigins = "acuate.origins";
constexpr std::string_view kOriginModules = "acuate.origin_modules";
constexpr ptrdiff_t kMaxDepth = 64;  // a path that is deeper is no program's
constexpr size_t kMaxFurther = 64;   // modules that are told of a merged node

// `torch.nn.modules.conv.Conv2d` → `Conv2d`
std::string short_class(const std::string& qualified) {
  return qualified.substr(qualified.rfind('.') + 1);
}

}  // namespace

std::string common_module(std::string_view a, std::string_view b) {
  size_t equal = 0;
  while (equal < a.size() && equal < b.size() && a[equal] == b[equal]) ++equal;
  const auto ends = [&equal](std::string_view path) {
    return path.size() == equal || path[equal] == '.';
  };
  while (equal > 0 && !(ends(a) && ends(b))) --equal;
  return std::string(a.substr(0, equal));
}

class ModuleTreeBuilder {
 public:
  explicit ModuleTreeBuilder(const Model& model)
      : model_(model), torchscript_(model), tensorflow_(model) {
    for (const Graph* graph : model.all_graphs())
      for (const Node* node = graph->first(); node != nullptr; node = node->next()) {
        index_.emplace(node, nodes_.size());
        nodes_.push_back(node);
      }
    told_.resize(nodes_.size());
  }

  ModelModuleTree run() {
    for (size_t i = 0; i < nodes_.size(); ++i) read(*nodes_[i], told_[i]);
    for (size_t i = 0; i < nodes_.size(); ++i) settle_by_parameters(i);
    for (size_t i = 0; i < nodes_.size(); ++i) choose_option(i, true);
    for (size_t i = nodes_.size(); i-- > 0;) choose_option(i, false);
    guess_structure();
    fill_from_neighbours();
    return take();
  }

 private:
  enum class Source { Nothing, Parameters, Name, Metadata };
  struct Told {
    Source source = Source::Nothing;
    bool guessed = false;
    std::string path;
    std::vector<std::string> further;  // of what was merged into the node
    std::vector<std::string> options;  // what the name may mean instead of `path`
  };

  void read(const Node& node, Told& told) {
    if (!read_metadata(node, told)) read_name(node, told);
    read_origins(node, told);
    if (told.source != Source::Nothing) return;
    if (auto module = torchscript_.parameter_module(node))
      told = {Source::Parameters, true, *std::move(module), std::move(told.further), {}};
  }

  bool read_metadata(const Node& node, Told& told) {
    const auto names = parse_text_list(node.metadata(kNameScopes));
    if (!names || names->empty()) return false;
    const auto classes = parse_text_list(node.metadata(kClassHierarchy));
    if (classes && classes->size() == names->size())
      for (size_t i = 0; i + 1 < names->size(); ++i)
        classes_.try_emplace((*names)[i], short_class((*classes)[i]));
    told.source = Source::Metadata;
    if (names->size() > 1) told.path = (*names)[names->size() - 2];
    return true;
  }

  // An exporter that merges a convolution and what follows keeps the metadata of one of them: a
  // module of which only the parameters are left comes first.
  void settle_by_parameters(size_t i) {
    Told& told = told_[i];
    if (told.source != Source::Metadata) return;
    auto module = torchscript_.parameter_module(*nodes_[i]);
    if (!module || classes_.count(*module) > 0 || common_module(*module, told.path) == told.path ||
        common_module(*module, told.path) == *module)
      return;
    told.further.insert(told.further.begin(), std::exchange(told.path, *std::move(module)));
  }

  void read_name(const Node& node, Told& told) {
    if (auto scopes = torchscript_.read(node)) {
      told = {
          Source::Name, scopes->guessed, std::move(scopes->path), {}, std::move(scopes->options)};
    } else if (auto paths = tensorflow_.read(node); !paths.empty()) {
      told = {Source::Name, false, std::move(paths[0]), {}, {}};
      told.further.assign(std::make_move_iterator(paths.begin() + 1),
                          std::make_move_iterator(paths.end()));
    }
  }

  void read_origins(const Node& node, Told& told) {
    auto modules =
        parse_text_list(node.metadata(kOriginModules)).value_or(std::vector<std::string>());
    if (const auto origins = parse_text_list(node.metadata(kOrigins)))
      for (const std::string& origin : *origins) {
        if (auto scopes = torchscript_.read(origin)) modules.push_back(std::move(scopes->path));
        for (std::string& path : tensorflow_.read(origin)) modules.push_back(std::move(path));
      }
    for (std::string& module : modules) {
      if (told.source == Source::Nothing)
        told = {Source::Name, true, std::move(module), {}, {}};
      else if (module != told.path && told.further.size() < kMaxFurther &&
               std::find(told.further.begin(), told.further.end(), module) == told.further.end())
        told.further.push_back(std::move(module));
    }
  }

  // The neighbours' nodes before or after: those that give values that are computed.
  template <typename Visit>
  void for_each_neighbour(const Node& node, bool before, const Visit& visit) const {
    const auto found = [&](const Node* other) {
      if (const auto at = index_.find(other); at != index_.end()) visit(at->second);
    };
    if (before)
      for (size_t slot = 0; slot < node.input_count(); ++slot) {
        const Value* value = node.input(slot);
        if (value != nullptr && value->producer != nullptr) found(value->producer);
      }
    else
      for (const Value* value : node.outputs())
        if (value != nullptr)
          for (const Use& use : value->uses()) found(use.node);
  }

  // Of the modules that a name fits, the one next to those around it.
  void choose_option(size_t i, bool before) {
    Told& told = told_[i];
    if (told.options.empty()) return;
    size_t best = 0;
    const std::string* chosen = nullptr;
    for_each_neighbour(*nodes_[i], before, [&](size_t other) {
      if (told_[other].source == Source::Nothing || !told_[other].options.empty()) return;
      for (const std::string& option : told.options) {
        const std::string common = common_module(option, told_[other].path);
        const size_t depth =
            common.empty() ? 0
                           : 1 + static_cast<size_t>(std::count(common.begin(), common.end(), '.'));
        if (chosen == nullptr || depth > best || (depth == best && &option < chosen))
          chosen = &option;
        best = std::max(best, depth);
      }
    });
    // Without any part in common the neighbours tell nothing.
    if (chosen == nullptr || (best == 0 && before)) return;
    told.path = *chosen;
    told.options.clear();
  }

  // Blocks where scopes tell the module of hardly any node, and parameters no more than layers.
  void guess_structure() {
    if (torchscript_.has_nested_parameters()) return;
    const auto is_told = [](const Told& told) {
      return told.source == Source::Metadata || (told.source == Source::Name && !told.path.empty());
    };
    const auto told = std::count_if(told_.begin(), told_.end(), is_told);
    if (10 * static_cast<size_t>(told) > told_.size()) return;
    for (auto& [node, block] : guess_blocks(model_.graph())) {
      Told& place = told_[index_.at(node)];
      if (is_told(place)) continue;
      place.path = place.path.empty() ? std::move(block) : block + "." + place.path;
      place.source = Source::Name;
      place.guessed = true;
    }
  }

  // What holds the modules of all that a node reads and of all that reads it.
  void fill_from_neighbours() {
    std::vector<std::optional<std::string>> around[2];
    for (const bool before : {true, false}) {
      auto& known = around[before ? 0 : 1];
      known.resize(nodes_.size());
      for (size_t k = 0; k < nodes_.size(); ++k) {
        const size_t i = before ? k : nodes_.size() - 1 - k;
        if (told_[i].source != Source::Nothing)
          known[i] = told_[i].path;
        else if (touches_interface(*nodes_[i], before))
          known[i] = "";
        else
          for_each_neighbour(*nodes_[i], before, [&](size_t other) {
            if (known[other])
              known[i] = known[i] ? common_module(*known[i], *known[other]) : *known[other];
          });
      }
    }
    for (size_t i = 0; i < nodes_.size(); ++i) {
      const auto &before = around[0][i], &after = around[1][i];
      if (told_[i].source != Source::Nothing || (!before && !after)) continue;
      std::string& path = told_[i].path;
      path = before && after ? common_module(*before, *after) : before ? *before : *after;
      // Keras' layers stand side by side: a converter's nodes before one are taken for its own.
      if (path.empty() && after && tensorflow_.tells_modules()) path = *after;
      told_[i].source = Source::Name;
      told_[i].guessed = true;
    }
  }

  static bool touches_interface(const Node& node, bool before) {
    const auto is_port = [&](const Value* value) {
      return value != nullptr &&
             (before ? value->is_input && !value->initializer : value->is_output());
    };
    if (!before) return std::any_of(node.outputs().begin(), node.outputs().end(), is_port);
    for (size_t slot = 0; slot < node.input_count(); ++slot)
      if (is_port(node.input(slot))) return true;
    return false;
  }

  ModelModuleTree take() {
    tree_.modules_.push_back({});
    by_path_.emplace("", 0);
    for (size_t i = 0; i < nodes_.size(); ++i) {
      Told& told = told_[i];
      // A body is its owner's, which comes before it.
      const Node* owner = nodes_[i]->graph().owner();
      const bool is_inherited = told.path.empty() && owner != nullptr;
      if (is_inherited) told.path = told_[index_.at(owner)].path;
      told.guessed |= is_inherited;
      tree_.places_[nodes_[i]] = place(told.path, told.guessed);
      for (const std::string& path : told.further)
        tree_.further_places_[nodes_[i]].push_back(place(path, true));
    }
    for (ModuleInfo& module : tree_.modules_) {
      if (const auto known = classes_.find(module.path); known != classes_.end())
        module.class_name = known->second;
      tree_.guesses_.push_back({module.path, module.class_name, true});
    }
    return std::move(tree_);
  }

  ModelModuleTree::Place place(const std::string& path, bool guessed) {
    if (std::count(path.begin(), path.end(), '.') > kMaxDepth) return {0, true};
    for (size_t end = 0; end < path.size();) {
      end = std::min(path.find('.', end + 1), path.size());
      const auto [found, is_new] = by_path_.try_emplace(path.substr(0, end), tree_.modules_.size());
      if (is_new) tree_.modules_.push_back({path.substr(0, end), "", guessed});
      tree_.modules_[found->second].guessed &= guessed;
    }
    return {static_cast<uint32_t>(by_path_.at(path)), guessed};
  }

  const Model& model_;
  const TorchScriptNames torchscript_;
  const TensorFlowNames tensorflow_;
  std::vector<const Node*> nodes_;
  std::unordered_map<const Node*, size_t> index_;
  std::vector<Told> told_;
  std::unordered_map<std::string, std::string> classes_;
  std::unordered_map<std::string, size_t> by_path_;
  ModelModuleTree tree_;
};

ModelModuleTree ModelModuleTree::of(const Model& model) { return ModuleTreeBuilder(model).run(); }

const ModuleInfo& ModelModuleTree::module_of(const Node& node) const {
  const auto found = places_.find(&node);
  return found == places_.end() ? modules_[0] : at(found->second);
}

std::vector<const ModuleInfo*> ModelModuleTree::modules_of(const Node& node) const {
  std::vector<const ModuleInfo*> all = {&module_of(node)};
  if (const auto found = further_places_.find(&node); found != further_places_.end())
    for (const Place place : found->second) all.push_back(&at(place));
  return all;
}

}  // namespace acuate
