#pragma once

#include <span>

#include "numeric/scheme.h"

namespace acuate {

// Weights onto their grid so that what they give on given data changes least: with H = Σ x xᵀ over
// the data, row-major n × n and symmetric, each row w of `weights` (row-major, rows × n) becomes
// the ŵ on the grid of its row that makes (ŵ − w)ᵀ H (ŵ − w) small. One element after the other is
// rounded to the nearest step after what the rounded ones have done wrong is taken into account
// (LDLQ: Chee et al., "QuIP: 2-Bit Quantization of Large Language Models With Guarantees", 2023,
// section 3, which equals Frantar et al., "GPTQ", 2022), elements with the largest H_ii first.
// `grids` has one entry for each row. n³/3 + rows · n²/2 multiplications; 8 n² bytes.
void round_to_data(std::span<float> weights, std::span<const double> hessian, size_t n,
                   std::span<const AffineGrid> grids);

}  // namespace acuate
