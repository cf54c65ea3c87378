#include "core/repository/repository.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/repository/identity.h"
#include "core/repository/json_fields.h"
#include "core/repository/json_text.h"
#include "core/repository/names.h"
#include "core/repository/new_file.h"
#include "core/repository/stored_manifest.h"

namespace pgassay {
namespace {

constexpr int kRepositoryFormat = 1;
constexpr std::size_t kShownCandidates = 10, kLongestRepositoryFile = 64 * 1024;

bool is_hidden(const std::string& name) {
  return name.starts_with(".");
}

/// An empty file system has its lost+found, and a run that was killed here its hidden temporary file.
bool is_as_good_as_empty(const Place& root) {
  const auto names = list_names(root);
  return std::all_of(names.begin(), names.end(), [](const std::string& name) {
    return name == "lost+found" || name.starts_with("." + std::string(kRepositoryFile) + ".");
  });
}

std::string read_uuid(const Place& file) {
  const std::string text = read_file(file, kLongestRepositoryFile);
  try {
    const JsonFields json = read_json(text, file.path());
    const int format = json.small_integer("format");
    if (format > kRepositoryFormat) {
      throw Error(fmt::format("{}: made by a newer pgassay: its format is {}, this one reads up to {}",
                              file.string(), format, kRepositoryFormat),
                  "use the pgassay that made it, or a newer one");
    }
    json.time("created");
    return json.text("id");
  } catch (const BadBackup& error) {
    throw Error(
        error.what(),
        "the file holds the repository's format and id; docs/repository-format.md shows how it looks");
  }
}

std::string new_repository_file() {
  JsonText json;
  json.object(JsonText::Layout::block);
  json.number({"format"}, kRepositoryFormat);
  json.text({"id"}, random_uuid());
  json.time({"created"}, std::chrono::floor<std::chrono::seconds>(now()));
  json.end();
  return json.take();
}

Backup read_backup(BackupId id, const Place& dir) {
  Backup backup{std::move(id), dir, {}, {}, read_proofs(dir)};
  try {
    ManifestSummary summary = read_stored_summary(dir);
    if (lies_where_it_belongs(dir, summary.id)) {
      backup.id = summary.id;
      backup.summary = std::move(summary);
    } else {
      backup.problem = misplaced(dir, summary.id).what();
      backup.says = summary.id;
    }
  } catch (const Error& error) {
    // Out of reach or damaged: it must not hide the others.
    backup.problem = error.what();
  }
  return backup;
}

/// One that lost its manifest is a damaged backup as long as SHA256SUMS tells that it was one.
bool holds_backup(const Place& dir) {
  try {
    return exists(dir / kManifestFile) || exists(dir / kSumsFile);
  } catch (const SystemError&) {
    return true;  // reading it says why it can't be told
  }
}

/// Walks REPO/SOURCE/DATABASE/STAMP.
class Lister {
 public:
  Lister(const Place& root, const SourceNames& names, const Repository::Filter& filter,
         std::vector<Path>* foreign)
      : root_(root), names_(names), filter_(filter), foreign_(foreign) {
    if (!filter.source.empty()) sources_ = names.names_of(filter.source);
  }

  std::vector<Backup> list() {
    for (const std::string& source : list_names(root_)) {
      const bool ours = is_hidden(source) || source == kRepositoryFile || source == "lost+found";
      if (!ours && enter(root_ / source, source, sources_)) list_source(source);
    }
    const auto order = [](const Backup& backup) {
      return std::tuple(std::string_view(backup.source()), std::string_view(backup.id.database),
                        stamp_order(backup.id.stamp), std::string_view(backup.id.source));
    };
    std::ranges::sort(found_, {}, order);
    return std::move(found_);
  }

 private:
  /// A directory that the filter lets through; what is no directory is foreign.
  bool enter(const Place& place, const std::string& name, const std::vector<std::string>& wanted) {
    if (!is_directory(place)) {
      note_foreign(place);
      return false;
    }
    return wanted.empty() ||
           std::ranges::any_of(wanted, [&](const std::string& one) { return stands_for(name, one); });
  }

  void note_foreign(const Place& place) {
    if (foreign_ != nullptr) foreign_->push_back(place.path());
  }

