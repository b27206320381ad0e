#include "compiler/formula/derive.h"

#include "compiler/formula/numpy.h"
#include "compiler/formula/sheet.h"
#include "compiler/formula/walk.h"

namespace gradus::formula {

std::string derive(Graph& graph, const Subject& subject, std::span<const Wanted> wanted,
                   const Options& options) {
  if (options.format == Format::numpy) {
    std::vector<Definition> gradients;
    for (const Wanted& w : wanted) gradients.push_back({w.name, written_from(subject, w, options)});
    return numpy_module(graph, {subject.loss.name, subject.simplified}, gradients);
  }
  Sheet sheet(graph, subject, wanted, options);
  const Page page = options.steps ? Walk(graph, subject, wanted, sheet).page() : sheet.equations();
  return options.format == Format::latex ? latex(page, options.document)
                                         : text(page, options.width);
}

}  // namespace gradus::formula
