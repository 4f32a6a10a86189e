#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

using Letters = std::string;

struct Equation {
  std::vector<Letters> inputs;
  Letters output;
};

// `ij,jk->ik`; the output, where it is not written, is the letters that occur once, in order.
std::optional<std::string> parse(std::string text, Equation& equation) {
  std::erase(text, ' ');
  if (text.find('.') != text.npos) return "its equation has an ellipsis";
  const size_t arrow = text.find("->");
  equation.inputs = split(text.substr(0, arrow), ',');
  Letters all;
  for (const Letters& letters : equation.inputs) all += letters;
  if (arrow != text.npos) {
    equation.output = text.substr(arrow + 2);
  } else {
    for (const char letter : std::set<char>(all.begin(), all.end()))
      if (std::count(all.begin(), all.end(), letter) == 1) equation.output += letter;
  }
  std::vector<Letters> operands = equation.inputs;
  operands.push_back(equation.output);
  for (const Letters& letters : operands)
    for (const char letter : letters)
      if (std::count(letters.begin(), letters.end(), letter) > 1)
        return "a letter stands twice in one operand";
  for (const char letter : equation.output)
    if (all.find(letter) == all.npos) return "a letter of the result is in no operand";
  return std::nullopt;
}

// A value whose dimensions are called by letters.
struct Operand {
  Value* value = nullptr;
  Letters letters;
};

class Contraction {
 public:
  Contraction(Expansion& out, const std::map<char, int64_t>& sizes) : out_(out), sizes_(sizes) {}

  // Sums over letters that `kept` does not name.
  void reduce(Operand& operand, const Letters& kept) {
    std::vector<int64_t> axes;
    Letters left;
    for (size_t i = 0; i < operand.letters.size(); ++i) {
      if (kept.find(operand.letters[i]) == kept.npos)
        axes.push_back(static_cast<int64_t>(i));
      else
        left += operand.letters[i];
    }
    if (axes.empty()) return;
    operand = {out_.reduce("ReduceSum", operand.value, axes, false), left};
  }

  void permute(Operand& operand, const Letters& order) {
    if (operand.letters == order) return;
    std::vector<int64_t> permutation;
    for (const char letter : order)
      permutation.push_back(static_cast<int64_t>(operand.letters.find(letter)));
    operand = {out_.transpose(operand.value, permutation), order};
  }

  Shape shape_of(const Letters& letters) const {
    Shape shape;
    for (const char letter : letters) shape.push_back(sizes_.at(letter));
    return shape;
  }
  int64_t volume(const Letters& letters) const {
    return element_count(shape_of(letters)).value_or(0);
  }
  Value* reshape(Value* value, const Shape& from, const Shape& to) {
    return from == to ? value : out_.reshape(value, to);
  }

  Operand product(Operand a, Operand b, const Letters& output) {
    const auto has = [](const Letters& letters, char letter) {
      return letters.find(letter) != letters.npos;
    };
    Letters batch, rows, inner, columns;
    for (const char letter : a.letters) {
      if (has(b.letters, letter))
        (has(output, letter) ? batch : inner) += letter;
      else
        rows += letter;
    }
    for (const char letter : b.letters)
      if (!has(a.letters, letter)) columns += letter;
    if (inner.empty()) return outer(a, b, batch, rows, columns);
    permute(a, batch + rows + inner);
    permute(b, batch + inner + columns);
    // One dimension each, and what is shared in front.
    Shape left = shape_of(batch), right = left, made = left;
    left.insert(left.end(), {volume(rows), volume(inner)});
    right.insert(right.end(), {volume(inner), volume(columns)});
    made.insert(made.end(), {volume(rows), volume(columns)});
    Value* y = out_.add("MatMul", {reshape(a.value, shape_of(a.letters), left),
                                   reshape(b.value, shape_of(b.letters), right)});
    const Letters letters = batch + rows + columns;
    return {reshape(y, made, shape_of(letters)), letters};
  }

 private:
  // Nothing is summed: products of elements, each operand with ones where the other has letters.
  Operand outer(Operand& a, Operand& b, const Letters& batch, const Letters& rows,
                const Letters& columns) {
    permute(a, batch + rows);
    permute(b, batch + columns);
    Shape left = shape_of(batch + rows), right = shape_of(batch);
    left.insert(left.end(), columns.size(), 1);
    right.insert(right.end(), rows.size(), 1);
    const Shape tail = shape_of(columns);
    right.insert(right.end(), tail.begin(), tail.end());
    Value* y = out_.add("Mul", {reshape(a.value, shape_of(a.letters), left),
                                reshape(b.value, shape_of(b.letters), right)});
    return {y, batch + rows + columns};
  }

  Expansion& out_;
  const std::map<char, int64_t>& sizes_;
};

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (auto reason = not_real(node)) return reason;
  Equation equation;
  if (auto reason = parse(node.string_attribute("equation", ""), equation)) return reason;
  const size_t count = node.input_count();
  if (count != equation.inputs.size() || count < 1 || count > 2)
    return "it has more than two operands";
  std::map<char, int64_t> sizes;
  for (size_t slot = 0; slot < count; ++slot) {
    const auto shape = known_shape(node.input(slot));
    if (!shape || shape->size() != equation.inputs[slot].size())
      return "the shape of an operand is not known";
    for (size_t i = 0; i < shape->size(); ++i)
      if ((*shape)[i] < 1 ||
          sizes.emplace(equation.inputs[slot][i], (*shape)[i]).first->second != (*shape)[i])
        return "a letter stands for different sizes, or for none";
  }
  Expansion out(node, context);
  Contraction contraction(out, sizes);
  Operand first{node.input(0), equation.inputs[0]};
  Operand result = first;
  if (count == 1) {
    contraction.reduce(result, equation.output);
  } else {
    Operand second{node.input(1), equation.inputs[1]};
    contraction.reduce(first, equation.output + second.letters);
    contraction.reduce(second, equation.output + equation.inputs[0]);
    result = contraction.product(first, second, equation.output);
  }
  contraction.permute(result, equation.output);
  if (result.value == node.input(0))
    result.value = out.reshape(result.value, contraction.shape_of(equation.output));
  return out.finish(result.value);
}

}  // namespace

void register_rewrite_legalize_einsum(LegalizerRegistry& registry) {
  registry.add(
      {.id = "legalize_einsum",
       .doc = "Einsum of one or two operands with known shapes, without ellipsis and repeated "
              "letters, becomes ReduceSum, Transpose, Reshape and MatMul (Mul where nothing "
              "is contracted).",
       .exactness = Exactness::Rounding,
       .bound = "|y' - y| <= (K + 2) * 2^-22 * sum |a * b| for float32, K the number of "
                "products summed",
       .operators = {"Einsum"},
       .uses = {"Transpose", "Reshape", "ReduceSum", "MatMul", "Mul"},
       .rewrite = rewrite});
}

}  // namespace acuate
