#include "proof/row_proof.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "core/postgres/catalog.h"
#include "core/postgres/page_ranges.h"
#include "core/postgres/session.h"
#include "proof/generated_check.h"
#include "proof/planned.h"
#include "proof/readers.h"
#include "proof/reg_numbers.h"
#include "proof/values_proof.h"

namespace pgassay::proof {
namespace {

std::string setting(const Manifest& manifest, const char* name) {
  const auto found = manifest.session.find(name);
  return found == manifest.session.end() ? std::string() : found->second;
}

/// Why another digest over as many rows need not mean other rows.
std::vector<std::string> excuses(Connection& connection, const Manifest& manifest, const Settings& session) {
  std::vector<std::string> out = other_versions(connection, manifest);
  if (connection.server_encoding() != manifest.encoding)
    out.push_back(
        fmt::format("encoding {} here, {} in the backup", connection.server_encoding(), manifest.encoding));
  for (const auto& [name, value] : session) {
    const auto recorded = manifest.session.find(name);
    if (recorded != manifest.session.end() && recorded->second != value)
      out.push_back(fmt::format("{} was {} when the backup was taken", name, recorded->second));
  }
  return out;
}

}  // namespace

std::vector<std::string> other_versions(Connection& connection, const Manifest& manifest) {
  std::vector<std::string> out;
  const int here = connection.server_version() / 10000, there = manifest.server.version / 10000;
  if (here != there) out.push_back(fmt::format("PostgreSQL {} here, {} in the backup", here, there));
  std::map<std::string, std::string> versions;
  for (const ExtensionInfo& extension : list_extensions(connection))
    versions[extension.name] = extension.version;
  for (const ExtensionInfo& extension : manifest.extensions) {
    const auto found = versions.find(extension.name);
    if (found != versions.end() && found->second != extension.version)
      out.push_back(fmt::format("extension {} {} here, {} in the backup", extension.name, found->second,
                                extension.version));
  }
  return out;
}

namespace {

/// What one check of the rows compares: the subjects' sum with what the backup holds.
struct Comparison {
  const Relation* relation;
  RowDigest expected;
  std::vector<std::size_t> subjects;
  std::vector<const Relation*>
      leaves;  ///< of a tree: what each subject was in the backup, null where it was not
  std::optional<GeneratedDigest> generated = {};  ///< as it should be; absent: see compare_generated()
  bool only_generated = false;                    ///< of a leaf whose rows are compared at the root
};

class RowProof {
 public:
  RowProof(Connection& leader, const Manifest& manifest, const Accepted& accepted, const Spread& spread)
      : leader_(leader),
        manifest_(manifest),
        accepted_(accepted),
        spread_(spread),
        tables_(list_tables(leader, true)) {
    for (const TableInfo& table : tables_) {
      by_name_[table.name] = &table;
      spread_.all_bytes += table.heap_bytes + table.toast_bytes;
      if (table.root != Oid::none && table.kind == 'r') leaves_[table.root].push_back(&table);
    }
    for (const Relation& relation : manifest.relations) {
      in_backup_[relation.name] = &relation;
      if (relation.root && relation.kind == 'r') sums_[*relation.root].merge(relation.digest);
      if (relation.root && relation.generated_digest)
        generated_sums_[*relation.root].merge(*relation.generated_digest);
      if (relation.root && relation.via_root) via_root_.insert(*relation.root);
    }
  }

  void plan(std::vector<Check>& checks) {
    for (const Relation& relation : manifest_.relations) {
      if (relation.kind == 'm' && relation.contents) plan_view(relation);
      const bool tree = relation.kind == 'p' && !relation.root;
      const bool table = relation.kind == 'r' && !relation.root && relation.data == Data::copied;
      if (!tree && !table) continue;
      const auto here = by_name_.find(relation.name);
      if (here == by_name_.end())
        checks.push_back({"table " + relation.name.shown(),
                          Verdict::fail,
                          "it is missing",
                          {CheckKind::rows, relation.name.shown(), {}}});
      else if (tree)
        plan_tree(relation, *here->second);
      else
        plan_table(relation, *here->second);
    }
  }

  std::vector<ProofUnit> units;
  std::vector<ProofSubject> subjects;

