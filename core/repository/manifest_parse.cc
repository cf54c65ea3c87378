#include <fmt/format.h>

#include <limits>

#include "core/repository/json_fields.h"
#include "core/repository/manifest.h"
#include "core/system/error.h"

namespace pgassay {
namespace {

/// The first key behind the summary.
constexpr std::string_view kBehindSummary = "server";

Sha256 read_sha(const JsonFields& json) {
  return json.parsed("sha256", "is not 64 hexadecimal digits",
                     [](const auto& hex) { return Sha256::parse(hex); });
}

RowDigest read_digest(const JsonFields& json) {
  const std::uint64_t rows = json.unsigned_integer("rows");
  return json.parsed("digest", "is not 32 hexadecimal digits",
                     [&](const auto& hex) { return RowDigest::from(rows, hex); });
}

QualifiedName read_name(const JsonFields& json) {
  return {json.text("schema"), json.text("name")};
}

Part read_one_part(const JsonFields& json) {
  Part part;
  part.file = json.text("file");
  if (json.has("pages")) {
    const auto [first, end] = json.range("pages");
    part.pages = PageRange{first, end};
  }
  part.raw = json.unsigned_integer("raw_bytes");
  part.stored = json.unsigned_integer("bytes");
  part.digest = read_digest(json);
  part.sha = read_sha(json);
  return part;
}

std::vector<Part> read_parts(const JsonFields& json) {
  std::vector<Part> parts;
  for (const JsonFields& part : json.objects("parts")) parts.push_back(read_one_part(part));
  return parts;
}

Data read_data(const JsonFields& json) {
  const std::string data = json.text("data");
  if (data == "copied") return Data::copied;
  if (data == "excluded") return Data::excluded;
  if (data == "none") return Data::none;
  json.bad("data", "is none of copied, excluded, none");
}

RowFormat read_row_format(const JsonFields& json) {
  if (!json.has("row_format")) return RowFormat::text;
  const std::string format = json.text("row_format");
  if (format == "text") return RowFormat::text;
  if (format == "binary") return RowFormat::binary;
  json.bad("row_format", "is none of text, binary");
}

/// Backups of before it was recorded are without.
Oid read_oid(const JsonFields& json) {
  if (!json.has("oid")) return Oid::none;
  const std::uint64_t oid = json.unsigned_integer("oid");
  if (oid > std::numeric_limits<std::uint32_t>::max()) json.bad("oid", "is no OID: it passes 2^32 - 1");
  return static_cast<Oid>(oid);
}

void read_types(const JsonFields& json, Relation& relation) {
  if (json.has("types")) relation.types = json.texts("types");
  if (!relation.types.empty() && relation.types.size() != relation.columns.size())
    json.bad("types", "are not as many as there are columns");
  if (!json.has("generated")) return;
  for (const JsonFields& column : json.objects("generated")) {
    const bool digested = !column.has("stored") || column.flag("stored");
    const bool computed = column.has("virtual") && column.flag("virtual");
    relation.generated.push_back({column.text("name"), column.text("type"), column.text("expression"),
                                  digested && !computed, digested});
  }
}

std::optional<GeneratedDigest> read_generated(const JsonFields& json) {
  if (!json.has("generated_digest")) return std::nullopt;
  const JsonFields fields = json.object("generated_digest");
  const auto sum_of = [](const JsonFields& one, const char* key) {
    return one.parsed(key, "is not 32 hexadecimal digits",
                      [](const auto& hex) { return RowDigest::from(0, hex); });
  };
  GeneratedDigest digest;
  digest.line = sum_of(fields, "line");
  for (const JsonFields& column : fields.objects("columns"))
    digest.columns.push_back({sum_of(column, "digest").sum, column.unsigned_integer("nulls")});
  return digest;
}

Relation read_relation(const JsonFields& json) {
  Relation relation;
  relation.name = read_name(json);
  relation.oid = read_oid(json);
  relation.kind = json.letter("kind");
  relation.unlogged = json.flag("unlogged");
  relation.data = read_data(json);
  relation.format = read_row_format(json);
  relation.columns = json.texts("columns");
  read_types(json, relation);
  if (json.has("root")) relation.root = read_name(json.object("root"));
  relation.via_root = json.flag("via_root");
  relation.populated = json.flag("populated");
  if (json.has("contents")) relation.contents = read_digest(json.object("contents"));
  if (json.has("extension")) {
    relation.extension = json.text("extension");
    relation.filter = json.text("filter");
  }
  relation.digest = read_digest(json);
  relation.generated_digest = read_generated(json);
  if (relation.generated_digest) relation.generated_digest->line.rows = relation.digest.rows;
  relation.parts = read_parts(json);
  for (Part& part : relation.parts) part.format = relation.format;
  return relation;
}

Sequence read_sequence(const JsonFields& json) {
  Sequence sequence;
  sequence.name = read_name(json);
  sequence.oid = read_oid(json);
  sequence.last_value = json.integer("last_value");
  sequence.is_called = json.flag("is_called");
  if (json.has("extension")) sequence.extension = json.text("extension");
  if (json.has("attributes")) {
    const JsonFields fields = json.object("attributes");
    sequence.attributes = {fields.text("type"),   fields.integer("start"), fields.integer("increment"),
                           fields.integer("min"), fields.integer("max"),   fields.integer("cache"),
                           fields.flag("cycle")};
  }
  return sequence;
}

RoleFacts read_role(const JsonFields& json) {
  RoleFacts role;
  role.name = json.text("name");
  role.in_doubt = json.has("in_doubt") && json.flag("in_doubt");
  if (role.in_doubt) return role;
  role.attributes = json.texts("attributes");
  role.connection_limit = json.integer("connection_limit");
  role.valid_until = json.text("valid_until");
  role.comment = json.text("comment");
  for (const JsonFields& one : json.objects("member_of")) {
    Membership membership{one.text("role"), one.flag("admin"), {}};
    if (one.has("grantor")) membership.options = {one.text("grantor"), one.flag("inherit"), one.flag("set")};
    role.member_of.push_back(std::move(membership));
  }
  for (const JsonFields& setting : json.objects("settings"))
    role.settings.push_back({setting.text("name"), setting.text("value")});
  if (json.has("parameters")) role.parameters = json.texts("parameters");
  return role;
}

ManifestSummary read_summary(const JsonFields& json, const Path& file) {
  ManifestSummary summary;
  summary.format = json.small_integer("format");
  if (summary.format > kManifestFormat) {
    throw NewerFormat(fmt::format("{}: written by a newer pgassay: its format is {}, this one reads up to {}",
                                  file.string(), summary.format, kManifestFormat),
                      "use the pgassay that wrote it, or a newer one");
  }
  if (summary.format < 1) json.bad("format", "is no format");
  const JsonFields id = json.object("id"), snapshot = json.object("snapshot");
  summary.id = {id.text("source"), id.text("database"), id.text("stamp")};
  summary.label = json.text("label");
  summary.tool_version = json.text("tool_version");
  summary.pg_dump_version = json.text("pg_dump_version");
  summary.pg_dump_version_num = json.small_integer("pg_dump_version_num");
  summary.snapshot = {snapshot.text("id"), snapshot.text("lsn"), snapshot.time("taken")};
  summary.started = json.time("started");
  summary.finished = json.time("finished");
  summary.full_since = json.time("full_since");
  summary.raw_bytes = json.unsigned_integer("raw_bytes");
  summary.stored_bytes = json.unsigned_integer("stored_bytes");
  summary.new_bytes = json.unsigned_integer("new_bytes");
  summary.rows = json.unsigned_integer("rows");
  summary.tables = json.unsigned_integer("tables");
  return summary;
}

ServerFacts read_server(const JsonFields& json) {
  ServerFacts server;
  server.version = json.small_integer("version");
  server.version_text = json.text("version_text");
  server.system_identifier = json.text("system_identifier");
  server.standby = json.flag("standby");
  server.shared_preload_libraries = json.text("shared_preload_libraries");
  server.lc_monetary = json.text("lc_monetary");
  server.data_checksums = json.text("data_checksums");
  server.superuser = json.flag("superuser");
  if (json.has("bootstrap_role")) server.bootstrap_role = json.text("bootstrap_role");
  server.max_locks_per_transaction = json.integer("max_locks_per_transaction");
  server.max_connections = json.integer("max_connections");
  server.max_prepared_transactions = json.integer("max_prepared_transactions");
  server.database_bytes = json.unsigned_integer("database_bytes");
  server.clock = json.time("clock");
  return server;
}

DatabaseProperties read_database(const JsonFields& json) {
  DatabaseProperties database;
  database.oid = read_oid(json);
  database.name = json.text("name");
  database.owner = json.text("owner");
  database.encoding = json.text("encoding");
  database.collate = json.text("collate");
  database.ctype = json.text("ctype");
  database.provider = json.letter("provider");
  database.icu_locale = json.text("icu_locale");
  database.icu_rules = json.text("icu_rules");
  database.collation_version = json.text("collation_version");
  database.tablespace = json.text("tablespace");
  database.comment = json.text("comment");
  database.grants = json.texts("grants");
  for (const JsonFields& setting : json.objects("settings")) {
    database.settings.push_back({setting.text("role"), setting.text("name"), setting.text("value")});
  }
  database.connection_limit = json.integer("connection_limit");
  database.is_template = json.flag("is_template");
  database.allow_connections = json.flag("allow_connections");
  return database;
}

LargeObjects read_large_objects(const JsonFields& json) {
  LargeObjects large_objects;
  large_objects.count = json.unsigned_integer("count");
  large_objects.digest = read_digest(json);
  large_objects.parts = read_parts(json);
  if (json.has("metadata")) large_objects.metadata = read_one_part(json.object("metadata"));
  return large_objects;
}

void read_rest(const JsonFields& json, Manifest& manifest) {
  manifest.server = read_server(json.object("server"));
  manifest.database = read_database(json.object("database"));
  manifest.session = json.text_map("session");
  manifest.encoding = json.text("encoding");
  for (const JsonFields& extension : json.objects("extensions")) {
    manifest.extensions.push_back(
        {extension.text("name"), extension.text("schema"), extension.text("version")});
  }
  for (const JsonFields& left_out : json.objects("left_out")) {
    manifest.left_out.push_back({left_out.text("what"), left_out.text("why")});
  }
  if (json.has("tools_said")) {
    for (const JsonFields& words : json.objects("tools_said"))
      manifest.tools_said.push_back({words.text("tool"), words.text("line")});
  }
  for (const JsonFields& phase : json.objects("phases")) {
    manifest.phases.push_back({phase.text("name"), phase.number("seconds")});
  }
  manifest.role_passwords = json.flag("role_passwords");
  for (const JsonFields& file : json.objects("files")) {
    manifest.files.push_back({file.text("file"), file.unsigned_integer("bytes"), read_sha(file)});
  }
  manifest.large_objects = read_large_objects(json.object("large_objects"));
}

}  // namespace

ManifestSummary parse_manifest_summary(std::string_view json, const Path& name_for_errors) {
  JsonReading reading;
  reading.stop_at = kBehindSummary;
  return read_summary(read_json(json, name_for_errors, reading), name_for_errors);
}

Manifest decode_manifest(std::string_view json, const Path& name_for_errors) {
  Manifest manifest;
  // First, for a newer format may mean anything by the fields that follow.
  manifest.summary = parse_manifest_summary(json, name_for_errors);
  JsonReading reading;
  reading.streamed = {"roles", "sequences", "relations"};
  std::vector<RoleFacts> roles;
  reading.element = [&](std::string_view array, const JsonFields& element) {
    if (array == "relations") {
      manifest.relations.push_back(read_relation(element));
    } else if (array == "sequences") {
      manifest.sequences.push_back(read_sequence(element));
    } else {
      roles.push_back(read_role(element));
    }
  };
  const JsonFields fields = read_json(json, name_for_errors, reading);
  read_rest(fields, manifest);
  for (const char* streamed : {"sequences", "relations"}) fields.objects(streamed);
  if (fields.has("roles")) {
    fields.objects("roles");
    manifest.roles = std::move(roles);
  }
  return manifest;
}

Manifest parse_manifest(std::string_view json, const Path& name_for_errors) {
  Manifest manifest = decode_manifest(json, name_for_errors);
  const auto found = contradictions(manifest);
  if (!found.empty()) {
    throw BadBackup(fmt::format("{}: contradicts itself: {}: {}", name_for_errors.string(), found[0].where,
                                found[0].detail));
  }
  return manifest;
}

}  // namespace pgassay
