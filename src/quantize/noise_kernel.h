#pragma once

#include <span>

#include "numeric/grid_noise.h"

namespace acuate {

// Of values x and gradients g of the same elements.
struct NoiseSums {
  double noise = 0;       // Σ n², n = x' − x on the grid
  double projection = 0;  // Σ n g
};
struct ValueSums {
  double signal = 0;  // Σ x²
  double gain = 0;    // Σ g²
};

// One pass over both, whatever the number of grids, which have at most 2¹⁶ points; `sums` has one
// entry per grid, to which is added. Products in float32, sums of 64 of them too, then in double.
ValueSums add_noise(std::span<const float> values, std::span<const float> gradients,
                    std::span<const AffineGrid> grids, std::span<NoiseSums> sums);

double sum_of_squares(std::span<const float> values);

}  // namespace acuate
