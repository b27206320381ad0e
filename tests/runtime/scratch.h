#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace gradus::tests {

// A folder for the files of one test, gone with it.
class Scratch {
 public:
  Scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "gradus-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~Scratch() { std::filesystem::remove_all(folder_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  // The path of a file that now holds these bytes.
  std::string file(const std::string& name, std::string_view bytes) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }
  int files() const {
    int found = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      found += entry.is_regular_file();
    }
    return found;
  }

 private:
  std::filesystem::path folder_;
};

}  // namespace gradus::tests
