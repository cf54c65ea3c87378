#include "restore/load/owner_guard.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>
#include <utility>
#include <vector>

namespace pgassay::restore {
namespace {

std::vector<QualifiedName> tables_of(const Manifest& manifest) {
  std::vector<QualifiedName> names;
  for (const Relation& relation : manifest.relations)
    if (relation.extension.empty() && (relation.kind == 'r' || relation.kind == 'p'))
      names.push_back(relation.name);
  return names;
}

}  // namespace

OwnerSession::OwnerSession(const LoadJob& job, const TableOfOwner& of, Observer& observer,
                           std::stop_token stop)
    : login(job.target, of.owner, observer, std::move(stop)),
      connection(login.open(of.code, "go on without --distrust-owners")) {
  start_loader(connection, job);
}

OwnerGuard::OwnerGuard(const LoadJob& job, Observer& observer, std::stop_token stop)
    : job_(job), observer_(observer), stop_(stop) {
  if (job.owners == OwnersCode::trusted) return;
  Connection connection = open_loader(job, std::move(stop));
  if (!is_superusers_session(connection)) return;
  for (TableOfOwner& table : find_tables_of_owners(connection, tables_of(job.manifest), CodeOf::rules))
    if (!table.code.empty() && !table.owner_is_superuser) {
      const QualifiedName name = table.table;
      tables_.emplace(name, std::move(table));
    }
  for (auto& [rule, of] : find_rules_of_owners(connection))
    if (!of.owner_is_superuser) rules_.emplace(rule, std::move(of));
}

std::unique_ptr<OwnerSession> OwnerGuard::session(const TableOfOwner& of) {
  try {
    return std::make_unique<OwnerSession>(job_, of, observer_, stop_);
  } catch (const Error& error) {
    if (!may_give_up() || !error.is(ErrorKind::refused)) error.raise();
    given_up_ = {
        NoteKind::owner_code,
        {},
        error.sqlstate(),
        fmt::format("code that does not belong to a superuser ran with the rights of the restore: {}",
                    error.what())};
  }
  tables_.clear();
  rules_.clear();
  return nullptr;
}

std::unique_ptr<OwnerSession> OwnerGuard::for_rows(const QualifiedName& table) {
  const auto found = tables_.find(table);
  return found == tables_.end() ? nullptr : session(found->second);
}

std::unique_ptr<OwnerSession> OwnerGuard::for_rule(const std::string& object) {
  const auto found = rules_.find(object);
  return found == rules_.end() ? nullptr : session(found->second);
}

bool OwnerGuard::gives_up(const ServerError& error, const QualifiedName& table) {
  if (!may_give_up() || error.sqlstate() != kInsufficientPrivilege) return false;
  return tables_.erase(table) > 0;
}

std::optional<Note> note_of_owners_code(Connection& connection, const Manifest& manifest, bool guarded) {
  if (!is_superusers_session(connection)) return std::nullopt;
  std::set<std::string> code;
  for (const TableOfOwner& table : find_tables_of_owners(connection, tables_of(manifest), CodeOf::rules))
    code.insert(table.code.begin(), table.code.end());
  if (code.empty()) return std::nullopt;
  return Note{
      NoteKind::owner_code,
      {},
      {},
      fmt::format("rows call code that does not belong to a superuser, which runs with the rights of {}: {}",
                  guarded ? "tables' owners alone" : "the restore (--distrust-owners)",
                  fmt::join(code, ", "))};
}

}  // namespace pgassay::restore
