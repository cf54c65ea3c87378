#include "export/sql_script.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/postgres/catalog.h"
#include "core/postgres/pg_tool.h"
#include "core/postgres/session.h"
#include "core/repository/identity.h"
#include "core/system/cancellation.h"
#include "export/psql_filter.h"
#include "restore/backup_files.h"
#include "restore/load/large_object_sql.h"
#include "restore/load/part_feed.h"

namespace pgassay::exports {
namespace {

/// Of large objects: each takes a lock when its owner or comment is set, and the temporary table is small.
constexpr std::size_t kObjectsATime = 500, kPagesATime = 4000;

/// Releases of psql from which on it knows \restrict (CVE-2025-8714), as a condition on its own version.
constexpr const char* kOldPsql =
    "SELECT :VERSION_NUM % 10000 < CASE :VERSION_NUM / 10000 WHEN 13 THEN 22 WHEN 14 THEN 19 WHEN 15 THEN 14"
    " WHEN 16 THEN 10 WHEN 17 THEN 6 ELSE CASE WHEN :VERSION_NUM < 130000 THEN 10000 ELSE 0 END END"
    " AS pgassay_old_psql \\gset\n"
    "\\if :pgassay_old_psql\n"
    "\\echo 'this psql does not know \\\\restrict, by which it would obey nothing that the backup says:"
    " use 13.22, 14.19, 15.14, 16.10, 17.6 or newer, or export with --no-restrict'\n"
    "\\endif\n";

/// For a comment or a message on one line.
std::string on_one_line(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\'; }, '?');
  return text;
}

class Script {
 public:
  Script(const Backup& backup, const SqlExport& options, ChunkSink& out, Observer& observer,
         std::stop_token stop)
      : dir_(backup.dir),
        id_(backup.id.shown()),
        options_(options),
        out_(out),
        observer_(observer),
        stop_(std::move(stop)),
        manifest_(read_manifest(backup.dir)) {}

  Exported write() {
    refuse_binary();
    restore::check_files(dir_, manifest_);
    done_.encoding = manifest_.encoding;
    pg_restore_ = choose_pg_restore(manifest_.server.version, manifest_.summary.pg_dump_version_num, stop_);
    try {
      begin();
      schema("pre-data");
      own_session();
      data();
      sequences();
      large_objects();
      schema("post-data");
      end();
    } catch (const BadBackup& error) {
      give_up(error.what());
      error.raise();
    } catch (const SystemError& error) {
      give_up(error.what());
      error.raise();
    }
    return done_;
  }

 private:
  void text(const std::string& sql) { out_.chunk(as_bytes(sql)); }
  void statement(const std::string& sql) { text(sql + ";\n"); }
  /// Of the extension's own making.
  void filtered(const std::string& sql) {
    PsqlFilter filter(out_);
    filter.chunk(as_bytes(sql));
    filter.finish();
  }
  /// psql reads rows between its script's lines as text alone.
  void refuse_binary() const {
    for (const Relation& relation : manifest_.relations)
      if (relation.format == RowFormat::binary && !relation.parts.empty())
        throw UsageError(
            "no SQL script can hold rows in COPY's binary format: those of " + relation.name.shown(),
            "pgassay restore ID brings all of the backup back; pgassay export ID --table " +
                shell_word(relation.name.shown()) +
                " --format binary writes these rows, for COPY … FROM … WITH (FORMAT binary)");
  }
  void begin_some() {
    if (!options_.single_transaction) statement("BEGIN");
  }
  void end_some() {
    if (!options_.single_transaction) statement("COMMIT");
  }

  void begin() {
    text(fmt::format(
        "-- Database {}, as of {}, from the backup {}, by pgassay.\n"
        "-- For psql -X, into an empty database. It stops at the first error{}.\n",
        on_one_line(manifest_.database.name), to_rfc3339(manifest_.summary.snapshot.taken), on_one_line(id_),
        options_.single_transaction ? ", and then nothing of it is there" : ""));
    text("\\set ON_ERROR_STOP on\n\\set ON_ERROR_ROLLBACK off\n\\set AUTOCOMMIT on\n\\set SINGLELINE off\n");
    if (options_.restricted) {
      key_ = random_hex(32);
      text(kOldPsql + fmt::format("\\restrict {}\n", key_));
    }
    statement("SET standard_conforming_strings = on");
    own_session();
    if (options_.single_transaction) statement("BEGIN");
  }

