#include "edit/history.h"

namespace acuate {

ModelHistory::ModelHistory(std::unique_ptr<Model> model, Undo undo) : records_(undo == Undo::Yes) {
  replace(std::move(model));
}

void ModelHistory::replace(std::unique_ptr<Model> model) {
  auto log = records_ ? std::make_unique<ChangeLog>() : nullptr;
  model->attach(log.get());
  versions_.push_back({std::move(model), std::move(log)});
}

ModelHistory::Mark ModelHistory::mark() const {
  const Version& current = versions_.back();
  return {versions_.size(), current.log ? current.log->mark() : 0};
}

void ModelHistory::undo_to(const Mark& mark) {
  ACUATE_CHECK(records_ && mark.models > 0 && mark.models <= versions_.size(),
               "a mark of this history is needed, and that it records");
  versions_.resize(mark.models);
  versions_.back().log->undo_to(mark.changes);
}

std::unique_ptr<Model> ModelHistory::release() {
  versions_.back().model->attach(nullptr);
  versions_.back().model->track_changes(false);
  return std::move(versions_.back().model);
}

}  // namespace acuate
