#include "cli/flags.h"

#include <algorithm>

#include "base/text.h"

namespace acuate {

void ShapeFlags::declare(CLI::App& app) {
  app.add_option("--shape", shapes,
                 "shape of an input, as in x=1x3x640x640; ? leaves a dimension as it is")
      ->type_name("INPUT=DIMS");
  app.add_option("--dim", dims, "number for a named dimension, as in batch=1")->type_name("NAME=N");
}

void ShapeFlags::declare_with_ranges(CLI::App& app) {
  declare(app);
  app.add_option("--shape-range", ranges,
                 "sizes between which an input stays dynamic, as in "
                 "x=1x3x32x32:1x3x640x640:4x3x1280x1280")
      ->type_name("INPUT=MIN:OPT:MAX");
}

Result<FixOptions> ShapeFlags::parse() const {
  FixOptions options;
  for (const std::string& text : shapes) {
    auto shape = parse_shape_option(text);
    if (!shape) return shape.error();
    if (!options.shapes.insert(*shape).second)
      return fail("--shape is given twice for the input '{}'", shape->first);
  }
  for (const std::string& text : dims) {
    auto dim = parse_dim_option(text);
    if (!dim) return dim.error();
    if (!options.dims.insert(*dim).second) return fail("--dim is given twice for '{}'", dim->first);
  }
  for (const std::string& text : ranges) {
    auto range = parse_shape_range_option(text);
    if (!range) return range.error();
    if (!options.ranges.insert(*range).second)
      return fail("--shape-range is given twice for the input '{}'", range->first);
  }
  return options;
}

Result<std::vector<std::string>> parse_cut(const std::vector<std::string>& texts) {
  std::vector<std::string> cut = split_list(texts);
  if (!texts.empty() && cut.empty()) return fail("--cut: expected auto, none or names of tensors");
  if (cut.size() > 1)
    for (const char* word : {"auto", "none"})
      if (std::find(cut.begin(), cut.end(), word) != cut.end())
        return fail("--cut: found '{}' beside '{}'; expected one of them", word,
                    cut[0] == word ? cut[1] : cut[0]);
  return cut;
}

std::vector<std::string> split_list(const std::vector<std::string>& texts) {
  std::vector<std::string> out;
  for (const std::string& text : texts)
    for (std::string& part : split(text, ','))
      if (!trim(part).empty()) out.emplace_back(trim(part));
  return out;
}

}  // namespace acuate
