#include "cli/samples_test_support.h"

namespace acuate {
namespace {

class ExportCommandTest : public SamplesTest {};

TEST_F(ExportCommandTest, HandsOverWhatConvertWrote) {
  ASSERT_EQ(run({"convert", network(), "-o", path("net.acuate"), "--runs", "0"}), 0) << err;
  ASSERT_EQ(run({"export", path("net.acuate"), "--triton", path("repository")}), 0) << err;
  EXPECT_NE(read("repository/net/config.pbtxt").find("name: \"net\""), std::string::npos);
  EXPECT_EQ(run({"export", path("net.acuate"), "--triton", path("repository")}), 2);
  EXPECT_NE(err.find("exists already"), std::string::npos);
}

TEST_F(ExportCommandTest, AsksWhere) {
  EXPECT_EQ(run({"export", path("net.acuate")}), 2);
  EXPECT_NE(err.find("--triton FOLDER"), std::string::npos);
}

}  // namespace
}  // namespace acuate
