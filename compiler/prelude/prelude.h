#pragma once

#include <span>
#include <string_view>

namespace gradus {

// A file of the prelude, which the build embeds in the binary: its name without a folder, and its
// text.
struct PreludeFile {
  std::string_view name;
  std::string_view text;
};

// The files of the prelude in the order of their names, which is the order they are read in.
std::span<const PreludeFile> prelude_files();

}  // namespace gradus
