#include "cli/test_support.h"

namespace acuate {
namespace {

using EditTest = CommandTest;

TEST_F(EditTest, AnEmptyScriptChangesNoByte) {
  EXPECT_EQ(run({"edit", model(), write("e.acu", ""), "-o", path("o.onnx")}), 0) << err;
  EXPECT_EQ(read("o.onnx"), read("m.onnx"));
}

TEST_F(EditTest, ALaterMistakeUndoesAll) {
  EXPECT_EQ(run({"edit", model(), write("e.acu", "apply simplify\nset-dim nothing 1\n"), "-o",
                 path("o.onnx")}),
            2);
  EXPECT_FALSE(exists("o.onnx"));
}

TEST_F(EditTest, TheJournalTellsEveryCommand) {
  const auto json =
      run_json({"edit", model(), write("e.acu", "# first\napply simplify\nset-shape x 1 4\n"), "-o",
                path("o.onnx")});
  ASSERT_EQ(json["journal"].size(), 2);
  EXPECT_EQ(json["journal"][0]["line"], 2);
  EXPECT_EQ(json["journal"][0]["command"], "apply simplify");
  EXPECT_EQ(run_json({"inspect", path("o.onnx")})["operators"],
            (nlohmann::json{{"Mul", 1}, {"Relu", 1}}));
}

TEST_F(EditTest, AMistakeNamesItsPlaceAndWritesNothing) {
  EXPECT_EQ(run({"edit", model(), write("e.acu", "apply simplify\nfrob x\n"), "-o", path("o")}), 2);
  EXPECT_NE(err.find("e.acu:2:1"), std::string::npos) << err;
  EXPECT_FALSE(exists("o"));
}

}  // namespace
}  // namespace acuate
