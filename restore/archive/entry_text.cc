#include "restore/archive/entry_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "core/postgres/name_pattern.h"
#include "core/system/error.h"
#include "restore/archive/archive_graph.h"

namespace pgassay::restore {
namespace {

std::string in_words(const std::string& kind) {
  if (kind == "FK CONSTRAINT") return "foreign key";
  if (kind == "DEFAULT ACL") return "default privilege";
  if (kind == "TABLE ATTACH") return "place as a partition";
  std::string words = kind;
  for (char& c : words)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return words;
}

std::string plural(const std::string& words) {
  if (words.ends_with('y')) return words.substr(0, words.size() - 1) + "ies";
  return words + (words.ends_with('s') || words.ends_with('x') ? "es" : "s");
}

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

}  // namespace

EntryText::EntryText(const std::vector<ArchiveEntry>& archive, const Manifest& manifest) {
  std::map<Oid, const Relation*> by_oid;
  for (const Relation& relation : manifest.relations) {
    tables_.push_back(relation.name);
    if (relation.oid != Oid::none) by_oid[relation.oid] = &relation;
  }
  for (const ArchiveEntry& entry : archive) {
    const auto found = by_oid.find(entry.oid);
    if (found == by_oid.end() || !entry.names(found->second->name)) continue;
    owners_.insert(entry.text.substr(found->second->name.shown().size() + 1));
  }
  // The longest name that fits is the right one.
  std::stable_sort(tables_.begin(), tables_.end(), [](const QualifiedName& a, const QualifiedName& b) {
    return a.shown().size() > b.shown().size();
  });
}

std::string EntryText::without_owner(std::string_view text) const {
  std::size_t cut = 0;
  for (const std::string& owner : owners_)
    if (text.ends_with(owner) && (text.size() == owner.size() || text[text.size() - owner.size() - 1] == ' '))
      cut = std::max(cut, owner.size());
  text.remove_suffix(cut);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return std::string(text);
}

std::string EntryText::shown(const ArchiveEntry& entry) const {
  const std::string kind = in_words(entry.kind);
  for (const QualifiedName& table : tables_) {
    if (!entry.names(table)) continue;
    const std::string name = without_owner(std::string_view(entry.text).substr(table.shown().size() + 1));
    if (name.empty() && is_relation(entry)) return fmt::format("{} {}", kind, table.shown());
    return name.empty() ? fmt::format("{} of {}", kind, table.shown())
                        : fmt::format("{} {} of {}", kind, name, table.shown());
  }
  std::string name = without_owner(entry.text);
  // "shop TABLE orders": where the kind ends and the name begins can't be told.
  const auto schema_end = name.find(' ');
  if ((entry.is("ACL") || entry.is("COMMENT")) && schema_end != std::string::npos)
    return fmt::format("{} of {}{}", entry.is("ACL") ? "privileges" : "comment", name.substr(schema_end + 1),
                       name.starts_with("- ") ? "" : " in schema " + name.substr(0, schema_end));
  if (entry.is("PUBLICATION TABLE"))
    for (const QualifiedName& table : tables_)
      if (name.starts_with(table.schema + " ") && name.ends_with(" " + table.name))
        return fmt::format("place in publication {} of {}",
                           name.substr(table.schema.size() + 1, name.size() - table.shown().size() - 1),
                           table.shown());
  if (name.starts_with("- "))
    name.erase(0, 2);
  else if (const auto blank = name.find(' '); blank != std::string::npos)
    name[blank] = '.';
  return kind + " " + name;
}

bool EntryText::is_of_one_of(const ArchiveEntry& entry, const std::set<const Relation*>& tables) {
  if (entry.is("INDEX") || entry.is("STATISTICS")) return true;
  return std::any_of(tables.begin(), tables.end(),
                     [&](const Relation* table) { return entry.names(table->name); });
}

std::string counted_kinds(const std::vector<const ArchiveEntry*>& entries) {
  constexpr std::string_view kNoObjects[] = {"PUBLICATION TABLE",
                                             "PUBLICATION TABLES IN SCHEMA",
                                             "ENCODING",
                                             "STDSTRINGS",
                                             "SEARCHPATH",
                                             "DATABASE",
                                             "DATABASE PROPERTIES",
                                             "MATERIALIZED VIEW DATA"};
  std::map<std::string, std::size_t> counts;
  for (const ArchiveEntry* entry : entries)
    if (std::find(std::begin(kNoObjects), std::end(kNoObjects), entry->kind) == std::end(kNoObjects))
      ++counts[in_words(entry->kind)];
  std::vector<std::string> texts;
  for (const auto& [kind, count] : counts)
    texts.push_back(fmt::format("{} {}", count, count == 1 ? kind : plural(kind)));
  return fmt::format("{}", fmt::join(texts, ", "));
}

void throw_unknown_table(const Manifest& manifest, const std::string& pattern, const char* option) {
  const std::string last =
      lower(pattern.substr(pattern.find('.') == std::string::npos ? 0 : pattern.find('.') + 1));
  std::vector<std::string> close;
  for (const Relation& relation : manifest.relations) {
    if (fits_pattern(pattern, relation.name))
      throw UsageError(
          fmt::format("{} '{}': {} is a {}, of which no rows are in the backup", option, pattern,
                      relation.name.shown(), relation.kind == 'm' ? "materialized view" : "foreign table"),
          "name tables");
    const std::string name = lower(relation.name.name);
    const bool near = name.find(last) != std::string::npos || last.find(name) != std::string::npos;
    if (near && relation.kind != 'm' && close.size() < 5) close.push_back(relation.name.shown());
  }
  throw UsageError(fmt::format("{} '{}': no table of the backup is named so", option, pattern),
                   close.empty() ? "`pgassay show --tables` lists what the backup holds"
                                 : fmt::format("the backup has {}", fmt::join(close, ", ")));
}

}  // namespace pgassay::restore
