#include "core/postgres/pg_tool.h"
#include "core/repository/json_text.h"
#include "core/repository/manifest.h"

namespace pgassay {
namespace {

using Layout = JsonText::Layout;
constexpr std::size_t kFlushAt = 64 * 1024;

const char* to_text(Data data) {
  switch (data) {
    case Data::copied:
      return "copied";
    case Data::excluded:
      return "excluded";
    case Data::none:
      break;
  }
  return "none";
}

void write_texts(JsonText& json, JsonText::Key key, const std::vector<std::string>& values) {
  json.array(key);
  for (const std::string& value : values) json.text(value);
  json.end();
}

void write_map(JsonText& json, JsonText::Key key, const std::map<std::string, std::string>& values) {
  json.object(key, Layout::block);
  for (const auto& [name, value] : values) json.text({name}, value);
  json.end();
}

void write_name(JsonText& json, const QualifiedName& name) {
  json.text({"schema"}, name.schema);
  json.text({"name"}, name.name);
}

void write_oid(JsonText& json, Oid oid) {
  if (oid != Oid::none) json.number({"oid"}, static_cast<std::uint32_t>(oid));
}

void write_digest(JsonText& json, const RowDigest& digest) {
  json.number({"rows"}, digest.rows);
  json.text({"digest"}, digest.hex());
}

void write_part_fields(JsonText& json, const Part& part) {
  json.text({"file"}, part.file);
  if (part.pages) {
    json.array({"pages"});
    json.number(part.pages->first);
    part.pages->end ? json.number(*part.pages->end) : json.null();
    json.end();
  }
  json.number({"raw_bytes"}, part.raw);
  json.number({"bytes"}, part.stored);
  write_digest(json, part.digest);
  json.text({"sha256"}, part.sha.hex());
  json.end();
}

void write_parts(JsonText& json, const std::vector<Part>& parts) {
  json.array({"parts"});
  for (const Part& part : parts) {
    json.object();
    write_part_fields(json, part);
  }
  json.end();
}

void write_summary(JsonText& json, const ManifestSummary& summary) {
  json.number({"format"}, summary.format);
  json.object({"id"});
  json.text({"source"}, summary.id.source);
  json.text({"database"}, summary.id.database);
  json.text({"stamp"}, summary.id.stamp);
  json.end();
  json.text({"label"}, summary.label);
  json.text({"tool_version"}, summary.tool_version);
  json.text({"pg_dump_version"}, summary.pg_dump_version);
  json.number({"pg_dump_version_num"}, summary.pg_dump_version_num);
  json.number({"pg_restore_needed"}, pg_restore_needed(summary.pg_dump_version_num));
  json.object({"snapshot"});
  json.text({"id"}, summary.snapshot.id);
  json.text({"lsn"}, summary.snapshot.lsn);
  json.time({"taken"}, summary.snapshot.taken);
  json.end();
  json.time({"started"}, summary.started);
  json.time({"finished"}, summary.finished);
  json.time({"full_since"}, summary.full_since);
  json.number({"raw_bytes"}, summary.raw_bytes);
  json.number({"stored_bytes"}, summary.stored_bytes);
  json.number({"new_bytes"}, summary.new_bytes);
  json.number({"rows"}, summary.rows);
  json.number({"tables"}, summary.tables);
}

void write_server(JsonText& json, const ServerFacts& server) {
  json.object({"server"}, Layout::block);
  json.number({"version"}, server.version);
  json.text({"version_text"}, server.version_text);
  json.text({"system_identifier"}, server.system_identifier);
  json.flag({"standby"}, server.standby);
  json.text({"shared_preload_libraries"}, server.shared_preload_libraries);
  json.text({"lc_monetary"}, server.lc_monetary);
  json.text({"data_checksums"}, server.data_checksums);
  json.flag({"superuser"}, server.superuser);
  if (!server.bootstrap_role.empty()) json.text({"bootstrap_role"}, server.bootstrap_role);
  json.number({"max_locks_per_transaction"}, server.max_locks_per_transaction);
  json.number({"max_connections"}, server.max_connections);
  json.number({"max_prepared_transactions"}, server.max_prepared_transactions);
  json.number({"database_bytes"}, server.database_bytes);
  json.time({"clock"}, server.clock);
  json.end();
}

void write_database(JsonText& json, const DatabaseProperties& database) {
  json.object({"database"}, Layout::block);
  write_oid(json, database.oid);
  json.text({"name"}, database.name);
  json.text({"owner"}, database.owner);
  json.text({"encoding"}, database.encoding);
  json.text({"collate"}, database.collate);
  json.text({"ctype"}, database.ctype);
  json.text({"provider"}, std::string_view(&database.provider, 1));
  json.text({"icu_locale"}, database.icu_locale);
  json.text({"icu_rules"}, database.icu_rules);
  json.text({"collation_version"}, database.collation_version);
  json.text({"tablespace"}, database.tablespace);
  json.text({"comment"}, database.comment);
  write_texts(json, {"grants"}, database.grants);
  json.array({"settings"});
  for (const DatabaseSetting& setting : database.settings) {
    json.object();
    json.text({"role"}, setting.role);
    json.text({"name"}, setting.name);
    json.text({"value"}, setting.value);
    json.end();
  }
  json.end();
  json.number({"connection_limit"}, database.connection_limit);
  json.flag({"is_template"}, database.is_template);
  json.flag({"allow_connections"}, database.allow_connections);
  json.end();
}

void write_extensions(JsonText& json, const std::vector<ExtensionInfo>& extensions) {
  json.array({"extensions"}, Layout::block);
  for (const ExtensionInfo& extension : extensions) {
    json.object();
    json.text({"name"}, extension.name);
    json.text({"schema"}, extension.schema);
    json.text({"version"}, extension.version);
    json.end();
  }
  json.end();
}

void write_run(JsonText& json, const Manifest& manifest) {
  json.array({"left_out"}, Layout::block);
  for (const LeftOut& left_out : manifest.left_out) {
    json.object();
    json.text({"what"}, left_out.what);
    json.text({"why"}, left_out.why);
    json.end();
  }
  json.end();
  if (!manifest.tools_said.empty()) {
    json.array({"tools_said"}, Layout::block);
    for (const ToolWords& words : manifest.tools_said) {
      json.object();
      json.text({"tool"}, words.tool);
      json.text({"line"}, words.line);
      json.end();
    }
    json.end();
  }
  json.array({"phases"}, Layout::block);
  for (const PhaseTime& phase : manifest.phases) {
    json.object();
    json.text({"name"}, phase.name);
    json.seconds({"seconds"}, phase.seconds);
    json.end();
  }
  json.end();
  json.flag({"role_passwords"}, manifest.role_passwords);
}

void write_role(JsonText& json, const RoleFacts& role) {
  json.object();
  json.text({"name"}, role.name);
  if (role.in_doubt) {
    json.flag({"in_doubt"}, true);
    json.end();
    return;
  }
  write_texts(json, {"attributes"}, role.attributes);
  json.number({"connection_limit"}, role.connection_limit);
  json.text({"valid_until"}, role.valid_until);
  json.text({"comment"}, role.comment);
  json.array({"member_of"});
  for (const Membership& membership : role.member_of) {
    json.object();
    json.text({"role"}, membership.role);
    json.flag({"admin"}, membership.admin);
    if (const auto& options = membership.options) {
      json.text({"grantor"}, options->grantor);
      json.flag({"inherit"}, options->inherit);
      json.flag({"set"}, options->set);
    }
    json.end();
  }
  json.end();
  json.array({"settings"});
  for (const RoleSetting& setting : role.settings) {
    json.object();
    json.text({"name"}, setting.name);
    json.text({"value"}, setting.value);
    json.end();
  }
  json.end();
  if (role.parameters) write_texts(json, {"parameters"}, *role.parameters);
  json.end();
}

void write_files(JsonText& json, const Manifest& manifest) {
  json.array({"files"}, Layout::block);
  for (const StoredFile& file : manifest.files) {
    json.object();
    json.text({"file"}, file.file);
    json.number({"bytes"}, file.stored);
    json.text({"sha256"}, file.sha.hex());
    json.end();
  }
  json.end();
  json.object({"large_objects"}, Layout::block);
  json.number({"count"}, manifest.large_objects.count);
  write_digest(json, manifest.large_objects.digest);
  write_parts(json, manifest.large_objects.parts);
  if (manifest.large_objects.metadata) {
    json.object({"metadata"});
    write_part_fields(json, *manifest.large_objects.metadata);
  }
  json.end();
}

void write_sequence(JsonText& json, const Sequence& sequence) {
  json.object();
  write_name(json, sequence.name);
  write_oid(json, sequence.oid);
  json.number({"last_value"}, sequence.last_value);
  json.flag({"is_called"}, sequence.is_called);
  if (!sequence.extension.empty()) json.text({"extension"}, sequence.extension);
  if (const auto& attributes = sequence.attributes) {
    json.object({"attributes"});
    json.text({"type"}, attributes->type);
    json.number({"start"}, attributes->start);
    json.number({"increment"}, attributes->increment);
    json.number({"min"}, attributes->min);
    json.number({"max"}, attributes->max);
    json.number({"cache"}, attributes->cache);
    json.flag({"cycle"}, attributes->cycle);
    json.end();
  }
  json.end();
}

void write_types(JsonText& json, const Relation& relation) {
  if (!relation.types.empty()) write_texts(json, {"types"}, relation.types);
  if (relation.generated.empty()) return;
  json.array({"generated"});
  for (const GeneratedColumn& column : relation.generated) {
    json.object();
    json.text({"name"}, column.name);
    json.text({"type"}, column.type);
    json.text({"expression"}, column.expression);
    if (!column.stored && !column.digested) json.flag({"stored"}, false);
    if (!column.stored && column.digested) json.flag({"virtual"}, true);
    json.end();
  }
  json.end();
  if (!relation.generated_digest) return;
  json.object({"generated_digest"});
  json.text({"line"}, relation.generated_digest->line.hex());
  json.array({"columns"});
  for (const GeneratedDigest::Column& column : relation.generated_digest->columns) {
    json.object();
    json.text({"digest"}, RowDigest{0, column.sum}.hex());
    json.number({"nulls"}, column.nulls);
    json.end();
  }
  json.end();
  json.end();
}

void write_relation(JsonText& json, const Relation& relation) {
  json.object();
  write_name(json, relation.name);
  write_oid(json, relation.oid);
  json.text({"kind"}, std::string_view(&relation.kind, 1));
  json.flag({"unlogged"}, relation.unlogged);
  json.text({"data"}, to_text(relation.data));
  if (relation.format == RowFormat::binary) json.text({"row_format"}, "binary");
  write_texts(json, {"columns"}, relation.columns);
  write_types(json, relation);
  if (relation.root) {
    json.object({"root"});
    write_name(json, *relation.root);
    json.end();
  }
  json.flag({"via_root"}, relation.via_root);
  json.flag({"populated"}, relation.populated);
  if (relation.contents) {
    json.object({"contents"});
    write_digest(json, *relation.contents);
    json.end();
  }
  if (!relation.extension.empty()) {
    json.text({"extension"}, relation.extension);
    json.text({"filter"}, relation.filter);
  }
  write_digest(json, relation.digest);
  write_parts(json, relation.parts);
  json.end();
}

}  // namespace

void write_manifest(const Manifest& manifest, const std::function<void(std::string_view)>& out) {
  JsonText json;
  const auto flush = [&](std::size_t at) {
    if (json.size() >= at) out(json.take());
  };
  json.object(Layout::block);
  write_summary(json, manifest.summary);
  write_server(json, manifest.server);
  write_database(json, manifest.database);
  write_map(json, {"session"}, manifest.session);
  json.text({"encoding"}, manifest.encoding);
  write_extensions(json, manifest.extensions);
  write_run(json, manifest);
  if (manifest.roles) {
    json.array({"roles"}, Layout::block);
    for (const RoleFacts& role : *manifest.roles) {
      write_role(json, role);
      flush(kFlushAt);
    }
    json.end();
  }
  write_files(json, manifest);
  json.array({"sequences"}, Layout::block);
  for (const Sequence& sequence : manifest.sequences) {
    write_sequence(json, sequence);
    flush(kFlushAt);
  }
  json.end();
  json.array({"relations"}, Layout::block);
  for (const Relation& relation : manifest.relations) {
    write_relation(json, relation);
    flush(kFlushAt);
  }
  json.end();
  json.end();
  flush(1);
}

}  // namespace pgassay
