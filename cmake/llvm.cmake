# The target `llvm`: LLVM's headers, as system headers, and either its static libraries or the shared one.
# Only compiler/codegen links it. Static, a process that never compiles starts in 3.5 ms instead of 13;
# --gc-sections saves 22 of the binary's 55 MB and half a millisecond of relocations.

find_package(LLVM 19.1 CONFIG REQUIRED)

add_library(llvm INTERFACE)
target_include_directories(llvm SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS})
if(GRADUS_SHARED_LLVM)
  target_link_libraries(llvm INTERFACE LLVM)
else()
  llvm_map_components_to_libnames(llvm_libraries orcjit native passes)
  target_link_libraries(llvm INTERFACE ${llvm_libraries})
  target_link_options(llvm INTERFACE -Wl,--gc-sections)
endif()
