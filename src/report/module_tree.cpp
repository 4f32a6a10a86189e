#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "base/text.h"
#include "report/display.h"

namespace acuate {
namespace {

// Deeper parts stay joined: a hostile path must not cost a stack frame a character.
constexpr size_t kMaxDepth = 24;

std::vector<std::string> path_parts(const std::string& path) {
  const char separator = path.find('/') != std::string::npos ? '/' : '.';
  std::vector<std::string> parts;
  for (std::string& part : split(path, separator)) {
    if (part.empty()) continue;
    if (parts.size() < kMaxDepth)
      parts.push_back(std::move(part));
    else
      parts.back() += separator + part;
  }
  return parts;
}

// Modules have thousands of children in flat models: children are found by name, not by search.
struct Builder {
  const ReportModule* module = nullptr;
  std::vector<std::string> order;
  std::unordered_map<std::string, Builder> children;

  Builder& child(const std::string& name) {
    const auto [it, is_new] = children.try_emplace(name);
    if (is_new) order.push_back(name);
    return it->second;
  }

  ModuleTree build(std::string name) const {
    ModuleTree tree;
    tree.name = std::move(name);
    tree.module = module;
    for (const std::string& child_name : order) {
      tree.children.push_back(children.at(child_name).build(child_name));
      const ModuleTree& below = tree.children.back();
      for (size_t i = 0; i < tree.modules_by_status.size(); ++i) {
        tree.modules_by_status[i] += below.modules_by_status[i];
      }
      tree.nodes += below.nodes;
      tree.time_us += below.time_us;
      tree.has_time |= below.has_time;
    }
    if (module == nullptr) return tree;
    tree.modules_by_status[static_cast<size_t>(module->status)] += 1;
    // A module's own numbers include those of its children where it states them.
    if (module->nodes > 0) tree.nodes = module->nodes;
    if (module->time_us) {
      tree.time_us = *module->time_us;
      tree.has_time = true;
    }
    return tree;
  }
};

}  // namespace

int64_t ModuleTree::size() const {
  return std::accumulate(modules_by_status.begin(), modules_by_status.end(), int64_t{0});
}

bool ModuleTree::is_uniform() const {
  return std::count(modules_by_status.begin(), modules_by_status.end(), 0) >= 3;
}

ModuleStatus ModuleTree::worst_status() const {
  for (ModuleStatus status : {ModuleStatus::Failed, ModuleStatus::Host, ModuleStatus::Ignored}) {
    if (modules_by_status[static_cast<size_t>(status)] > 0) return status;
  }
  return ModuleStatus::Converted;
}

ModuleTree module_tree(const std::vector<ReportModule>& modules) {
  Builder root;
  for (const ReportModule& module : modules) {
    Builder* at = &root;
    for (const std::string& part : path_parts(module.path)) at = &at->child(part);
    // Two modules of one path (or none): both are shown.
    while (at->module != nullptr) at = &at->child("(again)");
    at->module = &module;
  }
  return root.build("");
}

}  // namespace acuate
