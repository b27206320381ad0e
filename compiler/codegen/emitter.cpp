#include "compiler/codegen/emitter.h"

#include <numeric>

#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"

namespace gradus::codegen {

Emitter::Emitter(llvm::Module& module, const Target& target)
    : module(module), target(target), ir(module.getContext()) {
  llvm::FastMathFlags flags;
  flags.setAllowContract(true);
  ir.setFastMathFlags(flags);
}

llvm::Type* Emitter::with_lanes(llvm::Type* scalar, int lanes) {
  return lanes == 1 ? scalar : llvm::FixedVectorType::get(scalar, static_cast<unsigned>(lanes));
}

llvm::Type* Emitter::type(Scalar scalar, int lanes) const {
  return scalar == Scalar::u8 ? with_lanes(llvm::Type::getInt1Ty(ir.getContext()), lanes)
                              : memory_type(scalar, lanes);
}

llvm::Type* Emitter::memory_type(Scalar scalar, int lanes) const {
  llvm::LLVMContext& context = ir.getContext();
  switch (scalar) {
    case Scalar::f32:
      return with_lanes(llvm::Type::getFloatTy(context), lanes);
    case Scalar::f64:
      return with_lanes(llvm::Type::getDoubleTy(context), lanes);
    case Scalar::i32:
      return with_lanes(llvm::Type::getInt32Ty(context), lanes);
    case Scalar::u8:
      return with_lanes(llvm::Type::getInt8Ty(context), lanes);
  }
  bug("no such type");
}

int Emitter::lanes(const llvm::Value* value) {
  const auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(value->getType());
  return vector ? static_cast<int>(vector->getNumElements()) : 1;
}

bool Emitter::is_double(const llvm::Value* value) {
  return value->getType()->getScalarType()->isDoubleTy();
}

llvm::Constant* Emitter::number(double value, Scalar scalar, int lanes) const {
  llvm::Type* of = type(scalar, lanes);
  switch (scalar) {
    case Scalar::f32:
    case Scalar::f64:
      return llvm::ConstantFP::get(of, value);
    case Scalar::i32:
      return llvm::ConstantInt::getSigned(of, static_cast<int64_t>(value));
    case Scalar::u8:
      return llvm::ConstantInt::get(of, value != 0 ? 1 : 0);
  }
  bug("no such type");
}

llvm::Constant* Emitter::like(const llvm::Value* value, double number) {
  return llvm::ConstantFP::get(value->getType(), number);
}

llvm::ConstantInt* Emitter::index(int64_t value) const {
  return llvm::ConstantInt::getSigned(llvm::Type::getInt64Ty(ir.getContext()), value);
}

llvm::Constant* Emitter::ramp(int lanes, int64_t step) const {
  llvm::Type* i32 = llvm::Type::getInt32Ty(ir.getContext());
  if (lanes == 1) return llvm::ConstantInt::get(i32, 0);
  std::vector<llvm::Constant*> values;
  for (int lane = 0; lane < lanes; ++lane) {
    values.push_back(llvm::ConstantInt::getSigned(i32, lane * step));
  }
  return llvm::ConstantVector::get(values);
}

llvm::Constant* Emitter::first_lanes(int lanes, int count) const {
  llvm::Type* bit = llvm::Type::getInt1Ty(ir.getContext());
  if (lanes == 1) return llvm::ConstantInt::get(bit, count > 0);
  std::vector<llvm::Constant*> values;
  for (int lane = 0; lane < lanes; ++lane) {
    values.push_back(llvm::ConstantInt::get(bit, lane < count));
  }
  return llvm::ConstantVector::get(values);
}

llvm::Value* Emitter::splat(llvm::Value* scalar, int lanes) {
  return lanes == 1 ? scalar : ir.CreateVectorSplat(static_cast<unsigned>(lanes), scalar);
}

llvm::Value* Emitter::part(llvm::Value* vector, int first, int count) {
  if (count == lanes(vector)) return vector;
  if (count == 1) return ir.CreateExtractElement(vector, static_cast<uint64_t>(first));
  std::vector<int> chosen(static_cast<size_t>(count));
  std::iota(chosen.begin(), chosen.end(), first);
  return ir.CreateShuffleVector(vector, chosen);
}

llvm::Value* Emitter::reverse(llvm::Value* vector) {
  const int count = lanes(vector);
  if (count == 1) return vector;
  std::vector<int> chosen;
  for (int lane = count - 1; lane >= 0; --lane) chosen.push_back(lane);
  return ir.CreateShuffleVector(vector, chosen);
}

llvm::Function* Emitter::begin_function(const std::string& name, llvm::FunctionType* type,
                                        bool exported) {
  const auto linkage = exported ? llvm::Function::ExternalLinkage : llvm::Function::InternalLinkage;
  llvm::Function* function = llvm::Function::Create(type, linkage, name, module);
  function->setDoesNotThrow();
  // Full vectors also where the processor's default would be half of them.
  const std::string bits = std::to_string(8 * target.vector_bytes);
  function->addFnAttr("prefer-vector-width", bits);
  function->addFnAttr("min-legal-vector-width", bits);
  ir.SetInsertPoint(llvm::BasicBlock::Create(ir.getContext(), "", function));
  return function;
}

}  // namespace gradus::codegen
