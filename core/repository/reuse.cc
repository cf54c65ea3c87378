#include "core/repository/repository.h"

namespace pgassay {

Reuse reuse_part(const Place& old_file, const Sha256& expected, const Place& new_file) {
  try {
    open_for_reading(old_file);  // a regular file, and ours to read
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
