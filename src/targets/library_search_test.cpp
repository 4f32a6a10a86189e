#include "targets/library_search.h"

#include <gtest/gtest.h>

namespace acuate {
namespace {

namespace fs = std::filesystem;

TEST(LibrarySearch, VersionsCompareByNumber) {
  EXPECT_EQ(compare_versions("1.31.1", "1.31.1"), 0);
  EXPECT_EQ(compare_versions("1.9.0", "1.31.1"), -1);
  EXPECT_EQ(compare_versions("1.31.10", "1.31.9"), 1);
  EXPECT_EQ(compare_versions("1.31", "1.31.0"), 0);
  EXPECT_EQ(compare_versions("2640", "2541"), 1);
}

class LibrarySearchFolder : public testing::Test {
 protected:
  void SetUp() override {
    folder = fs::path(testing::TempDir()) / "acuate_library_search";
    fs::remove_all(folder);
    fs::create_directories(folder / "lib/python3.11/site-packages/thing/libs");
  }
  void TearDown() override {
    unsetenv("ACUATE_THING_HOME");
    fs::remove_all(folder);
  }
  void touch(const std::string& name) { std::ofstream(folder / name) << ""; }
  LibrarySearch search{"ACUATE_THING_HOME", "libthing.so.", {"", "lib"}, {"thing/libs"}};
  fs::path folder;
};

TEST_F(LibrarySearchFolder, TakesTheNewestAndNothingElse) {
  for (const char* name : {"libthing.so.1.9.0", "libthing.so.1.31.1", "libthing.so.1.4",
                           "libthing.so", "libthing.so.2.bak", "libthingy.so.7"})
    touch(name);
  EXPECT_EQ(newest_library(folder, "libthing.so."), folder / "libthing.so.1.31.1");
  EXPECT_TRUE(newest_library(folder / "missing", "libthing.so.").empty());
}

TEST_F(LibrarySearchFolder, TheHomeVariableDecidesAlone) {
  setenv("ACUATE_THING_HOME", folder.c_str(), 1);
  const FoundLibrary nothing = find_library(search);
  EXPECT_TRUE(nothing.path.empty());
  EXPECT_EQ(nothing.home, folder.string());
  EXPECT_FALSE(nothing.searched.empty());
  touch("lib/python3.11/site-packages/thing/libs/libthing.so.3");
  EXPECT_EQ(find_library(search).path.filename(), "libthing.so.3");
  touch("lib/libthing.so.2");
  EXPECT_EQ(find_library(search).path, folder / "lib/libthing.so.2")
      << "the home's own folders come first";
}

TEST_F(LibrarySearchFolder, WithoutItTheSystemIsSearched) {
  const FoundLibrary nothing = find_library(search);
  EXPECT_TRUE(nothing.path.empty());
  EXPECT_EQ(nothing.home, "");
  EXPECT_THAT(nothing.searched, testing::Contains("/usr/lib"));
}

}  // namespace
}  // namespace acuate
