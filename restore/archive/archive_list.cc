#include "restore/archive/archive_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/system/error.h"
#include "core/system/subprocess.h"

namespace pgassay::restore {
namespace {

/// Kinds of more than one word, which a schema's name follows without a sign. Longer ones first where one
/// begins another.
constexpr std::string_view kLongKinds[] = {
    "ACCESS METHOD",
    "CHECK CONSTRAINT",
    "DATABASE PROPERTIES",
    "DEFAULT ACL",
    "EVENT TRIGGER",
    "EXTENDED STATISTICS DATA",
    "FK CONSTRAINT",
    "FOREIGN DATA WRAPPER",
    "FOREIGN SERVER",
    "FOREIGN TABLE",
    "INDEX ATTACH",
    "MATERIALIZED VIEW DATA",
    "MATERIALIZED VIEW",
    "OPERATOR CLASS",
    "OPERATOR FAMILY",
    "PROCEDURAL LANGUAGE",
    "PUBLICATION TABLES IN SCHEMA",
    "PUBLICATION TABLE",
    "ROW SECURITY",
    "SECURITY LABEL",
    "SEQUENCE OWNED BY",
    "SEQUENCE SET",
    "SHELL TYPE",
    "STATISTICS DATA",
    "SUBSCRIPTION TABLE",
    "TABLE ATTACH",
    "TABLE DATA",
    "TEXT SEARCH CONFIGURATION",
    "TEXT SEARCH DICTIONARY",
    "TEXT SEARCH PARSER",
    "TEXT SEARCH TEMPLATE",
    "USER MAPPING",
};

std::string_view kind_of(std::string_view rest) {
  for (const std::string_view kind : kLongKinds)
    if (rest.starts_with(kind) && rest.substr(kind.size()).starts_with(' ')) return kind;
  return rest.substr(0, rest.find(' '));
}

template <typename Number>
bool take_number(std::string_view& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool take(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

/// "4037; 2606 17344 FK CONSTRAINT shop member member_card_fkey shop_owner"
bool read_entry(std::string_view line, ArchiveEntry& entry) {
  std::uint32_t catalog = 0, oid = 0;
  if (!take_number(line, entry.id) || !take(line, "; ") || !take_number(line, catalog) || !take(line, " ") ||
      !take_number(line, oid) || !take(line, " "))
    return false;
  entry.catalog = Oid{catalog};
  entry.oid = Oid{oid};
  entry.kind = kind_of(line);
  line.remove_prefix(std::min(line.size(), entry.kind.size() + 1));
  entry.text = line;
  return true;
}

std::string on_one_line(std::string text) {
  for (char& c : text)
    if (c == '\n' || c == '\r') c = ' ';
  return text;
}

}  // namespace

bool ArchiveEntry::names(const QualifiedName& name) const {
  return text.starts_with(text_of(name));
}

std::string ArchiveEntry::text_of(const QualifiedName& name) {
  return on_one_line(name.schema + " " + name.name) + " ";
}

std::vector<ArchiveEntry> read_archive_list(std::string_view text) {
  std::vector<ArchiveEntry> entries;
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ArchiveEntry entry;
    if (read_entry(line, entry)) {
      entries.push_back(std::move(entry));
    } else if (!entries.empty() && take(line, ";\tdepends on:")) {
      std::vector<int>& needs = entries.back().needs;
      for (int id = 0; take(line, " ") && take_number(line, id);) needs.push_back(id);
      std::sort(needs.begin(), needs.end());
      needs.erase(std::unique(needs.begin(), needs.end()), needs.end());
    }
  }
  return entries;
}

std::vector<ArchiveEntry> list_archive(const PgTool& pg_restore, const Place& archive, std::stop_token stop) {
  Command command;
  command.argv = pg_restore.argv;
  command.argv.insert(command.argv.end(), {"--list", "--verbose"});
  const Fd opened = append_archive(command, pg_restore, archive);
  command.env["LC_ALL"] = "C";
  const Completed done = run(command, stop);
  if (!done.ok())
    throw BadBackup(fmt::format("{}: pg_restore --list: {}", archive.filename(), done.complaint()),
                    "`pgassay verify` says what else is wrong; another backup may be whole");
  return read_archive_list(done.out);
}

}  // namespace pgassay::restore
