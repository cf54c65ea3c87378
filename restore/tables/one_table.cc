#include "restore/tables/one_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "core/postgres/releases.h"
#include "core/repository/layout.h"
#include "restore/backup_files.h"
#include "restore/tables/absent_types.h"
#include "restore/tables/live_checks.h"
#include "restore/tables/missing_rows.h"
#include "restore/tables/plain_types.h"
#include "restore/tables/transaction_restore.h"

namespace pgassay::restore {
namespace {

constexpr std::size_t kLongestName = 63;

/// One table to be made, and the relations that its rows come from: itself, or its partitions.
struct Beside {
  const Relation* table;
  QualifiedName into;
  std::vector<const Relation*> sources;
  std::map<std::string, std::string> plain = {};  ///< types of columns, and what they are here instead

  const std::string& type(const std::string& then) const {
    const auto found = plain.find(then);
    return found == plain.end() ? then : found->second;
  }
};

std::string replaced_star(const std::string& text, const std::string& name) {
  std::string out;
  for (const char c : text) c == '*' ? out += name : out += c;
  return out;
}

std::string column_sql(const std::string& name, const std::string& type) {
  return quote_identifier(name) + " " + type;
}

class BesideRestore : public TransactionRestore {
 public:
  BesideRestore(const Place& dir, Manifest manifest, const TableBeside& request, Observer& observer,
                std::stop_token stop)
      : TransactionRestore(dir, std::move(manifest), request, observer, std::move(stop)), as_(request.as) {}

 private:
  void check() override {
    const PgTool tool = pg_restore();
    archive_ = {tool, dir_ / kSchemaFile, manifest_.encoding, false, false};
    entries_ = list_archive(tool, archive_.archive, stop_);
    large_objects_ = manifest_.large_objects.count;
    TableSelection selection = select(manifest_, entries_, options_.wanted);
    parts_ = std::move(selection.parts_of_tables);
    manifest_ = std::move(selection.manifest);
    name_tables();
    check_files(dir_, manifest_);
    open();
    for (const Beside& beside : tables_)
      check_name_is_free(*connection_, beside.into, fmt::format("give another name with --as; {}", kNothing));
    find_types();
    refuse_event_triggers(*connection_);
    note_encoding();
  }

  void name_tables() {
    std::map<QualifiedName, std::vector<const Relation*>> leaves;
    for (const Relation& relation : manifest_.relations)
      if (relation.root && relation.kind == 'r') leaves[*relation.root].push_back(&relation);
    std::set<QualifiedName> names;
    for (const Relation& relation : manifest_.relations) {
      if (relation.root) continue;
      Beside beside{&relation, beside_name(as_, relation.name), leaves[relation.name]};
      if (relation.kind == 'r') beside.sources = {&relation};
      check_rows(beside);
      if (!names.insert(beside.into).second)
        throw UsageError(fmt::format("--as {} names more than one table {}", as_, beside.into.shown()),
                         "--as '*_before' or --as 'before.*': the star stands for each table's own name");
      tables_.push_back(std::move(beside));
    }
  }

  void check_rows(const Beside& beside) const {
    const std::string name = beside.table->name.shown();
    if (beside.table->types.size() != beside.table->columns.size())
      throw Refused(
          fmt::format("the backup does not record the types of the columns of {}", name),
          "restore the table with all that belongs to it into a database of its own: --create --into NAME "
          "--table ...");
    for (const Relation* source : beside.sources)
      if (source->data != Data::copied)
        throw Refused(fmt::format("the rows of {} are not in the backup: `pgassay show` says why",
                                  source->name.shown()),
                      "another backup may have them");
  }

  void find_types() {
    std::vector<std::string> types;
    for (Beside& beside : tables_) {
      std::set<std::string> of_table(beside.table->types.begin(), beside.table->types.end());
      for (const GeneratedColumn& column : beside.table->generated) of_table.insert(column.type);
      beside.plain = find_plain_types(*connection_, of_table, entries_, beside.table->format);
      for (const std::string& type : of_table) types.push_back(beside.type(type));
    }
    absent_ = find_absent_types(*connection_, types, manifest_, entries_);
    const Result here = connection_->query("SELECT nspname FROM pg_catalog.pg_namespace");
    std::set<std::string> schemas;
    for (int row = 0; row < here.rows(); ++row) schemas.insert(here.text(row, 0));
    for (const Beside& beside : tables_)
      if (!schemas.contains(beside.into.schema)) absent_schemas_.insert(beside.into.schema);
  }

