// ai.onnx.ml: rows of features [N, C] (one row [C]) to results per row.
#include <numeric>

#include <fmt/format.h>

#include "shape/operands.h"

namespace acuate {
namespace {

using Element = ElementType;

Expr rows(RuleContext& context) {
  const Dims* shape = context.shape(0);
  return shape && shape->size() == 1 ? Expr(1) : dim_of(context, 0, 0);
}

size_t count(const RuleContext& context, const char* integers, const char* strings) {
  if (const auto values = context.ints_attribute(integers)) return values->size();
  const Attribute* attribute = context.attribute(strings);
  const auto values = attribute ? attribute->as_strings() : std::nullopt;
  return values ? values->size() : 0;
}

bool infer_float(RuleContext& context) {
  set_like(context, 0, 0, Element::Float);
  return true;
}

// The inputs beside each other.
bool infer_feature_vectorizer(RuleContext& context) {
  const auto sizes = context.ints_attribute("inputdimensions");
  Expr width = Expr::unknown();
  if (sizes) width = std::accumulate(sizes->begin(), sizes->end(), int64_t{0});
  context.set(0, Element::Float, Dims{rows(context), width});
  return true;
}

bool infer_linear_regressor(RuleContext& context) {
  if (!check_rank(context, 0, 1, 2)) return false;
  context.set(0, Element::Float, Dims{rows(context), context.int_attribute("targets", 1)});
  return true;
}
bool infer_svm_regressor(RuleContext& context) {
  if (!check_rank(context, 0, 1, 2)) return false;
  context.set(0, Element::Float, Dims{rows(context), 1});
  return true;
}
bool infer_tree_regressor(RuleContext& context) {
  if (!check_rank(context, 0, 1, 2)) return false;
  const int64_t targets = context.int_attribute("n_targets", 1);
  if (targets < 1) return context.refuse(fmt::format("n_targets is {}", targets));
  context.set(0, Element::Float, Dims{rows(context), targets});
  return true;
}
bool infer_tree_ensemble(RuleContext& context) {
  if (!check_rank(context, 0, 2)) return false;
  const int64_t targets = context.int_attribute("n_targets", 1);
  if (targets < 1) return context.refuse(fmt::format("n_targets is {}", targets));
  context.set(0, context.element(0), Dims{rows(context), targets});
  return true;
}

// Label of each row, and a score for each class.
bool infer_classifier(RuleContext& context) {
  if (!check_rank(context, 0, 1, 2)) return false;
  const bool is_text = context.attribute("classlabels_strings") != nullptr &&
                       count(context, "", "classlabels_strings") > 0;
  const bool is_tree = context.node().op_type() == "TreeEnsembleClassifier";
  const char* labels = is_tree ? "classlabels_int64s" : "classlabels_ints";
  const size_t classes = is_text ? count(context, "", "classlabels_strings")
                                 : count(context, labels, "classlabels_strings");
  context.set(0, is_text ? Element::String : Element::Int64, Dims{rows(context)});
  // With one class the scores of a second one may be made up.
  context.set(
      1, Element::Float,
      Dims{rows(context), classes > 1 ? Expr(static_cast<int64_t>(classes)) : Expr::unknown()});
  return true;
}

bool infer_one_hot(RuleContext& context) {
  std::optional<Dims> out;
  if (const Dims* shape = context.shape(0)) {
    out = *shape;
    const size_t classes = count(context, "cats_int64s", "cats_strings");
    if (classes == 0) return context.refuse("it has no categories");
    out->emplace_back(static_cast<int64_t>(classes));
  }
  context.set(0, Element::Float, std::move(out));
  return true;
}

// Columns [rows, indices]; of a vector one row.
bool infer_extractor(RuleContext& context) {
  const Dims *shape = context.shape(0), *indices = context.shape(1);
  if (shape == nullptr || shape->empty()) return false;
  Dims out = *shape;
  if (out.size() == 1) out.insert(out.begin(), 1);
  out.back() = indices ? std::accumulate(indices->begin(), indices->end(), Expr(1),
                                         [](Expr a, Expr b) { return a * b; })
                       : Expr::unknown();
  context.set(0, context.element(0), std::move(out));
  return true;
}

}  // namespace

void register_shape_traditional_ml(ShapeFamilyRegistry& registry) {
  const std::string ml = "ai.onnx.ml";
  registry.add({.id = "traditional_ml",
                .doc = "trees, linear models, support vectors and what prepares their features",
                .operators = {{ml, "Imputer", false, infer_like_first},
                              {ml, "Binarizer", false, infer_like_first},
                              {ml, "Scaler", false, infer_float},
                              {ml, "Normalizer", false, infer_float},
                              {ml, "FeatureVectorizer", false, infer_feature_vectorizer},
                              {ml, "ArrayFeatureExtractor", false, infer_extractor},
                              {ml, "OneHotEncoder", false, infer_one_hot},
                              {ml, "LinearRegressor", false, infer_linear_regressor},
                              {ml, "LinearClassifier", false, infer_classifier},
                              {ml, "SVMRegressor", false, infer_svm_regressor},
                              {ml, "SVMClassifier", false, infer_classifier},
                              {ml, "TreeEnsembleRegressor", false, infer_tree_regressor},
                              {ml, "TreeEnsembleClassifier", false, infer_classifier},
                              {ml, "TreeEnsemble", false, infer_tree_ensemble}}});
}

}  // namespace acuate
