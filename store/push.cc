#include "store/push.h"

#include <fmt/format.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>

#include "core/repository/identity.h"
#include "core/repository/names.h"
#include "core/repository/stored_manifest.h"
#include "core/system/cancellation.h"
#include "core/system/files.h"
#include "core/system/spool.h"
#include "store/local_state.h"
#include "store/names.h"
#include "store/packing.h"
#include "store/sealing.h"
#include "store/signing.h"
#include "store/tar.h"
#include "store/target.h"

namespace pgassay::store {
namespace {

constexpr std::size_t kCopyChunk = 256 * 1024, kRandomOfFiles = 6, kLongestCommit = std::size_t{256} << 20;
constexpr const char* kSpool = "a temporary file";

[[noreturn]] void throw_rotten(const Place& file) {
  throw BadBackup(file.string() + ": it is not what the manifest names, and is not pushed",
                  "pgassay verify says what is wrong with the backup");
}

/// Passes the file on, and compares it with what the manifest names.
void copy_checked(const Place& place, const StoredFile& expected, const std::function<void(Bytes)>& sink,
                  const std::stop_token& stop) {
  const Fd fd = open_for_reading(place);
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(kCopyChunk);
  Sha256Hasher hasher;
  std::uint64_t size = 0;
  while (const std::size_t got = read_some(fd.get(), {buffer.get(), kCopyChunk}, place.path())) {
    throw_if_stopped(stop);
    if ((size += got) > expected.stored) throw_rotten(place);
    hasher.add({buffer.get(), got});
    sink({buffer.get(), got});
  }
  if (size != expected.stored || hasher.finish() != expected.sha) throw_rotten(place);
}

/// Where each file of a pack begins, in the order of the unit: as TarWriter lays them out.
std::vector<std::uint64_t> offsets_in(const Unit& unit) {
  constexpr std::uint64_t kBlock = 512;
  if (!unit.is_pack) return {0};
  std::vector<std::uint64_t> offsets;
  std::uint64_t at = 0;
  for (const StoredFile& file : unit.files) {
    offsets.push_back(at + kBlock);
    at += kBlock + (file.stored + kBlock - 1) / kBlock * kBlock;
  }
  return offsets;
}

class Pushing {
 public:
  Pushing(Store& store, const Repository& repository, const Backup& backup, const PushOptions& options,
          Observer& observer)
      : store_(store),
        repository_(repository),
        backup_(backup),
        options_(options),
        observer_(observer),
        state_(repository) {}

  Pushed run(const std::stop_token& stop);

 private:
  Pushed send_backup(const std::stop_token& stop);
  void find_target(const std::stop_token& stop);
  bool is_committed(const std::stop_token& stop);
  void sort_out_known(const std::stop_token& stop);
  void send_units(const std::stop_token& stop);
  Bound send_files(const std::stop_token& stop);
  void look_at_sent(const std::stop_token& stop);
  void commit(const Bound& files, const std::stop_token& stop);
  void store_evidence(std::string_view seen) const;

  Fd plain_of(const Unit& unit, const std::stop_token& stop) const;
  ObjectBody stored_form(Fd plain, const std::stop_token& stop) const;
  ObjectBody body_for(const Unit& unit, const std::stop_token& stop) const;
  Bound put(const ObjectBody& body, const std::function<std::string()>& new_name,
            const std::stop_token& stop);
  std::string suffix(bool is_pack) const {
    return fmt::format("{}{}", is_pack ? ".tar" : "", known_.key == 0 ? "" : ".age");
  }
  std::vector<Placed> placed() const;

