#include "verify/verify.h"

#include <fmt/format.h>

#include "core/repository/identity.h"
#include "verify/schema_archive.h"
#include "verify/stored_bytes.h"

namespace pgassay::verify {
namespace {

/// Why the repository could not read it, when nothing else says so: a backup directory that was moved.
void add_problem(const Backup& backup, VerifyFindings& findings) {
  if (backup.problem.empty() || findings.any(check::kManifest) || findings.any(check::kSums)) return;
  findings.add(check::kManifest, {std::string(kManifestFile), "manifest", backup.problem});
}

void store(const Repository& repository, const Backup& backup, Evidence& evidence, Observer& observer) {
  try {
    evidence.file = repository.add_evidence(backup, evidence);
  } catch (const Error& error) {
    observer.message(Level::warning, std::string("the evidence is not stored: ") + error.what(),
                     error.hint());
  }
}

}  // namespace

ReadLease lease_or_unverified(const Repository& repository, const Backup& backup) {
  try {
    return repository.lease(backup);
  } catch (const SystemError& error) {
    throw Unverified(error.what(), error.hint());
  }
}

Evidence verify_backup(const Repository& repository, const Backup& backup, const VerifyOptions& options,
                       Observer& observer, std::stop_token stop) {
  // Its evidence would go with it when it is moved back, and say that it is bad.
  check_place(backup);
  const ReadLease lease = lease_or_unverified(repository, backup);
  Evidence evidence;
  evidence.kind = "verify";
  evidence.started = now();
  evidence.tool_version = options.tool_version;
  evidence.host = host_name();
  evidence.scope =
      options.subset ? fmt::format("{}/{}", options.subset->first, options.subset->second) : "all";

  observer.phase("verify");
  const Stopwatch reading;
  VerifyFindings findings;
  StoredBytes stored =
      lease.reading([&] { return check_stored_bytes(backup.dir, options, findings, observer, stop); });
  evidence.phases.push_back({"stored bytes", reading.seconds()});
  if (stored.manifest) {
    const Stopwatch restoring;
    add_problem(backup, findings);
    stored.checks.front() = findings.conclude(check::kManifest, stored.checks.front().detail);
    stored.checks.push_back(check_schema_archive(backup.dir, *stored.manifest, findings, stop));
    evidence.phases.push_back({"schema archive", restoring.seconds()});
  } else {
    stored.checks.push_back({check::kSchema, Verdict::unverified, "the manifest cannot be read"});
  }

  lease.throw_if_removed();
  evidence.checks = std::move(stored.checks);
  make_unique(evidence.checks);
  evidence.findings = findings.sorted();
  evidence.verdict = overall(evidence.checks);
  evidence.facts = {{"files_read", std::to_string(stored.files_read)},
                    {"bytes_read", std::to_string(stored.bytes_read)},
                    {"rows_read", std::to_string(stored.rows_read)}};
  evidence.finished = now();
  if (options.write_evidence) store(repository, backup, evidence, observer);
  return evidence;
}

}  // namespace pgassay::verify
