#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace acuate {

// Small files as numpy and Pillow wrote them, in hexadecimal.

// x = arange(12) as float32 3x4, y = [1, 2, 3] as int64; numpy.savez_compressed.
inline constexpr std::string_view kCompressedNpz =
    "504b03042d0000000800000021002d6f2226ffffffffffffffff05001400782e6e707901001000b000000000000000"
    "66"
    "000000000000009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a06e9366a2aea3a09e965f54529498179f5f9492"
    "0a"
    "12774bcc294e058a17672416a402f91ac63a0a269a3a0ab50a64032e063068b007120e4004c40d40bc00880f00f103"
    "20"
    "66706460100062052036700400504b03042d000000080000002100bc91558effffffffffffffff05001400792e6e70"
    "79"
    "0100100098000000000000004d000000000000009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a06e9369a1aea3"
    "a0"
    "9e965f54529498179f5f94920a12774bcc294e058a17672416a402f91ac63a9a3a0ab50a14002e4606086082d2cc50"
    "1a"
    "00504b01022d032d0000000800000021002d6f222666000000b0000000050000000000000000000000800100000000"
    "78"
    "2e6e7079504b01022d032d000000080000002100bc91558e4d0000009800000005000000000000000000000080019d"
    "00"
    "0000792e6e7079504b0506000000000200020066000000210100000000";

// x = arange(12) as float32 3x4; numpy.savez.
inline constexpr std::string_view kStoredNpz =
    "504b03042d0000000000000021002d6f2226ffffffffffffffff05001400782e6e707901001000b000000000000000"
    "b0"
    "00000000000000934e554d5059010076007b276465736372273a20273c6634272c2027666f727472616e5f6f726465"
    "72"
    "273a2046616c73652c20277368617065273a2028332c2034292c207d20202020202020202020202020202020202020"
    "20"
    "20202020202020202020202020202020202020202020202020202020202020202020202020200a000000000000803f"
    "00"
    "00004000004040000080400000a0400000c0400000e04000000041000010410000204100003041504b01022d032d00"
    "00"
    "000000000021002d6f2226b0000000b0000000050000000000000000000000800100000000782e6e7079504b050600"
    "00"
    "00000100010033000000e70000000000";

// 4x3, the pixels of kRgbPixels.
inline constexpr std::string_view kRgbPng =
    "89504e470d0a1a0a0000000d49484452000000040000000308020000003b963991000000324944415478da012700d8"
    "ff"
    "00f8c2becf931aed15f5d3ef2d040ddbe137a3d23119d2e531a000240786de399208950e0f160a9554115ad3f20b5c"
    "00"
    "00000049454e44ae426082";

// 2x2 grey with alpha; grey values [144, 24, 7, 11].
inline constexpr std::string_view kGreyAlphaPng =
    "89504e470d0a1a0a0000000d4948445200000002000000020804000000d8bfc5af000000124944415478da63987041"
    "42"
    "82915d934507000da201f21810a13d0000000049454e44ae426082";

// 16x8 grey, about 10 x + 6 y.
inline constexpr std::string_view kGreyJpeg =
    "ffd8ffe000104a46494600010100000100010000ffdb0043000302020302020303030304030304050805050404050a"
    "07"
    "0706080c0a0c0c0b0a0b0b0d0e12100d0e110e0b0b1016101113141515150c0f171816141812141514ffc0000b0800"
    "08"
    "001001011100ffc40014000100000000000000000000000000000008ffc4001a100000070000000000000000000000"
    "00"
    "0000060723334151ffda0008010100003f001fa484885bca0d5490910b7943ffd9";

inline constexpr std::array<uint8_t, 36> kRgbPixels = {
    248, 194, 190, 207, 147, 26,  237, 21, 245, 211, 239, 45,  5, 157, 159, 60, 54, 236,
    109, 46,  199, 82,  32,  205, 36,  7,  134, 222, 57,  146, 8, 149, 14,  15, 22, 10};

inline std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return bytes;
}

// A folder of its own that goes when the test ends.
class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "acuate_data_XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::string& name, std::string_view bytes) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace acuate
