#include "core/system/place.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>

#include "core/system/beneath.h"
#include "core/system/error.h"

namespace pgassay {
namespace {

using std::filesystem::file_type;

constexpr std::size_t kReadStep = 4096;

void collect_below(const Place& dir, const std::string& prefix, std::vector<std::string>& files) {
  for (const std::string& name : list_names(dir)) {
    const Place place = dir / name;
    if (is_directory(place)) {
      collect_below(place, prefix + name + "/", files);
    } else {
      files.push_back(prefix + name);
    }
  }
}

}  // namespace

bool leads_below(std::string_view names) {
  for (std::size_t start = 0; start <= names.size();) {
    const std::size_t slash = std::min(names.find('/', start), names.size());
    const std::string_view name = names.substr(start, slash - start);
    if (name.empty() || name == "." || name == ".." || name.find('\0') != std::string_view::npos)
      return false;
    start = slash + 1;
  }
  return true;
}

Place Place::with_below(std::string below) const {
  Place place = *this;
  place.below_ = std::move(below);
  return place;
}

Place Place::with_files_from(std::shared_ptr<const Elsewhere> elsewhere) const {
  Place place = *this;
  place.elsewhere_ = std::move(elsewhere);
  return place;
}

Place Place::absolute() const {
  Place place = *this;
  place.root_ = std::filesystem::absolute(root_);
  return place;
}

Place Place::operator/(std::string_view names) const {
  if (!leads_below(names))
    throw BadBackup(fmt::format("{}: \"{}\" is no name of a file in it", string(), names));
  return with_below(below_.empty() ? std::string(names) : fmt::format("{}/{}", below_, names));
}

Place Place::parent_path() const {
  const std::size_t slash = below_.rfind('/');
  return with_below(slash == std::string::npos ? std::string() : below_.substr(0, slash));
}

std::string Place::filename() const {
  return below_.substr(below_.rfind('/') + 1);
}

Fd open_for_reading(const Place& file) {
  if (file.elsewhere() != nullptr)
    if (Fd fetched = file.elsewhere()->open(file.below())) return fetched;
  return open_regular(file, O_RDONLY);
}

Fd open_directory(const Place& dir) {
  return open_dir_beneath(dir, O_RDONLY);
}

std::string read_file(const Place& file, std::size_t limit) {
  const Fd fd = open_for_reading(file);
  const struct stat status = status_of_open(fd, file);
  const auto too_large = [&] {
    return BadBackup(
        fmt::format("{}: longer than {} bytes, which is too large for such a file", file.string(), limit));
  };
  if (static_cast<std::uint64_t>(status.st_size) > limit) throw too_large();
  // One byte more than the size, so that the end is seen without growing once more: a manifest may be large.
  std::string contents(static_cast<std::size_t>(status.st_size) + 1, '\0');
  std::size_t used = 0;
  while (const std::size_t got =
             read_some(fd.get(), std::as_writable_bytes(std::span(contents)).subspan(used), file.path())) {
    used += got;
    if (used > limit) throw too_large();
    if (used == contents.size()) contents.resize(used + kReadStep);
  }
  contents.resize(used);
  return contents;
}

std::uint64_t free_bytes(const Place& any_on_it) {
  const Fd fd = open_path(any_on_it);
  struct statvfs status;
  if (::fstatvfs(fd.get(), &status) != 0) throw_errno("can't read the free space of", any_on_it.string());
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

std::uint64_t size_of_file(const Place& file) {
  const struct stat status = status_of_open(open_path(file), file);
  if (!S_ISREG(status.st_mode)) refuse_kind(file, status.st_mode);
  return static_cast<std::uint64_t>(status.st_size);
}

std::uint64_t link_count(const Place& file) {
  return status_of_open(open_path(file), file).st_nlink;
}

file_type type_of(const Place& place) {
  try {
    return type_of_mode(status_of_open(open_path(place), place).st_mode);
  } catch (const SystemError& error) {
    if (error.number() != ENOENT && error.number() != ENOTDIR) error.raise();
    return file_type::not_found;
  }
}

bool exists(const Place& place) {
  return type_of(place) != file_type::not_found;
}

bool is_directory(const Place& place) {
  return type_of(place) == file_type::directory;
}

bool is_regular_file(const Place& place) {
  return type_of(place) == file_type::regular;
}

std::vector<std::string> list_files(const Place& dir) {
  std::vector<std::string> files;
  open_directory(dir);  // absent is an error here
  collect_below(dir, "", files);
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::string> list_names(const Place& dir) {
  Fd fd;
  try {
    fd = open_directory(dir);
  } catch (const SystemError& error) {
    if (error.number() != ENOENT) error.raise();
    return {};
  }
  std::vector<std::string> names = names_in(std::move(fd), dir);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace pgassay
