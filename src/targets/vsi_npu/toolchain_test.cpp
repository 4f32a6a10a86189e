#include "targets/vsi_npu/toolchain.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace acuate {
namespace {

using testing::HasSubstr;

// The variable for the length of a test.
class Named {
 public:
  explicit Named(const std::string& python) {
    if (const char* old = std::getenv(AcuityToolchain::kPythonVariable)) old_ = old;
    set(python);
  }
  ~Named() { set(old_); }

 private:
  static void set(const std::string& python) {
    if (python.empty())
      ::unsetenv(AcuityToolchain::kPythonVariable);
    else
      ::setenv(AcuityToolchain::kPythonVariable, python.c_str(), 1);
  }
  std::string old_;
};

TEST(AcuityToolchain, IsThereWhereAPythonIsNamedForIt) {
  {
    const Named none("");
    const Availability here = AcuityToolchain::here();
    EXPECT_FALSE(here.available);
    EXPECT_THAT(here.reason, HasSubstr("ACUATE_VSI_NPU_PYTHON"));
    EXPECT_THAT(here.reason, HasSubstr("acuitylite"));
  }
  const Named some("/opt/acuity/bin/python");
  EXPECT_TRUE(AcuityToolchain::here().available);
  EXPECT_EQ(AcuityToolchain::here().file, "/opt/acuity/bin/python");
}

TEST(AcuityToolchain, APythonWithoutThePackageIsTold) {
  const Named python(find_worker_python("ACUATE_NO_SUCH_PYTHON"));
  AcuityToolchain toolchain;
  const auto product = toolchain.product();
  ASSERT_FALSE(product);
  EXPECT_THAT(product.error().message, HasSubstr("No module named"));
}

TEST(AcuityToolchain, OnlyFloatsAreHandedOver) {
  const Named python("/no/such/python");
  AcuityToolchain toolchain;
  const std::vector<Tensor> inputs = {Tensor::of<int64_t>({1}, {7})};
  const auto outputs = toolchain.infer(inputs);
  ASSERT_FALSE(outputs);
  EXPECT_THAT(outputs.error().message, HasSubstr("int64"));
}

}  // namespace
}  // namespace acuate
