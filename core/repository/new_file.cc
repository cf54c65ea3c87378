#include "core/repository/new_file.h"

#include "core/repository/identity.h"

namespace pgassay {
namespace {

struct Removed {
  Path file;
  ~Removed() {
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
  }
};

}  // namespace

bool write_whole_file(const Path& file, std::string_view contents) {
  // Hidden, so that what a crash leaves is neither a proof nor a backup.
  const Removed temporary{file.parent_path() /
                          ("." + file.filename().string() + "." + random_hex(4) + ".tmp")};
  write_new_file(temporary.file, contents);
  if (!rename_noreplace(temporary.file, file)) return false;
  fsync_path(file.parent_path());
  return true;
}

}  // namespace pgassay
