// The one JSON document of --json: {"format": 1, "command", "ok", "exit", "messages": [{level, text, hint}]}
// and the members of each command (docs/json.md). Bytes and seconds are numbers, times RFC 3339 in UTC,
// absent facts null.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/basics/json.h"
#include "core/repository/manifest.h"
#include "core/repository/repository.h"
#include "core/system/observer.h"
#include "restore/whole/restore.h"

namespace pgassay::cli {

/// What verify found of one backup.
struct Verified {
  BackupId id;
  Evidence evidence;
};

/// message() may be called from any thread, the others from one.
class Reply final : public Observer {
 public:
  explicit Reply(std::string command);  ///< empty: null in the document
  ~Reply() override;

  void message(Level level, std::string_view text, std::string_view hint) override;
  void set_backup(const Backup& backup);
  void set_backup(const Backup& backup, std::span<const LeftOut> left_out);  ///< what it lacks
  void add_backup(const Backup& backup, std::span<const LeftOut> left_out);  ///< to "backups"
  void set_backups(std::span<const Backup> backups);
  /// `largest`: at most that many relations, those with most bytes first; 0: all, in the manifest's order.
  void set_details(const Manifest& manifest, std::size_t largest);
  void set_verified(std::span<const Verified> verified);
  void set_restored(const BackupId& id, const restore::RestoreReport& report);

  /// Any other member: what a command's own json_*.cc built. A null is kept.
  void set(std::string_view key, Json value);

  /// To the end of an array, which is made where it is not there.
  void add(std::string_view key, Json value);

  /// One line feed at its end. Bytes that are no UTF-8 are replaced by U+FFFD.
  std::string document(int exit) const;

 private:
  struct Members;
  std::unique_ptr<Members> members_;
};

/// Arrays, the same in every document.
Json phases_json(std::span<const PhaseTime> phases);
Json checks_json(std::span<const Check> checks);
Json findings_json(std::span<const Finding> findings);
/// Of several restores one: what set_restored() puts at the top, in one object.
Json restored_json(const BackupId& id, const restore::RestoreReport& report);

/// The worst verdict; none: unverified.
Verdict overall(std::span<const Verified> verified);

}  // namespace pgassay::cli
