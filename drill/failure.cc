#include "drill/failure.h"

#include <fmt/format.h>

#include <map>

#include "drill/server_failure.h"
#include "verify/verify.h"

namespace pgassay::drill {
namespace {

Evidence verify_quietly(const Repository& repository, const Backup& backup, Observer& observer,
                        std::stop_token stop) {
  verify::VerifyOptions options;
  options.write_evidence = false;
  return verify_backup(repository, backup, options, observer, std::move(stop));
}

/// What a server in trouble can be helped by.
std::string remedy(ServerFailure failure) {
  if (failure == ServerFailure::disk)
    return "make room where the throwaway server keeps its data, or name another place: --work-dir, TMPDIR";
  if (failure == ServerFailure::memory) return "give the throwaway server more memory: --memory";
  return "its log is above; the backup may be sound";
}

void show_log(const ThrowawayServer& server, Observer& observer) {
  const std::string log = server.log_tail();
  if (!log.empty())
    observer.message(Level::warning, fmt::format("the throwaway server's last words: {}", log), {});
}

std::string unverified_words(const std::string& words) {
  return fmt::format("could not verify: the throwaway server failed: {}", words);
}

/// Could a damaged backup be the reason?
bool suspicious(const Error& error) {
  if (server_failure(error) != ServerFailure::none) return false;
  return !error.is(ErrorKind::connection_lost, ErrorKind::system) || error.is_loss();
}

}  // namespace

void throw_failure(const Error& error, const Repository& repository, const Backup& backup,
                   const ThrowawayServer& server, Observer& observer, std::stop_token stop) {
  error.raise_if(ErrorKind::stopped, ErrorKind::locked, ErrorKind::bad_backup, ErrorKind::newer_format,
                 ErrorKind::unverified, ErrorKind::no_container_engine, ErrorKind::another_server);
  if (error.is(ErrorKind::refused))
    throw Unverified(fmt::format("could not verify: {}", error.what()), error.hint(), error);
  if (suspicious(error)) {
    const Evidence stored = verify_quietly(repository, backup, observer, std::move(stop));
    if (stored.verdict == Verdict::fail) throw BadBackup(error.what(), error.hint(), error);
  }
  throw_server_failure(error, server, observer);
}

void throw_server_failure(const Error& error, const ThrowawayServer& server, Observer& observer) {
  error.raise_if(ErrorKind::stopped, ErrorKind::another_server);
  show_log(server, observer);
  throw Unverified(unverified_words(error.what()),
                   error.hint().empty() ? remedy(server_failure(error)) : error.hint(), error);
}

void throw_if_lacking(std::span<const restore::Loss> lost) {
  const std::string lacking = lacking_of_host(lost);
  if (lacking.empty()) return;
  throw Unverified("could not verify: the throwaway server's host lacks what the backup needs: " + lacking,
                   "install it here, or drill with an image that has it: --engine docker --image IMAGE");
}

void throw_if_server_failure(const restore::Loss& loss, const ThrowawayServer& server, Observer& observer) {
  const ServerFailure failure = server_failure(loss);
  if (failure == ServerFailure::none) return;
  show_log(server, observer);
  throw Unverified(unverified_words(loss.text), remedy(failure));
}

void add_damage(const Repository& repository, const Backup& backup, Observer& observer, Evidence& evidence,
                std::stop_token stop) {
  const Evidence stored = verify_quietly(repository, backup, observer, std::move(stop));
  evidence.findings = stored.findings;
  std::map<std::string, std::string> tables;
  try {
    for (const Relation& relation : read_manifest(backup.dir).relations)
      for (const Part& part : relation.parts) tables[part.file] = relation.name.shown();
  } catch (const Error&) {
    // The findings say so.
  }
  for (const Finding& finding : stored.findings) {
    const auto table = tables.find(finding.file);
    if (table != tables.end())
      evidence.checks.push_back({"table " + table->second,
                                 Verdict::fail,
                                 finding.file + ": " + finding.detail,
                                 {CheckKind::stored, table->second, finding.file}});
  }
  for (const Check& check : stored.checks)
    if (check.verdict != Verdict::pass)
      evidence.checks.push_back(
          {"stored " + check.name, check.verdict, check.detail, {CheckKind::stored, check.name, {}}});
}

}  // namespace pgassay::drill
