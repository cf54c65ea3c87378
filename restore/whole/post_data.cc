#include "restore/whole/post_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "restore/archive/archive_graph.h"
#include "restore/load/late_tables.h"
#include "restore/load/owner_guard.h"
#include "restore/load/search_path_mend.h"

namespace pgassay::restore {

std::vector<int> index_entries(const std::vector<ArchiveEntry>& archive) {
  const ArchiveGraph graph(archive);
  // pg_dump puts them behind the primary key that their query groups by.
  const auto comes_after_rows = [&](const ArchiveEntry& entry) {
    if (graph.is_query_of_view(entry)) return true;
    return (entry.is("FUNCTION") || entry.is("PROCEDURE") || entry.is("MATERIALIZED VIEW")) &&
           std::ranges::any_of(graph.closure({entry.id}), [&](int id) {
             const ArchiveEntry* needed = graph.find(id);
             return needed != nullptr && needed->is("CONSTRAINT");
           });
  };
  std::vector<int> out;
  for (const ArchiveEntry& entry : archive)
    if (entry.is("INDEX") || entry.is("CONSTRAINT") || entry.is("INDEX ATTACH") || comes_after_rows(entry))
      out.push_back(entry.id);
  return out;
}

std::vector<int> with_comments(const std::vector<int>& entries, const std::vector<ArchiveEntry>& archive) {
  const std::set<int> wanted(entries.begin(), entries.end());
  std::vector<int> out;
  for (const ArchiveEntry& entry : archive) {
    const bool said = (entry.is("COMMENT") || entry.is("SECURITY LABEL") || entry.is("ACL")) &&
                      std::ranges::any_of(entry.needs, [&](int id) { return wanted.contains(id); });
    if (said || wanted.contains(entry.id)) out.push_back(entry.id);
  }
  return out;
}

bool waits_for_queries(Connection& connection, const Manifest& manifest,
                       const std::function<std::vector<ArchiveEntry>()>& list) {
  const std::vector<const Relation*> late = find_late_tables(connection, manifest);
  if (std::ranges::none_of(late, [](const Relation* one) { return !one->generated.empty(); })) return false;
  const std::vector<ArchiveEntry> archive = list();
  const ArchiveGraph graph(archive);
  return std::ranges::any_of(archive,
                             [&](const ArchiveEntry& entry) { return graph.is_query_of_view(entry); });
}

std::vector<int> rows_of_views(const std::vector<ArchiveEntry>& archive) {
  std::vector<int> out;
  for (const ArchiveEntry& entry : archive)
    if (entry.is("MATERIALIZED VIEW DATA")) out.push_back(entry.id);
  return out;
}

std::vector<RefusedPart> parts_left(const Manifest& manifest, const RestoreRecord& record,
                                    const std::vector<Loss>& lost) {
  std::vector<RefusedPart> out;
  for (const Relation& relation : manifest.relations) {
    if (!relation.extension.empty()) continue;
    const bool told = std::ranges::any_of(lost, [&](const Loss& loss) {
      return loss.kind == LossKind::rows && loss.object == relation.name.shown();
    });
    if (told) continue;
    for (const Part& part : relation.parts)
      if (part.digest.rows > 0 && !record.has(part)) out.push_back({&relation, &part, {}, {}});
  }
  return out;
}

void refresh_again(Connection& connection, const std::string& search_path, std::vector<Loss>& lost) {
  const std::string begin =
      search_path.empty() ? "BEGIN; " : fmt::format("BEGIN; SET LOCAL search_path = {}; ", search_path);
  // It is the view's owner who reads, and whom policies may bind: as in the source.
  const std::string of_owner = begin + "SET LOCAL row_security = on; ";
  const auto filled = [&](Loss& loss) {
    if (loss.kind != LossKind::materialized_view) return false;
    loss.again = "REFRESH MATERIALIZED VIEW " + loss.object;
    for (const std::string& first : {begin, of_owner}) {
      try {
        connection.query(fmt::format("{}{}; COMMIT", first, loss.again));
        return true;
      } catch (const ServerError& error) {
        connection.query("ROLLBACK");
        if (!object_fault(error)) error.raise();
        add_mend(connection, error, loss);
        if (error.sqlstate() != kInsufficientPrivilege) break;
      }
    }
    return false;
  };
  for (bool some = true; some;) {
    some = false;
    for (auto loss = lost.begin(); loss != lost.end();) {
      const bool done = filled(*loss);
      some = some || done;
      loss = done ? lost.erase(loss) : loss + 1;
    }
  }
}

}  // namespace pgassay::restore