  Store& store_;
  const Repository& repository_;
  const Backup& backup_;
  const PushOptions& options_;
  Observer& observer_;
  LocalState state_;
  const Time started_ = now();
  Manifest manifest_;
  NamingKey naming_;
  std::string store_id_;
  KnownStore known_;
  std::vector<Unit> units_;
  std::vector<std::optional<Bound>> objects_;  ///< of the units; nothing: still to be sent
  std::mutex mutex_;                           ///< of all below
  std::vector<Bound> sent_;
  Pushed pushed_;
};

void Pushing::find_target(const std::stop_token& stop) {
  const std::string init = "pgassay store init NAME";
  const auto marker = read_marker(store_, repository_.uuid(), stop);
  if (!marker)
    throw UsageError(fmt::format("{} is not set up for this repository: {} is not there", store_.where(),
                                 marker_name(repository_.uuid())),
                     init + " does that once; on a disk it may not be mounted");
  const auto known = state_.known(marker->store_id);
  if (!known)
    throw Refused(
        store_.where() + ": which key to encrypt to is not known here, and the store is not believed",
        "it was set up by another copy of this repository: copy its .stores/, or use another prefix");
  if ((known->key != 0) != options_.encrypted || marker->encrypted != options_.encrypted)
    throw Refused(fmt::format("{} was set up {}, and the configuration {}", store_.where(),
                              known->key != 0 ? "encrypted" : "in clear",
                              options_.encrypted ? "names recipients" : "names no recipients"),
                  "one store is one or the other: use another prefix in url, or mend recipients");
  if (!options_.sign_key.empty() &&
      status_of(options_.sign_key).type() == std::filesystem::file_type::not_found)
    throw UsageError(options_.sign_key.string() + ": there is no such key to sign with",
                     "sign_key in [store.NAME] names an SSH key: ssh-keygen -t ed25519");
  store_id_ = marker->store_id;
  known_ = *known;
  naming_ = state_.naming_key();
}

bool Pushing::is_committed(const std::stop_token& stop) {
  const std::string name = commit_name(repository_.uuid(), backup_.id);
  const auto text = get_text(store_, name, kLongestCommit, stop);
  if (!text) return false;
  try {
    parse_commit(*text, store_.where() + "/" + name, &naming_);  // throws when it is not ours
  } catch (const NewerFormat& newer) {
    throw Unverified(newer.what(), newer.hint());
  }
  return true;
}

/// What the journal names and the store lists with that size is there.
void Pushing::sort_out_known(const std::stop_token& stop) {
  units_ = units_of(manifest_);
  objects_.resize(units_.size());
  const std::map<std::string, Bound> sent = state_.sent(store_id_, known_.key);
  std::map<std::string, std::uint64_t> there;
  if (!sent.empty()) {
    for (StoredObject& object : store_.list(parts_prefix(repository_.uuid()), Depth::all, stop).objects)
      there.emplace(std::move(object.name), object.size);
  }
  for (std::size_t n = 0; n < units_.size(); ++n) {
    const auto found = sent.find(units_[n].identity());
    if (found == sent.end()) continue;
    const auto listed = there.find(found->second.name);
    if (listed == there.end() || listed->second != found->second.bytes) continue;
    objects_[n] = found->second;
    ++pushed_.objects_known;
    pushed_.bytes_known += found->second.bytes;
  }
}

Fd Pushing::plain_of(const Unit& unit, const std::stop_token& stop) const {
  if (!unit.is_pack) {
    const Place place = backup_.dir / unit.files.front().file;
    copy_checked(
        place, unit.files.front(), [](Bytes) {}, stop);
    return open_for_reading(place);
  }
  Fd pack = make_spool_file();
  TarWriter tar(pack.get(), kSpool);
  for (const StoredFile& file : unit.files) {
    tar.begin(file.sha.hex(), file.stored);
    copy_checked(
        backup_.dir / file.file, file, [&](Bytes bytes) { tar.add(bytes); }, stop);
  }
  tar.finish();
  return pack;
}

ObjectBody Pushing::stored_form(Fd plain, const std::stop_token& stop) const {
  return body_of(known_.key == 0 ? std::move(plain) : seal(plain, known_.recipient, stop), kSpool);
}

ObjectBody Pushing::body_for(const Unit& unit, const std::stop_token& stop) const {
  if (unit.is_pack || known_.key != 0) return stored_form(plain_of(unit, stop), stop);
  // The sum that the object is sent by is the file's own: it is read once.
  const StoredFile& file = unit.files.front();
  const Place place = backup_.dir / file.file;
  ObjectBody body = body_of(open_for_reading(place), place.path());
  if (body.size != file.stored || body.sha != file.sha) throw_rotten(place);
  return body;
}

Bound Pushing::put(const ObjectBody& body, const std::function<std::string()>& new_name,
                   const std::stop_token& stop) {
  for (;;) {
    Bound object{new_name(), body.size, body.sha};
    switch (store_.put_new(object.name, body, stop)) {
      case Put::stored: {
        const std::lock_guard lock(mutex_);
        ++pushed_.objects_sent;
        pushed_.bytes_sent += object.bytes;
        sent_.push_back(object);
        return object;
      }
      case Put::taken:
        continue;  // by chance: the next name is another
      case Put::corrupted:
        throw Error(
            fmt::format(
                "{}/{}: the store says, each time, that the bytes it got are not those that were sent",
                store_.where(), object.name),
            "something between here and the store changes them: a proxy, or bad memory");
    }
  }
}

void Pushing::send_units(const std::stop_token& stop) {
  std::vector<std::size_t> todo;
  std::uint64_t bytes = 0;
  for (std::size_t n = 0; n < units_.size(); ++n) {
    if (objects_[n]) continue;
    todo.push_back(n);
    bytes += units_[n].bytes();
  }
  observer_.phase("push");
  observer_.plan(todo.size(), bytes);
  if (todo.empty()) return;
  std::atomic<std::size_t> next = 0;
  const auto jobs = static_cast<unsigned>(std::min<std::size_t>(options_.jobs, todo.size()));
  run_workers("push", jobs, stop, [&](unsigned worker, const std::stop_token& token) {
    for (std::size_t at; (at = next++) < todo.size();) {
      throw_if_stopped(token);
      const Unit& unit = units_[todo[at]];
      const std::string shown =
          unit.is_pack ? fmt::format("{} small files", unit.files.size()) : unit.files[0].file;
      observer_.part_started(worker, shown);
      const std::string identity = unit.identity();
      const std::string digits = known_.key == 0 ? identity : hmac_hex(naming_, identity);
      const auto new_name = [&] { return new_part_name(repository_.uuid(), digits, suffix(unit.is_pack)); };
      const Bound object = put(body_for(unit, token), new_name, token);
      {
        const std::lock_guard lock(mutex_);
        state_.add_sent(store_id_, known_.key, identity, object);
        objects_[todo[at]] = object;
      }
      observer_.advanced(unit.bytes(), 0);
      observer_.part_finished(worker, shown);
    }
  });
}

std::vector<Placed> Pushing::placed() const {
  std::map<std::string, Placed> by_sha;
  for (std::size_t n = 0; n < units_.size(); ++n) {
    const std::vector<std::uint64_t> offsets = offsets_in(units_[n]);
    for (std::size_t m = 0; m < offsets.size(); ++m) {
      const StoredFile& file = units_[n].files[m];
      by_sha[file.sha.hex()] = {file.file, file.stored, file.sha, objects_[n]->name, offsets[m]};
    }
  }
  std::vector<Placed> all;
  for (const StoredFile& file : manifest_.stored_files()) {
    const auto found = by_sha.find(file.sha.hex());
    if (found == by_sha.end()) continue;  // it is in the pack of files
    all.push_back(found->second);
    all.back().file = file.file;
  }
  return all;
}

Bound Pushing::send_files(const std::stop_token& stop) {
  Fd pack = make_spool_file();
  TarWriter tar(pack.get(), kSpool);
  const auto add_text = [&](const std::string& name, const std::string& text) {
    tar.begin(name, text.size());
    tar.add(as_bytes(text));
  };
  // manifest.json was read against SHA256SUMS a while ago; it never changes, and whoever reads compares
  // again.
  for (const std::string_view name : {kManifestFile, kSumsFile})
    add_text(std::string(name), read_file(backup_.dir / name, kLongestManifest));
  for (const StoredFile& file : other_files(manifest_)) {
    tar.begin(file.file, file.stored);
    copy_checked(
        backup_.dir / file.file, file, [&](Bytes bytes) { tar.add(bytes); }, stop);
  }
  for (const std::string& name : list_names(backup_.dir / kEvidenceDir)) {
    const std::string file = fmt::format("{}/{}", kEvidenceDir, name);
    if (!name.starts_with('.') && name.ends_with(".json") && file.size() <= kLongestTarName)
      add_text(file, read_file(backup_.dir / file, kLongestManifest));
  }
  add_text(kIndexFile, index_json(manifest_.summary.id, placed()));
  tar.finish();
  const std::string home = store_home_of(repository_.uuid(), backup_.id);
  return put(
      stored_form(std::move(pack), stop),
      [&] { return home + "files-" + random_hex(kRandomOfFiles) + suffix(true); }, stop);
}

/// Sent is what the store shows afterwards.
void Pushing::look_at_sent(const std::stop_token& stop) {
  std::atomic<std::size_t> next = 0;
  run_workers("look", options_.jobs, stop, [&](unsigned, const std::stop_token& token) {
    for (std::size_t at; (at = next++) < sent_.size();) {
      const Bound& object = sent_[at];
      if (store_.head(object.name, token) != object.bytes)
        throw Error(fmt::format("{}/{}: it was sent, and the store does not show it with its size",
                                store_.where(), object.name),
                    "somebody removes objects from the store, or it loses them; push again");
    }
  });
}

void Pushing::commit(const Bound& files, const std::stop_token& stop) {
  Commit commit{.repository = repository_.uuid(),
                .id = manifest_.summary.id,
                .taken = manifest_.summary.snapshot.taken,
                .pushed = now(),
                .tool_version = options_.tool_version,
                .key = known_.key,
                .files = files,
                .parts = {}};
  for (const auto& object : objects_) commit.parts.push_back(*object);
  const std::string name = commit_name(repository_.uuid(), backup_.id);
  Signer signer;
  if (!options_.sign_key.empty())
    signer = [&](const std::string& text) { return sign_by_ssh(text, options_.sign_key, stop); };
  const Put put = store_.put_new(name, body_of(to_json(commit, naming_, signer)), stop);
  if (put == Put::stored || (put == Put::taken && is_committed(stop))) return;
  throw Error(fmt::format("{}/{}: the store did not take it as it was sent", store_.where(), name));
}

void Pushing::store_evidence(std::string_view seen) const {
  const Evidence evidence{.kind = kStoreEvidence,
                          .started = started_,
                          .finished = now(),
                          .verdict = Verdict::pass,
                          .tool_version = options_.tool_version,
                          .host = host_name(),
                          .checks = {{"copy", Verdict::pass, std::string(seen)}},
                          .findings = {},
                          .phases = {},
                          .scope = "all",
                          .facts = {{kStoreName, options_.name},
                                    {"store_id", store_id_},
                                    {"encrypted", known_.key == 0 ? "no" : "yes"},
                                    {"objects_sent", std::to_string(pushed_.objects_sent)},
                                    {"bytes_sent", std::to_string(pushed_.bytes_sent)}},
                          .notes = {},
                          .file = {}};
  repository_.add_evidence(backup_, evidence);
}

Pushed Pushing::run(const std::stop_token& stop) {
  check_place(backup_);
  const ReadLease lease = repository_.lease(backup_);
  return lease.reading([&] { return send_backup(stop); });
}

Pushed Pushing::send_backup(const std::stop_token& stop) {
  manifest_ = read_manifest(backup_.dir);
  pushed_.id = manifest_.summary.id;
  find_target(stop);
  const Fd lock = state_.lock(store_id_);
  if (is_committed(stop)) {
    pushed_.was_there = true;
    if (!options_.dry_run && !backup_.proofs.copies.contains(options_.name))
      store_evidence("its commit object was there already; its objects were not looked up");
    return pushed_;
  }
  sort_out_known(stop);
  if (options_.dry_run) {
    for (std::size_t n = 0; n < units_.size(); ++n) {
      if (objects_[n]) continue;
      ++pushed_.objects_sent;
      pushed_.bytes_sent += units_[n].bytes();
    }
    ++pushed_.objects_sent;
    for (const StoredFile& file : other_files(manifest_)) pushed_.bytes_sent += file.stored;
    return pushed_;
  }
  send_units(stop);
  const Bound files = send_files(stop);
  observer_.phase("look at what was sent");
  look_at_sent(stop);
  commit(files, stop);
  store_evidence(
      "the store showed every object that was sent, and listed every one that was there, with its size");
  return pushed_;
}

}  // namespace

Pushed push(Store& store, const Repository& repository, const Backup& backup, const PushOptions& options,
            Observer& observer, const std::stop_token& stop) {
  return Pushing(store, repository, backup, options, observer).run(stop);
}

}  // namespace pgassay::store