  void list_source(const std::string& source) {
    std::vector<std::string> databases;
    if (!filter_.database.empty()) databases.push_back(filter_.database);
    for (const std::string& database : list_names(root_ / source)) {
      if (is_hidden(database) || !enter(root_ / source / database, database, databases)) continue;
      for (const std::string& stamp : list_names(root_ / source / database)) {
        if (!is_hidden(stamp)) add(source, database, stamp);
      }
    }
  }

  void add(const std::string& source, const std::string& database, const std::string& stamp) {
    const Place dir = root_ / source / database / stamp;
    // What has a stamp's name and is no directory stands where a backup was: it is a damaged one.
    if (!is_stamp(stamp) || (is_directory(dir) && !holds_backup(dir))) {
      if (exists(dir)) note_foreign(dir);
      return;
    }
    Backup backup = read_backup({name_of_entry(source), name_of_entry(database), stamp}, dir);
    if (const std::string& owner = names_.owner_of(backup.id.source); owner != backup.id.source)
      backup.alias_of = owner;
    // Pruned while we looked.
    if (!backup.summary && !exists(dir)) return;
    found_.push_back(std::move(backup));
  }

  const Place& root_;
  const SourceNames& names_;
  const Repository::Filter& filter_;
  std::vector<Path>* foreign_;
  std::vector<std::string> sources_;  ///< names that backups may be filed under; none: any
  std::vector<Backup> found_;
};

std::string candidates(const std::vector<Backup>& backups) {
  std::string out;
  for (std::size_t i = 0; i < backups.size() && i < kShownCandidates; ++i) {
    out += (i > 0 ? ", " : "") + backups[i].id.shown();
  }
  if (backups.size() > kShownCandidates)
    out += fmt::format(" and {} more", backups.size() - kShownCandidates);
  return out;
}

std::string scope_of(const Backup& backup) {
  return backup.source() + "/" + backup.id.database;
}

/// SOURCE/DATABASE, where SOURCE may be an alias.
std::string scope_of(const std::string& given, const SourceNames& names) {
  const std::size_t slash = std::min(given.find('/'), given.size());
  return names.owner_of(given.substr(0, slash)) + given.substr(slash);
}

[[noreturn]] void throw_none(const Repository& repository, const std::string& id,
                             const Repository::Filter& filter) {
  const std::vector<Backup> all = repository.list(filter);
  throw UsageError(
      fmt::format("no backup {} in {}", id, repository.root().string()),
      all.empty() ? "it holds no backup that fits; pgassay list shows all" : "there are " + candidates(all));
}

Backup newest_of(const std::vector<Backup>& backups) {
  std::vector<Backup> newest;  // of each database; the list is sorted by database, then by time
  for (const Backup& backup : backups) {
    if (newest.empty() || scope_of(newest.back()) != scope_of(backup)) {
      newest.push_back(backup);
    } else {
      newest.back() = backup;
    }
  }
  if (newest.size() == 1) return newest.front();
  throw UsageError("latest is ambiguous, there are several databases: " + candidates(newest),
                   "choose one with --source and --database, or SOURCE/DATABASE/latest");
}

}  // namespace

Repository Repository::open(const Path& root) {
  const Place at(root), file = at / kRepositoryFile;
  if (!exists(file)) {
    throw UsageError(fmt::format("no repository at {}: there is no {}", root.string(), kRepositoryFile),
                     "name one with --repo; the first backup makes it");
  }
  return {at, read_uuid(file), read_source_names(at)};
}

Repository Repository::open_or_create(const Path& root) {
  const Place at(root), file = at / kRepositoryFile;
  if (!exists(file)) {
    make_private_dirs(at);
    if (is_as_good_as_empty(at)) {
      // Not ours means that another run made it first.
      write_whole_file(file, new_repository_file());
    } else if (!exists(file)) {
      throw UsageError(fmt::format("{} is no repository, and holds something else", root.string()),
                       "choose an empty or a new directory");
    }
  }
  return open(root);
}

Place Repository::database_dir(const std::string& source, const std::string& database) const {
  if (source.empty() || database.empty()) throw UsageError("a source and a database need a name");
  return home_of(root_, source, database);
}

std::vector<Backup> Repository::list(const Filter& filter, std::vector<Path>* foreign) const {
  return Lister(root_, names_, filter, foreign).list();
}

Backup Repository::find(const std::string& id, const Filter& filter) const {
  const std::size_t slash = id.rfind('/');
  const std::string scope = slash == std::string::npos ? "" : id.substr(0, slash);
  const std::string stamp = slash == std::string::npos ? id : id.substr(slash + 1);
  const std::string of_owner = scope_of(scope, names_);
  std::vector<Backup> fitting = list(filter);
  std::erase_if(fitting, [&](const Backup& backup) {
    const bool elsewhere =
        !scope.empty() && scope_of(backup) != of_owner && backup.dir.parent_path().below() != scope;
    return elsewhere || (stamp != "latest" && (stamp.empty() || !backup.id.stamp.starts_with(stamp)));
  });
  if (fitting.empty()) throw_none(*this, id, filter);
  if (stamp == "latest") {
    const auto elsewhere = [](const Backup& backup) { return backup.says.has_value(); };
    if (std::all_of(fitting.begin(), fitting.end(), elsewhere)) check_place(fitting.back());
    std::erase_if(fitting, elsewhere);
    return newest_of(fitting);
  }
  const auto is_exact = [&](const Backup& backup) { return backup.id.stamp == stamp; };
  if (std::any_of(fitting.begin(), fitting.end(), is_exact)) std::erase_if(fitting, std::not_fn(is_exact));
  // Of two in the same second, one under an alias, the one that was named.
  const auto is_named = [&](const Backup& backup) { return backup.id.shown() == id; };
  if (std::any_of(fitting.begin(), fitting.end(), is_named)) std::erase_if(fitting, std::not_fn(is_named));
  if (fitting.size() > 1) {
    throw UsageError(fmt::format("{} is ambiguous: {}", id, candidates(fitting)), "write SOURCE/DATABASE/ID");
  }
  check_place(fitting.front());
  return fitting.front();
}

void check_place(const Backup& backup) {
  if (backup.says) throw misplaced(backup);
}

BadBackup misplaced(const Backup& backup) {
  return misplaced(backup.dir, *backup.says);
}

std::optional<Backup> Repository::newest(const std::string& source, const std::string& database) const {
  std::vector<BackupId> ids;
  for (const std::string& name : names_.names_of(source))
    for (const std::string& stamp : list_names(database_dir(name, database)))
      if (is_stamp(stamp)) ids.push_back({name, database, stamp});
  std::ranges::stable_sort(ids, std::ranges::greater(),
                           [](const BackupId& id) { return stamp_order(id.stamp); });
  for (const BackupId& id : ids) {
    Backup backup = read_backup(id, database_dir(id.source, database) / id.stamp);
    if (backup.summary) return backup;
  }
  return std::nullopt;
}

Path Repository::add_evidence(const Backup& backup, const Evidence& evidence) const {
  const Place dir = backup.dir / kEvidenceDir;
  make_private_dirs(dir);
  Evidence numbered = evidence;
  numbered.number = next_evidence_number(backup.dir);
  const std::string text = to_json(numbered), stamp = to_stamp(evidence.finished);
  for (unsigned n = 1;; ++n) {
    const std::string number = n == 1 ? "" : fmt::format("-{}", n);
    const Place file = dir / fmt::format("{}{}.{}.json", stamp, number, evidence.kind);
    if (write_whole_file(file, text)) return file.path();
  }
}

void Repository::pin(const Backup& backup, const std::string& reason) const {
  const ReadLease held = lease(backup);
  const Place dir = backup.dir / kEvidenceDir;
  make_private_dirs(dir);
  replace_file(dir / kPinFile, to_json(Pin{now(), reason}));
}

void Repository::accept(const Backup& backup, const std::string& reason) const {
  const ReadLease held = lease(backup);
  const Place dir = backup.dir / kEvidenceDir;
  make_private_dirs(dir);
  replace_file(dir / kAcceptFile, to_json(Pin{now(), reason}));
}

bool Repository::unpin(const Backup& backup) const {
  const ReadLease held = lease(backup);
  const Place file = backup.dir / kEvidenceDir / kPinFile;
  if (!exists(file)) return false;
  remove_tree(file);
  fsync_path(file.parent_path());
  return true;
}

}  // namespace pgassay
