#include "cli/render/json/nightly.h"

#include "cli/basics/json.h"

namespace pgassay::cli {
namespace {

template <typename Value, typename Shown>
Json or_null(const std::optional<Value>& value, Shown shown) {
  return value ? Json(shown(*value)) : Json(nullptr);
}

Json night_json(const nightly::NightRecord& night) {
  Json steps = Json::array();
  for (const nightly::NightStep& step : night.steps) {
    steps.push_back({{"name", step.name},
                     {"database", step.database.empty() ? Json(nullptr) : Json(step.database)},
                     {"outcome", to_string(step.outcome)},
                     {"exit", static_cast<int>(step.exit)},
                     {"seconds", step.seconds},
                     {"text", step.text},
                     {"hint", step.hint}});
  }
  return {{"source", night.source},
          {"database", night.database},
          {"backup", night.backup.empty() ? Json(nullptr) : Json(night.backup)},
          {"started", to_rfc3339(night.started)},
          {"finished", to_rfc3339(night.finished)},
          {"exit", static_cast<int>(night.exit())},
          {"steps", steps}};
}

Json status_json(const nightly::DatabaseStatus& status) {
  Json concerns = Json::array();
  for (const nightly::Concern& one : status.concerns)
    concerns.push_back(
        {{"health", to_string(one.health)}, {"kind", one.kind}, {"text", one.text}, {"hint", one.hint}});
  const auto newest = [&](auto member) {
    return or_null(status.newest, [&](const Backup& backup) { return member(backup); });
  };
  Json copied = Json::object();
  for (const auto& [store, taken] : status.copied) copied[store] = to_rfc3339(taken);
  return {{"source", status.source},
          {"database", status.database},
          {"copied", std::move(copied)},
          {"watched", status.watched},
          {"unclaimed", status.unclaimed.empty() ? Json(nullptr) : Json(status.unclaimed)},
          {"health", to_string(status.health())},
          {"backups", status.backups},
          {"bad", status.bad},
          {"newest", newest([](const Backup& backup) { return backup.id.stamp; })},
          {"taken", newest([](const Backup& backup) { return to_rfc3339(backup.summary->snapshot.taken); })},
          {"age_seconds", newest([](const Backup& backup) {
             return std::chrono::duration<double>(now() - backup.summary->snapshot.taken).count();
           })},
          {"stored_bytes", newest([](const Backup& backup) { return backup.summary->stored_bytes; })},
          {"verified", or_null(status.verified, to_rfc3339)},
          {"drilled", or_null(status.drilled, to_rfc3339)},
          {"restore_seconds", or_null(status.restore_seconds, [](double seconds) { return seconds; })},
          {"full_in_seconds",
           or_null(status.filling, [](const nightly::Filling& filling) { return filling.left.count(); })},
          {"concerns", concerns},
          {"last_run", or_null(status.night, night_json)}};
}

}  // namespace

void set_status(Reply& reply, const std::vector<nightly::DatabaseStatus>& databases) {
  Json list = Json::array();
  for (const nightly::DatabaseStatus& status : databases) list.push_back(status_json(status));
  reply.set("status", std::move(list));
}

void set_nights(Reply& reply, const std::vector<nightly::NightRecord>& nights) {
  Json list = Json::array();
  for (const nightly::NightRecord& night : nights) list.push_back(night_json(night));
  reply.set("nights", std::move(list));
}

}  // namespace pgassay::cli
