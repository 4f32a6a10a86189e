#include "quantize/rounding.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace acuate {
namespace {

// Of the mean of the diagonal, added to it: directions that the data do not show cost something.
constexpr double kDamping = 0.01;

// H = (U + I) D (U + I)ᵀ with U strictly upper: the Cholesky decomposition that begins at the last
// element. In place; returns false where H is not positive.
bool decompose(std::vector<double>& h, size_t n) {
  for (size_t k = n; k-- > 0;) {
    double* row = &h[k * n];  // holds column k above the diagonal too, by symmetry
    const double pivot = row[k];
    if (!(pivot > 0)) return false;
    for (size_t i = 0; i < k; ++i) {
      const double factor = row[i] / pivot;
      if (factor == 0) continue;
      double* target = &h[i * n];
      for (size_t j = 0; j <= i; ++j) target[j] -= factor * row[j];
    }
    for (size_t i = 0; i < k; ++i) row[i] /= pivot;  // U[i][k], stored by column
  }
  return true;
}

double nearest(double x, const AffineGrid& grid) {
  const double step = std::nearbyint(x / grid.scale);
  return std::clamp(step, static_cast<double>(grid.lowest), static_cast<double>(grid.highest)) *
         grid.scale;
}

}  // namespace

void round_to_data(std::span<float> weights, std::span<const double> hessian, size_t n,
                   std::span<const AffineGrid> grids) {
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return hessian[a * n + a] > hessian[b * n + b]; });
  std::vector<double> h(n * n);
  double trace = 0;
  for (size_t i = 0; i < n; ++i) trace += hessian[i * n + i];
  const double damping = trace > 0 ? kDamping * trace / static_cast<double>(n) : 1;
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) h[i * n + j] = hessian[order[i] * n + order[j]];
    h[i * n + i] += damping;
  }
  const bool usable = decompose(h, n);
  std::vector<double> error(n);
  for (size_t row = 0; row < grids.size(); ++row) {
    float* w = &weights[row * n];
    for (size_t k = 0; k < n; ++k) {
      double x = w[order[k]];
      if (usable)
        for (size_t i = 0; i < k; ++i) x += error[i] * h[k * n + i];
      const double rounded = nearest(x, grids[row]);
      error[k] = static_cast<double>(w[order[k]]) - rounded;
      w[order[k]] = static_cast<float>(rounded);
    }
  }
}

}  // namespace acuate
