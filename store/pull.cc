#include "store/pull.h"

#include <fmt/format.h>

#include <atomic>

#include "core/system/cancellation.h"
#include "store/unpacking.h"

namespace pgassay::store {

Place pull(Reader& reader, const Commit& commit, const Repository& repository, unsigned jobs,
           Observer& observer, const std::stop_token& stop) {
  for (const Backup& backup : repository.list({commit.id.source, commit.id.database}))
    if (backup.id == commit.id)
      throw Error(fmt::format("{} is in the repository already: {}", commit.id.shown(), backup.dir.string()),
                  "pgassay verify says whether it is sound; move a damaged one away first");
  PendingBackup pending = repository.begin(commit.id.source, commit.id.database);
  observer.phase("pull");
  const Unpacked unpacked(reader, commit, pending.dir(), stop);
  const auto& rows = unpacked.rows();
  observer.plan(rows.size(), unpacked.bytes_of_rows());
  std::atomic<std::size_t> next = 0;
  run_workers("pull", jobs, stop, [&](unsigned worker, const std::stop_token& token) {
    for (std::size_t at; (at = next++) < rows.size();) {
      const auto& [object, files] = rows[at];
      observer.part_started(worker, object.name);
      unpack_object(reader, commit, object, files, pending.dir(), token);
      observer.advanced(object.bytes, 0);
      observer.part_finished(worker, object.name);
    }
  });
  return std::move(pending).publish_copy(unpacked.manifest());
}

}  // namespace pgassay::store
