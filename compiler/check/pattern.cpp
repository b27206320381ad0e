#include "compiler/check/pattern.h"

#include <vector>

namespace gradus {
namespace {

// `y[0].h.W` as `y`, `[0]`, `h`, `W`.
std::vector<std::string> parts_of(const std::string& name) {
  std::vector<std::string> parts(1);
  for (const char c : name) {
    if (c == '.' || c == '[') parts.emplace_back();
    if (c != '.') parts.back() += c;
  }
  return parts;
}

}  // namespace

bool matches_pattern(const std::string& pattern, const std::string& name) {
  const std::vector<std::string> wanted = parts_of(pattern);
  const std::vector<std::string> parts = parts_of(name);
  for (size_t k = 0; k < wanted.size(); ++k) {
    if (k >= parts.size()) return false;
    if (wanted[k] == "*" && k + 1 == wanted.size()) return true;
    const bool any = wanted[k] == "*" || (wanted[k] == "[*]" && parts[k].starts_with('['));
    if (!any && wanted[k] != parts[k]) return false;
  }
  return parts.size() == wanted.size();
}

}  // namespace gradus
