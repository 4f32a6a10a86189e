#pragma once

#include <memory>
#include <vector>

#include "graph/change_log.h"
#include "graph/model.h"

namespace acuate {

// A model under edit and the way back: the inverse of each change in it, and the models that others
// took the place of as a whole (a conversion of the opset gives a new one).
class ModelHistory {
 public:
  enum class Undo { No, Yes };  // No: records nothing, for who drops the model on failure
  struct Mark {
    size_t models = 0;
    ChangeLog::Mark changes = 0;
  };

  ModelHistory(std::unique_ptr<Model> model, Undo undo);

  Model& model() const { return *versions_.back().model; }
  // The old one stays as it is, for undo and for whoever refers to it.
  void replace(std::unique_ptr<Model> model);
  Mark mark() const;
  void undo_to(const Mark& mark);
  // The model without its history, which must not be used any more.
  std::unique_ptr<Model> release();

 private:
  struct Version {
    std::unique_ptr<Model> model;
    std::unique_ptr<ChangeLog> log;  // null where nothing is recorded
  };
  bool records_;
  std::vector<Version> versions_;
};

}  // namespace acuate
