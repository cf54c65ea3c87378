#include "cli/command/restore_all.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "cli/basics/units.h"
#include "cli/command/read_repository.h"
#include "cli/render/text/report_text.h"
#include "core/system/cancellation.h"
#include "core/system/exits.h"
#include "core/system/subprocess.h"

namespace pgassay::cli {
namespace {

/// The newest backup of a database that can be read.
struct Newest {
  std::string source;  ///< whose it is
  BackupId id;
  Time taken;
  std::optional<store::Copy> copy;  ///< of a store
};

void check_flags(const RestoreArguments& arguments) {
  const PartsArguments& parts = arguments.parts;
  const std::pair<bool, const char*> one_database_s[] = {{!arguments.selection.ids.empty(), "an ID"},
                                                         {arguments.into.has_value(), "--into"},
                                                         {arguments.replace.has_value(), "--replace"},
                                                         {arguments.drop_old, "--drop-old"},
                                                         {arguments.resume, "--resume"},
                                                         {!parts.tables.empty(), "--table"},
                                                         {!parts.exclude_tables.empty(), "--exclude-table"},
                                                         {parts.as.has_value(), "--as"},
                                                         {parts.data_only, "--data-only"}};
  for (const auto& [is_given, what] : one_database_s)
    if (is_given)
      throw UsageError(fmt::format("{} is of one database, and --all of every one", what),
                       "restore SOURCE/DATABASE/ID --create goes on with one of them");
}

class WholeServer {
 public:
  WholeServer(Context& context, const RestoreArguments& arguments)
      : context_(context), arguments_(arguments) {
    arguments_.create = true;
    if (!arguments_.store.store) {
      repository_ = open_repository(context.arguments, context.config);
    } else {
      store_.emplace(arguments_.store, context);
    }
  }

  Exit run() {
    const std::vector<Newest> all = one_source(store_ ? newest_in_store() : newest_in_repository());
    std::size_t wanted = 0;
    for (const Newest& one : all) {
      throw_if_stopped(context_.stop);
      try {
        restore_one(one, wanted);
      } catch (const Error& error) {
        error.raise_if(ErrorKind::stopped);
        fail(one.id, error.exit(), error.what(), error.hint());
      }
    }
    return conclude(wanted);
  }

 private:
  void fail(const BackupId& id, Exit exit, const std::string& why, const std::string& hint = {}) {
    context_.reporter.message(Level::error, id.shown() + ": " + why, hint);
    failed_.insert(id.database);
    exit_ = worse(exit_, exit);
  }

  std::vector<Newest> newest_in_repository() {
    std::map<std::string, Newest> found;
    for (const Backup& backup : repository_->list(arguments_.selection.filter())) {
      if (backup.summary)
        take(found, {backup.source(), backup.id, backup.summary->snapshot.taken, {}});
      else
        pass_over(backup.source(), backup.id, backup.problem);
    }
    return in_order(std::move(found));
  }

  std::vector<Newest> newest_in_store() {
    std::map<std::string, Newest> found;
    for (store::Copy& copy : store_->reader().list(arguments_.selection.filter(), context_.stop)) {
      if (copy.commit)
        take(found, {copy.id.source, copy.id, copy.commit->taken, copy});
      else
        pass_over(copy.id.source, copy.id, copy.problem);
    }
    return in_order(std::move(found));
  }

  /// Backups come in their order.
  void take(std::map<std::string, Newest>& found, Newest newest) {
    const std::string scope = newest.source + "/" + newest.id.database;
    unusable_.erase(scope);
    found.insert_or_assign(scope, std::move(newest));
  }
  void pass_over(const std::string& source, const BackupId& id, const std::string& problem) {
    unusable_[source + "/" + id.database] = {id, problem};
  }

  std::vector<Newest> in_order(std::map<std::string, Newest> found) {
    for (const auto& [scope, unusable] : unusable_) {
      const auto& [id, problem] = unusable;
      if (found.contains(scope)) {
        context_.reporter.message(Level::warning, fmt::format("{} can't be used, the one before is taken: {}",
                                                              id.shown(), problem));
      } else {
        fail(id, Exit::bad_backup, problem);
      }
    }
    std::vector<Newest> all;
    for (auto& [scope, newest] : found) all.push_back(std::move(newest));
    std::ranges::stable_sort(all, std::greater<>(), &Newest::taken);
    return all;
  }

