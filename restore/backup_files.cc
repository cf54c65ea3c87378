#include "restore/backup_files.h"

#include <fmt/format.h>

#include "core/system/error.h"

namespace pgassay::restore {

void check_files(const Place& dir, const Manifest& manifest) {
  constexpr const char* kHint = "`pgassay verify` says what else is wrong; another backup may be whole";
  for (const StoredFile& file : manifest.stored_files()) {
    std::uint64_t size = 0;
    try {
      size = size_of_file(dir / file.file);
    } catch (const SystemError& error) {
      if (!error.is_loss()) error.raise();
      throw BadBackup(error.what(), kHint, error);
    }
    if (size != file.stored)
      throw BadBackup(fmt::format("{}: {} bytes instead of {}", file.file, size, file.stored), kHint);
  }
  for (const StoredFile& file : manifest.files)
    if (hash_file(dir / file.file).sha != file.sha)
      throw BadBackup(fmt::format("{}: its SHA-256 is not the manifest's", file.file), kHint);
}

}  // namespace pgassay::restore
