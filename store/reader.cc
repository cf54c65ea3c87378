#include "store/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <tuple>

#include "core/repository/layout.h"
#include "core/system/cancellation.h"
#include "core/system/spool.h"
#include "store/names.h"
#include "store/sealing.h"
#include "store/signing.h"

namespace pgassay::store {
namespace {

constexpr std::size_t kLongestCommitObject = std::size_t{256} << 20, kShownCopies = 10;

auto order_of(const Copy& copy) {
  return std::tuple(std::string_view(copy.id.source), std::string_view(copy.id.database),
                    stamp_order(copy.id.stamp));
}

std::string scope_of(const BackupId& id) {
  return id.source + "/" + id.database;
}

std::string candidates_of(const std::vector<Copy>& copies) {
  std::string text;
  for (std::size_t n = 0; n < copies.size() && n < kShownCopies; ++n)
    text += (text.empty() ? "" : ", ") + copies[n].id.shown();
  return text + (copies.size() > kShownCopies ? ", …" : "");
}

[[noreturn]] void throw_problem(const Copy& copy) {
  const std::string text = fmt::format("{} in the store can't be used: {}", copy.id.shown(), copy.problem);
  if (copy.is_newer) throw Unverified(text, "use the pgassay that wrote it, or a newer one");
  throw BadBackup(text);
}

/// The newest of the one database that there is among them.
Copy latest_of(std::vector<Copy> copies) {
  std::vector<Copy> newest;
  for (Copy& copy : copies) {
    if (!newest.empty() && scope_of(newest.back().id) == scope_of(copy.id)) {
      newest.back() = std::move(copy);
    } else {
      newest.push_back(std::move(copy));
    }
  }
  if (newest.size() != 1)
    throw UsageError("latest is ambiguous, there are several databases: " + candidates_of(newest),
                     "choose one with --source and --database, or SOURCE/DATABASE/latest");
  return newest.front();
}

}  // namespace

const Opened& Reader::key_of(const std::string& repository, unsigned number, const std::stop_token& stop) {
  const auto naming = naming_of(repository, number, stop);
  const std::lock_guard lock(mutex_);  // the others wait, rather than ask for a passphrase, too
  const auto found = keys_.find({repository, number});
  if (found != keys_.end()) return found->second;
  Opened opened = open_key(store_, repository, number, options_.identity_file, stop);
  if (naming && opened.naming != naming)
    throw BadBackup(
        fmt::format("{}: its store key {} was not made by the repository: it has another naming key",
                    store_.where(), number),
        "somebody may have written to the store; what is encrypted to that key is not to be trusted");
  return keys_.emplace(std::pair(repository, number), std::move(opened)).first->second;
}

const Opened& Reader::first_key(const std::string& repository, const std::stop_token& stop) {
  const std::lock_guard lock(mutex_);
  if (const auto found = first_keys_.find(repository); found != first_keys_.end())
    return keys_.at({repository, found->second});
  Opened opened = open_key(store_, repository, {}, options_.identity_file, stop);
  first_keys_[repository] = opened.number;
  return keys_[{repository, opened.number}] = std::move(opened);
}

std::optional<NamingKey> Reader::naming_of(const std::string& repository, unsigned key,
                                           const std::stop_token& stop) {
  if (options_.local != nullptr && options_.local->uuid() == repository)
    if (auto naming = LocalState(*options_.local).naming_key_if_there()) return naming;
  if (key == 0 || options_.identity_file.empty()) return std::nullopt;
  return first_key(repository, stop).naming;
}

std::vector<Copy> Reader::list(const Repository::Filter& filter, const std::stop_token& stop) {
  std::vector<Copy> copies;
  for (const std::string& repository : repositories_in(store_, stop)) {
    for (const StoredObject& object : store_.list(backups_prefix(repository), Depth::all, stop).objects) {
      const auto id = id_in(object.name, repository);
      if (!id || (!filter.source.empty() && id->source != filter.source) ||
          (!filter.database.empty() && id->database != filter.database))
        continue;
      Copy copy;
      copy.repository = repository;
      copy.id = *id;
      const std::string shown = store_.where() + "/" + object.name;
      try {
        const auto text = get_text(store_, object.name, kLongestCommitObject, stop);
        if (!text) continue;  // removed while we looked
        Commit commit = parse_commit(*text, shown, nullptr);
        const auto naming = naming_of(repository, commit.key, stop);
        if (naming) parse_commit(*text, shown, &*naming);
        if (commit.repository != repository || commit_name(repository, commit.id) != object.name)
          throw BadBackup(shown + ": it is the commit object of another backup, " + commit.id.shown());
        if (!options_.allowed_signers.empty()) {
          const auto part = signed_part(*text);
          if (!part) throw BadBackup(shown + ": the commit object is not signed");
          copy.signer = signer_of(part->text, part->signature, options_.allowed_signers, shown, stop);
        }
        copy.id = commit.id;
        copy.is_sealed_by_us = naming.has_value();
        copy.commit = std::move(commit);
      } catch (const Error& error) {
        if (!error.is(ErrorKind::bad_backup, ErrorKind::newer_format)) error.raise();
        copy.problem = error.what();
        copy.is_newer = error.is(ErrorKind::newer_format);
      }
      copies.push_back(std::move(copy));
    }
  }
  std::ranges::sort(copies, {}, order_of);
  return copies;
}

Copy Reader::find(const std::string& id, const Repository::Filter& filter, const std::stop_token& stop) {
  const std::size_t slash = id.rfind('/');
  const std::string scope = slash == std::string::npos ? "" : id.substr(0, slash);
  const std::string stamp = slash == std::string::npos ? id : id.substr(slash + 1);
  const bool latest = stamp == "latest";
  std::vector<Copy> copies = list(filter, stop);
  std::erase_if(copies, [&](const Copy& copy) {
    return (!scope.empty() && scope_of(copy.id) != scope) ||
           (!latest && (stamp.empty() || !copy.id.stamp.starts_with(stamp)));
  });
  if (copies.empty())
    throw UsageError(fmt::format("no backup in {} fits {}", store_.where(), id),
                     "pgassay list --store STORE says what there is");
  if (latest) {
    const Copy last = copies.back();
    std::erase_if(copies, [](const Copy& copy) { return !copy.commit; });
    if (copies.empty()) throw_problem(last);
    return latest_of(std::move(copies));
  }
  const auto is_exact = [&](const Copy& copy) { return copy.id.stamp == stamp; };
  if (std::ranges::any_of(copies, is_exact)) std::erase_if(copies, std::not_fn(is_exact));
  if (copies.size() > 1)
    throw UsageError(fmt::format("{} is ambiguous: {}", id, candidates_of(copies)),
                     "write SOURCE/DATABASE/ID");
  if (!copies.front().commit) throw_problem(copies.front());
  return copies.front();
}

Fd Reader::fetch(const Bound& object, const std::stop_token& stop) {
  const std::string shown = store_.where() + "/" + object.name;
  Fd spool = make_spool_file();
  Sha256Hasher hasher;
  std::uint64_t size = 0;
  const auto keep = [&](Bytes bytes) {
    if ((size += bytes.size()) > object.bytes)
      throw BadBackup(fmt::format("{}: it is longer than the {} bytes that its commit object names", shown,
                                  object.bytes));
    hasher.add(bytes);
    write_all(spool.get(), bytes, "a temporary file");
  };
  if (!store_.get(object.name, keep, stop)) throw BadBackup(shown + ": it is missing in the store");
  if (size != object.bytes)
    throw BadBackup(
        fmt::format("{}: it has {} bytes, and its commit object names {}", shown, size, object.bytes));
  if (hasher.finish() != object.sha)
    throw BadBackup(shown + ": its SHA-256 is not the one that its commit object names");
  rewind_file(spool);
  return spool;
}

Fd Reader::open(const Commit& commit, const Bound& object, const std::stop_token& stop) {
  Fd stored = fetch(object, stop);
  if (commit.key == 0) return stored;
  const Opened& key = key_of(commit.repository, commit.key, stop);
  return unseal(stored, key.identity, store_.where() + "/" + object.name, stop);
}

std::vector<Finding> check_bytes(Reader& reader, const Commit& commit, unsigned jobs, Observer& observer,
                                 const std::stop_token& stop) {
  std::vector<Bound> objects = commit.parts;
  objects.push_back(commit.files);
  observer.plan(objects.size(), commit.bytes());
  std::vector<Finding> findings;
  std::mutex mutex;
  std::atomic<std::size_t> next = 0;
  run_workers("read", jobs, stop, [&](unsigned worker, const std::stop_token& token) {
    for (std::size_t at; (at = next++) < objects.size();) {
      const Bound& object = objects[at];
      observer.part_started(worker, object.name);
      Sha256Hasher hasher;
      std::uint64_t size = 0;
      const bool is_there = reader.store().get(
          object.name,
          [&](Bytes bytes) {
            hasher.add(bytes);
            size += bytes.size();
          },
          token);
      std::string kind, detail;
      if (!is_there) {
        kind = "missing", detail = "the store does not have it";
      } else if (size != object.bytes) {
        kind = "size", detail = fmt::format("{} bytes, and {} in the commit object", size, object.bytes);
      } else if (hasher.finish() != object.sha) {
        kind = "sha256", detail = "not what the commit object names";
      }
      observer.advanced(size, 0);
      observer.part_finished(worker, object.name);
      if (kind.empty()) continue;
      const std::lock_guard lock(mutex);
      findings.push_back({object.name, kind, detail});
    }
  });
  std::ranges::sort(findings, {}, &Finding::file);
  return findings;
}

}  // namespace pgassay::store
