#include "restore/load/extension_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/postgres/catalog.h"
#include "core/system/cancellation.h"
#include "restore/load/part_feed.h"

namespace pgassay::restore {
namespace {

using References = std::vector<std::pair<QualifiedName, QualifiedName>>;

References foreign_keys(Connection& connection) {
  const Result result = connection.query(
      "SELECT n.nspname, c.relname, pn.nspname, p.relname FROM pg_catalog.pg_constraint k"
      " JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = "
      "c.relnamespace"
      " JOIN pg_catalog.pg_class p ON p.oid = k.confrelid JOIN pg_catalog.pg_namespace pn ON pn.oid = "
      "p.relnamespace"
      " WHERE k.contype = 'f'");
  References out;
  for (int row = 0; row < result.rows(); ++row)
    out.push_back({{result.text(row, 0), result.text(row, 1)}, {result.text(row, 2), result.text(row, 3)}});
  return out;
}

class Ordering {
 public:
  Ordering(const std::vector<const Relation*>& tables, const References& references) {
    std::map<QualifiedName, const Relation*> known;
    for (const Relation* table : tables) known[table->name] = table;
    for (const auto& [child, parent] : references)
      if (known.contains(child) && known.contains(parent)) parents_[known[child]].push_back(known[parent]);
  }
  void visit(const Relation* table, std::vector<const Relation*>& out) {
    if (!seen_.insert(table).second) return;
    for (const Relation* parent : parents_[table]) visit(parent, out);
    out.push_back(table);
  }

 private:
  std::map<const Relation*, std::vector<const Relation*>> parents_;
  std::set<const Relation*> seen_;
};

std::uint64_t copy_part(Connection& connection, const LoadJob& job, const Relation& table, const Part& part,
                        Observer& observer) {
  try {
    return connection.copy_in(
        copy_in_sql(table.name, table.columns, {job.manifest.encoding, part.format}, false),
        [&](ChunkSink& sink) { feed_part(job.dir, part, sink, observer); });
  } catch (const ServerError& error) {
    check_part(job.dir, part);
    error.raise();
  }
}

void load_table(Connection& connection, const LoadJob& job, const Relation& table, Observer& observer,
                Loaded& done) {
  for (const Part& part : table.parts) {
    if (part.digest.rows == 0) continue;
    const std::uint64_t rows = copy_part(connection, job, table, part, observer);
    if (rows != part.digest.rows)
      throw Error(fmt::format("table {}: {}: the server took {} rows of {}", table.name.shown(), part.file,
                              rows, part.digest.rows));
    done.rows += rows;
    done.raw_bytes += part.raw;
  }
}

}  // namespace

std::vector<const Relation*> parents_first(std::vector<const Relation*> tables,
                                           const References& references) {
  Ordering ordering(tables, references);
  std::vector<const Relation*> out;
  for (const Relation* table : tables) ordering.visit(table, out);
  return out;
}

namespace {

/// All of one extension in one transaction. False when it was refused.
bool load_extension(Connection& connection, const LoadJob& job, const std::vector<const Relation*>& tables,
                    Loaded& done, Loss& loss, Observer& observer, const std::stop_token& stop) {
  std::vector<const Part*> parts;
  for (const Relation* table : tables)
    for (const Part& part : table->parts) parts.push_back(&part);
  // They were loaded in one transaction.
  if (!parts.empty() && std::ranges::all_of(parts, [&](const Part* part) { return job.record.has(*part); }))
    return true;
  Loaded loaded;
  const Relation* current = nullptr;
  try {
    connection.query("BEGIN");
    for (auto table = tables.rbegin(); table != tables.rend(); ++table) {
      current = *table;
      connection.query(fmt::format("DELETE FROM ONLY {} {}", current->name.quoted(), current->filter));
    }
    for (const Relation* table : tables) {
      throw_if_stopped(stop);
      current = table;
      load_table(connection, job, *table, observer, loaded);
    }
    std::string record;
    for (const Part* part : parts) record += job.record.record_sql(*part);
    connection.query(record + "COMMIT");
  } catch (const ServerError& error) {
    const std::string line = fmt::format(
        "table {} of extension {}: {}; the configuration tables of the extension were left as CREATE "
        "EXTENSION made "
        "them",
        current->name.shown(), current->extension, error.what());
    if (!object_fault(error)) throw ServerError(line, error.hint(), error.sqlstate());
    connection.query("ROLLBACK");
    loss = {LossKind::extension_rows, current->name.shown(), error.sqlstate(), line};
    return false;
  }
  for (const Part* part : parts) job.record.loaded(*part);
  done.rows += loaded.rows;
  done.raw_bytes += loaded.raw_bytes;
  return true;
}

}  // namespace

Loaded load_extension_tables(const LoadJob& job, std::vector<Loss>& lost, Observer& observer,
                             std::stop_token stop) {
  std::vector<const Relation*> tables;
  for (const Relation& relation : job.manifest.relations)
    if (!relation.extension.empty() && relation.data == Data::copied && relation.kind == 'r')
      tables.push_back(&relation);
  if (tables.empty()) return {};
  Connection connection = open_loader(job, stop);
  tables = parents_first(std::move(tables), foreign_keys(connection));
  std::vector<std::vector<const Relation*>> extensions;  // in the order of their first table
  for (const Relation* table : tables) {
    const auto same = std::ranges::find_if(
        extensions, [&](const auto& its) { return its.front()->extension == table->extension; });
    if (same == extensions.end())
      extensions.push_back({table});
    else
      same->push_back(table);
  }
  Loaded done;
  for (const auto& its : extensions) {
    Loss loss;
    if (!load_extension(connection, job, its, done, loss, observer, stop)) lost.push_back(std::move(loss));
  }
  return done;
}

}  // namespace pgassay::restore
