#include "restore/whole/public_schema.h"

#include <fmt/format.h>

#include <optional>

#include "core/postgres/releases.h"
#include "proof/inventory_check.h"

namespace pgassay::restore {
namespace {

void describe(Connection& target, const std::string& what, const std::string& sql, std::vector<Loss>& lost) {
  try {
    target.query(sql);
  } catch (const ServerError& error) {
    lost.push_back({LossKind::object, "schema public", error.sqlstate(),
                    fmt::format("{} of schema public: {}", what, error.what())});
  }
}

}  // namespace

void open_public_no_wider_than(int archive_version, Connection& target) {
  if (!server_has(archive_version, Feature::closed_public) ||
      server_has(target.server_version(), Feature::closed_public))
    return;
  target.query("REVOKE CREATE ON SCHEMA public FROM PUBLIC");
}

void describe_public(Connection& target, const Place& backup_dir, const Manifest& manifest, bool owners,
                     std::vector<Loss>& lost) {
  if (server_has(manifest.summary.pg_dump_version_num, Feature::closed_public)) return;
  bool was_there = false, comment_known = true;
  std::optional<std::string> owner, comment;
  for (const proof::InventoryObject& object : proof::read_stored_inventory(backup_dir)) {
    if (object.kind == "schema" && object.identity == "public") {
      was_there = true;
      owner = object.owner;
    }
    if (object.kind == "comment" && object.identity == "on schema public") {
      const auto text = object.attributes.find("comment");
      // An older backup knows only that it has one.
      comment_known = text != object.attributes.end();
      if (comment_known) comment = text->second;
    }
  }
  const Result now = target.query(
      "SELECT pg_catalog.pg_get_userbyid(nspowner), pg_catalog.obj_description(oid, 'pg_namespace')"
      " FROM pg_catalog.pg_namespace WHERE nspname = 'public'");
  if (!was_there || now.rows() == 0) return;
  if (owners && owner && *owner != now.text(0, 0))
    describe(target, "owner", "ALTER SCHEMA public OWNER TO " + quote_identifier(*owner), lost);
  const std::optional<std::string> here = now.null(0, 1) ? std::nullopt : std::make_optional(now.text(0, 1));
  if (comment_known && comment != here)
    describe(target, "comment", "COMMENT ON SCHEMA public IS " + (comment ? quote_literal(*comment) : "NULL"),
             lost);
}

}  // namespace pgassay::restore
