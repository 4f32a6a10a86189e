#include "rewrite/facts.h"
#include "rewrite/pass.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

// Whether `c` broadcasts to `sum` without making it larger.
bool broadcasts_into(const Value& c, const Value& sum) {
  if (!c.type.shape || !sum.type.shape || c.type.shape->size() > sum.type.shape->size())
    return false;
  const size_t offset = sum.type.shape->size() - c.type.shape->size();
  for (size_t i = 0; i < c.type.shape->size(); ++i) {
    const Dim& dim = (*c.type.shape)[i];
    if (dim.value != 1 && !same_dim(dim, (*sum.type.shape)[i + offset])) return false;
  }
  return true;
}

// A product that takes C: a MatMul of matrices, or a Gemm without one.
std::optional<std::string> check_product(const Node& product) {
  const Value* made = product.output();
  if (made->uses().size() != 1 || made->is_output()) return "the product has another use";
  const ElementType type = made->type.element;
  if (type != ElementType::Float && type != ElementType::Double && type != ElementType::Float16)
    return "the product is not of a float type that Gemm takes";
  if (product.is_op("Gemm"))
    return product.input(2) == nullptr ? std::nullopt
                                       : std::optional<std::string>("the Gemm has a C already");
  if (rank_of(product.input(0)) != 2 || rank_of(product.input(1)) != 2)
    return "the product is not known to be one of matrices, which Gemm needs";
  return std::nullopt;
}

// Told from the Add.
std::optional<std::string> fuse(Node& add, const PassContext&) {
  if (add.graph().model().opset_version() < 7 || add.output() == nullptr) return "";
  for (const size_t slot : {0, 1}) {
    Value* made = add.input(slot);
    Value* c = add.input(1 - slot);
    if (made == nullptr || c == nullptr || made == c || made->graph != &add.graph()) continue;
    Node* product = made->producer;
    if (product == nullptr || !(product->is_op("MatMul") || product->is_op("Gemm"))) continue;
    if (auto reason = check_product(*product)) return reason;
    if (!broadcasts_into(*c, *made)) return "the summand is not known to fit into the product";
    // The product moves behind what makes the summand.
    Graph& graph = add.graph();
    const auto both = merged_origins(*product, add);
    graph.move_before(*product, &add);
    product->set_op_type("Gemm");
    product->set_input(2, c);
    product->remove_attribute("beta");  // of a Gemm without C it said nothing
    const auto reason = absorb(add, *made);
    ACUATE_CHECK(!reason, "an inner result takes the name of what absorbs it");
    set_origins(*product, both);
    return std::nullopt;
  }
  return "";
}

}  // namespace

void register_rewrite_fuse_matmul_add(PassRegistry& registry) {
  registry.add({.id = "fuse_matmul_add",
                .doc = "MatMul of matrices and the Add behind it become one Gemm; an Add behind a "
                       "Gemm without C becomes its C. Products of higher rank stay: as a Gemm they "
                       "would need two Reshapes.",
                .exactness = Exactness::Rounding,
                .bound = "the summand may be added first instead of last: for each output |y' - "
                         "y| <= (K + 1) * 2^-23 * (|alpha| * sum |a * b| + |c|), K the number of "
                         "products summed; 2^-10 and 2^-52 in place of 2^-23 for float16 and "
                         "float64",
                .phase = Phase::Fuse,
                .after = {"fuse_scale_into_gemm"},
                .operators = {"Add"},
                .rewrite = fuse});
}

}  // namespace acuate
