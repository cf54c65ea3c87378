#include "cli/render/text/report_text.h"

#include <fmt/format.h>

#include "cli/basics/units.h"
#include "cli/render/text/tables.h"
#include "core/postgres/pg_tool.h"
#include "core/system/printable.h"

namespace pgassay::cli {
namespace {

std::string proof_text(const std::optional<Proofs::Last>& last) {
  if (!last) return "never";
  return fmt::format("{} at {}, took {}{}", to_string(last->verdict), to_rfc3339(last->at),
                     format_seconds(last->seconds),
                     last->restore_seconds ? "; restored in " + format_seconds(*last->restore_seconds) : "");
}

void add_facts(TextTable& facts, const Backup& backup, const Manifest& manifest) {
  const ManifestSummary& summary = manifest.summary;
  const double seconds = std::chrono::duration<double>(summary.finished - summary.started).count();
  facts.row({"backup", summary.id.shown()});
  facts.row({"path", backup.dir.string()});
  if (!summary.label.empty()) facts.row({"label", summary.label});
  if (backup.proofs.pin)
    facts.row({"pinned", to_rfc3339(backup.proofs.pin->at) + " " + backup.proofs.pin->reason});
  if (backup.proofs.accepted)
    facts.row({"accepted", to_rfc3339(backup.proofs.accepted->at) + " " + backup.proofs.accepted->reason});
  facts.row({"taken",
             fmt::format("{} (snapshot), LSN {}", to_rfc3339(summary.snapshot.taken), summary.snapshot.lsn)});
  facts.row({"run", fmt::format("{} to {}, {}", to_rfc3339(summary.started), to_rfc3339(summary.finished),
                                format_seconds(seconds))});
  facts.row({"server", fmt::format("PostgreSQL {}{}", manifest.server.version_text,
                                   manifest.server.standby ? ", a standby" : "")});
  facts.row({"tools",
             fmt::format("pgassay {}, pg_dump {}; restored by pg_restore {} and newer", summary.tool_version,
                         summary.pg_dump_version, pg_restore_needed(summary.pg_dump_version_num))});
  facts.row({"database",
             fmt::format("{}, owner {}, {}, {}/{}", manifest.database.name, manifest.database.owner,
                         manifest.database.encoding, manifest.database.collate, manifest.database.ctype)});
  facts.row({"rows", fmt::format("{} in {}", format_count(summary.rows), counted(summary.tables, "table"))});
  facts.row({"bytes", fmt::format("{} -> {} stored, {} new; all stored anew {}",
                                  format_bytes(summary.raw_bytes), format_bytes(summary.stored_bytes),
                                  format_bytes(summary.new_bytes), to_rfc3339(summary.full_since))});
  facts.row({"beside rows", fmt::format("{}, {}, {}", counted(manifest.sequences.size(), "sequence"),
                                        counted(manifest.large_objects.count, "large object"),
                                        counted(manifest.extensions.size(), "extension"))});
  facts.row({"roles", manifest.role_passwords ? "with passwords" : "without passwords"});
  facts.row({"verified", proof_text(backup.proofs.verified)});
  facts.row({"drilled", proof_text(backup.proofs.drilled)});
  for (const auto& [store, at] : backup.proofs.copies)
    facts.row({"copied", fmt::format("to {}, {}", store, to_rfc3339(at))});
  if (backup.proofs.drilled && !backup.proofs.drilled->mends.empty())
    facts.row({"to be mended", backup.proofs.drilled->mends});
}

std::string data_note(const Relation& relation) {
  std::string note = relation.data == Data::excluded ? "rows left out" : "";
  if (relation.kind == 'p') note = "partitioned";
  if (relation.kind == 'm') note = "materialized view";
  if (relation.kind == 'f') note = "foreign table";
  if (relation.format == RowFormat::binary) note += note.empty() ? "binary" : ", binary";
  if (relation.unlogged) note += note.empty() ? "unlogged" : ", unlogged";
  return note;
}

std::string tables_text(const Manifest& manifest, std::size_t largest) {
  TextTable table({{largest ? "LARGEST TABLES" : "TABLE"},
                   {"ROWS", Align::right},
                   {"BYTES", Align::right},
                   {"STORED", Align::right},
                   {"PARTS", Align::right},
                   {"NOTE"}});
  const auto add = [&](const Relation& relation) {
    table.row({relation.name.shown(), format_count(relation.digest.rows), format_bytes(relation.raw_bytes()),
               format_bytes(relation.stored_bytes()), format_count(relation.parts.size()),
               data_note(relation)});
  };
  if (largest == 0) {
    for (const Relation& relation : manifest.relations) add(relation);
  } else {
    for (const Relation* relation : largest_relations(manifest, largest)) add(*relation);
  }
  return table.text();
}

}  // namespace

std::string show_text(const Backup& backup, const Manifest& manifest, std::size_t largest) {
  TextTable facts({{""}, {""}});
  add_facts(facts, backup, manifest);
  std::string text = facts.text();
  if (!manifest.phases.empty()) {
    TextTable phases({{"PHASE"}, {"TIME", Align::right}});
    for (const PhaseTime& phase : manifest.phases) phases.row({phase.name, format_seconds(phase.seconds)});
    text += "\n" + phases.text();
  }
  text += "\n" + tables_text(manifest, largest);
  if (!manifest.left_out.empty()) {
    TextTable left_out({{"LEFT OUT"}, {"WHY"}});
    for (const LeftOut& one : manifest.left_out) left_out.row({one.what, one.why});
    text += "\n" + left_out.text();
  }
  for (const ToolWords& words : manifest.tools_said) text += "\n" + printable(words.shown()) + "\n";
  if (!manifest.extensions.empty()) {
    TextTable extensions({{"EXTENSION"}, {"VERSION"}, {"SCHEMA"}});
    for (const ExtensionInfo& one : manifest.extensions) extensions.row({one.name, one.version, one.schema});
    text += "\n" + extensions.text();
  }
  return text;
}

std::string verified_text(const BackupId& id, const Evidence& evidence, bool all_checks) {
  std::string text;
  if (all_checks) {
    for (const Check& check : evidence.checks) {
      text += fmt::format("  {:<10}  {}: {}\n", to_string(check.verdict), printable(check.name),
                          printable(check.detail));
    }
  }
  for (const Finding& finding : evidence.findings) {
    text += fmt::format("  {}: {}: {}\n", printable(finding.file), finding.kind, printable(finding.detail));
  }
  const double seconds = std::chrono::duration<double>(evidence.finished - evidence.started).count();
  const std::string scope = evidence.scope == "all" ? "" : fmt::format(", data read: {}", evidence.scope);
  return text + fmt::format("{} {} ({}{})\n", to_string(evidence.verdict), printable(id.shown()),
                            format_seconds(seconds), scope);
}

namespace {

/// What follows from a loss beneath it.
std::string lost_text(const std::vector<restore::Loss>& lost) {
  std::string text;
  for (const restore::Loss& cause : lost) {
    if (!cause.cause.empty()) continue;
    text += fmt::format("LOST: {}\n", printable(cause.text));
    for (const restore::Loss& loss : lost)
      if (loss.cause == cause.text) text += fmt::format("      and so: {}\n", printable(loss.text));
  }
  return text;
}

}  // namespace

std::string restored_text(const BackupId& id, const restore::RestoreReport& report, bool proved) {
  std::string text =
      fmt::format("restored {} into {} (PostgreSQL {}): {}, {} in {}\n", printable(id.shown()),
                  printable(report.database), report.server_version, counted(report.rows, "row"),
                  format_bytes(report.raw_bytes), format_seconds(report.seconds));
  TextTable phases({{""}, {"", Align::right}});
  for (const PhaseTime& phase : restore::phase_times(report.steps))
    phases.row({phase.name, format_seconds(phase.seconds)});
  text += phases.text(2);
  for (const restore::Note& note : report.notes) text += fmt::format("note: {}\n", printable(note.text));
  for (const std::string& what : report.not_carried)
    text += fmt::format("not carried: {}\n", printable(what));
  text += lost_text(report.lost);
  for (const std::string& step : report.next_steps) text += fmt::format("next: {}\n", printable(step));
  if (!proved) return text + "not proved: --no-prove\n";
  text += fmt::format("proof: {}\n", to_string(report.verdict));
  for (const Check& check : report.checks) {
    if (check.verdict == Verdict::pass && report.verdict != Verdict::pass) continue;
    text += fmt::format("  {:<10}  {}: {}\n", to_string(check.verdict), printable(check.name),
                        printable(check.detail));
  }
  return text;
}

std::vector<const Relation*> largest_relations(const Manifest& manifest, std::size_t limit) {
  std::vector<const Relation*> relations;
  for (const Relation& relation : manifest.relations)
    if (!relation.parts.empty()) relations.push_back(&relation);
  std::ranges::stable_sort(relations, std::greater{}, &Relation::raw_bytes);
  if (relations.size() > limit) relations.resize(limit);
  return relations;
}

}  // namespace pgassay::cli
