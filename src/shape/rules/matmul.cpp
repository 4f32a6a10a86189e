// Products of matrices: MatMul, Gemm and what quantized and fused models write for them.
#include <fmt/format.h>

#include "shape/axes.h"
#include "shape/operands.h"

namespace acuate {
namespace {

using Element = ElementType;

// numpy.matmul of these two; `transpose` swaps the last two dimensions, `batch_first` says that the
// matrix's rows are the first dimension and the batch follows (FusedMatMul's transBatch).
struct Operand {
  size_t slot = 0;
  bool transpose = false, transpose_batch = false;
};

std::optional<Dims> arranged(RuleContext& context, const Operand& operand) {
  const Dims* shape = context.shape(operand.slot);
  if (shape == nullptr) return std::nullopt;
  Dims dims = *shape;
  if (operand.transpose_batch && dims.size() > 2) {
    // [rows, batch…, columns] (with `transpose` [columns, batch…, rows]) to [batch…, rows, columns]
    std::rotate(dims.begin(), dims.begin() + 1, dims.end() - 1);
  }
  if (operand.transpose && dims.size() >= 2)
    std::swap(dims[dims.size() - 1], dims[dims.size() - 2]);
  return dims;
}

bool multiply(RuleContext& context, const Operand& left, const Operand& right, Element element) {
  auto a = arranged(context, left), b = arranged(context, right);
  if (!a || !b) {
    context.set(0, element, std::nullopt);
    return true;
  }
  if (a->empty() || b->empty()) return context.refuse("a scalar is no matrix");
  const bool a_is_vector = a->size() == 1, b_is_vector = b->size() == 1;
  if (a_is_vector) a->insert(a->begin(), 1);
  if (b_is_vector) b->push_back(1);
  if (!check_same(context, (*b)[b->size() - 2], a->back(),
                  "rows of the second matrix against columns of the first"))
    return false;
  const Expr rows = (*a)[a->size() - 2], columns = b->back();
  a->resize(a->size() - 2);
  b->resize(b->size() - 2);
  auto out = broadcast_dims(context, *a, *b);
  if (!out) return false;
  if (!a_is_vector) out->push_back(rows);
  if (!b_is_vector) out->push_back(columns);
  context.set(0, element, std::move(*out));
  return true;
}

bool infer_matmul(RuleContext& context) { return multiply(context, {0}, {1}, context.element(0)); }
bool infer_matmul_integer(RuleContext& context) {
  return multiply(context, {0}, {1}, Element::Int32);
}
bool infer_qlinear_matmul(RuleContext& context) {
  return multiply(context, {0}, {3}, known_or(context.element(7), context.element(0)));
}
bool infer_matmul_integer_to_float(RuleContext& context) {
  return multiply(context, {0}, {1}, known_or(context.element(2), Element::Float));
}
bool infer_dynamic_quantize_matmul(RuleContext& context) {
  return multiply(context, {0}, {1}, context.element(0));
}
bool infer_fused_matmul(RuleContext& context) {
  const auto flag = [&](const char* name) { return context.int_attribute(name, 0) != 0; };
  return multiply(context, {0, flag("transA"), flag("transBatchA")},
                  {1, flag("transB"), flag("transBatchB")}, context.element(0));
}

// Gemm and its likes: two matrices in these slots.
bool multiply_gemm(RuleContext& context, size_t left, size_t right, Element element) {
  if (!check_rank(context, left, 2) || !check_rank(context, right, 2)) return false;
  const int64_t trans_a = context.int_attribute("transA", 0) != 0;
  const int64_t trans_b = context.int_attribute("transB", 0) != 0;
  if (!check_same(context, dim_of(context, right, trans_b), dim_of(context, left, 1 - trans_a),
                  "rows of the second matrix against columns of the first"))
    return false;
  context.set(0, element,
              Dims{dim_of(context, left, trans_a), dim_of(context, right, 1 - trans_b)});
  return true;
}

bool infer_gemm(RuleContext& context) {
  const Dims* bias = context.shape(2);
  if (!multiply_gemm(context, 0, 1, context.element(0))) return false;
  if (bias == nullptr || context.opset() < 7) return true;
  // The bias must broadcast to the product, which is not broadcast itself.
  const int64_t trans_a = context.int_attribute("transA", 0) != 0;
  const int64_t trans_b = context.int_attribute("transB", 0) != 0;
  const Dims out{dim_of(context, 0, trans_a), dim_of(context, 1, 1 - trans_b)};
  if (!check_rank(context, 2, 0, 2)) return false;
  for (size_t i = 0; i < bias->size(); ++i) {
    const Expr given = (*bias)[bias->size() - 1 - i];
    if (!given.is_number(1) &&
        !check_same(context, given, out[out.size() - 1 - i], "dimension of the bias"))
      return false;
  }
  return true;
}
bool infer_qgemm(RuleContext& context) {
  return multiply_gemm(
      context, 0, 3,
      context.has_input(8) ? context.element(8) : known_or(context.element(1), Element::Float));
}
bool infer_gemm_float8(RuleContext& context) {
  return multiply_gemm(context, 0, 1, element_attribute(context, "dtype", Element::Float));
}

// A[…, K] with packed weights of N columns.
bool infer_packed(RuleContext& context) {
  const Dims* shape = context.shape(0);
  const int64_t columns = context.int_attribute("N", -1), depth = context.int_attribute("K", -1);
  if (columns < 0) return context.refuse("it lacks the attribute N");
  if (shape == nullptr) {
    context.set(0, context.element(0), std::nullopt);
    return true;
  }
  if (!check_rank(context, 0, 1, SIZE_MAX)) return false;
  Dims out = *shape;
  // MatMulBnb4 with transB = 0 holds the weight the other way around.
  const bool is_transposed = context.int_attribute("transB", 1) != 0;
  if (depth >= 0 && !check_same(context, out.back(), is_transposed ? depth : columns,
                                "columns of the first matrix against K"))
    return false;
  out.back() = is_transposed ? columns : depth;
  context.set(0, context.element(0), std::move(out));
  return true;
}

bool infer_det(RuleContext& context) {
  const Dims* shape = context.shape(0);
  if (!check_rank(context, 0, 2, SIZE_MAX)) return false;
  if (!check_same(context, dim_of(context, 0, -2), dim_of(context, 0, -1), "rows against columns"))
    return false;
  context.set(0, context.element(0),
              shape ? std::optional(Dims(shape->begin(), shape->end() - 2)) : std::nullopt);
  return true;
}

// --- Einsum --------------------------------------------------------------------------------------

struct Term {
  std::string before, after;  // letters around the ellipsis
  bool has_ellipsis = false;
};

std::optional<Term> term_of(RuleContext& context, std::string_view text) {
  Term term;
  for (size_t i = 0; i < text.size(); ++i) {
    if (std::isalpha(static_cast<unsigned char>(text[i])) != 0) {
      (term.has_ellipsis ? term.after : term.before) += text[i];
    } else if (!term.has_ellipsis && text.substr(i, 3) == "...") {
      term.has_ellipsis = true;
      i += 2;
    } else {
      context.refuse(fmt::format("its equation has '{}' in the term '{}'", text[i], text));
      return std::nullopt;
    }
  }
  return term;
}

bool infer_einsum(RuleContext& context) {
  std::string equation = context.string_attribute("equation", "");
  std::erase(equation, ' ');
  const size_t arrow = equation.find("->");
  std::string_view left = std::string_view(equation).substr(0, arrow);
  Expr letters[128];
  int count[128] = {};
  std::fill(std::begin(letters), std::end(letters), Expr::unknown());
  std::optional<Dims> common = Dims{};
  bool any_ellipsis = false;
  size_t slot = 0;
  for (;; ++slot) {
    const size_t comma = left.find(',');
    const auto term = term_of(context, left.substr(0, comma));
    if (!term) return false;
    for (const char letter : term->before + term->after) ++count[static_cast<size_t>(letter)];
    any_ellipsis |= term->has_ellipsis;
    const size_t named = term->before.size() + term->after.size();
    const Dims* shape = context.shape(slot);
    if (shape != nullptr) {
      if (shape->size() < named || (shape->size() > named && !term->has_ellipsis))
        return context.refuse(fmt::format("input {} has rank {}, its term of '{}' names {}", slot,
                                          shape->size(), equation, named));
      const size_t open = shape->size() - named;
      for (size_t i = 0; i < named; ++i) {
        const bool is_before = i < term->before.size();
        Expr& known = letters[static_cast<size_t>(
            is_before ? term->before[i] : term->after[i - term->before.size()])];
        const Expr found = (*shape)[is_before ? i : i + open];
        known = known.is_unknown() || found.is_unknown() || known.is_number(1) ? found
                : found.is_number(1)
                    ? known
                    : unify(context, known, found, "one letter stands for two dimensions");
        if (context.is_refused()) return false;
      }
      if (common && term->has_ellipsis) {
        const auto first = shape->begin() + static_cast<std::ptrdiff_t>(term->before.size());
        common = broadcast_dims(context, *common,
                                Dims(first, first + static_cast<std::ptrdiff_t>(open)));
        if (!common) return false;
      }
    } else if (term->has_ellipsis) {
      common.reset();
    }
    if (comma == std::string_view::npos) break;
    left.remove_prefix(comma + 1);
  }
  if (slot + 1 != context.input_count())
    return context.refuse(fmt::format("its equation '{}' has {} terms for {} inputs", equation,
                                      slot + 1, context.input_count()));
  Term result;
  if (arrow != std::string::npos) {
    const auto given = term_of(context, std::string_view(equation).substr(arrow + 2));
    if (!given) return false;
    result = *given;
  } else {  // letters that stand once, in order, behind the ellipsis
    result.has_ellipsis = any_ellipsis;
    for (size_t letter = 0; letter < 128; ++letter)
      if (count[letter] == 1) result.after += static_cast<char>(letter);
  }
  std::optional<Dims> out = Dims{};
  const auto append = [&](const std::string& names) {
    for (const char letter : names) out->push_back(letters[static_cast<size_t>(letter)]);
  };
  append(result.before);
  if (result.has_ellipsis && common) out->insert(out->end(), common->begin(), common->end());
  append(result.after);
  if (result.has_ellipsis && !common) out.reset();
  context.set(0, context.element(0), std::move(out));
  return true;
}

}  // namespace

void register_shape_matmul(ShapeFamilyRegistry& registry) {
  const std::string ms = "com.microsoft";
  registry.add({.id = "matmul",
                .doc = "products of matrices: MatMul, Gemm, Einsum, Det and their quantized forms",
                .operators = {{"", "MatMul", false, infer_matmul},
                              {"", "MatMulInteger", false, infer_matmul_integer},
                              {"", "QLinearMatMul", false, infer_qlinear_matmul},
                              {"", "Gemm", false, infer_gemm},
                              {"", "Det", false, infer_det},
                              {"", "Einsum", false, infer_einsum},
                              {ms, "MatMulInteger16", false, infer_matmul_integer},
                              {ms, "MatMulIntegerToFloat", false, infer_matmul_integer_to_float},
                              {ms, "DynamicQuantizeMatMul", false, infer_dynamic_quantize_matmul},
                              {ms, "FusedMatMul", false, infer_fused_matmul},
                              {ms, "FusedMatMulActivation", false, infer_fused_matmul},
                              {ms, "TransposeMatMul", false, infer_fused_matmul},
                              {ms, "SparseToDenseMatMul", false, infer_fused_matmul},
                              {ms, "GemmFastGelu", false, infer_matmul},
                              {ms, "FusedGemm", false, infer_gemm},
                              {ms, "QGemm", false, infer_qgemm},
                              {ms, "GemmFloat8", false, infer_gemm_float8},
                              {ms, "MatMulNBits", false, infer_packed},
                              {ms, "MatMulBnb4", false, infer_packed}}});
}

}  // namespace acuate
