#include "cli/render/json/drill.h"

#include "cli/basics/json.h"
#include "cli/render/text/drill_text.h"

namespace pgassay::cli {
namespace {

Json number_or_null(const Evidence& evidence, const char* name) {
  const auto found = evidence.facts.find(name);
  return found == evidence.facts.end() ? Json(nullptr) : Json::parsed(found->second);
}

/// What `drill` adds to its document.
Json drilled(const BackupId& id, const drill::DrillReport& report) {
  const Evidence& evidence = report.evidence;
  const bool stored = !evidence.file.empty();
  Json json = {{"verdict", to_string(evidence.verdict)},
               {"checks", checks_json(evidence.checks)},
               {"findings", findings_json(evidence.findings)},
               {"evidence", stored ? Json(evidence.file.string()) : Json(nullptr)}};
  json["drill"] = {{"id", id.stamp},
                   {"source", id.source},
                   {"database", id.database},
                   {"summary", drill_sentence(evidence)},
                   {"started", to_rfc3339(evidence.started)},
                   {"finished", to_rfc3339(evidence.finished)},
                   {"restore_seconds", number_or_null(evidence, kRestoreSeconds)},
                   {"rows", number_or_null(evidence, drill::fact::kRowsCompared)},
                   {"raw_bytes", number_or_null(evidence, drill::fact::kBytesCompared)},
                   {"tables", number_or_null(evidence, drill::fact::kTablesCompared)},
                   {"objects", number_or_null(evidence, drill::fact::kObjectsCompared)},
                   {"phases", phases_json(evidence.phases)},
                   {"facts", evidence.facts},
                   {"notes", evidence.notes},
                   {"connect", report.how_to_connect.empty() ? Json(nullptr) : Json(report.how_to_connect)}};
  if (!stored) json["evidence_document"] = Json::parsed(to_json(evidence));
  return json;
}

}  // namespace

void set_drilled(Reply& reply, const BackupId& id, const drill::DrillReport& report) {
  const Json json = drilled(id, report);
  for (const auto& [key, value] : json.members()) reply.set(key, value);
}

void add_drilled(Reply& reply, const BackupId& id, const drill::DrillReport& report) {
  reply.add("drills", drilled(id, report));
}

void set_collected(Reply& reply, const std::vector<std::string>& gone) {
  reply.set("removed", gone);
}

}  // namespace pgassay::cli