  std::uint64_t rows_read() const {
    std::uint64_t rows = 0;
    for (const Comparison& comparison : comparisons_)
      for (const std::size_t index : comparison.subjects) rows += subjects[index].found.rows;
    return rows;
  }

  void compare(const std::vector<std::string>& reasons, std::set<CheckId>& made,
               std::vector<Check>& checks) const {
    std::uint64_t agreeing = 0, tables = 0, rows = 0, columns = 0;
    for (const Comparison& comparison : comparisons_) {
      std::optional<Check> check;
      if (!comparison.only_generated) {
        made.insert({CheckKind::rows, comparison.relation->name.shown(), {}});
        check = compare_one(comparison, reasons);
        rows += comparison.expected.rows;
        tables += comparison.subjects.size();
      }
      // Where rows differ, what is computed of them says nothing more.
      if (check) {
        checks.push_back(std::move(*check));
        continue;
      }
      ++agreeing;
      columns += compare_generated(comparison, reasons, checks);
    }
    const std::string generated = columns > 0 ? fmt::format(", {} generated columns", columns) : "";
    if (agreeing == comparisons_.size() &&
        std::ranges::all_of(checks, [](const Check& one) { return one.verdict == Verdict::pass; }))
      checks.push_back(
          {"tables", Verdict::pass, fmt::format("{} tables, {} rows{}", tables, rows, generated)});
  }

  const std::map<QualifiedName, const TableInfo*>& by_name() const { return by_name_; }

  /// What is there of a materialized view whose rows the backup has counted; null where it was not read.
  const ProofSubject* found_in(const Relation& view) const {
    const auto subject = views_.find(&view);
    return subject == views_.end() ? nullptr : &subjects[subject->second];
  }

 private:
  void plan_view(const Relation& view) {
    const auto here = by_name_.find(view.name);
    if (here == by_name_.end() || !here->second->populated) return;
    views_[&view] = subjects.size();
    units.push_back({subjects.size(),
                     copy_view_out_sql(view.name, view.columns, {manifest_.encoding, view.format}), 0,
                     view.format, view.columns.size(), 0});
    subjects.push_back({view.name.shown(), {}, {}, {}, false});
  }

  void plan_table(const Relation& relation, const TableInfo& table) {
    Comparison comparison{&relation, relation.digest, {}, {}, relation.generated_digest};
    add_subject(comparison, relation, relation, table);
    comparisons_.push_back(std::move(comparison));
  }

  /// Rows may have moved between leaves, so all leaves of the tree that is there now count, in the root's
  /// columns: those whose rows were left out too, where rows of others may have been given to them.
  void plan_tree(const Relation& root, const TableInfo& table) {
    const bool moving = via_root_.contains(root.name);
    Comparison comparison{&root, sums_[root.name], {}, {}};
    if (root.generated_digest) {
      // Of fewer leaves, perhaps, than the backup has.
      comparison.generated = generated_sums_[root.name];
      comparison.generated->columns.resize(root.generated_digest->columns.size());
    }
    std::vector<Comparison> of_leaves;
    for (const TableInfo* leaf : leaves_[table.oid]) {
      const auto known = in_backup_.find(leaf->name);
      const Relation* then = known == in_backup_.end() ? nullptr : known->second;
      if (then && then->data != Data::copied && !moving) continue;
      comparison.leaves.push_back(then);
      // A leaf may have a column computed that its root has not.
      const bool its_own = then && !root.generated_digest && !moving;
      if (its_own && then->generated_digest)
        of_leaves.push_back({then, then->digest, {subjects.size()}, {}, then->generated_digest, true});
      add_subject(comparison, root, its_own ? *then : root, *leaf);
    }
    comparisons_.push_back(std::move(comparison));
    std::ranges::move(of_leaves, std::back_inserter(comparisons_));
  }

  /// `relation`: of the comparison; `columns`: whose columns are read.
  void add_subject(Comparison& comparison, const Relation& relation, const Relation& columns,
                   const TableInfo& table) {
    comparison.subjects.push_back(subjects.size());
    const std::vector<std::string> generated =
        columns.generated_digest ? digested_names(columns.generated) : std::vector<std::string>();
    const std::vector<PageRange> ranges = page_ranges(table, leader_.server_version(), spread_);
    for (const PageRange& range : ranges)
      units.push_back({subjects.size(),
                       copy_out_sql(table.name, columns.columns, relation.filter,
                                    ranges.size() > 1 ? std::optional(range) : std::nullopt,
                                    {manifest_.encoding, relation.format}, generated),
                       (table.heap_bytes + table.toast_bytes) / ranges.size(), relation.format,
                       columns.columns.size(), generated.size()});
    subjects.push_back({table.name.shown(), {}, {}, {}, false});
  }

