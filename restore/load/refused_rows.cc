#include "restore/load/refused_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <tuple>

#include "core/postgres/catalog.h"
#include "core/system/cancellation.h"
#include "restore/load/late_tables.h"
#include "restore/load/owner_guard.h"
#include "restore/load/part_feed.h"
#include "restore/load/row_by_row.h"
#include "restore/load/rules.h"
#include "restore/load/search_path_mend.h"

namespace pgassay::restore {
namespace {

constexpr std::string_view kNotNull = "23502";

class RefusedRows {
 public:
  RefusedRows(const LoadJob& job, OwnerGuard& guard, std::vector<Loss>& lost, std::vector<Note>& notes,
              std::stop_token stop)
      : job_(job),
        guard_(guard),
        lost_(lost),
        notes_(notes),
        stop_(stop),
        connection_(open_loader(job, std::move(stop))) {}

  Loaded run(std::vector<RefusedPart> refused) {
    std::ranges::stable_sort(refused, [](const RefusedPart& a, const RefusedPart& b) {
      return std::tie(a.relation->name, a.part->file) < std::tie(b.relation->name, b.part->file);
    });
    while (load_as_it_is(refused)) continue;
    for (auto part = refused.begin(); part != refused.end();) {
      const auto end = std::find_if(
          part, refused.end(), [&](const RefusedPart& other) { return other.relation != part->relation; });
      load_table({part, end});
      part = end;
    }
    return done_;
  }

 private:
  /// True when something went in that others may have waited for.
  bool load_as_it_is(std::vector<RefusedPart>& refused) {
    const std::size_t before = refused.size();
    std::erase_if(refused, [this](RefusedPart& one) {
      throw_if_stopped(stop_);
      return goes_in_as_it_is(one);
    });
    return refused.size() < before && !refused.empty();
  }

  bool goes_in_as_it_is(RefusedPart& one) {
    const QualifiedName& into = load_target(*one.relation);
    owner_ = guard_.for_rows(into);
    try {
      copy_part(session(), job_, *one.relation, into, *one.part, silent_, "BEGIN; ");
      commit(job_.record.record_sql(*one.part));
    } catch (const ServerError& error) {
      roll_back(error);
      if (owner_ && guard_.gives_up(error, into)) {
        notes_.push_back({NoteKind::owner_code, one.relation->name.shown(), error.sqlstate(),
                          fmt::format("table {}: loaded with the rights of the restore, for {} lacks one: {}",
                                      one.relation->name.shown(), owner_->login.owner(), error.what())});
        return goes_in_as_it_is(one);
      }
      one.sqlstate = error.sqlstate();
      one.why = error.what();
      return false;
    }
    count(*one.part, one.part->digest.rows);
    return true;
  }

  /// The owner's where the table calls that owner's code.
  Connection& session() { return owner_ ? owner_->connection : connection_; }

  /// The owner may not write our record.
  void commit(const std::string& records) {
    session().query((owner_ ? "" : records) + "COMMIT");
    if (owner_ && !records.empty()) connection_.query("BEGIN; " + records + "COMMIT");
  }

  void roll_back(const ServerError& error) {
    if (!object_fault(error)) error.raise();
    session().query("ROLLBACK");
  }

  void lose(const RefusedPart& one, const std::string& sqlstate, const std::string& why) {
    lost_.push_back({LossKind::rows, one.relation->name.shown(), sqlstate,
                     fmt::format("table {}: the {} rows of {} were not loaded: {}",
                                 one.relation->name.shown(), one.part->digest.rows, one.part->file, why)});
  }

  /// Is it the rows that are refused, and not the statement?
  bool takes_no_rows(const QualifiedName& into, const RefusedPart& one) {
    try {
      session().copy_in(
          "SAVEPOINT pgassay_none; " +
              copy_in_sql(into, one.relation->columns, {job_.manifest.encoding, RowFormat::text}, false),
          [](ChunkSink&) {});
      session().query("RELEASE SAVEPOINT pgassay_none");
      return true;
    } catch (const ServerError& error) {
      if (!object_fault(error)) error.raise();
      session().query("ROLLBACK TO SAVEPOINT pgassay_none; RELEASE SAVEPOINT pgassay_none");
      return false;
    }
  }

