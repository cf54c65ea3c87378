#include "cli/render/json/out.h"

#include <algorithm>
#include <mutex>

#include "cli/basics/json.h"
#include "cli/basics/log_line.h"
#include "cli/render/text/report_text.h"

namespace pgassay::cli {
namespace {

constexpr int kDocumentFormat = 1;

Json json_of(const std::optional<Proofs::Last>& last) {
  if (!last) return nullptr;
  Json json = {
      {"at", to_rfc3339(last->at)}, {"verdict", to_string(last->verdict)}, {"seconds", last->seconds}};
  if (last->restore_seconds) json["restore_seconds"] = *last->restore_seconds;
  if (!last->mends.empty()) json["search_path_mends"] = last->mends;
  return json;
}

double seconds_between(Time begin, Time end) {
  return std::chrono::duration<double>(end - begin).count();
}

Json json_of(const Backup& backup) {
  Json json = {{"id", backup.id.stamp},
               {"source", backup.id.source},
               {"database", backup.id.database},
               {"path", backup.dir.string()},
               {"label", nullptr},
               {"pinned", backup.proofs.pin.has_value()},
               {"accepted", backup.proofs.accepted.has_value()},
               {"taken", nullptr},
               {"seconds", nullptr},
               {"bytes", nullptr},
               {"new_bytes", nullptr},
               {"raw_bytes", nullptr},
               {"rows", nullptr},
               {"tables", nullptr},
               {"verified", json_of(backup.proofs.verified)},
               {"drilled", json_of(backup.proofs.drilled)},
               {"copies", Json::object()},
               {"problem", nullptr},
               {"belongs_to", nullptr},
               {"dated_ahead", Json::array()}};
  if (backup.says) json["belongs_to"] = backup.says->shown();
  for (const std::string& file : backup.proofs.dated_ahead) json["dated_ahead"].push_back(file);
  for (const auto& [store, at] : backup.proofs.copies) json["copies"][store] = to_rfc3339(at);
  if (!backup.problem.empty()) json["problem"] = backup.problem;
  if (!backup.summary) return json;
  const ManifestSummary& summary = *backup.summary;
  if (!summary.label.empty()) json["label"] = summary.label;
  json["taken"] = to_rfc3339(summary.snapshot.taken);
  json["seconds"] = seconds_between(summary.started, summary.finished);
  json["bytes"] = summary.stored_bytes;
  json["new_bytes"] = summary.new_bytes;
  json["raw_bytes"] = summary.raw_bytes;
  json["rows"] = summary.rows;
  json["tables"] = summary.tables;
  return json;
}

Json json_of(const Backup& backup, std::span<const LeftOut> left_out) {
  Json json = json_of(backup), lacks = Json::array();
  for (const LeftOut& one : left_out) lacks.push_back({{"what", one.what}, {"why", one.why}});
  json["left_out"] = std::move(lacks);
  return json;
}

Json json_of(const Check& check) {
  return {{"name", check.name}, {"verdict", to_string(check.verdict)}, {"detail", check.detail}};
}

Json json_of(const Finding& finding) {
  return {{"file", finding.file}, {"kind", finding.kind}, {"detail", finding.detail}};
}

Json json_of(const Verified& verified) {
  return {{"id", verified.id.stamp},
          {"source", verified.id.source},
          {"database", verified.id.database},
          {"verdict", to_string(verified.evidence.verdict)},
          {"scope", verified.evidence.scope},
          {"checks", checks_json(verified.evidence.checks)},
          {"findings", findings_json(verified.evidence.findings)},
          {"evidence", text_or_null(verified.evidence.file.string())}};
}

std::string_view name_of(Data data) {
  switch (data) {
    case Data::copied:
      return "copied";
    case Data::excluded:
      return "excluded";
    case Data::none:
      return "none";
  }
  return "none";
}

Json json_of(const Relation& relation) {
  return {{"schema", relation.name.schema},
          {"name", relation.name.name},
          {"kind", std::string(1, relation.kind)},
          {"data", name_of(relation.data)},
          {"row_format", relation.format == RowFormat::binary ? "binary" : "text"},
          {"rows", relation.digest.rows},
          {"digest", relation.digest.hex()},
          {"raw_bytes", relation.raw_bytes()},
          {"bytes", relation.stored_bytes()},
          {"parts", relation.parts.size()}};
}

}  // namespace

Json phases_json(std::span<const PhaseTime> phases) {
  Json json = Json::array();
  for (const PhaseTime& phase : phases) json.push_back({{"name", phase.name}, {"seconds", phase.seconds}});
  return json;
}

Json checks_json(std::span<const Check> checks) {
  Json json = Json::array();
  for (const Check& check : checks) json.push_back(json_of(check));
  return json;
}

Json findings_json(std::span<const Finding> findings) {
  Json json = Json::array();
  for (const Finding& finding : findings) json.push_back(json_of(finding));
  return json;
}

struct Reply::Members {
  std::mutex mutex;
  std::string command;
  Json messages = Json::array();
  Json own = Json::object();
};

Reply::Reply(std::string command) : members_(std::make_unique<Members>()) {
  members_->command = std::move(command);
}

Reply::~Reply() = default;

void Reply::message(Level level, std::string_view text, std::string_view hint) {
  const std::lock_guard lock(members_->mutex);
  members_->messages.push_back({{"level", name_of(level)}, {"text", text}, {"hint", hint}});
}

void Reply::set_backup(const Backup& backup) {
  members_->own["backup"] = json_of(backup);
}

void Reply::set_backup(const Backup& backup, std::span<const LeftOut> left_out) {
  members_->own["backup"] = json_of(backup, left_out);
}

void Reply::add_backup(const Backup& backup, std::span<const LeftOut> left_out) {
  add("backups", json_of(backup, left_out));
}

void Reply::set_backups(std::span<const Backup> backups) {
  Json json = Json::array();
  for (const Backup& backup : backups) json.push_back(json_of(backup));
  members_->own["backups"] = std::move(json);
}

void Reply::set_details(const Manifest& manifest, std::size_t largest) {
  const ManifestSummary& summary = manifest.summary;
  Json extensions = Json::array(), left_out = Json::array(), relations = Json::array();
  for (const ExtensionInfo& one : manifest.extensions) {
    extensions.push_back({{"name", one.name}, {"schema", one.schema}, {"version", one.version}});
  }
  for (const LeftOut& one : manifest.left_out) left_out.push_back({{"what", one.what}, {"why", one.why}});
  Json tools_said = Json::array();
  for (const ToolWords& words : manifest.tools_said)
    tools_said.push_back({{"tool", words.tool}, {"line", words.line}});
  if (largest == 0) {
    for (const Relation& relation : manifest.relations) relations.push_back(json_of(relation));
  } else {
    for (const Relation* relation : largest_relations(manifest, largest))
      relations.push_back(json_of(*relation));
  }
  members_->own["details"] = {
      {"tool_version", summary.tool_version},
      {"pg_dump_version", summary.pg_dump_version},
      {"server_version", manifest.server.version_text},
      {"system_identifier", manifest.server.system_identifier},
      {"standby", manifest.server.standby},
      {"encoding", manifest.database.encoding},
      {"collate", manifest.database.collate},
      {"ctype", manifest.database.ctype},
      {"owner", manifest.database.owner},
      {"snapshot", summary.snapshot.id},
      {"lsn", summary.snapshot.lsn},
      {"started", to_rfc3339(summary.started)},
      {"finished", to_rfc3339(summary.finished)},
      {"full_since", to_rfc3339(summary.full_since)},
      {"phases", phases_json(manifest.phases)},
      {"role_passwords", manifest.role_passwords},
      {"extensions", std::move(extensions)},
      {"left_out", std::move(left_out)},
      {"tools_said", std::move(tools_said)},
      {"sequences", manifest.sequences.size()},
      {"large_objects", manifest.large_objects.count},
      {"relations", std::move(relations)},
  };
}

void Reply::set_verified(std::span<const Verified> verified) {
  Json checks = Json::array(), findings = Json::array(), results = Json::array();
  for (const Verified& one : verified) {
    for (const Check& check : one.evidence.checks) checks.push_back(json_of(check));
    for (const Finding& finding : one.evidence.findings) findings.push_back(json_of(finding));
    results.push_back(json_of(one));
  }
  Json& own = members_->own;
  own["verdict"] = to_string(overall(verified));
  own["checks"] = std::move(checks);
  own["findings"] = std::move(findings);
  own["evidence"] = verified.size() == 1 ? text_or_null(verified[0].evidence.file.string()) : Json(nullptr);
  own["results"] = std::move(results);
}

Json restored_json(const BackupId& id, const restore::RestoreReport& report) {
  return {{"restore",
           {{"id", id.stamp},
            {"source", id.source},
            {"database", id.database},
            {"into", report.database},
            {"resumed", report.resumed},
            {"server_version", report.server_version},
            {"seconds", report.seconds},
            {"rows", report.rows},
            {"raw_bytes", report.raw_bytes},
            {"phases", phases_json(restore::phase_times(report.steps))},
            {"lost", restore::texts(report.lost)},
            {"notes", restore::texts(report.notes)},
            {"not_carried", report.not_carried},
            {"next_steps", report.next_steps}}},
          {"verdict", to_string(report.verdict)},
          {"checks", checks_json(report.checks)}};
}

void Reply::set_restored(const BackupId& id, const restore::RestoreReport& report) {
  const Json document = restored_json(id, report);
  for (const Json::Member& member : document.members()) members_->own[member.name] = member.value;
}

void Reply::set(std::string_view key, Json value) {
  members_->own[std::string(key)] = std::move(value);
}

void Reply::add(std::string_view key, Json value) {
  members_->own[std::string(key)].push_back(std::move(value));
}

std::string Reply::document(int exit) const {
  const std::lock_guard lock(members_->mutex);
  Json json = {{"format", kDocumentFormat},
               {"command", members_->command.empty() ? Json(nullptr) : Json(members_->command)},
               {"ok", exit == 0},
               {"exit", exit},
               {"messages", members_->messages}};
  for (const Json::Member& own : members_->own.members()) json[own.name] = own.value;
  return json.text(2) + "\n";
}

Verdict overall(std::span<const Verified> verified) {
  std::vector<Check> verdicts;
  for (const Verified& one : verified) verdicts.push_back({{}, one.evidence.verdict, {}});
  return pgassay::overall(verdicts);
}

}  // namespace pgassay::cli
