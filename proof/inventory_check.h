// Every object of the backup's inventory against a restored database.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/postgres/connection.h"
#include "core/postgres/inventory.h"
#include "core/repository/manifest.h"
#include "core/stream/part.h"
#include "proof/accepted.h"
#include "proof/circumstances.h"

namespace pgassay::proof {

/// A line of inventory.jsonl.zst (core/postgres/inventory.h).
struct InventoryObject {
  std::string kind, identity;
  std::optional<std::string> owner;
  std::optional<std::vector<std::string>> acl;
  std::string definition;
  std::string extension = {};                          ///< of which it is a member; its owner is empty where
                                                       ///< that is the bootstrap superuser
  std::map<std::string, std::string> attributes = {};  ///< of a member: what can be altered in it;
                                                       ///< of the schema public: its comment
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
std::vector<InventoryObject> read_stored_inventory(const Place& backup_dir);
/// The database's own, now. Wants a session of start_reading_session().
std::vector<InventoryObject> read_present_inventory(Connection& connection,
                                                    InventoryOf which = InventoryOf::all);

struct InventoryComparison {
  std::vector<Check>
      checks;  ///< one for each difference, named "KIND IDENTITY"; a summary when there is none
  std::uint64_t compared = 0;
  std::map<std::string, std::size_t> answered = {};  ///< how many of each kind were compared, or are missing
};

/// False of a subscription, and of what is about one: a drill makes none.
bool is_compared(const InventoryObject& object);

/// Missing, another owner, other privileges, another definition, and objects that the backup does not have.
/// Of those that is_compared(). `in_doubt` says why the stored one is no certain witness,
/// or is empty. Of an extension's members each alteration counts; that a body or signature is what the script
/// of this host makes of it is one check an extension, UNVERIFIED, or PASS where "extension:NAME" is
/// accepted. Of an extension of another version members do not count: check_versions() tells of it.
InventoryComparison compare_inventories(std::vector<InventoryObject> then, std::vector<InventoryObject> now,
                                        const DrillCircumstances& circumstances, const std::string& in_doubt,
                                        const Accepted& accepted = {});

/// A failed check for each view that is in both and does not select what it selected, UNVERIFIED where
/// `excuse` says why that proves nothing. A view that groups by a primary key is dumped in two steps: where a
/// part of a dump is restored, the first alone makes one that selects nothing.
std::vector<Check> check_views(const std::vector<InventoryObject>& then,
                               const std::vector<InventoryObject>& now, const std::string& excuse);

/// Adds to each check about a definition what that is in the database, where the server can say it in a line:
/// indexes, constraints, triggers.
void name_definitions(Connection& connection, std::vector<Check>& checks);

}  // namespace pgassay::proof
