#pragma once

#include <cstdint>

// In a program that links `count_allocations`, `operator new` in all its forms counts its calls.
namespace gradus::tests {

int64_t allocations();

}  // namespace gradus::tests
