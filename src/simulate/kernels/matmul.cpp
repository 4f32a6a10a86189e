#include <algorithm>

#include "base/parallel.h"
#include "simulate/products.h"

namespace acuate {
namespace {

constexpr size_t kTile = 64;  // rows at a time

// Rows of integers [count, depth], with zeros behind each up to `row_size`.
template <class Factor>
std::vector<Factor> rows_of(std::span<const int32_t> values, size_t depth, size_t row_size) {
  const size_t count = depth == 0 ? 0 : values.size() / depth;
  std::vector<Factor> rows(count * row_size);
  for (size_t i = 0; i < count; ++i)
    for (size_t k = 0; k < depth; ++k)
      rows[i * row_size + k] = static_cast<Factor>(values[i * depth + k]);
  return rows;
}

// [count, depth] by the products, as [count, channels].
template <class Factor>
void multiply_rows(const Products& products, std::span<const int32_t> values, size_t depth,
                   const Execution& execution, Tensor& out, size_t first) {
  const auto rows = rows_of<Factor>(values, depth, products.row_size());
  const size_t count = depth == 0 ? 0 : values.size() / depth, channels = products.channels();
  const size_t tiles = (count + kTile - 1) / kTile;
  // A single row is divided by channels.
  const size_t parts = tiles >= 4 || channels < 64 ? 1 : 4;
  const int threads = count * products.row_size() * channels < 1 << 20 ? 1 : execution.threads;
  parallel_for(tiles * parts, threads, [&](size_t task) {
    const size_t row = task / parts * kTile, here = std::min(kTile, count - row);
    const size_t begin = channels * (task % parts) / parts,
                 end = channels * (task % parts + 1) / parts;
    std::vector<int32_t> sums((end - begin) * here), line(end - begin);
    products.multiply(rows.data() + row * products.row_size(), here, begin, end - begin,
                      sums.data(), *execution.vector);
    for (size_t i = 0; i < here; ++i) {
      for (size_t c = 0; c < line.size(); ++c) line[c] = sums[c * here + i];
      store(line, out, first + (row + i) * channels + begin);
    }
  });
}

void multiply(const Products& products, std::span<const int32_t> values, size_t depth,
              const Execution& execution, Tensor& out, size_t first) {
  if (products.is_wide())
    multiply_rows<int32_t>(products, values, depth, execution, out, first);
  else
    multiply_rows<int16_t>(products, values, depth, execution, out, first);
}

// X · W with a constant matrix, and C for Gemm.
Result<IntegerKernel> by_constant(const KernelRequest& request) {
  const Shape& shape = request.inputs[1].constant->shape();
  if (shape.size() != 2) return fail("its constant is of shape {}", format_shape(shape));
  const bool is_transposed =
      request.node.is_op("Gemm") && request.node.int_attribute("transB", 0) != 0;
  const auto columns = static_cast<size_t>(shape[1]);
  const auto channels = static_cast<size_t>(shape[is_transposed ? 0 : 1]),
             depth = static_cast<size_t>(shape[is_transposed ? 1 : 0]);
  auto products =
      make_products(request, {channels, depth, is_transposed ? 0 : 1, [=](size_t c, size_t k) {
                                return is_transposed ? c * columns + k : k * columns + c;
                              }});
  if (!products) return products.error();
  return IntegerKernel([products = std::move(*products), in = request.grid(0), out = request.output,
                        depth](std::span<const Tensor> inputs,
                               const Execution& execution) -> Result<std::vector<Tensor>> {
    Shape result = inputs[0].shape();
    if (result.empty() || result.back() != static_cast<int64_t>(depth))
      return fail("its input is of shape {}, its constant has {} rows",
                  format_shape(inputs[0].shape()), depth);
    result.back() = static_cast<int64_t>(products.channels());
    Tensor integers = Tensor::allocate(out.element_type(), std::move(result));
    multiply(products, centred(inputs[0], in), depth, execution, integers, 0);
    return std::vector{std::move(integers)};
  });
}

// Two activations [..., M, K] and [..., K, N] whose leading axes are equal, or the second has none.
Result<IntegerKernel> by_activation(const KernelRequest& request) {
  const Rescale rescale = request.rescale(static_cast<double>(request.grid(0).scale[0]) *
                                          static_cast<double>(request.grid(1).scale[0]) /
                                          static_cast<double>(request.output.scale[0]));
  return IntegerKernel(
      [rescale, a_grid = request.grid(0), b_grid = request.grid(1), out = request.output](
          std::span<const Tensor> inputs,
          const Execution& execution) -> Result<std::vector<Tensor>> {
        const Shape &a = inputs[0].shape(), &b = inputs[1].shape();
        if (a.size() < 2 || b.size() < 2 || a.back() != b[b.size() - 2])
          return fail("shapes {} and {} cannot be multiplied", format_shape(a), format_shape(b));
        if (b.size() > 2 && !std::equal(a.begin(), a.end() - 2, b.begin(), b.end() - 2))
          return fail("leading axes of {} and {} differ, which is not simulated", format_shape(a),
                      format_shape(b));
        const auto depth = static_cast<size_t>(a.back()), columns = static_cast<size_t>(b.back());
        const size_t matrix = depth * columns;
        const size_t batches = matrix == 0 ? 0 : static_cast<size_t>(inputs[1].size()) / matrix;
        Shape result = a;
        result.back() = b.back();
        Tensor integers = Tensor::allocate(out.element_type(), std::move(result));
        const std::vector<int32_t> left = centred(inputs[0], a_grid),
                                   right = centred(inputs[1], b_grid);
        std::vector<int32_t> weights(matrix);
        for (size_t batch = 0; batch < batches; ++batch) {
          for (size_t k = 0; k < depth; ++k)
            for (size_t c = 0; c < columns; ++c)
              weights[c * depth + k] = right[batch * matrix + k * columns + c];
          const Products products(weights, columns, {}, {rescale}, largest_step(a_grid));
          const size_t count = left.size() / batches;
          multiply(products, std::span(left).subspan(batch * count, count), depth, execution,
                   integers, batch * (count / depth) * columns);
        }
        return std::vector{std::move(integers)};
      });
}

Result<IntegerKernel> prepare(const KernelRequest& request) {
  if (request.input_count() < 2 || request.inputs[1].grid == nullptr)
    return fail("its second input is on no grid");
  const Node& node = request.node;
  if (node.is_op("Gemm") &&
      (node.int_attribute("transA", 0) != 0 || node.float_attribute("alpha", 1) != 1 ||
       node.float_attribute("beta", 1) != 1))
    return fail("it is scaled or its first matrix is transposed");
  if (request.inputs[1].constant && request.inputs[1].constant->shape().size() == 2)
    return by_constant(request);
  if (node.is_op("Gemm") && (request.input_count() > 2 || node.int_attribute("transB", 0) != 0))
    return fail("its second matrix is computed, and it has a bias or is transposed");
  if (request.grid(1).scale.size() != 1) return fail("its constant has scales for channels");
  return by_activation(request);
}

}  // namespace

void register_simulate_matmul(KernelRegistry& registry) {
  registry.add({
      .id = "matmul",
      .doc = "exact sum of products and bias, one rescaling",
      .operators = {"MatMul", "Gemm"},
      .fuses = true,
      .prepare = prepare,
  });
}

}  // namespace acuate
