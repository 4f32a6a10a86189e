#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace acuate {

// The way back: while it is attached to a model (Model::attach), every primitive change records its
// inverse here, beside the old state that it needs: the weights stay where they are, nothing of the
// model is copied. Undoing restores everything that the model is written from, the marks of what
// was touched included, and the order of the use lists, so that commands act as they did before.
class ChangeLog {
 public:
  // A moment of the model: how many inverses were recorded before it.
  using Mark = size_t;
  Mark mark() const { return steps_.size(); }

  template <class Inverse>
  void record(Inverse inverse) {
    steps_.push_back(std::make_unique<StepOf<Inverse>>(std::move(inverse)));
  }

  // Runs the inverses back to `mark`, the last first, and forgets them. Not to be called while the
  // model is being changed.
  void undo_to(Mark mark) {
    while (steps_.size() > mark) {
      steps_.back()->undo();
      steps_.pop_back();
    }
  }

 private:
  struct Step {
    virtual ~Step() = default;
    virtual void undo() = 0;
  };
  template <class Inverse>
  struct StepOf : Step {
    explicit StepOf(Inverse&& inverse) : inverse_(std::move(inverse)) {}
    void undo() override { inverse_(); }
    Inverse inverse_;
  };
  std::vector<std::unique_ptr<Step>> steps_;
};

}  // namespace acuate
