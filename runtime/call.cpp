#include "runtime/call.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "runtime/result.h"

namespace gradus::runtime {

namespace {

template <typename T>
bool all_finite(std::span<const T> values) {
  return std::all_of(values.begin(), values.end(), [](T x) { return std::isfinite(x); });
}

}  // namespace

Tensor* Variables::find(Role role, std::string_view name) {
  return const_cast<Tensor*>(std::as_const(*this).find(role, name));
}

const Tensor* Variables::find(Role role, std::string_view name) const {
  for (const Variable& variable : all) {
    if (variable.role == role && variable.name == name) return &variable.values;
  }
  return nullptr;
}

bool Variables::finite() const {
  return std::all_of(all.begin(), all.end(), [](const Variable& variable) {
    const Tensor& values = variable.values;
    if (variable.role == Role::optimizer_state) return true;
    if (values.type() == Scalar::f32) return all_finite(values.values<float>());
    return values.type() != Scalar::f64 || all_finite(values.values<double>());
  });
}

void Arena::reserve(int64_t bytes) {
  if (bytes > memory_.bytes()) memory_ = Tensor(Scalar::u8, {bytes});
}

Call::Call(const Step& step, Variables& variables, const Dataset& data, Arena& arena,
           ThreadPool* pool)
    : step_(step), arena_(arena), pool_(pool), pointers_(step.slots.size(), nullptr) {
  if (step.arena_alignment > Tensor::alignment) fail("an arena of a larger alignment than 64");
  arena.reserve(step.arena_bytes);
  for (size_t i = 0; i < step.slots.size(); ++i) {
    const Slot& slot = step.slots[i];
    const int input = slot.role == Role::input ? data.find(slot.name) : -1;
    if (input >= 0) {
      const auto position = static_cast<size_t>(input);
      if (data.inputs[position].values.type() != slot.type) {
        fail(fmt::format("input `{}` is {}, not {}", slot.name,
                         name_of(data.inputs[position].values.type()), name_of(slot.type)));
      }
      sources_.push_back({i, position});
    } else if (slot.role == Role::input || slot.role == Role::output) {
      if (slot.role == Role::input && !slot.shape.empty()) {
        fail(fmt::format("no data for input `{}`", slot.name));
      }
      auto& own = slot.role == Role::input ? numbers_ : outputs_;
      own.push_back({i, Tensor(slot.type, slot.shape)});
      pointers_[i] = own.back().values.data();
    } else {
      Tensor* const values = variables.find(slot.role, slot.name);
      if (!values || values->type() != slot.type || values->shape() != slot.shape) {
        fail(fmt::format("no variable `{}` {} of {}", slot.name, text(slot.shape),
                         name_of(slot.type)));
      }
      pointers_[i] = values->data();
    }
  }
}

void Call::set(std::string_view name, double value) {
  for (auto& [slot, values] : numbers_) {
    if (step_.slots[slot].name != name) continue;
    switch (values.type()) {
      case Scalar::f32:
        values.values<float>()[0] = static_cast<float>(value);
        return;
      case Scalar::f64:
        values.values<double>()[0] = value;
        return;
      case Scalar::i32:
        // Halves of seeds are above what an i32 holds.
        values.values<int32_t>()[0] = static_cast<int32_t>(static_cast<int64_t>(value));
        return;
      case Scalar::u8:
        values.values<uint8_t>()[0] = value != 0;
        return;
    }
  }
}

void Call::set(const Clock& clock) {
  set("step", static_cast<double>(clock.step));
  set("epoch", static_cast<double>(clock.epoch));
  set("draw:step", static_cast<double>(clock.draw.value_or(clock.step)));
  set("draw:low", static_cast<double>(clock.seed & 0xFFFFFFFF));
  set("draw:high", static_cast<double>(clock.seed >> 32));
}

void Call::run(const Batches::Batch& batch) {
  // A step reads its inputs only; its one list of pointers is of those it writes as well.
  for (const auto& [slot, input] : sources_) {
    pointers_[slot] = const_cast<void*>(batch.inputs[input]);
  }
  step_.run(pointers_.data(), arena_.data(), pool_);
}

const Tensor* Call::output(std::string_view name) const {
  for (const auto& [slot, values] : outputs_) {
    if (step_.slots[slot].name == name) return &values;
  }
  return nullptr;
}

}  // namespace gradus::runtime
