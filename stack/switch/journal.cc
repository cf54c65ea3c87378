#include "stack/switch/journal.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "core/repository/json_fields.h"
#include "core/repository/json_text.h"
#include "core/repository/names.h"
#include "core/system/split.h"

namespace pgassay::stack {
namespace {

constexpr int kJournalFormat = 1;
constexpr std::size_t kLongestJournal = 64 << 20;
constexpr std::string_view kSuffix = ".jsonl";

constexpr char kLock[] = "lock";

Place home(const Repository& repository) {
  return repository.root() / ".switch";
}

}  // namespace

std::string to_json_line(const JournalEntry& entry) {
  JsonText json;
  json.object();
  json.number({"format"}, kJournalFormat);
  json.time({"at"}, entry.at);
  json.text({"what"}, entry.what);
  json.object({"facts"});
  for (const auto& [key, value] : entry.facts) json.text({key}, value);
  json.end();
  json.end();
  std::string line = json.take();
  while (line.ends_with('\n')) line.pop_back();
  return line;
}

std::vector<JournalEntry> parse_journal(std::string_view text, const Path& file) {
  std::vector<JournalEntry> entries;
  // What follows the last line feed was never flushed whole.
  text = text.substr(0, text.rfind('\n') == std::string_view::npos ? 0 : text.rfind('\n'));
  if (text.empty()) return entries;
  for (const std::string& line : split(text, '\n')) {
    const JsonFields json = read_json(line, file);
    if (json.small_integer("format") > kJournalFormat)
      throw NewerFormat(fmt::format("{}: written by a newer pgassay", file.string()));
    entries.push_back({json.time("at"), json.text("what"), json.text_map("facts")});
  }
  return entries;
}

SwitchLock::SwitchLock(const Repository& repository) {
  make_private_dirs(home(repository));
  const Place file = home(repository) / kLock;
  fd_ = open_lock_file(file);
  // is_held() takes it for a moment.
  constexpr std::chrono::milliseconds kMoment(20);
  bool got = try_lock(fd_, LockMode::exclusive);
  for (int tries = 0; !got && tries < 10; ++tries) {
    std::this_thread::sleep_for(kMoment);
    got = try_lock(fd_, LockMode::exclusive);
  }
  if (!got)
    throw Locked("another switch, or a rollback of one, is going on",
                 "it holds " + file.string() + "; see pgassay stack status, and wait for its end");
}

bool SwitchLock::is_held(const Repository& repository) {
  const Place file = home(repository) / kLock;
  return exists(file) && !try_lock(open_lock_file(file), LockMode::shared);
}

SwitchJournal SwitchJournal::begin(const Repository& repository, const std::string& name) {
  const Place dir = entry_for(home(repository), name);
  make_private_dirs(dir);
  const std::string stamp = to_stamp(now());
  Place file = dir / (stamp + std::string(kSuffix));
  for (unsigned n = 2; exists(file); ++n)
    file = dir / (stamp + "-" + std::to_string(n) + std::string(kSuffix));
  return SwitchJournal(file);
}

std::optional<SwitchJournal> SwitchJournal::newest(const Repository& repository, const std::string& name) {
  const Place dir = entry_for(home(repository), name);
  std::string newest;
  const auto stamp = [](const std::string& file) { return file.substr(0, file.size() - kSuffix.size()); };
  for (const std::string& file : list_names(dir))
    if (file.ends_with(kSuffix) && is_stamp(stamp(file)) &&
        (newest.empty() || stamp_order(stamp(newest)) < stamp_order(stamp(file))))
      newest = file;
  if (newest.empty()) return std::nullopt;
  SwitchJournal journal(dir / newest);
  journal.entries_ = parse_journal(read_file(journal.file_, kLongestJournal), journal.file_.path());
  return journal;
}

std::vector<std::string> SwitchJournal::names(const Repository& repository) {
  std::vector<std::string> found;
  for (const std::string& name : list_names(home(repository)))
    if (is_directory(home(repository) / name)) found.push_back(name_of_entry(name));
  return found;
}

void SwitchJournal::add(const std::string& what, SwitchFacts facts) {
  JournalEntry entry{now(), what, std::move(facts)};
  append_line(file_, to_json_line(entry));
  entries_.push_back(std::move(entry));
}

void SwitchJournal::add_or_warn(const std::string& what, SwitchFacts facts, Observer& observer) {
  try {
    add(what, std::move(facts));
  } catch (const Error& error) {
    observer.message(Level::warning, error.what(), error.hint());
  }
}

}  // namespace pgassay::stack