  void load_table(std::span<RefusedPart> parts) {
    const Relation& relation = *parts.front().relation;
    const QualifiedName& into = load_target(relation);
    owner_ = guard_.for_rows(into);
    session().query("BEGIN");
    if (!takes_no_rows(into, parts.front())) {
      session().query("ROLLBACK");
      for (const RefusedPart& one : parts) lose(one, one.sqlstate, one.why);
      return;
    }
    std::vector<Loss> lost;
    std::vector<Note> notes;
    std::string records;
    RulesAside rules(session(), into);
    other_way_ = false;
    std::vector<std::pair<const Part*, std::uint64_t>> in;
    for (const RefusedPart& one : parts) {
      throw_if_stopped(stop_);
      const std::optional<std::uint64_t> rows = load_part(rules, one, lost);
      if (!rows) continue;
      in.emplace_back(one.part, *rows);
      records += job_.record.record_sql(*one.part);
    }
    rules.put_back(lost);
    commit(records);
    for (const auto& [part, rows] : in) count(*part, rows);
    find_mends(lost);
    std::ranges::move(lost, std::back_inserter(lost_));
    if (other_way_ && !relation.via_root)
      notes_.push_back(
          {NoteKind::moved,
           relation.name.shown(),
           {},
           fmt::format("table {}: rows that its bounds do not allow are where table {} puts them",
                       relation.name.shown(), relation.root->shown())});
  }

  /// What a generated column's expression failed by is said by making it anew.
  void find_mends(std::vector<Loss>& lost) {
    for (Loss& loss : lost) {
      if (loss.again.empty()) continue;
      try {
        session().query(fmt::format("BEGIN; {}; ROLLBACK", loss.again));
      } catch (const ServerError& error) {
        roll_back(error);
        add_mend(session(), error, loss);
      }
    }
  }

  /// Where bounds refuse rows, the root may have a place for them; and where the root has none, or another,
  /// the partition takes what it had.
  static const QualifiedName& other_target(const Relation& relation) {
    return relation.via_root ? relation.name : *relation.root;
  }

  /// How many of its rows are in; nothing when it can't be cut into rows and is lost as a whole.
  std::optional<std::uint64_t> load_part(RulesAside& rules, const RefusedPart& one, std::vector<Loss>& lost) {
    const Relation& relation = *one.relation;
    for (;;) {
      const QualifiedName& into = other_way_ ? other_target(relation) : load_target(relation);
      const std::optional<Loss> refused = copy(into, one);
      if (!refused) return one.part->digest.rows;
      if (owner_ && refused->sqlstate == kInsufficientPrivilege) {
        lose(one, refused->sqlstate,
             fmt::format("{} lacks a right: {}", owner_->login.owner(), refused->text));
        return std::nullopt;
      }
      if (take_away(rules, relation, refused->sqlstate)) continue;
      return load_what_can_be(rules, one, into, lost);
    }
  }

  /// A generated column becomes a plain one only where that gets rows in which stay out otherwise.
  std::optional<std::uint64_t> load_what_can_be(RulesAside& rules, const RefusedPart& one,
                                                const QualifiedName& into, std::vector<Loss>& lost) {
    const std::string back = "ROLLBACK TO SAVEPOINT pgassay_expressions";
    session().query("SAVEPOINT pgassay_expressions");
    const bool plain = rules.take_expressions();
    std::optional<Loss> refused = copy(into, one);
    // An empty column may have had to hold values.
    if (plain && refused && refused->sqlstate == kNotNull && rules.take_not_null()) refused = copy(into, one);
    if (plain && !refused) return one.part->digest.rows;
    if (one.part->format != RowFormat::text) {
      session().query(back);
      rules.keep_expressions();
      if (refused) lose(one, refused->sqlstate, refused->text);
      return std::nullopt;
    }
    const auto by_row = [&] { return load_row_by_row(session(), job_, *one.relation, into, *one.part); };
    RowsTaken rows = by_row();
    if (plain) {
      const std::uint64_t least = rows.rejected;
      session().query(back);
      rules.keep_expressions();
      rows = by_row();
      if (rows.rejected > least) {
        session().query(back);
        rules.take_expressions();
        rows = by_row();
      }
    }
    if (rows.rejected > 0) lost.push_back(told(one, rows));
    return rows.taken;
  }

  static Loss told(const RefusedPart& one, const RowsTaken& rows) {
    return {
        LossKind::rows, one.relation->name.shown(), rows.sqlstate,
        fmt::format(
            "table {}: {} of the {} rows of {} are refused whatever the rules, the first of them so: {}{}",
            one.relation->name.shown(), rows.rejected, one.part->digest.rows, one.part->file,
            rows.first_error,
            rows.rejects.empty() ? "" : fmt::format("; they are in {}", rows.rejects.string())) +
            (is_for_want_of_a_name(rows.sqlstate)
                 ? "; where a function leaves a schema out, --search-path lets them in"
                 : "")};
  }

