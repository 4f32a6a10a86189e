#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/model.h"
#include "shape/inference.h"
#include "targets/target.h"

namespace acuate {

using ShapeRanges = std::map<std::string, ShapeRange>;  // by input

// Between which sizes the values of a model move as its inputs move within theirs: what shape
// inference says at the least, the usual and the largest sizes of the inputs. Sizes that grow and
// shrink with the inputs' stay within; one that a model computes otherwise has only these three
// points.
class SizesWithin {
 public:
  // Refers to the model, which is inferred when it is first asked about: three times, or once where
  // no input is open. Inputs that `inputs` says nothing of keep what they declare.
  SizesWithin(const Model& model, ShapeRanges inputs);

  // Whether each input that the caller feeds has its sizes.
  bool is_complete() const;
  // Of a value of the main graph, by name. Nothing where it depends on data, or is no tensor.
  std::optional<ShapeRange> shape(std::string_view value) const;
  // The elements of a tensor of integers that holds sizes, row-major.
  std::optional<ShapeRange> contents(std::string_view value) const;
  // Of the inputs of a part of the model, as far as they are known.
  struct OfInputs {
    ShapeRanges shapes;    // of those with dynamic dimensions
    ShapeRanges contents;  // elements of those that hold sizes
  };
  OfInputs of_inputs(const Graph& part) const;
  // Of the values of the model that are not fixed, by name, as far as they are known.
  ShapeRanges open_shapes(const std::vector<std::string>& values) const;

 private:
  struct Point {
    std::unique_ptr<Model> model;
    std::unique_ptr<ShapeInference> shapes;
  };
  const Point& at(size_t place) const;
  // Of what `read` says at the three points.
  template <typename Read>
  std::optional<ShapeRange> range_of(std::string_view value, const Read& read) const;

  const Model& model_;
  ShapeRanges inputs_;
  mutable std::array<Point, 3> points_;
};

// What the backend of a target can do besides whose engines are built for sizes, which the inputs
// of each piece must have.
class SizedTools {
 public:
  virtual ~SizedTools() = default;
  // TargetBackend::probe(), the open inputs of the model being of these sizes.
  virtual Result<std::vector<Refusal>> probe_within(const Model& model,
                                                    const ShapeRanges& sizes) const = 0;
  // TargetBackend::build(), of a piece of the model that `sizes` belong to.
  virtual Result<BuiltEngine> build_within(const Model& piece, const SizesWithin& sizes,
                                           const std::vector<std::string>& devices) const = 0;
};
// Null: the target's engines take what they are given.
const SizedTools* sized_tools(const Target& target);

// The target as it builds pieces of the model that `sizes` belong to; for building alone, while the
// sizes are there.
Target building_within(const Target& target, const SizesWithin& sizes);

// The target as it judges models whose open inputs are of these sizes; for verdicts alone.
Target judging_within(const Target& target, const ShapeRanges& sizes);

}  // namespace acuate
