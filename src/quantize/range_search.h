#pragma once

#include <functional>

#include "quantize/range.h"

namespace acuate {

// What a grid costs a tensor; infinite where the grid is out of the question.
using GridCost = std::function<double(const AffineGrid&)>;

// The range inside the histogram's extremes whose grid costs least, by a search that is coarse and
// wide first and then fine: costs have broad minima with ripples, orders of magnitude below the
// extremes where tails are heavy. Both bounds shrink together; where the scheme and the data let
// them differ, then each for itself. About 80 grids are tried, 300 where both bounds are searched.
Range cheapest_range(const Histogram& histogram, const Scheme& scheme, const GridCost& cost);

}  // namespace acuate
