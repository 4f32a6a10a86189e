#include "base/file.h"

#include <csignal>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "base/release_pages.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;
using testing::HasSubstr;

// A fresh folder of the test's own name.
class File : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        fs::path(testing::TempDir()) /
        ("file_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void put(const fs::path& path, std::string_view text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  size_t entries() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder_), {}));
  }

  fs::path folder_;
};

// Files may grow to `size_bytes` while this lives: what a full disk looks like to write().
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t size_bytes) : old_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{size_bytes, old_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, old_handler_);
  }

 private:
  void (*old_handler_)(int);
  rlimit old_{};
};

TEST_F(File, MapsContentAndEmptyFiles) {
  put(folder_ / "a", "hello");
  put(folder_ / "empty", "");
  EXPECT_EQ(MappedFile::open(folder_ / "a").value()->text(), "hello");
  EXPECT_TRUE(MappedFile::open(folder_ / "empty").value()->bytes().empty());
  EXPECT_THAT(MappedFile::open(folder_ / "none").error().message, HasSubstr("none: No such file"));
  EXPECT_THAT(MappedFile::open(folder_).error().message, HasSubstr("not a regular file"));
}

size_t resident_pages() {
  size_t total = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident;
}

TEST_F(File, ReleasedPagesLeaveMemoryAndComeBack) {
  const std::string content(size_t{16} << 20, 'x');
  put(folder_ / "large", content);
  const auto file = MappedFile::open(folder_ / "large").value();
  const size_t before = resident_pages();
  EXPECT_EQ(file->text(), content);
  const size_t read = resident_pages();
  EXPECT_GE(read, before + 4000);
  release_pages(file->bytes().subspan(100, (size_t{16} << 20) - 200));
  EXPECT_LE(resident_pages(), before + 100);
  EXPECT_EQ(file->text(), content);
  release_pages(std::as_bytes(std::span(content)));  // no file's: stays
  EXPECT_EQ(file->text(), content);
}

TEST_F(File, AppearsOnlyAtCommit) {
  put(folder_ / "out", "old");
  {
    auto file = AtomicFile::create(folder_ / "out");
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->write("new"));
    EXPECT_EQ(file->size_bytes(), 3U);
    EXPECT_EQ(read_text_file(folder_ / "out").value(), "old");
    ASSERT_TRUE(file->commit());
  }
  EXPECT_EQ(read_text_file(folder_ / "out").value(), "new");
  EXPECT_EQ(entries(), 1U);
}

TEST_F(File, WithoutCommitNothingIsLeft) {
  {
    auto file = AtomicFile::create(folder_ / "out");
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->write(std::string(1 << 20, 'x')));
    AtomicFile moved = *std::move(file);
    EXPECT_EQ(entries(), 1U);
  }
  EXPECT_EQ(entries(), 0U);
}

TEST_F(File, LargeAndSmallWritesKeepTheirOrder) {
  std::string expected;
  auto file = AtomicFile::create(folder_ / "out");
  ASSERT_TRUE(file);
  for (const size_t size : {3U, 300'000U, 1U, 262'144U, 262'143U, 0U, 2U}) {
    const std::string piece(size, static_cast<char>('a' + expected.size() % 26));
    expected += piece;
    ASSERT_TRUE(file->write(piece));
  }
  EXPECT_EQ(file->size_bytes(), expected.size());
  ASSERT_TRUE(file->commit());
  EXPECT_EQ(read_text_file(folder_ / "out").value(), expected);
}

TEST_F(File, CopiesARangeBetweenWrites) {
  put(folder_ / "in", "0123456789");
  auto file = AtomicFile::create(folder_ / "out");
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->write("<"));
  ASSERT_TRUE(file->copy_from(folder_ / "in", 3, 4));
  ASSERT_TRUE(file->write(">"));
  EXPECT_THAT(file->copy_from(folder_ / "in", 8, 5).error().message,
              HasSubstr("ends 3 bytes before"));
  ASSERT_TRUE(file->commit());
  EXPECT_THAT(read_text_file(folder_ / "out").value(), testing::StartsWith("<3456>"));
}

