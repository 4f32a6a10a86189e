#include "data/npy.h"

#include <gmock/gmock.h>

#include "base/file.h"
#include "data/test_files.h"

namespace acuate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string npy(std::string header, std::string_view data, char major = 1) {
  std::string text = "\x93NUMPY";
  text += major;
  text += '\0';
  for (int i = 0; i < (major == 1 ? 2 : 4); ++i)
    text += static_cast<char>(header.size() >> (8 * i) & 0xff);
  return text + header + std::string(data);
}

std::string error_of(const std::string& bytes) {
  const auto read = parse_npy(std::as_bytes(std::span(bytes)), nullptr, "a.npy");
  return read ? "read without an error" : read.error().message;
}

TEST(Npy, ReadsWhatNumpyWrites) {
  const std::string data("\1\0\2\0\3\0\4\0\5\0\6\0", 12);
  for (char major : {1, 2, 3}) {
    const std::string bytes =
        npy("{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }  \n", data, major);
    const auto read = parse_npy(std::as_bytes(std::span(bytes)), nullptr, "a.npy");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->type(), ElementType::Int16);
    EXPECT_THAT(read->shape(), ElementsAre(2, 3));
    EXPECT_EQ(read->bytes()[10], std::byte{6});
  }
}

TEST(Npy, WritesAndReadsBack) {
  const TestFolder folder;
  for (const Tensor& tensor :
       {Tensor::of<float>({2, 2}, {1.5f, -2, 0, 7}), Tensor::of<uint8_t>({3}, {1, 2, 255}),
        Tensor::of<int64_t>({}, {-9}), Tensor::of<double>({0, 4}, {})}) {
    ASSERT_TRUE(write_npy(folder.path() / "t.npy", tensor));
    const auto read = read_npy(folder.path() / "t.npy");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->type(), tensor.type());
    EXPECT_EQ(read->shape(), tensor.shape());
    EXPECT_TRUE(std::equal(read->bytes().begin(), read->bytes().end(), tensor.bytes().begin(),
                           tensor.bytes().end()));
  }
}

TEST(Npy, WritesTheHeaderThatNumpyWrites) {
  const TestFolder folder;
  ASSERT_TRUE(write_npy(folder.path() / "t.npy", Tensor::of<float>({2}, {0, 0})));
  const std::string text = *read_text_file(folder.path() / "t.npy");
  EXPECT_EQ(text.size(), 128u + 8u);
  EXPECT_THAT(text, HasSubstr("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"));
  EXPECT_EQ(text[127], '\n');
}

TEST(Npy, RefusesWhatItCannotRepresent) {
  const std::string data(8, '\0');
  EXPECT_THAT(error_of(npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2,), }\n", data)),
              HasSubstr("ascontiguousarray"));
  EXPECT_THAT(error_of(npy("{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }\n", data)),
              HasSubstr("big-endian"));
  EXPECT_THAT(error_of(npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n", data)),
              HasSubstr("Python objects"));
  EXPECT_THAT(
      error_of(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }\n", data)),
      HasSubstr("structured"));
  EXPECT_THAT(error_of(npy("{'descr': '<U2', 'fortran_order': False, 'shape': (1,), }\n", data)),
              HasSubstr("'<U2'"));
  EXPECT_THAT(error_of(npy("{'descr': '<', 'fortran_order': False, 'shape': (1,), }\n", data)),
              HasSubstr("'<'"));
  const TestFolder folder;
  EXPECT_FALSE(write_npy(folder.path() / "t.npy", Tensor::allocate(ElementType::Bfloat16, {2})));
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "t.npy"));
}

TEST(Npy, RefusesDamage) {
  const std::string whole =
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }\n", std::string(8, '\0'));
  EXPECT_EQ(error_of(whole), "read without an error");
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(error_of(whole.substr(0, size)), "read without an error") << size;
  EXPECT_THAT(error_of(whole + "x"), HasSubstr("= 8 bytes, the file holds 9"));
  EXPECT_THAT(
      error_of(npy(
          "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }\n", "")),
      HasSubstr("too many"));
  EXPECT_THAT(
      error_of(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }\n",
                   "")),
      HasSubstr("damaged"));
  EXPECT_THAT(error_of(npy("{'shape': (-1,), }\n", "")), HasSubstr("damaged"));
  EXPECT_THAT(error_of(npy("{}", "")), HasSubstr("damaged"));
}

}  // namespace
}  // namespace acuate
