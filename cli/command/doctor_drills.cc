#include "cli/command/doctor_drills.h"

#include "drill/server/readiness.h"

namespace pgassay::cli {
namespace {

using Weight = backup::PreflightFinding::Weight;

void join(std::string& text, const std::string& more) {
  if (!more.empty()) text += (text.empty() ? "" : "; ") + more;
}

/// What all of them lack.
backup::PreflightFinding none_usable(const char* check, const std::vector<drill::EngineSight>& engines) {
  backup::PreflightFinding finding{check, Weight::warning, {}, {}};
  for (const drill::EngineSight& one : engines) {
    join(finding.text, std::string(to_string(one.engine)) + ": " + one.text);
    join(finding.hint, one.hint);
  }
  finding.text = "backups can't be restored for trial here: " + finding.text;
  return finding;
}

}  // namespace

backup::PreflightFinding engine_finding(std::stop_token stop) {
  const std::vector<drill::EngineSight> engines = drill::engines_of_this_host(std::move(stop));
  std::string usable;
  for (const drill::EngineSight& one : engines)
    if (one.usable) join(usable, one.text);
  if (usable.empty()) return none_usable("drill engines", engines);
  return {"drill engines", Weight::passed, usable, {}};
}

std::optional<backup::PreflightFinding> drill_finding(const backup::Diagnosis& diagnosis,
                                                      const drill::DrillOptions& options,
                                                      std::stop_token stop) {
  if (!diagnosis.preflight) return std::nullopt;
  const backup::Preflight& seen = *diagnosis.preflight;
  drill::ThrowawayRequest request;
  request.source_version = seen.server.version;
  request.pg_dump_version = seen.pg_dump.version;
  request.raw_bytes = diagnosis.raw_bytes;
  request.database_bytes = seen.server.database_bytes;
  request.shared_preload_libraries = seen.server.shared_preload_libraries;
  request.work_dir = options.work_dir;
  request.memory_bytes = options.memory_bytes;
  request.image = options.image;
  request.pull = options.pull;
  request.allow_weak_sandbox = options.allow_weak_sandbox;
  const std::vector<drill::EngineSight> engines = engines_for(options.engine, request, std::move(stop));
  for (const drill::EngineSight& one : engines)
    if (one.usable) return backup::PreflightFinding{"drill", Weight::passed, "can run here: " + one.text, {}};
  return none_usable("drill", engines);
}

}  // namespace pgassay::cli
