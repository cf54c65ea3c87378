#include "core/repository/new_file.h"

#include "core/repository/identity.h"

namespace pgassay {
namespace {

struct Removed {
  Place file;
  ~Removed() {
    try {
      remove_tree(file);
    } catch (const std::exception&) {
      // A hidden file, which nobody takes for anything.
    }
  }
};

}  // namespace

bool write_whole_file(const Place& file, std::string_view contents) {
  // Hidden, so that what a crash leaves is neither a proof nor a backup.
  const Removed temporary{file.parent_path() / ("." + file.filename() + "." + random_hex(4) + ".tmp")};
  write_new_file(temporary.file, contents);
  if (!rename_noreplace(temporary.file, file)) return false;
  fsync_path(file.parent_path());
  return true;
}

}  // namespace pgassay
