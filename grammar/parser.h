#pragma once
#include "grammar/lexer.h"
#include "grammar/syntax.h"
namespace gradus {
syntax::File parse(const SourceFile& source, uint32_t file, Diagnostics& diagnostics);
}
