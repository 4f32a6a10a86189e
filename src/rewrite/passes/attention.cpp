#include <cmath>
#include <numeric>

#include "rewrite/facts.h"
#include "rewrite/pattern.h"

namespace acuate {
namespace {

// Vaswani and others, "Attention Is All You Need", section 3.2.1: softmax(q ·
// kᵀ · scale + mask) · v. Exporters put the scale behind the product, in front
// of it, or half of it on either side.
const std::vector<Pattern>& forms() {
  static const std::vector<Pattern> all = [] {
    const std::string product =
        "product=MatMul((Mul(q, #qs) | Div(q, #qd) | q), (Mul(kt=Transpose(k), "
        "#ks) | "
        "Div(kt=Transpose(k), #kd) | kt=Transpose((Mul(k, #ks) | Div(k, #kd) | "
        "k))))";
    const std::string scaled =
        "(Mul(" + product + ", #s) | Div(" + product + ", #d) | " + product + ")";
    return std::vector<Pattern>{Pattern("MatMul(softmax=Softmax(Add(" + scaled + ", mask)), v)"),
                                Pattern("MatMul(softmax=Softmax(" + scaled + "), v)")};
  }();
  return all;
}

// What all constants of the match multiply the product by.
double total_scale(const Match& match) {
  double scale = 1;
  for (const char* name : {"qs", "ks", "s"})
    if (const Value* factor = match[name]) scale *= *scalar_constant(factor);
  for (const char* name : {"qd", "kd", "d"})
    if (const Value* divisor = match[name]) scale /= *scalar_constant(divisor);
  return scale;
}

// Whether every dimension of the mask is 1 or that of the scores; along the
// keys it must be that of the scores, since the operator fills a shorter mask
// with -inf.
bool fits(const Value& mask, const Value& scores) {
  if (!mask.type.shape || mask.type.element != scores.type.element) return false;
  const auto& dims = *mask.type.shape;
  const auto& whole = *scores.type.shape;
  if (dims.size() < 2 || dims.size() > whole.size() || !same_dim(dims.back(), whole.back()))
    return false;
  for (size_t i = 0; i < dims.size(); ++i)
    if (dims[i].value != 1 && !same_dim(dims[i], whole[whole.size() - dims.size() + i]))
      return false;
  return true;
}

std::optional<std::string> check(const Match& match) {
  const Value &q = *match["q"], &v = *match["v"], &product = *match["product"];
  if (auto reason = unlike(q, *match.root()->output())) return reason;
  if (rank_of(&q) != 4 || rank_of(&v) != 4 || rank_of(match["k"]) != 4 || rank_of(&product) != 4)
    return "its tensors do not have the four dimensions batch, head, position, "
           "channel";
  const auto& keys = *match["kt"]->type.shape;
  for (size_t axis : {0, 1})
    if (!same_dim((*q.type.shape)[axis], (*v.type.shape)[axis]) ||
        !same_dim((*q.type.shape)[axis], keys[axis]))
      return "its tensors do not have the same batch and heads";
  const int64_t axis = match["softmax"]->producer->int_attribute("axis", -1);
  if (axis != -1 && axis != 3) return "its Softmax is not along the keys";
  if (const Value* mask = match["mask"]; mask != nullptr && !fits(*mask, product))
    return "its mask does not have the form of the scores";
  const double scale = total_scale(match);
  if (!(scale > 0) || !std::isfinite(scale)) return "its scale is not positive";
  return std::nullopt;
}

// The keys [batch, head, position, channel] from what the exporter transposed
// for the product.
Value* keys(const Match& match) {
  const Node& transpose = *match["kt"]->producer;
  std::vector<int64_t> order = transpose.ints_attribute("perm");
  if (order.empty()) order = {3, 2, 1, 0};
  std::swap(order[2], order[3]);
  Value* from = match["k"];
  if (order == std::vector<int64_t>{0, 1, 2, 3}) return from;
  Graph& graph = match.root()->graph();
  std::string stem(match["kt"]->name);
  Value* turned = graph.add_value(graph.unused_name(stem.append("_keys")));
  turned->type = from->type;
  for (size_t i = 0; i < order.size(); ++i)
    (*turned->type.shape)[i] = (*from->type.shape)[static_cast<size_t>(order[i])];
  Node* node = graph.add_node("Transpose", "", "", {from}, {turned}, match.root());
  node->set_attribute(encode_attribute("perm", std::span<const int64_t>(order)));
  return turned;
}

std::optional<std::string> rewrite(const Model& model, Match& match) {
  if (auto reason = lacks_opset(model, 23, "Attention")) return reason;
  if (auto reason = check(match)) return reason;
  const auto scale = static_cast<float>(total_scale(match));
  std::vector<Value*> inputs = {match["q"], keys(match), match["v"]};
  if (Value* mask = match["mask"]) inputs.push_back(mask);
  match.replace("Attention", inputs).set_attribute(encode_attribute("scale", scale));
  return std::nullopt;
}

Result<PassOutcome> run(Model& model, const PassContext&) {
  return rewrite_matches(model, forms(), [&](Match& match) { return rewrite(model, match); });
}

}  // namespace

void register_rewrite_attention(PassRegistry& registry) {
  registry.add({.id = "attention",
                .doc = "Scaled dot product attention over [batch, head, "
                       "position, channel], with or without "
                       "a mask that is added, becomes Attention (opset 23).",
                .exactness = Exactness::Rounding,
                .bound = "|y' - y| <= (2 * d + S * 2^-23) * sum p * |v| with d "
                         "= (D + 8) * 2^-22 * max "
                         "(scale * sum |q * k| + |mask|) + 2^-20, D the "
                         "channels and S the keys, p the "
                         "attention weights, for float32; a row whose every "
                         "key is masked with -inf gives "
                         "0 instead of NaN",
                .phase = Phase::Pattern,
                .after = {"softmax"},
                .run = run});
}

}  // namespace acuate
