#include "core/repository/evidence.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <tuple>

#include "core/repository/json_fields.h"
#include "core/repository/json_text.h"
#include "core/repository/layout.h"
#include "core/system/error.h"

namespace pgassay {
namespace {

using Layout = JsonText::Layout;
constexpr int kEvidenceFormat = 1;
constexpr std::size_t kLongestEvidence = std::size_t{1} << 28;

void write_findings(JsonText& json, const Evidence& evidence) {
  json.array({"checks"}, Layout::block);
  for (const Check& check : evidence.checks) {
    json.object();
    json.text({"name"}, check.name);
    json.text({"verdict"}, to_string(check.verdict));
    json.text({"detail"}, check.detail);
    json.end();
  }
  json.end();
  json.array({"findings"}, Layout::block);
  for (const Finding& finding : evidence.findings) {
    json.object();
    json.text({"file"}, finding.file);
    json.text({"kind"}, finding.kind);
    json.text({"detail"}, finding.detail);
    json.end();
  }
  json.end();
}

void check_format(const JsonFields& json, const Path& file) {
  const int format = json.small_integer("format");
  if (format > kEvidenceFormat) {
    throw BadBackup(fmt::format("{}: written by a newer pgassay: its format is {}, this one reads up to {}",
                                file.string(), format, kEvidenceFormat));
  }
}

Verdict read_verdict(const JsonFields& json) {
  return json.parsed("verdict", "is none of PASS, FAIL, UNVERIFIED",
                     [](const std::string& text) { return parse_verdict(text); });
}

Proofs::Last last_of(const Evidence& evidence) {
  const std::chrono::duration<double> took = evidence.finished - evidence.started;
  const auto mends = evidence.facts.find(kSearchPathMends);
  return {evidence.finished, evidence.verdict, took.count(), restore_seconds(evidence),
          mends == evidence.facts.end() ? std::string() : mends->second};
}

/// Of two with the same number, stored by hosts that did not see each other's, the FAIL is taken for the
/// later one.
bool stored_before(const Evidence& a, const Evidence& b) {
  const auto key = [](const Evidence& one) {
    return std::tuple(one.number, one.number > 0 && one.verdict == Verdict::fail, one.finished);
  };
  return key(a) < key(b);
}

/// To be called in the order in which they were stored.
void note(const Evidence& evidence, Time now, Proofs& proofs) {
  const bool failed = evidence.verdict == Verdict::fail, ahead = evidence.finished > now + kClocksApart;
  if (ahead) proofs.dated_ahead.push_back(evidence.file.filename().string());
  auto& last = evidence.kind == "drill" ? proofs.drilled : proofs.verified;
  const bool counts = failed || (evidence.scope == "all" && !ahead);
  const bool stands = last && last->verdict == Verdict::fail && evidence.verdict == Verdict::unverified;
  if (counts && !stands) last = last_of(evidence);
  if (counts && !ahead && evidence.scope == "all" && evidence.verdict != Verdict::unverified)
    std::erase_if(proofs.dated_ahead,
                  [&](const std::string& file) { return is_evidence_of(file, evidence.kind); });
}

void note_copy(const Evidence& evidence, Proofs& proofs) {
  const auto store = evidence.facts.find(kStoreName);
  if (evidence.verdict != Verdict::pass || store == evidence.facts.end()) return;
  Time& last = proofs.copies[store->second];
  last = std::max(last, evidence.finished);
}

}  // namespace

bool is_evidence_of(std::string_view file, std::string_view kind) {
  return file.ends_with(fmt::format(".{}.json", kind));
}

bool is_evidence(std::string_view file) {
  return is_evidence_of(file, "verify") || is_evidence_of(file, "drill") ||
         is_evidence_of(file, kStoreEvidence);
}

std::optional<double> restore_seconds(const Evidence& evidence) {
  const auto restored = evidence.facts.find(kRestoreSeconds);
  if (restored == evidence.facts.end()) return std::nullopt;
  const std::string& text = restored->second;
  double seconds = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), seconds).ec != std::errc{}) return std::nullopt;
  return seconds;
}