  void write() override {
    timed(RestoreStep::create, [this] {
      begin_with_lock_timeout(*connection_, options_.lock_timeout);
      const BuiltInPrivileges privileges(*connection_);
      create();
      privileges.give();
    });
    TransactionLoad load(*connection_, dir_, manifest_, observer_);
    timed(RestoreStep::data, [&] {
      std::vector<std::pair<const Relation*, CopyTarget>> work;
      for (const Beside& beside : tables_)
        for (const Relation* source : beside.sources)
          work.emplace_back(source, CopyTarget{beside.into, source->columns, true, false});
      load.load(work, stop_);
      keep_generated_values();
    });
    count(load);
    if (options_.prove) timed(RestoreStep::proof, [&] { prove(load); });
    commit();
  }

  void create() {
    for (const std::string& schema : absent_schemas_) {
      connection_->query("CREATE SCHEMA " + quote_identifier(schema));
      report_.notes.push_back(
          {NoteKind::made, schema, {}, fmt::format("made schema {}, which was absent", schema)});
    }
    make_types(*connection_, absent_, archive_, stop_);
    for (const std::string& type : absent_.names)
      report_.notes.push_back(
          {NoteKind::made, type, {}, fmt::format("made type {}, which was absent", type)});
    for (const Beside& beside : tables_) create_table(beside);
    for (const Beside& beside : tables_)
      if (const std::string code = code_of(beside); !code.empty())
        throw Refused(fmt::format("values of types of {} call code that does not belong to a superuser: {}",
                                  beside.table->name.shown(), code),
                      fmt::format("--trust-owners runs it with the rights of the restore; {}", kNothing));
  }

  /// That rows would call, of others than superusers; empty where nobody minds.
  std::string code_of(const Beside& beside) {
    if (!guards_owners()) return {};
    std::vector<std::string> code;
    for (const TableOfOwner& table : find_tables_of_owners(*connection_, {beside.into}, CodeOf::rules))
      code.insert(code.end(), table.code.begin(), table.code.end());
    return fmt::format("{}", fmt::join(code, ", "));
  }

  /// With its generated columns, where what they are computed by is here.
  void create_table(const Beside& beside) {
    const Relation& table = *beside.table;
    std::vector<std::string> columns;
    for (std::size_t i = 0; i < table.columns.size(); ++i)
      columns.push_back(column_sql(table.columns[i], beside.type(table.types[i])));
    const auto make = [&](const std::vector<std::string>& list) {
      connection_->query(fmt::format("CREATE TABLE {} ({})", beside.into.quoted(), fmt::join(list, ", ")));
    };
    if (table.generated.empty()) return make(columns);
    if (guards_owners() && !find_domains_of_owners(*connection_).empty()) {
      for (const GeneratedColumn& column : table.generated)
        report_.not_carried.push_back(
            fmt::format("generated column {} of {}: its expression may hold values of domains that call code "
                        "of others than "
                        "superusers; --trust-owners computes it",
                        column.name, table.name.shown()));
      return make(columns);
    }
    std::vector<std::string> all = columns;
    for (const GeneratedColumn& column : table.generated)
      all.push_back(fmt::format("{} GENERATED ALWAYS AS ({}) STORED",
                                column_sql(column.name, beside.type(column.type)), column.expression));
    connection_->query("SAVEPOINT pgassay");
    std::string why_not;
    try {
      make(all);
      if (const std::string code = code_of(beside); !code.empty())
        why_not = fmt::format(
            "it calls code that does not belong to a superuser: {}; --trust-owners computes it", code);
    } catch (const ServerError& error) {
      why_not = error.what();
    }
    if (why_not.empty()) {
      connection_->query("RELEASE SAVEPOINT pgassay");
      generated_.insert(&beside);
      return;
    }
    connection_->query("ROLLBACK TO SAVEPOINT pgassay; RELEASE SAVEPOINT pgassay");
    for (const GeneratedColumn& column : table.generated)
      report_.not_carried.push_back(
          fmt::format("generated column {} of {}: {}", column.name, table.name.shown(), why_not));
    make(columns);
  }

