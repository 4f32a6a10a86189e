#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// libacuate: C++ programs run what `acuate convert` wrote by this header alone. What goes wrong is
// thrown as std::runtime_error: what, where, found against expected, what to do.
namespace acuate::runtime {

// An input or output of a model.
struct Port {
  std::string name;
  std::string type;            // as NumPy calls it: `float32`, `uint8`
  std::vector<int64_t> shape;  // -1: of any size
};

// A dense array, row-major, little-endian. Copies share the values; results keep the engine's
// buffer alive, not the model.
class [[gnu::visibility("default")]] Tensor {
 public:
  static Tensor zeros(std::string_view type, std::vector<int64_t> shape);
  // Reads `values` in place: they must outlive the tensor and its copies.
  static Tensor view(std::string_view type, std::vector<int64_t> shape, const void* values);
  // NumPy's array file.
  static Tensor read_npy(const std::string& file);
  void write_npy(const std::string& file) const;

  const std::string& type() const;
  const std::vector<int64_t>& shape() const;
  std::span<const std::byte> bytes() const;
  // The values as T, which must be as wide as the type.
  template <class T>
  std::span<const T> values() const {
    if (width() != sizeof(T))
      throw std::runtime_error("values of type " + type() + " were asked for as others");
    return {reinterpret_cast<const T*>(bytes().data()), bytes().size() / sizeof(T)};
  }

 private:
  friend class Model;
  struct State;
  explicit Tensor(std::shared_ptr<const State> state);
  size_t width() const;  // of an element in bytes; 0 where several share one
  std::shared_ptr<const State> state_;
};

// An artifact: the folder that `acuate convert` wrote, without the parts that stay in PyTorch.
class [[gnu::visibility("default")]] Model {
 public:
  // Checks the files against the manifest and opens the engines, which are found as
  // `acuate targets` tells. `threads` of each engine; 0: as many as the process may use.
  explicit Model(const std::string& folder, int threads = 0);
  ~Model();
  Model(Model &&) noexcept;
  Model& operator=(Model&&) noexcept;

  const std::vector<Port>& inputs() const;
  const std::vector<Port>& outputs() const;

  // The file (PNG, JPEG, BMP) as the only input takes it, by the artifact's own pre-processing.
  Tensor read_image(const std::string& file) const;
  // Inputs in the order of inputs(), results in that of outputs(). Several threads may call it.
  std::vector<Tensor> run(std::span<const Tensor> inputs);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace acuate::runtime
