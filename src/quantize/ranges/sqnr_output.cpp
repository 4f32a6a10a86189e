#include "quantize/range_search.h"

namespace acuate {

// Where noise is equal over wide areas, its effect does not follow from its power: it adds in
// amplitude. The grids around that of the least squared error are therefore judged at the outputs.
void register_quantize_sqnr_output(RangeMethodRegistry& registry) {
  registry.add({
      .id = "sqnr_output",
      .doc = "of ranges around that of mse the one that does the least damage at the outputs",
      .prepare =
          [](std::string_view argument) {
            return range_methods().lookup("mse")->prepare(argument);
          },
      .needs = [](std::string_view) -> RangeNeeds {
        return {8, 1, "which of 23 scales does the least damage on a few samples is chance"};
      },
      .refined_at_outputs = true,
  });
}

}  // namespace acuate
