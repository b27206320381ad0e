#include <fmt/format.h>

#include "compiler/formula/walk.h"

namespace gradus::formula {
namespace {

void append(Page& page, const Page& lines) { page.insert(page.end(), lines.begin(), lines.end()); }

void append_paths(Page& page, const Walk::Chain& chain) {
  if (chain.is_loss) {
    page.emplace_back(Remark{"It is the loss"});
  } else if (chain.has_more_paths) {
    page.emplace_back(Remark{fmt::format("The sum over more than {} paths", most_paths)});
  } else if (chain.paths.empty()) {
    page.emplace_back(Remark{"The loss does not depend on it"});
  } else if (chain.paths.size() > 1) {
    page.emplace_back(Remark{fmt::format("The sum over {} paths", chain.paths.size())});
  }
  append(page, chain.sum);
  for (const Walk::Factor& factor : chain.factors) {
    if (factor.through.valid()) page.emplace_back(Remark{"Through", factor.through});
    append(page, factor.lines);
  }
}

void append_simplification(Page& page, const Walk::Chain& chain) {
  if (chain.product_is_result || !chain.product.empty()) page.emplace_back(Remark{"Product"});
  append(page, chain.product);
  if (chain.is_simplified && !chain.product_is_result) {
    page.emplace_back(Remark{chain.has_told_steps ? "Simplified, as before" : "Simplified"});
  }
  for (const Step& step : chain.steps) page.emplace_back(step);
  append(page, chain.result);
}

}  // namespace

Page page(const Walk& walk) {
  Page page;
  page.emplace_back(Remark{"Forward", {}, true});
  for (const Walk::Defined& defined : walk.forward) append(page, defined.lines);
  for (const Walk::Chain& chain : walk.chains) {
    page.emplace_back(Remark{"Chain for", chain.symbol, true});
    append_paths(page, chain);
    append_simplification(page, chain);
  }
  return page;
}

}  // namespace gradus::formula
