// For tests of commands that take data: samples as .npy.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "cli/test_support.h"
#include "data/npy.h"

namespace acuate {

// A convolution of random weights behind a Relu, [1, 2, 6, 6] to [1, 2, 4, 4].
class SamplesTest : public CommandTest {
 protected:
  std::string network() const {
    std::string weights;
    for (int i = 0; i < 36; ++i)
      weights += (i == 0 ? "" : ", ") + std::to_string(0.05 * ((i * 7) % 11 - 5) + 0.01);
    return model("net.onnx",
                 "g (float[1, 2, 6, 6] x) => (float[1, 2, 4, 4] y) <float[2, 2, 3, 3] w = {" +
                     weights + "}> { c = Conv(x, w)  y = Relu(c) }");
  }
  // `count` samples of normal noise.
  std::string samples(const std::string& name, int64_t count, unsigned seed = 1) const {
    std::mt19937 generator(seed);
    std::normal_distribution<float> normal;
    Tensor tensor = Tensor::allocate(ElementType::Float, {count, 2, 6, 6});
    for (float& value : tensor.mutable_values<float>()) value = normal(generator);
    EXPECT_TRUE(write_npy(path(name), tensor));
    return path(name);
  }
};

}  // namespace acuate
