#include "drill/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "core/postgres/session.h"
#include "drill/amcheck.h"
#include "drill/planned.h"
#include "proof/properties_check.h"
#include "proof/roles_check.h"
#include "proof/row_proof.h"

namespace pgassay::drill {
namespace {

void append(std::vector<Check>& checks, std::vector<Check> more) {
  checks.insert(checks.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

std::string doubt_about_inventory(const Manifest& manifest) {
  const auto found = std::find_if(manifest.left_out.begin(), manifest.left_out.end(),
                                  [](const LeftOut& one) { return one.what == kInventoryInDoubt; });
  return found == manifest.left_out.end() ? std::string() : found->why;
}

/// Nothing of it may be fetched from elsewhere, so an empty one is no failure.
void excuse_views(const proof::DrillCircumstances& circumstances, std::vector<Check>& checks) {
  std::set<std::string> cut_off;
  for (const auto& [identity, name] : circumstances.cut_off) cut_off.insert(name.shown());
  for (Check& check : checks) {
    if (check.verdict != Verdict::fail || check.id.kind != CheckKind::materialized_view) continue;
    if (!cut_off.contains(check.id.object)) continue;
    check.verdict = Verdict::unverified;
    check.detail += fmt::format("; {}", proof::kCutOff);
  }
}

/// "; and so: …" of what is lost only because this is.
std::string what_follows(const std::vector<restore::Loss>& lost, const restore::Loss& cause) {
  std::string text;
  for (const restore::Loss& loss : lost)
    if (loss.cause == cause.text) text += fmt::format("; and so: {}", loss.text);
  return text;
}

/// Takes out what a check of the restore says already, with the same verdict: that an object is missing or
/// another, when it was told to be lost, and why.
void leave_out_what_is_told(const std::vector<restore::Loss>& lost, const std::vector<Check>& told,
                            std::vector<Check>& checks) {
  std::set<std::string> objects;
  for (const restore::Loss& loss : lost)
    for (const char* kind :
         {"constraint ", "domain constraint ", "index ", "table ", "view ", "materialized view "})
      objects.insert(kind + loss.object);
  std::erase_if(checks, [&](const Check& check) {
    const bool of_owner = check.id.aspect == "owner" || check.id.aspect == "privileges";
    return check.id.kind == CheckKind::inventory && !of_owner && objects.contains(check.id.object) &&
           std::ranges::all_of(told, [&](const Check& one) { return one.verdict == check.verdict; });
  });
}

proof::InventoryComparison check_objects(Connection& connection, const RestoredBackup& restored,
                                         const proof::DrillCircumstances& circumstances,
                                         const proof::Accepted& accepted) {
  connection.query("BEGIN");
  restored.foreign.give_back(connection);
  std::vector<proof::InventoryObject> now = proof::read_present_inventory(connection);
  connection.query("ROLLBACK");
  proof::InventoryComparison comparison = compare_inventories(
      restored.inventory, std::move(now), circumstances, doubt_about_inventory(restored.manifest), accepted);
  proof::name_definitions(connection, comparison.checks);
  return comparison;
}

/// Read in the restored database, in whose encoding their names are.
std::vector<Check> check_roles(Connection& connection, const RestoredBackup& restored,
                               const std::string& excuse) {
  if (!restored.manifest.roles) return {};
  return proof::compare_roles(
      *restored.manifest.roles,
      {read_roles(connection), restored.report.roles_made, restore::roles_told(restored.report.lost)},
      excuse);
}

}  // namespace

std::vector<Check> check_restore(const restore::RestoreReport& report,
                                 const proof::DrillCircumstances& circumstances) {
  if (report.lost.empty()) return {{"restore", Verdict::pass, "ended clean"}};
  std::vector<Check> checks;
  for (const restore::Loss& loss : report.lost) {
    if (!loss.cause.empty()) continue;
    const bool cut_off =
        loss.kind == restore::LossKind::materialized_view && circumstances.cut_off.contains(loss.object);
    const std::string excuse = cut_off ? proof::kCutOff : circumstances.excuse();
    const std::string text = loss.text + what_follows(report.lost, loss);
    checks.push_back({"restore",
                      excuse.empty() ? Verdict::fail : Verdict::unverified,
                      excuse.empty() ? text : fmt::format("{}; {}", text, excuse),
                      {CheckKind::restore, loss.object, std::string(to_string(loss.kind))}});
  }
  return checks;
}

Answers check_restored(const RestoredBackup& restored, const DrillQuestions& questions, Observer& observer,
                       std::stop_token stop) {
  Answers answers;
  Connection leader = Connection::open(restored.database, "pgassay drill", stop);
  start_reading_session(leader);
  const proof::DrillCircumstances circumstances = proof::read_circumstances(leader, restored.manifest);
  append(answers.checks, check_restore(restored.report, circumstances));
  PlannedAnswers planned(restored.inventory, questions);

  proof::InventoryComparison objects = check_objects(leader, restored, circumstances, questions.accepted);
  answers.objects = objects.compared;
  planned.objects(objects.answered);
  if (!restored.report.lost.empty())
    leave_out_what_is_told(restored.report.lost, answers.checks, objects.checks);
  append(answers.checks, std::move(objects.checks));
  answers.checks.push_back(proof::compare_properties(
      restored.manifest.database, read_database_properties(leader), circumstances.excuse()));
  planned.properties();
  append(answers.checks, check_roles(leader, restored, circumstances.excuse()));
  append(answers.checks, proof::check_versions(leader, restored.manifest, questions.accept_other_versions));

  proof::Compared compared;
  std::vector<Check> proof = prove(restored.database, restored.manifest,
                                   {questions.jobs, questions.accepted, restored.backup, restored.inventory},
                                   observer, stop, &compared);
  excuse_views(circumstances, proof);
  answers.rows = compared.rows;
  append(answers.checks, std::move(proof));

  std::vector<Check> asked =
      check_assertions(restored.database, questions.assertions, restored.foreign, stop);
  planned.assertions(asked);
  append(answers.checks, std::move(asked));
  if (questions.amcheck) {
    std::optional<std::set<std::string>> looked_at;
    append(answers.checks, check_structure(restored.database, questions.jobs, observer, stop, looked_at));
    planned.structures(looked_at);
  }
  append(answers.checks, planned.not_made());
  make_unique(answers.checks);
  return answers;
}

}  // namespace pgassay::drill
