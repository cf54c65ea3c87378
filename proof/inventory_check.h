// Every object of the backup's inventory against a restored database.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/postgres/connection.h"
#include "core/repository/manifest.h"
#include "core/stream/part.h"
#include "proof/circumstances.h"

namespace pgassay::proof {

/// A line of inventory.jsonl.zst (core/postgres/inventory.h).
struct InventoryObject {
  std::string kind, identity;
  std::optional<std::string> owner;
  std::optional<std::vector<std::string>> acl;
  std::string definition;
};

/// Lines of an inventory, in chunks that are cut anywhere. chunk() throws BadBackup naming the line that is
/// none; a last one without its line feed is not counted.
class InventoryReader : public ChunkSink {
 public:
  explicit InventoryReader(std::string file_for_errors) : file_(std::move(file_for_errors)) {}
  void chunk(Bytes bytes) override;
  std::vector<InventoryObject> take() { return std::move(objects_); }

 private:
  void line(std::string_view text);
  std::string file_, begun_;
  std::vector<InventoryObject> objects_;
};

/// Throws BadBackup naming the line that is not one, or that the file is damaged.
std::vector<InventoryObject> read_stored_inventory(const Path& backup_dir);
/// The database's own, now. Wants a session of start_reading_session().
std::vector<InventoryObject> read_present_inventory(Connection& connection);

struct InventoryComparison {
  std::vector<Check>
      checks;  ///< one for each difference, named "KIND IDENTITY"; a summary when there is none
  std::uint64_t compared = 0;
};

/// Missing, another owner, other privileges, another definition, and objects that the backup does not have.
/// Subscriptions do not count: a drill makes none. `in_doubt` says why the stored one is no certain witness,
/// or is empty.
InventoryComparison compare_inventories(std::vector<InventoryObject> then, std::vector<InventoryObject> now,
                                        const DrillCircumstances& circumstances, const std::string& in_doubt);

/// Adds to each check about a definition what that is in the database, where the server can say it in a line:
/// indexes, constraints, triggers.
void name_definitions(Connection& connection, std::vector<Check>& checks);

}  // namespace pgassay::proof
