#include "nightly/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/repository/json_fields.h"
#include "core/repository/json_text.h"
#include "core/repository/names.h"
#include "core/system/exits.h"

namespace pgassay::nightly {
namespace {

using Layout = JsonText::Layout;
constexpr int kFormat = 1;
constexpr std::size_t kLongestRecord = 16 << 20;
constexpr std::pair<Outcome, std::string_view> kOutcomes[] = {{Outcome::done, "done"},
                                                              {Outcome::failed, "failed"},
                                                              {Outcome::not_due, "not due"},
                                                              {Outcome::skipped, "skipped"}};

Place place(const Repository& repository, const std::string& source, const char* suffix) {
  return entry_for(repository.root() / ".nightly", source, suffix);
}

NightStep read_step(const JsonFields& json) {
  NightStep step;
  step.name = json.text("name");
  step.outcome = json.parsed("outcome", "is no outcome of a step", [](const std::string& text) {
    const auto found = std::ranges::find(kOutcomes, text, &std::pair<Outcome, std::string_view>::second);
    if (found == std::end(kOutcomes)) throw Error(text);
    return found->first;
  });
  step.exit = static_cast<Exit>(json.small_integer("exit"));
  step.seconds = json.number("seconds");
  step.text = json.text("text");
  step.hint = json.text("hint");
  if (json.has("database")) step.database = json.text("database");
  return step;
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  return std::ranges::find(kOutcomes, outcome, &std::pair<Outcome, std::string_view>::first)->second;
}

Exit NightRecord::exit() const {
  Exit exit = Exit::done;
  for (const NightStep& step : steps) exit = worse(exit, step.exit);
  return exit;
}

std::string to_json(const NightRecord& record) {
  JsonText json;
  json.object(Layout::block);
  json.number({"format"}, kFormat);
  json.text({"source"}, record.source);
  json.text({"database"}, record.database);
  json.text({"backup"}, record.backup);
  json.time({"started"}, record.started);
  json.time({"finished"}, record.finished);
  json.text({"host"}, record.host);
  json.array({"steps"}, Layout::block);
  for (const NightStep& step : record.steps) {
    json.object();
    json.text({"name"}, step.name);
    json.text({"outcome"}, to_string(step.outcome));
    json.number({"exit"}, static_cast<int>(step.exit));
    json.seconds({"seconds"}, step.seconds);
    json.text({"text"}, step.text);
    json.text({"hint"}, step.hint);
    if (!step.database.empty()) json.text({"database"}, step.database);
    json.end();
  }
  json.end();
  json.array({"room"}, Layout::block);
  for (const RoomThen& night : record.room) {
    json.object();
    json.time({"at"}, night.at);
    json.number({"free_bytes"}, night.free_bytes);
    json.end();
  }
  json.end();
  json.end();
  return json.take() + "\n";
}

NightRecord parse_night_record(std::string_view text, const Path& file) {
  const JsonFields json = read_json(text, file);
  if (json.small_integer("format") > kFormat)
    throw NewerFormat(fmt::format("{}: written by a newer pgassay", file.string()));
  NightRecord record;
  record.source = json.text("source");
  record.database = json.text("database");
  record.backup = json.text("backup");
  record.started = json.time("started");
  record.finished = json.time("finished");
  record.host = json.text("host");
  for (const JsonFields& step : json.objects("steps")) record.steps.push_back(read_step(step));
  if (json.has("room"))
    for (const JsonFields& night : json.objects("room"))
      record.room.push_back({night.time("at"), night.unsigned_integer("free_bytes")});
  return record;
}

NightLock::NightLock(const Repository& repository, const std::string& source) {
  const Place file = place(repository, source, ".lock");
  make_private_dirs(file.parent_path());
  fd_ = open_lock_file(file);
  if (!try_lock(fd_, LockMode::exclusive))
    throw Locked(fmt::format("another nightly run of {} is going on", source),
                 "it holds " + file.string() + "; wait for its end");
}

void store(const Repository& repository, const NightRecord& record) {
  const Place file = place(repository, record.source, ".json");
  make_private_dirs(file.parent_path());
  replace_file(file, to_json(record));
}

std::optional<NightRecord> last_night(const Repository& repository, const std::string& source) {
  const Place file = place(repository, source, ".json");
  if (!exists(file)) return std::nullopt;
  return parse_night_record(read_file(file, kLongestRecord), file.path());
}

}  // namespace pgassay::nightly
