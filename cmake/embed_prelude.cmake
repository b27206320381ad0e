# Writes OUTPUT, a C++ source with the text of FILES: cmake -DOUTPUT=x.cpp -DFILES="a.grad;b.grad" -P embed_prelude.cmake

set(entries "")
list(LENGTH FILES count)
foreach(file IN LISTS FILES)
  file(READ ${file} text)
  get_filename_component(name ${file} NAME)
  string(APPEND entries "    {\"${name}\", R\"grad(${text})grad\"},\n")
endforeach()

file(WRITE ${OUTPUT} "#include \"compiler/prelude/prelude.h\"

#include <array>

namespace gradus {

static constexpr std::array<PreludeFile, ${count}> files = {{
${entries}}};

std::span<const PreludeFile> prelude_files() { return files; }

}  // namespace gradus
")
