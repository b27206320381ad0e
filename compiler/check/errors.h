#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/graph/node.h"
#include "grammar/diagnostic.h"

// What can be wrong with a program that is grammatical: one function a mistake, which stands in the
// file that is named above it. E02xx are shapes and types, E03xx names and calls, E04xx the blocks
// that say how to train, E05xx derivatives, E06xx randomness, E07xx index notation; W are warnings.
namespace gradus::errors {

// An operand in a message: where it is written, its shape, and its declaration where it has a name.
struct Operand {
  Span span;
  Shape shape;
  std::vector<Label> origin;
};

// An axis of a tensor that an index runs over.
struct Axis {
  std::string tensor;
  Dim extent;
};

// shape_errors.cpp: shapes, types and sizes
Diagnostic not_a_value(Span at, std::string_view what, std::string help = "");
Diagnostic shapes_do_not_fit(Span op, std::string_view what, const Operand& left,
                             const Operand& right);
Diagnostic matmul_mismatch(Span op, const Operand& left, const Operand& right,
                           const std::string& help);
// `axis`: one that the parts would fit along.
Diagnostic parts_differ(Span at, const Shape& first, const Shape& other,
                        std::optional<size_t> axis = std::nullopt);
Diagnostic not_whole(Span at, std::optional<double> number = std::nullopt);
Diagnostic not_constant(Span at, std::string_view what);
Diagnostic not_a_truth(Span at);
Diagnostic no_such_axis(Span at, int64_t axis, const Shape& shape);
Diagnostic not_a_matrix(Span at, std::string_view what, const Shape& shape);
Diagnostic too_many_indices(Span at, size_t given, const Operand& of);
// `below`: what the index would have to be below of.
Diagnostic not_an_index(const Operand& of, const Type& type,
                        const std::optional<Dim>& below = std::nullopt);
Diagnostic index_out_of_range(Span at, int64_t index, int64_t extent);
Diagnostic slice_out_of_range(Span at, int64_t end, int64_t extent);
Diagnostic index_too_large(Span at, const Dim& bound, const Axis& axis, const Operand& index);
Diagnostic bad_step(Span at);
Diagnostic not_divisible(Span at, const Dim& extent, int64_t by);
Diagnostic not_a_list(Span at, std::string_view what, std::string help = "");
Diagnostic reshape_misfit(Span at, const Shape& from, const Shape& to);
Diagnostic open_entries(Span at, size_t count);
// `of`: what has the wrong number of axes, "`x`".
Diagnostic argument_rank(const Operand& given, const std::string& of, size_t axes,
                         bool or_more = false);
Diagnostic argument_extent(Span at, const std::string& of, const Dim& have, const Dim& want,
                           const Operand& given);
Diagnostic not_scalar(Span at, std::string_view kind, const Shape& shape);
Diagnostic split_misfit(Span at, const Dim& extent, const std::string& parts);
Diagnostic not_a_permutation(Span at, int rank);
Diagnostic extremum_of_nothing(Span at, std::string_view name, const Shape& shape);
Diagnostic not_square(Span at, std::string_view what, const Shape& shape);
Diagnostic not_a_probability(Span at, double number);
Diagnostic solve_mismatch(Span at, const Operand& matrix, const Operand& sides);
Diagnostic count_mismatch(Span at, size_t names, size_t values);
Diagnostic negative_extent(Span at, int64_t extent);
Diagnostic open_shape(Span at);
Diagnostic too_large(Span at, const Shape& shape);
Diagnostic not_a_condition(Span at, const Type& type);
Diagnostic batch_of_weights(Span at, std::string_view name, const Shape& shape);
Diagnostic samples_meet_in_pairs(Span op, const Operand& left, const Operand& right,
                                 const Shape& both);

// loop_errors.cpp: `scan` and `repeat`
Diagnostic no_such_dimension(Span at, std::string_view name, const Operand& sequence,
                             std::string_view near);
Diagnostic dimension_twice(Span at, std::string_view name, const Operand& sequence,
                           const std::vector<int>& axes);
Diagnostic lengths_differ(Span at, Span first_at, const Dim& length, const Dim& first);
Diagnostic carry_changes(Span at, std::string_view name, const Type& out, const Type& in,
                         Span start);
Diagnostic assigned_in_scan(Span at, std::string_view name);
Diagnostic never_bound_again(Span at, std::string_view name);
Diagnostic loop_needs_name(Span at, std::string_view keyword);
Diagnostic layer_twice(Span at, std::string_view name, Span before);
Diagnostic rounds_backwards(Span at, int64_t first, int64_t end);
Diagnostic too_many_rounds(Span at, int64_t rounds, int64_t most);
Diagnostic no_such_round(Span at, std::string_view loop, int64_t first, int64_t last);

// name_errors.cpp: names, calls and imports
Diagnostic undefined(Span at, std::string_view name, std::string_view near);
Diagnostic undefined_index(Span at, std::string_view name);
Diagnostic defined_behind(Span at, std::string_view name, Span place);
Diagnostic defined_below(Span at, std::string_view name, Span place);
Diagnostic looks_defined(Span at, std::string_view name, std::string_view other, Span place);
Diagnostic no_such_parameter(Span at, std::string_view layer, std::string_view name,
                             std::string_view near);
Diagnostic no_such_part(Span at, std::string_view of, std::string_view what, std::string_view name,
                        std::string help);
Diagnostic not_a_function(Span at, std::string_view name, std::string_view what);
Diagnostic too_many_arguments(Span at, std::string_view function, size_t takes,
                              const std::vector<std::string>& names = {});
// `axes`: those that stand in place of the argument, where they are numbers.
Diagnostic axis_by_position(Span at, std::string_view function, const std::string& axes);
Diagnostic no_such_argument(Span at, std::string_view function, std::string_view name,
                            const std::vector<std::string>& takes);
Diagnostic argument_twice(Span at, std::string_view function, std::string_view name);
Diagnostic missing_argument(Span at, std::string_view function, std::string_view name,
                            const std::vector<std::string>& takes = {});
Diagnostic missing_operand(Span at, std::string_view derivative, std::string_view what);
Diagnostic endless_calls(Span at, std::string_view function);
Diagnostic defined_twice(Span at, std::string_view name, Span before);
Diagnostic assigned_by_equals(Span at, std::string_view name, std::optional<Span> before);
Diagnostic param_in_function(Span at);
Diagnostic no_such_initialiser(Span at, std::string_view near);
Diagnostic operator_redefined(Span at, std::string_view name);
Diagnostic needs_shape(Span at, std::string_view name);
Diagnostic import_unreadable(Span at, std::string_view path);
Diagnostic import_circle(Span at, const std::vector<std::string>& files);
Diagnostic import_clash(Span at, std::string_view name, Span before);
Diagnostic shadows_prelude(Span at, std::string_view name);

// training_errors.cpp: the blocks that say how to train
// `is_path`: a file stands there by its name alone.
Diagnostic no_such_source(Span at, std::string_view near, bool is_path);
Diagnostic missing_path(Span at, std::string_view source);
Diagnostic no_such_option(Span at, std::string_view name, std::string_view near);
Diagnostic no_optimizer(Span at);
Diagnostic no_such_optimizer(Span at, std::string_view near, std::string_view quoted = "");
Diagnostic no_such_loss(Span at, std::string_view name, std::string_view near, bool any);
Diagnostic no_such_input(Span at, std::string_view name, std::string_view near);
Diagnostic bad_option(Span at, std::string_view name, std::string_view wants);
Diagnostic no_such_precision(Span at);
Diagnostic nothing_matches(Span at, std::string_view pattern, std::string_view near);
Diagnostic blocks_differ(Span at, std::string_view option, Span other);
Diagnostic patience_alone(Span at);
Diagnostic not_assignable(Span at, std::string_view name, const std::string& compared = "");
Diagnostic random_remains(Span at, std::string_view name, std::string_view command);
Diagnostic unused_parameter(Span at, std::string_view name);

// derivative_errors.cpp: derivatives
Diagnostic not_a_variable(Span at);
Diagnostic constant_variable(Span at);
Diagnostic variable_not_real(Span at, const Type& type);
Diagnostic derivative_not_scalar(Span at, std::string_view derivative, const Operand& of);
Diagnostic samples_meet(Span at, const Operand& of, const Operand& by, std::vector<Label> where);
Diagnostic override_apart(Span at, std::string_view function);
Diagnostic override_results(Span at, std::string_view function, size_t results, size_t takes);
Diagnostic override_inputs(Span at, std::string_view function, size_t inputs, size_t takes);
Diagnostic override_adjoint(Span at, std::string_view input, const Shape& adjoint,
                            const Shape& shape);
Diagnostic override_result(Span at, std::string_view function, std::string_view what);
Diagnostic independent(Span at, const Operand& of, std::string_view shared);

// index_errors.cpp: index notation
Diagnostic unbounded_index(Span at, std::string_view index);
Diagnostic uncertain_range(Span at, std::string_view index);
Diagnostic starts_out_of_bounds(Span at, std::string_view index, const Dim& low,
                                std::string_view tensor);
Diagnostic starts_elsewhere(Span at, std::string_view index, const Dim& low);
Diagnostic conflicting_ranges(Span at, std::string_view index, const Axis& here, const Axis& there,
                              Span before);
Diagnostic access_leaves(Span at, std::string_view tensor, const Dim& extent, const Dim& least,
                         const Dim& largest);
Diagnostic not_affine(Span at);
Diagnostic index_bound_twice(Span at, std::string_view index, Span before);
Diagnostic not_fully_indexed(Span at, const Operand& of, size_t given);
Diagnostic whole_in_equation(Span at, const Operand& of);
Diagnostic no_such_index(Span at, std::string_view index, std::string_view near,
                         const std::vector<std::string>& indices);
Diagnostic entry_of_entry(Span at);
Diagnostic needs_whole_tensor(Span at, std::string_view indices);
Diagnostic index_as_tensor(Span at, std::string_view index, Span before);
Diagnostic rest_without_axes(Span at, std::string_view why);
Diagnostic empty_range(Span at, std::string_view index, const Axis& axis, const Dim& reach);
// That no index is left by exactly one entry, which is no mistake by itself.
Diagnostic nothing_in_range(Span at, std::string_view index, const Axis& axis, const Dim& reach);
Diagnostic slice_in_equation(Span at);
Diagnostic shorter_axis(Span at, std::string_view index, const Axis& here, const Axis& there,
                        Span before);

}  // namespace gradus::errors
