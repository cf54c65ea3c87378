#include "restore/whole/causes.h"

#include <algorithm>
#include <map>
#include <set>

#include "restore/archive/archive_graph.h"
#include "restore/whole/mend.h"

namespace pgassay::restore {
namespace {

/// "NAME on SCHEMA.TABLE" or "SCHEMA.NAME", as the entry of it is called.
std::optional<QualifiedName> called(const std::string& object) {
  if (const std::optional<std::string> table = table_altered(object)) return called(*table);
  const std::size_t on = object.rfind(" on ");
  const std::vector<std::string> owner = name_parts(on == std::string::npos ? object : object.substr(on + 4));
  if (owner.size() != 2) return std::nullopt;
  if (on == std::string::npos) return QualifiedName{owner[0], owner[1]};
  return QualifiedName{owner[0], owner[1] + " " + name_parts(object.substr(0, on)).back()};
}

bool may_be(const ArchiveEntry& entry, LossKind kind) {
  static const std::set<std::string_view> kRelations = {"TABLE", "VIEW", "MATERIALIZED VIEW", "INDEX"};
  static const std::set<std::string_view> kConstraints = {"FK CONSTRAINT", "CONSTRAINT", "CHECK CONSTRAINT"};
  if (kind == LossKind::rows) return entry.is("TABLE");
  if (kind == LossKind::materialized_view) return entry.is("MATERIALIZED VIEW DATA");
  return kRelations.contains(entry.kind) || kConstraints.contains(entry.kind);
}

class Causes {
 public:
  Causes(std::vector<Loss>& lost, const std::vector<ArchiveEntry>& archive) : lost_(lost), graph_(archive) {
    for (const Loss& loss : lost_) {
      const ArchiveEntry* entry = find(loss, archive);
      entry_of_.push_back(entry == nullptr ? 0 : entry->id);
      if (entry != nullptr) first_of_.try_emplace(entry->id, &loss);
    }
  }

  void run() {
    for (std::size_t i = 0; i < lost_.size(); ++i) {
      if (entry_of_[i] == 0 || !lost_[i].cause.empty()) continue;
      const Loss* cause = root(entry_of_[i]);
      if (cause != &lost_[i]) lost_[i].cause = cause->text;
    }
  }

 private:
  static const ArchiveEntry* find(const Loss& loss, const std::vector<ArchiveEntry>& archive) {
    const std::optional<QualifiedName> name = called(loss.object);
    if (!name) return nullptr;
    const auto found = std::ranges::find_if(
        archive, [&](const ArchiveEntry& entry) { return may_be(entry, loss.kind) && entry.names(*name); });
    return found == archive.end() ? nullptr : &*found;
  }

  /// A rule that is there NOT VALID keeps nothing else from being made.
  static bool is_missing(const Loss& loss) { return loss.kind != LossKind::rule; }

  const Loss* root(int entry) const {
    std::set<int> seen = {entry};
    for (bool further = true; further;) {
      further = false;
      for (const int id : graph_.closure({entry})) {
        const auto other = first_of_.find(id);
        if (other == first_of_.end() || !is_missing(*other->second) || !seen.insert(id).second) continue;
        entry = id;
        further = true;
        break;
      }
    }
    return first_of_.at(entry);
  }

  std::vector<Loss>& lost_;
  const ArchiveGraph graph_;
  std::vector<int> entry_of_;  ///< of each loss; 0: not known
  std::map<int, const Loss*> first_of_;
};

}  // namespace

void find_causes(std::vector<Loss>& lost, const std::vector<ArchiveEntry>& archive) {
  Causes(lost, archive).run();
}

}  // namespace pgassay::restore