  /// What the server says when it refuses.
  std::optional<Loss> copy(const QualifiedName& into, const RefusedPart& one) {
    try {
      copy_part(session(), job_, *one.relation, into, *one.part, silent_, "SAVEPOINT pgassay_part; ");
      session().query("RELEASE SAVEPOINT pgassay_part");
      return std::nullopt;
    } catch (const ServerError& error) {
      if (!object_fault(error)) error.raise();
      session().query("ROLLBACK TO SAVEPOINT pgassay_part; RELEASE SAVEPOINT pgassay_part");
      return Loss{LossKind::rows, {}, error.sqlstate(), error.what()};
    }
  }

  /// The next rules that may be the reason. False when all are away.
  bool take_away(RulesAside& rules, const Relation& relation, const std::string& sqlstate) {
    constexpr std::string_view kCheck = "23514";
    if (rules.take_checks() || rules.take_domains()) return true;
    if (sqlstate == kNotNull && (rules.take_not_null_of_domains() || rules.take_not_null())) return true;
    if (sqlstate == kCheck && !other_way_ && relation.root) return other_way_ = true;
    return false;
  }

  void count(const Part& part, std::uint64_t rows) {
    job_.record.loaded(part);
    done_.rows += rows;
    done_.raw_bytes += part.raw;
  }

  const LoadJob& job_;
  OwnerGuard& guard_;
  std::vector<Loss>& lost_;
  std::vector<Note>& notes_;
  std::stop_token stop_;
  Connection connection_;
  std::unique_ptr<OwnerSession> owner_;  ///< of the table that is loaded
  Observer silent_;                      ///< all has been told of already
  bool other_way_ = false;
  Loaded done_;
};

}  // namespace

Loaded load_refused(const LoadJob& job, OwnerGuard& guard, std::vector<RefusedPart> refused,
                    std::vector<Loss>& lost, std::vector<Note>& notes, std::stop_token stop) {
  if (refused.empty()) return {};
  return RefusedRows(job, guard, lost, notes, std::move(stop)).run(std::move(refused));
}

namespace {

/// "SELECT …", which has a row where a generated column is not what its expression says.
std::vector<std::string> queries_for_differing_values(Connection& connection, const Relation& relation) {
  const Result columns = connection.query(
      "SELECT pg_catalog.quote_ident(a.attname), pg_catalog.pg_get_expr(d.adbin, d.adrelid)"
      " FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = "
      "a.attnum"
      " WHERE a.attrelid = $1::pg_catalog.regclass AND a.attgenerated = 's' AND NOT a.attisdropped",
      {relation.name.quoted()});
  std::vector<std::string> out;
  for (int row = 0; row < columns.rows(); ++row)
    out.push_back(fmt::format("SELECT FROM ONLY {} WHERE ({})::text IS DISTINCT FROM ({})::text LIMIT 1",
                              relation.name.quoted(), columns.text(row, 0), columns.text(row, 1)));
  return out;
}

bool differs(Connection& connection, const Relation& relation) {
  try {
    return std::ranges::any_of(queries_for_differing_values(connection, relation),
                               [&](const std::string& query) { return connection.query(query).rows() > 0; });
  } catch (const ServerError& error) {
    if (!object_fault(error)) error.raise();
    return false;  // the table is not there, or the expression fails: that is told elsewhere
  }
}

}  // namespace

void load_again_where_generated_values_differ(const LoadJob& job, OwnerGuard& guard,
                                              std::span<const Loss> lost, std::stop_token stop) {
  Connection ours = open_loader(job, stop);
  Observer silent;
  for (const Relation* relation : find_late_tables(ours, job.manifest)) {
    if (relation->generated.empty() || relation->via_root) continue;
    if (std::ranges::find(lost, relation->name.shown(), &Loss::object) != lost.end()) continue;
    const std::unique_ptr<OwnerSession> owner = guard.for_rows(relation->name);
    Connection& connection = owner ? owner->connection : ours;
    if (!differs(connection, *relation)) continue;
    throw_if_stopped(stop);
    try {
      connection.query(fmt::format("BEGIN; TRUNCATE ONLY {}", relation->name.quoted()));
      for (const Part& part : relation->parts)
        if (part.digest.rows > 0) copy_part(connection, job, *relation, relation->name, part, silent);
      connection.query("COMMIT");
    } catch (const ServerError& error) {
      if (!object_fault(error)) error.raise();
      connection.query("ROLLBACK");  // the rows are those that were there
    }
  }
}

}  // namespace pgassay::restore
