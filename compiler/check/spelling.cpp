#include "compiler/check/spelling.h"

#include <algorithm>

#include "grammar/unicode.h"

namespace gradus {
namespace {

struct Word {
  std::string_view foreign;
  std::string_view here;
};

constexpr Word names[] = {
#define NAME(foreign, here) {foreign, here},
#define OPTION(foreign, here)
#include "compiler/check/foreign.def"
#undef NAME
#undef OPTION
};

constexpr Word options[] = {
#define NAME(foreign, here)
#define OPTION(foreign, here) {foreign, here},
#include "compiler/check/foreign.def"
#undef NAME
#undef OPTION
};

constexpr std::u32string_view alike = U"аеорсухіјѕһԁԛԝАВЕНІЈКМОРЅТХУονΑΒΕΖΗΙΚΜΝΟΡΤΥΧ";
constexpr std::u32string_view latin = U"aeopcyxijshdqwABEHIJKMOPSTXYovABEZHIKMNOPTYX";
static_assert(alike.size() == latin.size());

}  // namespace

std::string_view foreign_name(std::string_view name) {
  const Word* found = std::find_if(std::begin(names), std::end(names),
                                   [&](const Word& each) { return each.foreign == name; });
  return found == std::end(names) ? std::string_view() : found->here;
}

std::string_view foreign_option(std::string_view name, const std::vector<std::string>& takes) {
  for (const Word& each : options) {
    const bool taken = std::find(takes.begin(), takes.end(), each.here) != takes.end();
    if (each.foreign == name && taken) return each.here;
  }
  return {};
}

std::string skeleton(std::string_view name) {
  std::string result;
  for (char32_t letter : unicode::decode(name)) {
    const size_t at = alike.find(letter);
    unicode::encode(at == alike.npos ? letter : latin[at], result);
  }
  return result;
}

}  // namespace gradus
