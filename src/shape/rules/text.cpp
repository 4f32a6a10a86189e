// Strings.
#include "shape/axes.h"
#include "shape/operands.h"

namespace acuate {
namespace {

using Element = ElementType;

// [C] or [1, C], of which stop words fall out.
bool infer_normalizer(RuleContext& context) {
  if (!check_rank(context, 0, 1, 2)) return false;
  std::optional<Dims> out;
  if (const Dims* shape = context.shape(0)) {
    out = *shape;
    if (const Attribute* words = context.attribute("stopwords");
        words != nullptr && !words->as_strings().value_or(std::vector<std::string_view>()).empty())
      out->back() = Expr::unknown();
  }
  context.set(0, Element::String, std::move(out));
  return true;
}

bool infer_concat(RuleContext& context) {
  constexpr size_t kSlots[] = {0, 1};
  auto out = broadcast_inputs(context, kSlots);
  if (context.is_refused()) return false;
  context.set(0, Element::String, std::move(out));
  return true;
}

// The parts as a new last dimension, and how many each string has.
bool infer_split(RuleContext& context) {
  std::optional<Dims> out;
  if (const Dims* shape = context.shape(0)) {
    out = *shape;
    out->push_back(Expr::unknown());
  }
  context.set(0, Element::String, std::move(out));
  set_like(context, 1, 0, Element::Int64);
  return true;
}

bool infer_match(RuleContext& context) {
  set_like(context, 0, 0, Element::Bool);
  return true;
}

// [C] or [N, C] to counts of as many n-grams as there are.
bool infer_counts(RuleContext& context) {
  if (!check_rank(context, 0, 1, 2)) return false;
  const auto indexes = context.ints_attribute("ngram_indexes");
  if (!indexes || indexes->empty()) return context.refuse("it lacks the attribute ngram_indexes");
  std::optional<Dims> out;
  if (const Dims* shape = context.shape(0)) {
    out = *shape;
    out->back() = *std::max_element(indexes->begin(), indexes->end()) + 1;
  }
  context.set(0, Element::Float, std::move(out));
  return true;
}

bool infer_tokenizer(RuleContext& context) {
  if (!check_rank(context, 0, 1, 2)) return false;
  return infer_split(context);
}

}  // namespace

void register_shape_text(ShapeFamilyRegistry& registry) {
  registry.add({.id = "text",
                .doc = "strings",
                .operators = {{"", "StringNormalizer", false, infer_normalizer},
                              {"", "StringConcat", false, infer_concat},
                              {"", "StringSplit", false, infer_split},
                              {"", "RegexFullMatch", false, infer_match},
                              {"", "TfIdfVectorizer", false, infer_counts},
                              {"com.microsoft", "Tokenizer", false, infer_tokenizer}}});
}

}  // namespace acuate
