#include "proof/reg_numbers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "core/postgres/catalog.h"
#include "core/postgres/releases.h"
#include "core/stream/part.h"
#include "proof/readers.h"

namespace pgassay::proof {
namespace {

/// More than these are not put into a statement.
constexpr std::size_t kMostNumbers = 200'000;

bool names_an_object(const std::string& type) {
  static const std::set<std::string_view> kTypes = {
      "regclass", "regcollation", "regconfig", "regdatabase",  "regdictionary", "regnamespace",
      "regoper",  "regoperator",  "regproc",   "regprocedure", "regrole",       "regtype"};
  return kTypes.contains(type);
}

/// What is to be looked at in a column: its field may be written otherwise here.
enum class Written { the_same, by_name, padded };

/// "0/1" as newer servers write it: "0/00000001".
std::string padded_lsn(const std::string& field) {
  constexpr std::size_t kDigits = 8;
  const std::size_t slash = field.find('/');
  if (slash == std::string::npos || field.size() - slash - 1 >= kDigits) return field;
  return field.substr(0, slash + 1) + std::string(kDigits - (field.size() - slash - 1), '0') +
         field.substr(slash + 1);
}

/// By column: what a number is written as here, where that is a name.
using Names = std::vector<std::map<std::string, std::string>>;

/// Goes through rows in COPY's text format, field by field, and digests them as this server would write them.
class Renamed : public ChunkSink {
 public:
  Renamed(std::vector<Written> columns, Names names)
      : columns_(std::move(columns)),
        names_(std::move(names)),
        found(columns_.size()),
        digester_(RowFormat::text) {}

  void chunk(Bytes bytes) override {
    std::string out;
    for (const char c : as_text(bytes)) {
      if (c != '\t' && c != '\n') {
        (wanted() ? field_ : out).push_back(c);
        continue;
      }
      if (wanted()) out += renamed();
      out.push_back(c);
      field_.clear();
      column_ = c == '\n' ? 0 : column_ + 1;
    }
    digester_.add(as_bytes(out));
  }
  RowDigest finish() { return digester_.finish(); }

 private:
  const std::vector<Written> columns_;
  const Names names_;

 public:
  std::vector<std::set<std::string>> found;  ///< the numbers of each column

 private:
  bool wanted() const { return column_ < columns_.size() && columns_[column_] != Written::the_same; }
  std::string renamed() {
    if (columns_[column_] == Written::padded) return padded_lsn(field_);
    if (field_.empty() || field_.find_first_not_of("0123456789") != std::string::npos) return field_;
    if (found[column_].size() <= kMostNumbers) found[column_].insert(field_);
    if (names_.empty()) return field_;
    const auto name = names_[column_].find(field_);
    return name == names_[column_].end() ? field_ : name->second;
  }

  ChunkDigester digester_;
  std::size_t column_ = 0;
  std::string field_;
};

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') out.push_back(c);
    out.push_back(c);
  }
  return out;
}

/// Empty when there are no numbers, or too many.
Names names_here(Connection& connection, const Relation& relation,
                 const std::vector<std::set<std::string>>& numbers) {
  Names names(numbers.size());
  bool any = false;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i].size() > kMostNumbers) return {};
    if (numbers[i].empty()) continue;
    const Result rows = connection.query(fmt::format(
        "SELECT n::text, n::pg_catalog.{0}::text FROM pg_catalog.unnest('{{{1}}}'::pg_catalog.oid[]) n"
        " WHERE n::pg_catalog.{0}::text !~ '^[0-9]+$'",
        relation.types[i], fmt::join(numbers[i], ",")));
    for (int row = 0; row < rows.rows(); ++row) names[i][rows.text(row, 0)] = escaped(rows.text(row, 1));
    any = any || rows.rows() > 0;
  }
  return any ? names : Names();
}

std::string in_words(const Relation& relation, const Names& names, bool padded) {
  std::string told, text = fmt::format("{} rows, identical", relation.digest.rows);
  std::size_t count = 0;
  for (const auto& column : names) {
    count += column.size();
    if (told.empty() && !column.empty())
      told = fmt::format("{} is {}", column.begin()->first, column.begin()->second);
  }
  if (count > 0)
    text += fmt::format("; of the numbers that named nothing in the source {} name something here, as {}",
                        count, told);
  if (padded) text += "; values of pg_lsn are written with more digits from PostgreSQL 19 on";
  return text;
}

}  // namespace

std::optional<std::string> values_written_otherwise(Connection& connection, const Place& backup,
                                                    const Relation& relation, const Manifest& manifest) {
  if (relation.format != RowFormat::text || relation.types.size() != relation.columns.size())
    return std::nullopt;
  const bool pads = server_has(connection.server_version(), Feature::padded_lsn) &&
                    !server_has(manifest.server.version, Feature::padded_lsn);
  std::vector<Written> columns;
  for (const std::string& type : relation.types)
    columns.push_back(names_an_object(type)      ? Written::by_name
                      : pads && type == "pg_lsn" ? Written::padded
                                                 : Written::the_same);
  const auto has = [&](Written one) { return std::ranges::find(columns, one) != columns.end(); };
  if (!has(Written::by_name) && !has(Written::padded)) return std::nullopt;
  const auto read = [&](Renamed& rows) {
    for (const Part& part : relation.parts) read_part(backup, part.file, rows, part.raw);
  };
  try {
    Names names;
    if (has(Written::by_name)) {
      Renamed as_they_are(columns, {});
      read(as_they_are);
      names = names_here(connection, relation, as_they_are.found);
    }
    if (names.empty() && !has(Written::padded)) return std::nullopt;
    Observer silent;
    DigestSink here(silent, RowFormat::text);
    connection.copy_out(
        copy_out_sql(relation.name, relation.columns, {}, std::nullopt, {manifest.encoding, RowFormat::text}),
        here, RowFormat::text);
    Renamed as_here(columns, names);
    read(as_here);
    if (here.finish() != as_here.finish()) return std::nullopt;
    return in_words(relation, names, has(Written::padded));
  } catch (const DamagedPart&) {
    return std::nullopt;
  }
}

}  // namespace pgassay::proof