  std::optional<Check> compare_one(const Comparison& comparison,
                                   const std::vector<std::string>& reasons) const {
    const std::string name = "table " + comparison.relation->name.shown();
    const CheckId id = {CheckKind::rows, comparison.relation->name.shown(), {}};
    RowDigest found;
    for (const std::size_t index : comparison.subjects) {
      const ProofSubject& subject = subjects[index];
      if (!subject.problem.empty())
        return Check{name, subject.forbidden ? Verdict::unverified : Verdict::fail,
                     fmt::format("{} could not be read: {}", subject.shown, subject.problem), id};
      found.merge(subject.found);
    }
    if (found == comparison.expected) return std::nullopt;
    if (found.rows != comparison.expected.rows)
      return Check{
          name, Verdict::fail,
          fmt::format("{} rows instead of {}{}", found.rows, comparison.expected.rows, where(comparison)),
          id};
    const std::string detail = fmt::format("{} rows, but not the same: digest {} instead of {}{}", found.rows,
                                           found.hex(), comparison.expected.hex(), where(comparison));
    if (reasons.empty()) return Check{name, Verdict::fail, detail, id};
    return Check{name, Verdict::unverified,
                 fmt::format("{}; that proves nothing: {}", detail, fmt::join(reasons, ", ")), id};
  }

  std::uint64_t compare_generated(const Comparison& comparison, const std::vector<std::string>& reasons,
                                  std::vector<Check>& checks) const {
    const Relation& then = *comparison.relation;
    if (!comparison.generated) {
      const bool told_by_leaves = then.kind == 'p' && std::ranges::all_of(comparison.leaves, [](auto* leaf) {
                                    return leaf && (leaf->generated_digest || !has_generated(*leaf));
                                  });
      const bool any = comparison.expected.rows > 0;  // with --schema-only none are expected
      if (any && has_generated(then) && !told_by_leaves) checks.push_back(unknown_generated(then));
      return 0;
    }
    GeneratedDigest found;
    found.columns.resize(comparison.generated->columns.size());
    for (const std::size_t index : comparison.subjects) found.merge(subjects[index].generated);
    return check_generated(then, *comparison.generated, found, accepted_, reasons, checks);
  }

  /// The leaves that differ, where rows can't have moved between them.
  std::string where(const Comparison& comparison) const {
    std::vector<std::string> leaves;
    for (std::size_t i = 0; i < comparison.leaves.size(); ++i) {
      const Relation* then = comparison.leaves[i];
      const ProofSubject& now = subjects[comparison.subjects[i]];
      if (then && then->via_root) return {};
      if (!then || then->digest != now.found) leaves.push_back(now.shown);
    }
    constexpr std::size_t kShown = 5;
    const std::string more = leaves.size() > kShown ? ", …" : "";
    if (leaves.size() > kShown) leaves.resize(kShown);
    return leaves.empty() ? "" : fmt::format("; in {}{}", fmt::join(leaves, ", "), more);
  }

