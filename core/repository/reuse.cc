#include "core/repository/repository.h"

namespace pgassay {

Reuse reuse_part(const Path& old_file, const Sha256& expected, const Path& new_file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(std::filesystem::symlink_status(old_file, error)))
    return Reuse::unreachable;
  try {
    open_for_reading(old_file);
  } catch (const Error&) {
    return Reuse::unreachable;
  }
  try {
    if (hash_file(old_file).sha != expected) return Reuse::rotten;
  } catch (const Error&) {
    return Reuse::rotten;
  }
  return link_over(old_file, new_file) ? Reuse::linked : Reuse::unreachable;
}

}  // namespace pgassay