  void end() {
    if (options_.single_transaction) statement("COMMIT");
    if (options_.restricted) text(fmt::format("\\unrestrict {}\n", key_));
  }

  /// What our own statements are written in, and rows are to be read under; pg_restore's have settings of
  /// their own. Names in the manifest are UTF-8, but for those of SQL_ASCII.
  void own_session() {
    const bool ascii = manifest_.encoding == "SQL_ASCII";
    statement(fmt::format("SET client_encoding = {}", quote_literal(ascii ? "SQL_ASCII" : "UTF8")));
    const auto money = manifest_.session.find("lc_monetary");
    statement(loading_session_sql(money == manifest_.session.end() ? "" : money->second));
  }

  void schema(const std::string& section) {
    observer_.phase(section);
    PsqlFilter filter(out_);
    Command command;
    command.argv = pg_restore_.argv;
    command.argv.insert(command.argv.end(), {"-f", "-", "--section=" + section});
    if (!options_.owners) command.argv.emplace_back("--no-owner");
    if (!options_.privileges) command.argv.emplace_back("--no-acl");
    if (!options_.tablespaces) command.argv.emplace_back("--no-tablespaces");
    const Fd archive = append_archive(command, pg_restore_, dir_ / kSchemaFile);
    command.env["LC_ALL"] = "C";
    command.on_stdout = [&](Bytes sql) { filter.chunk(sql); };
    try {
      const Completed ran = run(command, stop_);
      if (!ran.ok())
        throw BadBackup(fmt::format("pg_restore of {}: schema.pgdump: {}", section, ran.complaint()),
                        "`pgassay verify` says what else is wrong");
      filter.finish();
    } catch (const Error& error) {
      closing_ = filter.closing();
      error.raise();
    }
  }

  void data() {
    std::uint64_t parts = 0, raw = 0;
    for (const Relation& relation : manifest_.relations)
      for (const Part& part : relation.parts) ++parts, raw += part.raw;
    observer_.phase("data");
    observer_.plan(parts, raw);
    std::vector<const Relation*> configuration;
    for (const Relation& relation : manifest_.relations) {
      if (relation.parts.empty()) continue;
      if (!relation.extension.empty()) {
        configuration.push_back(&relation);
        continue;
      }
      begin_some();
      rows(relation, relation.via_root && relation.root ? *relation.root : relation.name);
      end_some();
    }
    if (!configuration.empty()) extension_rows(configuration);
  }

  /// What CREATE EXTENSION has put there, and the backup's condition covers, goes first. Foreign keys between
  /// them held in the source; who may not put them aside depends on the order.
  void extension_rows(const std::vector<const Relation*>& tables) {
    constexpr const char* kRole =
        "DO $pgassay$ BEGIN IF pg_catalog.current_setting('is_superuser') = 'on' THEN"
        " PERFORM pg_catalog.set_config('session_replication_role', '{}', false); END IF; END $pgassay$";
    begin_some();
    statement(fmt::format(fmt::runtime(kRole), "replica"));
    for (auto table = tables.rbegin(); table != tables.rend(); ++table)
      filtered(fmt::format("DELETE FROM ONLY {} {};\n", (*table)->name.quoted(), (*table)->filter));
    for (const Relation* table : tables) rows(*table, table->name);
    statement(fmt::format(fmt::runtime(kRole), "origin"));
    end_some();
  }

  void rows(const Relation& relation, const QualifiedName& into) {
    copy_block(copy_in_sql(into, relation.columns, {manifest_.encoding}, false), relation.columns.size(),
               [&](ChunkSink& sink) {
                 for (const Part& part : relation.parts) {
                   throw_if_stopped(stop_);
                   restore::feed_part(dir_, part, sink, observer_);
                   done_.rows += part.digest.rows;
                   done_.raw_bytes += part.raw;
                 }
               });
  }

