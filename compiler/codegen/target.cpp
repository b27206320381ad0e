#include "compiler/codegen/target.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <string_view>

#include "llvm/ADT/StringMap.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"

namespace gradus::codegen {
namespace {

// The widest vectors by what a processor can do: the first row whose feature it has.
struct Width {
  std::string_view architecture;  // "" fits all
  std::string_view feature;       // "" is always there
  int vector_bytes;
  int vector_registers;
  bool scales_by_powers;
};
constexpr Width widths[] = {
    {"x86_64", "+avx512vl", 64, 32, true},
    {"x86_64", "+avx2", 32, 16, false},
    {"aarch64", "", 16, 32, false},
    {"", "", 16, 16, false},
};

void initialise() {
  static const bool done = [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    return true;
  }();
  (void)done;
}

const llvm::Target& native(const std::string& triple) {
  std::string error;
  const llvm::Target* found = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!found) bug(error);
  return *found;
}

std::string host_features() {
  llvm::SubtargetFeatures features;
  for (const auto& feature : llvm::sys::getHostCPUFeatures()) {
    features.AddFeature(feature.first(), feature.second);
  }
  return features.getString();
}

// Fills in what the processor and its features have.
Target described(Target target) {
  const auto machine = target_machine(target);
  const Width* row = std::find_if(std::begin(widths), std::end(widths), [&](const Width& width) {
    return (width.architecture.empty() ||
            width.architecture == machine->getTargetTriple().getArchName().str()) &&
           (width.feature.empty() ||
            machine->getMCSubtargetInfo()->checkFeatures(std::string(width.feature)));
  });
  target.vector_bytes = row->vector_bytes;
  target.vector_registers = row->vector_registers;
  target.scales_by_powers = row->scales_by_powers;
  return target;
}

}  // namespace

void bug(const std::string& message) {
  std::fprintf(stderr, "gradus: code generation: %s\n", message.c_str());
  std::abort();
}

int bytes(Scalar type) {
  switch (type) {
    case Scalar::f32:
    case Scalar::i32:
      return 4;
    case Scalar::f64:
      return 8;
    case Scalar::u8:
      return 1;
  }
  return 0;
}

int Target::lanes(Scalar type) const { return vector_bytes / std::max(bytes(type), 4); }

Target detect(const std::string& cpu, const std::string& features) {
  static const Target host = described({llvm::sys::getHostCPUName().str(), host_features()});
  const bool this_one = cpu.empty() || cpu == "native";
  if (this_one && features.empty()) return host;
  Target target = this_one ? host : Target{cpu, ""};
  if (!features.empty()) target.features += (target.features.empty() ? "" : ",") + features;
  return described(std::move(target));
}

std::unique_ptr<llvm::TargetMachine> target_machine(const Target& target) {
  initialise();
  const std::string triple = llvm::sys::getProcessTriple();
  llvm::TargetOptions options;
  std::unique_ptr<llvm::TargetMachine> machine(native(triple).createTargetMachine(
      triple, target.cpu, target.features, options, llvm::Reloc::PIC_, llvm::CodeModel::Small,
      llvm::CodeGenOptLevel::Less, /*JIT=*/true));
  if (!machine) bug("no code generator for " + triple);
  return machine;
}

}  // namespace gradus::codegen
