#include "compiler/document/model.h"

#include <cstdlib>

namespace gradus::document {

std::string_view name(Kind kind) {
  switch (kind) {
    case Kind::constant:
      return "const";
    case Kind::input:
      return "input";
    case Kind::param:
      return "param";
    case Kind::state:
      return "state";
    case Kind::definition:
      return "definition";
    case Kind::loss:
      return "loss";
  }
  std::abort();
}

}  // namespace gradus::document