// What is written is what is mapped, though its path has come to mean another file.
TEST_F(File, WritesWhatLiesInAMappedFile) {
  std::string content(300'000, '\0');
  for (size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 7 % 251);
  put(folder_ / "in", content);
  const auto mapped = MappedFile::open(folder_ / "in").value();
  put(folder_ / "other", std::string(300'000, 'z'));
  std::filesystem::rename(folder_ / "other", folder_ / "in");
  auto file = AtomicFile::create(folder_ / "out");
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->write("<"));
  ASSERT_TRUE(file->write(mapped->bytes().subspan(1000, 200'000)));
  ASSERT_TRUE(file->write(mapped->bytes().subspan(5, 10)));
  const std::string in_memory(100'000, 'm');
  ASSERT_TRUE(file->write(std::as_bytes(std::span(in_memory))));
  EXPECT_EQ(file->size_bytes(), 300'011U);
  ASSERT_TRUE(file->commit());
  EXPECT_EQ(read_text_file(folder_ / "out").value(),
            "<" + content.substr(1000, 200'000) + content.substr(5, 10) + in_memory);
}

TEST_F(File, AFullDiskIsAnErrorThatNamesTheFileAndLosesNothing) {
  put(folder_ / "out", "old");
  put(folder_ / "in", std::string(100'000, 'y'));
  {
    const FileSizeLimit limit(50'000);
    EXPECT_THAT(write_text_file(folder_ / "out", std::string(100'000, 'x')).error().message,
                HasSubstr((folder_ / "out").string() + ": File too large"));
    auto file = AtomicFile::create(folder_ / "out");
    ASSERT_TRUE(file);
    EXPECT_THAT(file->write(std::string(1'000'000, 'x')).error().message,
                HasSubstr("File too large"));
    auto copy = AtomicFile::create(folder_ / "out");
    ASSERT_TRUE(copy);
    EXPECT_THAT(copy->copy_from(folder_ / "in", 0, 100'000).error().message,
                HasSubstr("File too large"));
  }
  EXPECT_EQ(read_text_file(folder_ / "out").value(), "old");
  EXPECT_EQ(entries(), 2U);
}

TEST_F(File, AMissingFolderOrAFolderInTheWayIsAnError) {
  EXPECT_THAT(write_text_file(folder_ / "none/out", "x").error().message, HasSubstr("none/out"));
  fs::create_directories(folder_ / "taken/inside");
  EXPECT_THAT(write_text_file(folder_ / "taken", "x").error().message, HasSubstr("taken"));
  EXPECT_EQ(entries(), 1U);
}

TEST_F(File, AFolderAppearsWhole) {
  {
    auto out = AtomicFolder::create(folder_ / "dir/", false, "manifest.json");
    ASSERT_TRUE(out) << out.error().message;
    put(out->path() / "manifest.json", "{}");
    EXPECT_FALSE(fs::exists(folder_ / "dir"));
    ASSERT_TRUE(out->commit());
  }
  EXPECT_TRUE(fs::exists(folder_ / "dir/manifest.json"));
  EXPECT_EQ(entries(), 1U);
}

TEST_F(File, AnAbandonedFolderLeavesNothing) {
  {
    auto out = AtomicFolder::create(folder_ / "dir", false, "manifest.json");
    ASSERT_TRUE(out);
    put(out->path() / "manifest.json", "{}");
  }
  EXPECT_EQ(entries(), 0U);
}

TEST_F(File, AnExistingFolderIsReplacedOnlyWhenItIsOurs) {
  fs::create_directories(folder_ / "dir");
  put(folder_ / "dir/thesis.txt", "mine");
  EXPECT_THAT(AtomicFolder::create(folder_ / "dir", false, "manifest.json").error().message,
              HasSubstr("exists already"));
  EXPECT_THAT(AtomicFolder::create(folder_ / "dir", true, "manifest.json").error().message,
              HasSubstr("not a folder written by acuate"));
  put(folder_ / "file", "mine");
  EXPECT_FALSE(AtomicFolder::create(folder_ / "file", true, "manifest.json"));
  EXPECT_EQ(read_text_file(folder_ / "dir/thesis.txt").value(), "mine");

  put(folder_ / "dir/manifest.json", "old");
  auto out = AtomicFolder::create(folder_ / "dir", true, "manifest.json");
  ASSERT_TRUE(out);
  put(out->path() / "manifest.json", "new");
  EXPECT_EQ(read_text_file(folder_ / "dir/manifest.json").value(), "old");
  ASSERT_TRUE(out->commit());
  EXPECT_EQ(read_text_file(folder_ / "dir/manifest.json").value(), "new");
  EXPECT_FALSE(fs::exists(folder_ / "dir/thesis.txt"));
  EXPECT_EQ(entries(), 2U);
}

TEST_F(File, ReadTextRefusesFoldersAndTooLargeFiles) {
  put(folder_ / "a", "12345");
  EXPECT_EQ(read_text_file(folder_ / "a", 5).value(), "12345");
  EXPECT_THAT(read_text_file(folder_ / "a", 4).error().message,
              HasSubstr("more than the 4 allowed"));
  EXPECT_THAT(read_text_file(folder_).error().message, HasSubstr("it is a folder"));
  EXPECT_FALSE(read_text_file(folder_ / "none"));
}

TEST_F(File, PathsOfUntrustedFilesStayInside) {
  fs::create_directories(folder_ / "model/weights");
  put(folder_ / "model/weights/w.bin", "w");
  put(folder_ / "secret", "s");
  const fs::path model = folder_ / "model";
  EXPECT_EQ(resolve_inside(model, "weights/w.bin").value(), fs::canonical(model / "weights/w.bin"));
  EXPECT_TRUE(resolve_inside(model, "not_yet_there.bin"));
  for (const std::string bad : {"../secret", "weights/../../secret", "/etc/passwd", "..", ""})
    EXPECT_FALSE(resolve_inside(model, bad)) << bad;
  EXPECT_FALSE(resolve_inside(model, std::string_view("a\0b", 3)));
}

TEST_F(File, LinksAreFollowedButNotOutside) {
  fs::create_directories(folder_ / "model/real");
  put(folder_ / "model/real/w.bin", "w");
  put(folder_ / "secret", "s");
  fs::create_symlink("real", folder_ / "model/inner");
  fs::create_symlink("../secret", folder_ / "model/outer");
  fs::create_symlink("..", folder_ / "model/up");
  EXPECT_EQ(resolve_inside(folder_ / "model", "inner/w.bin").value().filename(), "w.bin");
  EXPECT_THAT(resolve_inside(folder_ / "model", "outer").error().message, HasSubstr("by a link"));
  EXPECT_THAT(resolve_inside(folder_ / "model", "up/secret").error().message,
              HasSubstr("by a link"));
  // A folder whose name only begins like ours is another one.
  fs::create_directories(folder_ / "model2");
  put(folder_ / "model2/w", "w");
  fs::create_symlink("../model2/w", folder_ / "model/sibling");
  EXPECT_FALSE(resolve_inside(folder_ / "model", "sibling"));
}

}  // namespace
}  // namespace acuate