  Connection& leader_;
  const Manifest& manifest_;
  const Accepted& accepted_;
  Spread spread_;
  std::vector<TableInfo> tables_;
  std::map<QualifiedName, const TableInfo*> by_name_;
  std::map<Oid, std::vector<const TableInfo*>> leaves_;
  std::map<QualifiedName, const Relation*> in_backup_;
  std::map<QualifiedName, RowDigest> sums_;
  std::map<QualifiedName, GeneratedDigest> generated_sums_;  ///< of the leaves that the manifest has
  std::set<QualifiedName> via_root_;                         ///< trees whose rows the server distributes anew
  std::vector<Comparison> comparisons_;
  std::map<const Relation*, std::size_t> views_;  ///< subjects of materialized views
};

/// Never a failure: a restore fills it anew, and in the source most are stale.
Check contents_check(const Relation& view, const ProofSubject& found) {
  const std::string here =
      found.problem.empty() ? fmt::format("{} rows here", found.found.rows) : found.problem;
  const bool same = found.problem.empty() && found.found == *view.contents;
  return {"rows of materialized view " + view.name.shown(),
          Verdict::pass,
          fmt::format("{}, {} in the source{}", here, view.contents->rows,
                      same ? ", the same" : ": not the same, which is no failure, for it was filled anew"),
          {CheckKind::materialized_view, view.name.shown(), "rows"}};
}

void check_materialized_views(const Manifest& manifest, const std::map<QualifiedName, const TableInfo*>& here,
                              const RowProof& rows, std::set<CheckId>& made, std::vector<Check>& checks) {
  std::uint64_t agreeing = 0;
  const std::size_t before = checks.size();
  for (const Relation& relation : manifest.relations) {
    if (relation.kind != 'm') continue;
    const auto found = here.find(relation.name);
    const std::string name = "materialized view " + relation.name.shown();
    const CheckId id = {CheckKind::materialized_view, relation.name.shown(), {}};
    made.insert(id);
    if (found == here.end())
      checks.push_back({name, Verdict::fail, "it is missing", id});
    else if (found->second->populated != relation.populated)
      checks.push_back(
          {name, Verdict::fail, relation.populated ? "it is not populated" : "it is populated", id});
    else
      ++agreeing;
  }
  if (agreeing > 0 && checks.size() == before)
    checks.push_back(
        {"materialized views", Verdict::pass,
         fmt::format("{} there, populated as they were; their rows are not compared", agreeing)});
  for (const Relation& relation : manifest.relations)
    if (const ProofSubject* found = relation.contents ? rows.found_in(relation) : nullptr)
      checks.push_back(contents_check(relation, *found));
}

}  // namespace

namespace {

/// A table that fails only because this server writes the same values in another way passes, and says so.
void look_at_writing(Connection& connection, const Manifest& manifest, const Place& backup,
                     std::vector<Check>& checks) {
  for (Check& check : checks) {
    if (check.id.kind != CheckKind::rows || check.verdict == Verdict::pass) continue;
    if (!check.id.aspect.empty()) continue;  // of a generated column
    const auto relation = std::ranges::find_if(manifest.relations, [&](const Relation& one) {
      return (one.kind == 'r' || one.kind == 'p') && !one.root && one.filter.empty() &&
             one.name.shown() == check.id.object;
    });
    if (relation == manifest.relations.end()) continue;
    const std::optional<std::string> told = values_written_otherwise(connection, backup, *relation, manifest);
    if (!told) continue;
    check.verdict = Verdict::pass;
    check.detail = *told;
  }
}

}  // namespace

std::vector<Check> prove(const ConnInfo& target, const Manifest& manifest, const ProofOptions& options,
                         Observer& observer, std::stop_token stop, Compared* compared) {
  const std::string money = setting(manifest, "lc_monetary");
  Connection leader = Connection::open(target, "pgassay proof", stop);
  const Settings session = start_reading_session(leader, money);
  leader.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  const Result snapshot = leader.query("SELECT pg_catalog.pg_export_snapshot()");
  const std::vector<std::string> reasons = excuses(leader, manifest, session);

  std::vector<Check> checks;
  // Its callers prove databases that are new, or that nobody works in: no cache needs to be spared.
  RowProof rows(leader, manifest, options.accepted, spread_over(leader, options.jobs));
  rows.plan(checks);
  ObjectProof objects(leader, manifest);
  objects.plan(rows.units, rows.subjects);
  read_units(target, snapshot.text(0, 0), money, std::move(rows.units), rows.subjects, options.jobs, observer,
             stop);
  Compared own;
  own.rows = rows.rows_read();
  for (const Check& missing : checks) own.made.insert(missing.id);
  rows.compare(reasons, own.made, checks);
  if (!options.backup.empty()) look_at_writing(leader, manifest, options.backup, checks);
  check_materialized_views(manifest, rows.by_name(), rows, own.made, checks);
  check_sequences(leader, manifest.sequences, checks, &own.made);
  objects.compare(rows.subjects, checks);
  own.made.insert({CheckKind::large_objects, {}, {}});
  leader.query("COMMIT");
  std::ranges::move(not_made(manifest, options.inventory, own.made), std::back_inserter(checks));
  if (compared != nullptr) *compared = std::move(own);
  return checks;
}

}  // namespace pgassay::proof