  /// Computed once, when the rows came, and plain values from now on.
  void keep_generated_values() {
    for (const Beside* beside : generated_) {
      std::vector<std::string> names;
      for (const GeneratedColumn& column : beside->table->generated) {
        names.push_back(column.name);
        if (server_has(connection_->server_version(), Feature::drop_expression))
          connection_->query(fmt::format("ALTER TABLE {} ALTER COLUMN {} DROP EXPRESSION",
                                         beside->into.quoted(), quote_identifier(column.name)));
      }
      report_.notes.push_back(
          {NoteKind::made,
           beside->into.shown(),
           {},
           fmt::format("{}: computed anew from the other columns, now last and plain values: {}",
                       beside->into.shown(), fmt::join(names, ", "))});
    }
  }

  void prove(TransactionLoad& load) {
    for (const Beside& beside : tables_)
      load.prove({beside.into, beside.table->columns, false, false}, beside.table->format, expected(beside));
    conclude(load);
  }

  static RowDigest expected(const Beside& beside) {
    RowDigest sum;
    for (const Relation* source : beside.sources) sum.merge(source->digest);
    return sum;
  }

  /// What is nice to have: the tables are there.
  void finish() override {
    for (const Beside& beside : tables_) {
      report_.notes.push_back(
          {NoteKind::made,
           beside.into.shown(),
           {},
           fmt::format("made {} with the {} rows and {} columns of {}", beside.into.shown(),
                       expected(beside).rows, beside.table->columns.size(), beside.table->name.shown())});
      for (const auto& [type, plain] : beside.plain)
        report_.notes.push_back({NoteKind::made,
                                 beside.into.shown(),
                                 {},
                                 fmt::format("{}: columns of type {}, which has rules of a domain, are {}",
                                             beside.into.shown(), type, plain)});
      try {
        connection_->query("ANALYZE " + beside.into.quoted());
        report_.next_steps.push_back(
            missing_rows_hint(*connection_, beside.table->name, beside.into, beside.table->columns));
      } catch (const Error& error) {
        report_.notes.push_back(
            {NoteKind::analyze,
             beside.into.shown(),
             {},
             fmt::format("{} is there, but was not analyzed: {}", beside.into.shown(), error.what())});
      }
    }
    report_.not_carried.insert(report_.not_carried.end(), parts_.begin(), parts_.end());
    if (large_objects_ > 0) report_.not_carried.push_back(fmt::format("large objects: {}", large_objects_));
    report_.not_carried.emplace_back(
        "NOT NULL, CHECK, collations and storage of columns, owner, privileges and comments");
  }

  ArchiveSql archive_;
  std::vector<ArchiveEntry> entries_;
  std::vector<std::string> parts_;
  std::uint64_t large_objects_ = 0;
  const std::string as_;
  std::vector<Beside> tables_;
  std::set<const Beside*> generated_;
  AbsentTypes absent_;
  std::set<std::string> absent_schemas_;
};

}  // namespace

QualifiedName beside_name(const std::string& as, const QualifiedName& table) {
  const auto dot = as.find('.');
  const QualifiedName name{
      dot == std::string::npos ? table.schema : replaced_star(as.substr(0, dot), table.schema),
      replaced_star(dot == std::string::npos ? as : as.substr(dot + 1), table.name)};
  if (name.schema.empty() || name.name.empty())
    throw UsageError(fmt::format("--as '{}' is no name", as), "--as NEW or --as SCHEMA.NEW");
  for (const std::string& part : {name.schema, name.name})
    if (part.size() > kLongestName)
      throw UsageError(fmt::format("--as: the name {} is longer than {} bytes", part, kLongestName));
  return name;
}

RestoreReport restore_beside(const Place& dir, Manifest manifest, const TableBeside& options,
                             Observer& observer, std::stop_token stop) {
  return BesideRestore(dir, std::move(manifest), options, observer, std::move(stop)).run();
}

}  // namespace pgassay::restore
