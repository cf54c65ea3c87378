#include "cli/render/json/stack.h"

#include "cli/basics/json.h"

namespace pgassay::cli {
namespace {

Json or_null(const std::optional<std::uint64_t>& number) {
  return number ? Json(*number) : Json();
}

}  // namespace

void set_stack_checks(Reply& reply, const stack::StackCheckReport& report) {
  Json checks = Json::array(), findings = Json::array();
  for (const stack::StackCheck& check : report.checks)
    checks.push_back({{"check", check.number},
                      {"name", check.name},
                      {"stack", check.stack},
                      {"verdict", to_string(check.verdict)},
                      {"detail", check.detail}});
  for (const stack::StackFinding& finding : report.findings)
    findings.push_back({{"check", finding.check},
                        {"stack", finding.stack},
                        {"verdict", to_string(finding.weight)},
                        {"file", finding.file.empty() ? Json() : Json(finding.file)},
                        {"key", finding.key.empty() ? Json() : Json(finding.key)},
                        {"text", finding.text},
                        {"hint", finding.hint}});
  reply.set("checks", std::move(checks));
  reply.set("findings", std::move(findings));
}

void set_plan(Reply& reply, const stack::SwitchPlan& plan) {
  Json steps = Json::array(), obstacles = Json::array();
  for (const stack::PlannedStep& step : plan.steps)
    steps.push_back({{"step", to_string(step.step)}, {"what", step.what}, {"commands", step.commands}});
  for (const stack::Obstacle& one : plan.obstacles)
    obstacles.push_back({{"text", one.text}, {"hint", one.hint}});
  reply.set("plan", {{"from", plan.facts.at(stack::fact::kFrom)},
                     {"to", plan.facts.at(stack::fact::kTo)},
                     {"steps", std::move(steps)},
                     {"notes", plan.notes},
                     {"obstacles", std::move(obstacles)}});
}

void set_switched(Reply& reply, const stack::SwitchReport& report, const std::string& name) {
  const bool switched = report.outcome == stack::SwitchReport::Outcome::switched;
  Json carried = Json::array();
  for (const stack::VolumePair& one : report.carried) carried.push_back({{"from", one.from}, {"to", one.to}});
  reply.set("switch", {{"name", name},
                       {"outcome", switched ? "switched" : "undecided"},
                       {"final_backup", text_or_null(report.final_backup)},
                       {"downtime_seconds", switched ? Json(report.downtime_seconds) : Json()},
                       {"carried_volumes", std::move(carried)},
                       {"volumes_left", report.volumes_left}});
}

void set_rolled_back(Reply& reply, const stack::RollbackReport& report, const std::string& name) {
  Json tables = Json::array();
  for (const stack::ChangedTable& one : report.left_behind)
    tables.push_back({{"schema", one.table.schema},
                      {"name", one.table.name},
                      {"rows", or_null(one.after)},
                      {"rows_in_old_database", or_null(one.before)}});
  reply.set("rollback", {{"name", name},
                         {"needed", report.needed},
                         {"started", report.started},
                         {"gone", report.gone},
                         {"backup", text_or_null(report.saved)},
                         {"left_behind", std::move(tables)},
                         {"routes_problem", text_or_null(report.routes_problem)}});
}

void set_taken_back(Reply& reply, const std::string& name) {
  reply.set("rollback_abandoned", {{"name", name}});
}

void set_forgotten(Reply& reply, const std::vector<std::string>& removed, const std::string& name) {
  reply.set("forgotten", {{"name", name}, {"containers", removed}});
}

}  // namespace pgassay::cli
