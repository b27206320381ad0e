#include "runtime/npz.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "runtime/encoding.h"
#include "runtime/file.h"
#include "runtime/npy.h"
#include "runtime/zip.h"

namespace gradus::runtime {

namespace {

constexpr std::string_view ending = ".npy";
constexpr std::string_view metadata_name = "__metadata__";

Result<ZipArchive> open(const std::string& path) {
  auto bytes = read_file(path);
  if (!bytes) return bytes.error();
  auto archive = ZipArchive::open(*std::move(bytes));
  if (!archive) return in_file(path, archive.error());
  return archive;
}

Result<Tensor> array(const ZipArchive& archive, const ZipMember& member, const std::string& path) {
  const auto bytes = archive.extract(member);
  if (!bytes) return in_file(path, bytes.error());
  auto tensor = parse_npy(*bytes);
  if (!tensor) return in_file(fmt::format("{}: `{}`", path, member.name), tensor.error());
  return tensor;
}

// The name of the array in that member, empty if it is none.
std::string_view array_name(const ZipMember& member) {
  std::string_view name = member.name;
  if (!name.ends_with(ending)) return {};
  name.remove_suffix(ending.size());
  return name;
}

std::string_view bytes_of(const Tensor& tensor) {
  return {static_cast<const char*>(tensor.data()), static_cast<size_t>(tensor.bytes())};
}

std::optional<Metadata> parse_metadata(const Tensor& tensor) {
  const auto object = nlohmann::json::parse(bytes_of(tensor), nullptr, false);
  if (tensor.type() != Scalar::u8 || !object.is_object()) return std::nullopt;
  Metadata metadata;
  for (const auto& [key, value] : object.items()) {
    if (!value.is_string()) return std::nullopt;
    metadata[key] = value.get<std::string>();
  }
  return metadata;
}

void add_array(ZipWriter& zip, const std::string& name, const Tensor& tensor) {
  const std::string header = npy_header(tensor);
  const std::string_view parts[] = {header, bytes_of(tensor)};
  zip.add(fmt::format("{}{}", name, ending), parts);
}

}  // namespace

Result<Tensor> read_npz(const std::string& path, const std::string& key) {
  const auto archive = open(path);
  if (!archive) return archive.error();
  if (const auto* member = archive->find(fmt::format("{}{}", key, ending))) {
    return array(*archive, *member, path);
  }
  std::vector<std::string_view> names;
  for (const ZipMember& member : archive->members()) {
    const auto name = array_name(member);
    if (!name.empty()) names.push_back(name);
  }
  return Error{fmt::format("{} has no array `{}`", path, key),
               fmt::format("it has {}", fmt::join(names, ", "))};
}

Result<TensorFile> read_npz(const std::string& path) {
  const auto archive = open(path);
  if (!archive) return archive.error();
  TensorFile file;
  for (const ZipMember& member : archive->members()) {
    const auto name = array_name(member);
    if (name.empty()) {
      return Error{fmt::format("{}: member `{}` is no .npy file", path, member.name), ""};
    }
    auto tensor = array(*archive, member, path);
    if (!tensor) return tensor.error();
    if (name != metadata_name) {
      file.tensors.push_back({std::string(name), *std::move(tensor)});
      continue;
    }
    auto metadata = parse_metadata(*tensor);
    if (!metadata) return Error{fmt::format("{}: {} is damaged", path, metadata_name), ""};
    file.metadata = *std::move(metadata);
  }
  return file;
}

std::optional<Error> write_npz(const std::string& path, std::span<const TensorView> tensors,
                               const Metadata& metadata) {
  ZipWriter zip(path);
  for (const auto& [name, values] : tensors) add_array(zip, name, *values);
  if (!metadata.empty()) {
    const std::string json =
        nlohmann::json(metadata).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    const std::span bytes(reinterpret_cast<const uint8_t*>(json.data()), json.size());
    add_array(zip, std::string(metadata_name),
              Tensor::of({static_cast<int64_t>(json.size())}, bytes));
  }
  return zip.commit();
}

}  // namespace gradus::runtime