  /// The statement and its rows. Where they fail half way the block is ended by a row that the server will
  /// not take, whatever the table has for columns: its error quotes it.
  template <typename Feed>
  void copy_block(const std::string& copy, std::size_t columns, const Feed& feed) {
    statement(copy);
    NoEndMarker rows(out_);
    try {
      feed(rows);
    } catch (const Error& error) {
      closing_ = "\npgassay: " + on_one_line(error.what()) + std::string(columns, '\t') + "\n\\.\n";
      error.raise();
    }
    text("\\.\n");
  }

  void sequences() {
    begin_some();
    for (const Sequence& sequence : manifest_.sequences)
      statement(fmt::format("SELECT pg_catalog.setval({}, {}, {})", quote_literal(sequence.name.quoted()),
                            sequence.last_value, sequence.is_called));
    end_some();
  }

  void large_objects() {
    if (!manifest_.large_objects.metadata) return;
    statement("CREATE TEMPORARY TABLE pgassay_objects (loid oid, owner text, comment text, privileges text)");
    statement("CREATE TEMPORARY TABLE pgassay_pages (loid oid, pageno integer, data bytea)");
    staged(*manifest_.large_objects.metadata, "pgassay_objects", {"loid", "owner", "comment", "privileges"},
           kObjectsATime, make_objects());
    for (const Part& part : manifest_.large_objects.parts) {
      staged(part, "pgassay_pages", {"loid", "pageno", "data"}, kPagesATime,
             std::string(restore::kCutAtEmptyPages) + ";\n" + restore::kFillPages);
      done_.raw_bytes += part.raw;
    }
    statement("DROP TABLE pg_temp.pgassay_objects, pg_temp.pgassay_pages");
  }

  std::string make_objects() const {
    const std::string wanted =
        options_.privileges ? "s.comment, s.owner, s.revoked, s.granted" : "s.comment, s.owner";
    return "SELECT pg_catalog.count(pg_catalog.lo_create(loid)) FROM pg_temp.pgassay_objects;\n"
           "DO $pgassay$ DECLARE statements text[]; one text; BEGIN FOR statements IN SELECT ARRAY[" +
           wanted + "] FROM (" + restore::object_statements_sql(options_.owners, true) +
           ") AS s (loid, comment, owner, revoked, granted) LOOP FOREACH one IN ARRAY statements LOOP"
           " IF one IS NOT NULL THEN EXECUTE one; END IF; END LOOP; END LOOP; END $pgassay$";
  }

  /// The part's rows, some at a time, into the temporary table, and then what makes objects of them.
  void staged(const Part& part, const std::string& table, const std::vector<std::string>& columns,
              std::size_t at_a_time, const std::string& then) {
    // In one transaction what is wrong at the part's end undoes all of it.
    if (!options_.single_transaction) restore::check_part(dir_, part);
    restore::RowBatches batches(at_a_time, [&](std::string_view batch) {
      throw_if_stopped(stop_);
      begin_some();
      copy_block(copy_in_sql({"pg_temp", table}, columns, {manifest_.encoding}, false), columns.size(),
                 [&](ChunkSink& sink) { sink.chunk(as_bytes(batch)); });
      statement(then);
      statement("TRUNCATE pg_temp." + quote_identifier(table));
      end_some();
    });
    feed_part(dir_, part, batches, observer_);
    batches.finish();
  }

  /// Makes psql fail, for a script that just ends is a success to it.
  void give_up(const std::string& why) {
    try {
      text(closing_);
      statement("DO $$ BEGIN RAISE EXCEPTION 'pgassay: %', " + quote_literal(on_one_line(why)) + "; END $$");
    } catch (const Error&) {
      // Whoever reads is gone: the first error is the one to tell.
    }
  }

  Place dir_;
  std::string id_, key_;
  const SqlExport& options_;
  ChunkSink& out_;
  Observer& observer_;
  std::stop_token stop_;
  Manifest manifest_;
  PgTool pg_restore_;
  Exported done_;
  std::string closing_;  ///< ends the quote or the rows in which we failed
};

}  // namespace

Exported export_sql(const Repository& repository, const Backup& backup, const SqlExport& options,
                    ChunkSink& out, Observer& observer, std::stop_token stop) {
  const ReadLease lease = repository.lease(backup);
  return lease.reading([&] { return Script(backup, options, out, observer, std::move(stop)).write(); });
}

}  // namespace pgassay::exports
