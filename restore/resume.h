// What a restore has done so far, written into the target itself and in the transactions of the rows, so that
// an interrupted restore can go on and no row is loaded twice. It lives in a schema of its own,
// pgassay_restore, which is gone when the restore has ended.
#pragma once

#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/postgres/connection.h"
#include "core/repository/manifest.h"
#include "restore/loss.h"
#include "restore/steps.h"

namespace pgassay::restore {

/// Which restore it is: another backup, or the same in another way, does not go on with it.
struct RestoreMark {
  std::string backup, manifest_sha;
  std::string options;  ///< that decide what is made, as they are said on the command line
  friend bool operator==(const RestoreMark&, const RestoreMark&) = default;
};

/// What an interrupted restore left in a database.
struct Unfinished {
  RestoreMark mark;
  std::string since;
  std::set<RestoreStep> begun, finished;
  std::set<std::string> files;  ///< parts whose rows are in
  std::vector<Loss> lost;       ///< of the steps that are finished
  std::vector<Note> notes;      ///< the same
};
std::optional<Unfinished> find_unfinished(Connection& target);

/// Is the backup one of a database that was being restored? Our record would meet the one in the backup.
bool holds_a_record(const Manifest& manifest);

/// Throws Refused when the target holds an unfinished restore that is not to be gone on with: of another
/// backup, or because nobody said --resume.
void check_may_go_on(const Unfinished& left, const RestoreMark& mark, bool resume,
                     const std::string& database);

/// Takes the record away, if there is one; event triggers that were restored do not notice. What can't be
/// removed is a note.
void remove_record(Connection& target, std::vector<Note>& notes);

/// has(), record_sql() and loaded() may be called from any thread, all else by one at a time.
class RestoreRecord {
 public:
  /// Of nothing, and nothing is written down.
  RestoreRecord() = default;

  /// Starts the record, or takes up the one that is there, and keeps every other restore out of this database
  /// for as long as it lives. What still runs of the interrupted one is ended first. `own_pid`: our other
  /// session there. Throws Locked while another restore is at work. A target in which we may make no schema
  /// gets no record, which is a line in `notes`.
  void open(const ConnInfo& target, const RestoreMark& mark, bool go_on, int own_pid,
            std::vector<Note>& notes, std::stop_token stop);
  /// What was there when it was opened.
  const Unfinished& left() const { return left_; }

  bool finished(RestoreStep step) const { return finished_.contains(step); }
  /// By the interrupted restore: some of the step may be done.
  bool was_begun(RestoreStep step) const { return left_.begun.contains(step); }
  void begin(RestoreStep step);
  /// What the step lost and noted is told again by whoever goes on.
  void finish(RestoreStep step, std::span<const Loss> lost, std::span<const Note> notes);

  bool has(const Part& part) const;
  /// A statement with its semicolon, or nothing: to be run in the very transaction that loads the part. Where
  /// another session has loaded it meanwhile, it fails, and the transaction with it.
  std::string record_sql(const Part& part) const;
  void loaded(const Part& part);  ///< it is committed
  /// Rows and bytes of COPY text of all parts that are.
  std::pair<std::uint64_t, std::uint64_t> loaded(const Manifest& manifest) const;

  void remove(std::vector<Note>& notes);
  /// Can the restore be gone on with?
  bool kept() const { return recording_; }
  /// What the target holds so far: "its tables, 3 of 12 files of rows (1200 of 90000 rows), no indexes, …".
  std::string told(const Manifest& manifest) const;

 private:
  std::optional<Connection> connection_;
  bool recording_ = false;
  bool typed_ = true;  ///< it has room for more than the text of what was said
  Unfinished left_;
  std::set<RestoreStep> begun_, finished_;
  mutable std::mutex mutex_;  ///< of files_
  std::set<std::string> files_;
};

}  // namespace pgassay::restore