  std::vector<Newest> one_source(std::vector<Newest> all) {
    std::set<std::string> sources;
    for (const Newest& one : all) sources.insert(one.source);
    if (sources.size() > 1)
      throw UsageError(fmt::format("there are backups of several sources: {}", fmt::join(sources, ", ")),
                       "one server at a time: --source NAME");
    if (all.empty() && failed_.empty())
      throw UsageError(fmt::format("there is no backup in {}",
                                   store_ ? store_->reader().store().where() : repository_->root().string()),
                       "pgassay list says what there is");
    return all;
  }

  void restore_one(const Newest& newest, std::size_t& wanted) {
    if (!newest.copy) return restore_from(*repository_, newest, wanted);
    warn_of_unchecked(*newest.copy, context_.reporter);
    const store::CopyOnDemand copy(store_->reader(), *newest.copy->commit, directory_for_copies(),
                                   context_.stop);
    restore_from(copy.repository(), newest, wanted);
  }

  void restore_from(const Repository& repository, const Newest& newest, std::size_t& wanted) {
    const Backup backup = repository.find(newest.id.shown());
    if (!backup.summary) throw BadBackup(backup.problem);
    if (is_the_servers_own(backup)) return;
    ++wanted;
    restore::RestoreRequest request = restore_request(arguments_, context_.config, context_.reporter);
    context_of(request).accepted = accepted_of(context_.config, backup.source(), arguments_.accept);
    const bool prove = context_of(request).prove;
    const ReadLease lease = repository.lease(backup);
    const restore::RestoreReport report =
        restore_backup(repository, backup, request, context_.reporter, context_.stop);
    context_.reply.add("restores", restored_json(backup.id, report));
    Exit exit = report.lost.empty() ? Exit::done : Exit::failed;
    if (prove) exit = worse(exit, exit_of(report.verdict));
    const std::string text = restored_text(backup.id, report, prove);
    exit == Exit::done ? context_.reporter.summary(text) : context_.reporter.print(text);
    if (exit != Exit::done)
      fail(backup.id, exit, report.lost.empty() ? "not proved" : report.lost.front().text);
  }

  /// A new server has its own, into which nothing is restored.
  bool is_the_servers_own(const Backup& backup) {
    if (backup.id.database != "postgres" && backup.id.database != "template1") return false;
    if (backup.summary->tables > 0)
      throw Refused(fmt::format("the server has a database {} of its own, and this one holds {}",
                                backup.id.database, counted(backup.summary->tables, "table")),
                    fmt::format("pgassay restore {} --create --into {}_before brings it back beside",
                                shell_word(backup.id.shown()), backup.id.database));
    context_.reporter.message(
        Level::info,
        fmt::format("{} holds no table, and every server has one: it is not restored", backup.id.shown()));
    return true;
  }

  Exit conclude(std::size_t wanted) {
    const bool prove = !arguments_.no_prove;
    context_.reply.set("verdict", to_string(!failed_.empty() ? Verdict::fail
                                            : prove          ? Verdict::pass
                                                             : Verdict::unverified));
    if (!failed_.empty())
      throw Error(fmt::format("the server is not back as it was: {}", fmt::join(failed_, ", ")),
                  "the messages above say why; restore SOURCE/DATABASE/ID --create --resume goes on with one",
                  exit_);
    context_.reporter.summary(
        fmt::format("restored {}{}\n", counted(wanted, "database"), prove ? ", each proved" : ""));
    return Exit::done;
  }

  Context& context_;
  RestoreArguments arguments_;
  std::optional<StoreReader> store_;
  std::optional<Repository> repository_;
  std::map<std::string, std::pair<BackupId, std::string>> unusable_;  ///< newer than any that can be read
  std::set<std::string> failed_;
  Exit exit_ = Exit::done;
};

}  // namespace

Exit restore_all(Context& context, const RestoreArguments& arguments) {
  check_flags(arguments);
  return WholeServer(context, arguments).run();
}

}  // namespace pgassay::cli
