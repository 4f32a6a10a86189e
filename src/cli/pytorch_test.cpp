#include "cli/pytorch.h"

#include <cstdlib>
#include <filesystem>

#include "cli/test_support.h"

namespace acuate {
namespace {

class PytorchTest : public CommandTest {
 protected:
  void TearDown() override {
    unsetenv("ACUATE_PYTHON");
    CommandTest::TearDown();
  }
  // A Python that writes down what it is called with, a line an argument, and ends with `status`.
  void stand_in(int status) {
    const std::string file =
        write("python", "#!/bin/sh\nfor a in \"$@\"; do echo \"$a\"; done > " + path("called") +
                            "\nexit " + std::to_string(status) + "\n");
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    setenv("ACUATE_PYTHON", file.c_str(), 1);
  }
};

TEST_F(PytorchTest, AModelThatIsAFactoryIsForPython) {
  EXPECT_TRUE(is_for_pytorch({"convert", "detr:build", "-o", "out"}));
  EXPECT_TRUE(is_for_pytorch({"diagnose", "my.models_2.detr:Detr.small"}));
  EXPECT_TRUE(is_for_pytorch({"convert", "-o", "out", "--target=openvino", "detr:build"}));
  for (const char* model : {"m.onnx", "./detr:build", "C:\\m", ":build", "detr:", "a..b:c", "2a:b",
                            "a:b:c", "detr:build()", "a b:c"})
    EXPECT_FALSE(is_for_pytorch({"convert", model})) << model;
  EXPECT_FALSE(is_for_pytorch({"inspect", "detr:build"}));
  EXPECT_FALSE(is_for_pytorch({"convert", "m.onnx", "detr:build"}));
  EXPECT_FALSE(is_for_pytorch({"convert", "--samples", "detr:build"}));
  EXPECT_FALSE(is_for_pytorch({"convert"}));
  EXPECT_FALSE(is_for_pytorch({}));
}

TEST_F(PytorchTest, AFileOfThatNameIsAFile) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder_);
  write("detr:build", "");
  EXPECT_FALSE(is_for_pytorch({"convert", "detr:build"}));
  std::filesystem::current_path(before);
}

TEST_F(PytorchTest, ArgumentsAreHandedOnAsTheyAre) {
  stand_in(1);
  EXPECT_EQ(run({"convert", "detr:build", "--samples", "a b.py:c", "-o", "$HOME; `ls` 'x\""}), 1);
  EXPECT_EQ(read("called"),
            "-m\nacuate.pytorch\nconvert\ndetr:build\n--samples\na b.py:c\n-o\n$HOME; `ls` 'x\"\n");
  stand_in(0);
  EXPECT_EQ(run({"diagnose", "detr:build"}), 0);
}

TEST_F(PytorchTest, APythonThatCannotBeStartedIsTold) {
  setenv("ACUATE_PYTHON", path("nowhere").c_str(), 1);
  EXPECT_EQ(run({"diagnose", "detr:build"}), 2);
  EXPECT_NE(err.find("cannot start Python as '" + path("nowhere") + "'"), std::string::npos);
}

}  // namespace
}  // namespace acuate