std::string to_json(const Evidence& evidence) {
  JsonText json;
  json.object(Layout::block);
  json.number({"format"}, kEvidenceFormat);
  json.text({"kind"}, evidence.kind);
  if (evidence.number > 0) json.number({"number"}, evidence.number);
  json.time({"started"}, evidence.started);
  json.time({"finished"}, evidence.finished);
  json.text({"verdict"}, to_string(evidence.verdict));
  json.text({"tool_version"}, evidence.tool_version);
  json.text({"host"}, evidence.host);
  json.text({"scope"}, evidence.scope);
  write_findings(json, evidence);
  json.array({"phases"}, Layout::block);
  for (const PhaseTime& phase : evidence.phases) {
    json.object();
    json.text({"name"}, phase.name);
    json.seconds({"seconds"}, phase.seconds);
    json.end();
  }
  json.end();
  json.object({"facts"}, Layout::block);
  for (const auto& [name, value] : evidence.facts) json.text({name}, value);
  json.end();
  json.array({"notes"}, Layout::block);
  for (const std::string& note : evidence.notes) json.text(note);
  json.end();
  json.end();
  return json.take();
}

Evidence parse_evidence(std::string_view text, const Path& name_for_errors) {
  const JsonFields json = read_json(text, name_for_errors);
  check_format(json, name_for_errors);
  Evidence evidence;
  evidence.kind = json.text("kind");
  if (json.has("number")) evidence.number = json.unsigned_integer("number");
  evidence.started = json.time("started");
  evidence.finished = json.time("finished");
  evidence.verdict = read_verdict(json);
  evidence.tool_version = json.text("tool_version");
  evidence.host = json.text("host");
  evidence.scope = json.text("scope");
  for (const JsonFields& check : json.objects("checks")) {
    evidence.checks.push_back({check.text("name"), read_verdict(check), check.text("detail")});
  }
  for (const JsonFields& finding : json.objects("findings")) {
    evidence.findings.push_back({finding.text("file"), finding.text("kind"), finding.text("detail")});
  }
  for (const JsonFields& phase : json.objects("phases")) {
    evidence.phases.push_back({phase.text("name"), phase.number("seconds")});
  }
  evidence.facts = json.text_map("facts");
  if (json.has("notes")) evidence.notes = json.texts("notes");  // evidence of earlier versions has none
  evidence.file = name_for_errors;
  return evidence;
}

std::string to_json(const Pin& pin) {
  JsonText json;
  json.object(Layout::block);
  json.number({"format"}, kEvidenceFormat);
  json.time({"at"}, pin.at);
  json.text({"reason"}, pin.reason);
  json.end();
  return json.take();
}

Pin parse_pin(std::string_view text, const Path& name_for_errors) {
  const JsonFields json = read_json(text, name_for_errors);
  check_format(json, name_for_errors);
  return {json.time("at"), json.text("reason")};
}

Proofs read_proofs(const Place& backup_dir, std::vector<Evidence>* all, Time now) {
  Proofs proofs;
  const Place dir = backup_dir / kEvidenceDir;
  std::vector<std::string> names;
  try {
    names = list_names(dir);
  } catch (const Error&) {
    proofs.unreadable.emplace_back(kEvidenceDir);
  }
  std::vector<Evidence> found;
  for (const std::string& name : names) {
    const bool evidence = is_evidence(name) && !name.starts_with(".");
    if (!evidence && name != kPinFile && name != kAcceptFile) continue;
    const Place file = dir / name;
    try {
      const std::string text = read_file(file, kLongestEvidence);
      if (name == kPinFile)
        proofs.pin = parse_pin(text, file.path());
      else if (name == kAcceptFile)
        proofs.accepted = parse_pin(text, file.path());
      else if (is_evidence_of(name, kStoreEvidence))
        note_copy(parse_evidence(text, file.path()), proofs);
      else
        found.push_back(parse_evidence(text, file.path()));
    } catch (const Error&) {
      proofs.unreadable.push_back(name);
      // Whoever pinned it meant to keep it, whatever became of the reason.
      if (name == kPinFile) proofs.pin = Pin{};
    }
  }
  std::ranges::stable_sort(found, stored_before);
  for (const Evidence& evidence : found) note(evidence, now, proofs);
  if (all) *all = std::move(found);
  return proofs;
}

std::uint64_t next_evidence_number(const Place& backup_dir) {
  std::vector<Evidence> stored;
  read_proofs(backup_dir, &stored);
  return stored.empty() ? 1 : stored.back().number + 1;
}

}  // namespace pgassay
