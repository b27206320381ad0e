#include "compiler/formula/derive.h"

#include "compiler/formula/numpy.h"
#include "compiler/formula/rounds.h"
#include "compiler/formula/sheet.h"
#include "compiler/formula/walk.h"
#include "compiler/simplify/simplify.h"

namespace gradus::formula {

Page derivatives(Graph& graph, const Subject& subject, std::span<const Wanted> wanted,
                 const Options& options) {
  Sheet sheet(graph, subject, wanted, options);
  Page page = sheet.equations();
  if (options.round_names != nullptr) *options.round_names = sheet.round_names();
  return with_rounds_once(page);
}

std::string derive(Graph& graph, const Subject& subject, std::span<const Wanted> wanted,
                   const Options& options) {
  if (options.format == Format::numpy) {
    std::vector<Definition> gradients;
    std::vector<Value> values = {subject.simplified};
    for (const Wanted& w : wanted) values.push_back(written_from(subject, w, options));
    values = stabilise(graph, values);
    for (size_t k = 0; k < wanted.size(); ++k) gradients.push_back({wanted[k].name, values[k + 1]});
    return numpy_module(graph, {subject.loss.name, values[0]}, gradients);
  }
  const Page lines = options.steps ? page(walk_of(graph, subject, wanted, options))
                                   : derivatives(graph, subject, wanted, options);
  if (options.format == Format::mathml) return mathml(lines);
  return options.format == Format::latex ? latex(lines, options.document)
                                         : text(lines, options.width);
}

}  // namespace gradus::formula
