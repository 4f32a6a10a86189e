#include <optional>

#include "base/text.h"
#include "convert/convert.h"
#include "edit/address.h"
#include "edit/script.h"
#include "graph/verify.h"
#include "report/display.h"
#include "rewrite/legalizer.h"
#include "shape/inference.h"

namespace acuate {
namespace {

// `legalize-gelu NODE…`
Result<std::string> apply_legalizer(Model& model, const ScriptLine& words,
                                    const PassContext& context) {
  auto legalizer = legalizers().find(to_snake_case(words.command), "legalizer");
  if (!legalizer) return legalizer.error();
  std::vector<Node*> nodes;
  for (const Token& path : words.arguments) {
    auto node = resolve_node(model, path.text);
    if (!node) return node.error();
    nodes.push_back(*node);
  }
  if (nodes.empty()) return fail("{} stands before the nodes that it replaces", words.command);
  std::optional<ShapeInference> own;
  ShapeInference& shapes = context.shapes != nullptr ? *context.shapes : own.emplace(model);
  shapes.update();
  for (size_t i = 0; i < nodes.size(); ++i) {
    const std::string path = to_valid_utf8(words.arguments[i].text);
    if (nodes[i]->is_removed())
      return fail("node '{}' is gone: a replacement before it took it along", path);
    if (const auto reason = run_legalizer(**legalizer, *nodes[i], {&shapes, nullptr}))
      return fail("{} does not fit node '{}': {}", to_kebab_case((*legalizer)->id), path, *reason);
  }
  check_invariants(model);
  return fmt::format("{} replaced", format_plural(static_cast<int64_t>(nodes.size()), "node"));
}

}  // namespace

Result<std::string> apply_pass_by_name(Model& model, std::string_view id,
                                       const PassContext& context) {
  if (to_snake_case(id).starts_with("legalize_")) {
    const auto words = parse_script(id);
    if (!words) return words.error();
    return apply_legalizer(model, words->lines.at(0), context);
  }
  const std::string key = to_snake_case(id);
  constexpr std::string_view kWithPatterns = "simplify:";
  if (key == "simplify" || key == "simplify_exact" || key.starts_with(kWithPatterns)) {
    SimplifyOptions options{.exact_only = key == "simplify_exact"};
    if (key.starts_with(kWithPatterns))
      for (const std::string& pattern : split(key.substr(kWithPatterns.size()), ',')) {
        auto pass = passes().find(pattern, "pass");
        if (!pass) return pass.error();
        if ((*pass)->phase != Phase::Pattern)
          return fail("pass '{}' is of phase {}; after `simplify:` stand those of phase pattern",
                      to_kebab_case(pattern), phase_name((*pass)->phase));
        options.patterns.insert((*pass)->id);
      }
    auto records = simplify(model, context, options);
    if (!records) return records.error();
    size_t applied = 0;
    for (const PassRecord& record : *records) applied += record.applied;
    return fmt::format("{} changes by {} passes", applied, records->size());
  }
  auto pass = passes().find(key, "pass");
  if (!pass) return fail("{}, simplify, simplify-exact, simplify:PATTERN,…", pass.error().message);
  auto outcome = run_pass(**pass, model, context);
  if (!outcome) return outcome.error();
  return fmt::format("{} changes", outcome->applied);
}

}  // namespace acuate
