#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "compiler/formula/derive.h"
#include "compiler/formula/page.h"
#include "compiler/formula/reader.h"
#include "compiler/formula/recurrence.h"

namespace gradus::formula {

// The formulas of one subject: what has which name, and which auxiliary values are worth one.
class Sheet {
 public:
  Sheet(Graph& graph, const Subject& subject, std::span<const Wanted> wanted,
        const Options& options);

  // The equation of each derivative, before it those of the auxiliary values it needs, each once.
  Page equations();

  // What names of values in rounds print as, as far as they were written.
  std::map<std::string, std::string> round_names() const { return recurrences_.printed(); }

  Reader& reader() { return reader_; }
  Expr name_of(const std::string& name) const { return formula::name(names_[name]); }
  // ∂J/∂w.
  Expr derivative_by(const std::string& name) const;
  // Adds `left = value`, and what it needs before it.
  void add(Page& page, const Expr& left, Value value);

  // Adds the equations of the auxiliary values that the formula of `value` was written with.
  void add_auxiliaries_of(Page& page, Value value);

  // Names the parts of a value that are worth it, for a formula that would be too long to read.
  void name_parts_of(Value value);

  // Takes the names of auxiliary values that have no equation yet, so that nothing is written by
  // them, and makes none for adjoints; and gives them back.
  void hide_auxiliaries();
  void show_auxiliaries();

 private:
  void name_leaves(std::span<const Value> roots);
  void name_without_unit_axes(const std::map<std::string, int>& numbers);
  void name_definitions(std::span<const Value> roots);
  void name_draws(std::span<const Value> roots);
  void name_auxiliaries(std::span<const Value> roots, bool sparingly);
  std::map<Value, Reader::Adjoint> adjoints();
  std::vector<Value> name_results(std::span<const Value> roots);
  void define(Page& page, Value value);

  Graph& graph_;
  const Subject& subject_;
  std::vector<Wanted> wanted_;
  Options options_;
  Names names_;
  Reader reader_;
  Recurrences recurrences_;
  std::vector<Value> auxiliaries_;
  std::set<Value> written_;
  std::map<Value, Expr> hidden_;
};

// The value that a derivative is written from: as it is computed, or as it was before.
Value written_from(const Subject& subject, const Wanted& wanted, const Options& options);

// All names in the graph and of the definitions: of leaves, named constants and dimensions.
std::vector<std::string> all_names(const Graph& graph, const Subject& subject);

}  // namespace gradus::formula
