#include "restore/whole/extension_members.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "core/postgres/catalog.h"
#include "core/postgres/session.h"
#include "core/repository/json_fields.h"
#include "proof/inventory_check.h"
#include "restore/application_name.h"

namespace pgassay::restore {
namespace {

using proof::InventoryObject;
using Attributes = std::map<std::string, std::string>;

/// The word for ALTER. Empty: it has no owner that can be altered.
std::string_view alter_word(std::string_view kind) {
  constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"function", "ROUTINE"},
      {"procedure", "ROUTINE"},
      {"aggregate", "ROUTINE"},
      {"type", "TYPE"},
      {"enum type", "TYPE"},
      {"range type", "TYPE"},
      {"composite type", "TYPE"},
      {"domain", "DOMAIN"},
      {"table", "TABLE"},
      {"partitioned table", "TABLE"},
      {"foreign table", "FOREIGN TABLE"},
      {"view", "VIEW"},
      {"materialized view", "MATERIALIZED VIEW"},
      {"sequence", "SEQUENCE"},
      {"schema", "SCHEMA"},
      {"operator", "OPERATOR"},
      {"operator class", "OPERATOR CLASS"},
      {"operator family", "OPERATOR FAMILY"},
      {"collation", "COLLATION"},
      {"conversion", "CONVERSION"},
      {"language", "LANGUAGE"},
      {"text search configuration", "TEXT SEARCH CONFIGURATION"},
      {"text search dictionary", "TEXT SEARCH DICTIONARY"},
      {"foreign-data wrapper", "FOREIGN DATA WRAPPER"},
      {"foreign server", "SERVER"},
      {"event trigger", "EVENT TRIGGER"},
      {"statistics object", "STATISTICS"},
  };
  const auto found = std::ranges::find(kWords, kind, &std::pair<std::string_view, std::string_view>::first);
  return found == std::end(kWords) ? std::string_view() : found->second;
}

std::string of(const Attributes& attributes, const char* name) {
  const auto found = attributes.find(name);
  return found == attributes.end() ? std::string() : found->second;
}

/// "key = 'value', …" as a dictionary keeps its options, each value as SQL has it, a literal or a number;
/// nothing when it is not.
std::optional<std::vector<std::pair<std::string, std::string>>> options_of(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> options;
  while (!text.empty()) {
    const std::size_t equals = text.find(" = ");
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string name(text.substr(0, equals));
    text.remove_prefix(equals + 3);
    if (const std::size_t end = std::min(text.find(", "), text.size());
        end > 0 && text.find_first_not_of("0123456789.+-") >= end) {
      options.emplace_back(name, text.substr(0, end));
      text.remove_prefix(std::min(text.size(), end + 2));
      continue;
    }
    const bool escaped = text.starts_with("E'");
    if (escaped) text.remove_prefix(1);
    if (!text.starts_with('\'')) return std::nullopt;
    std::string value;
    for (text.remove_prefix(1); !text.empty(); text.remove_prefix(1)) {
      const bool doubled = text.starts_with("''") || (escaped && text.starts_with("\\\\"));
      if (text.front() == '\'' && !doubled) break;
      value += text.front();
      if (doubled) text.remove_prefix(1);
    }
    if (text.empty()) return std::nullopt;
    text.remove_prefix(1);
    options.emplace_back(name, quote_literal(value));
    if (text.starts_with(", ")) text.remove_prefix(2);
  }
  return options;
}

/// The clauses that make the routine what it was.
std::vector<std::string> clauses(const Attributes& then, const Attributes& now) {
  std::vector<std::string> out;
  const auto differs = [&](const char* name) {
    return of(then, name) != of(now, name) && !of(then, name).empty();
  };
  const auto choose = [&](const char* name,
                          std::initializer_list<std::pair<std::string_view, const char*>> words) {
    if (!differs(name)) return;
    for (const auto& [value, clause] : words)
      if (of(then, name) == value) out.emplace_back(clause);
  };
  choose("volatility", {{"i", "IMMUTABLE"}, {"s", "STABLE"}, {"v", "VOLATILE"}});
  choose("parallel", {{"s", "PARALLEL SAFE"}, {"r", "PARALLEL RESTRICTED"}, {"u", "PARALLEL UNSAFE"}});
  choose("strict", {{"true", "STRICT"}, {"false", "CALLED ON NULL INPUT"}});
  choose("leakproof", {{"true", "LEAKPROOF"}, {"false", "NOT LEAKPROOF"}});
  choose("definer", {{"true", "SECURITY DEFINER"}, {"false", "SECURITY INVOKER"}});
  // A number: the server's literal of any other text is refused.
  for (const auto& [name, word] : {std::pair("cost", "COST "), std::pair("rows", "ROWS ")}) {
    const std::string value = of(then, name);
    if (differs(name) && value.find_first_not_of("0123456789.e+-") == std::string::npos)
      out.push_back(word + value);
  }
  return out;
}

class Members {
 public:
  Members(Connection& target, std::vector<Loss>& lost) : target_(target), lost_(lost) {}

  void alter(const InventoryObject& then, const InventoryObject& now, bool owners) {
    const std::string word(alter_word(then.kind));
    if (word.empty()) return;
    const std::string object = word + " " + now.identity;
    if (owners && then.owner != now.owner)
      run(then, fmt::format("ALTER {} OWNER TO {}", object,
                            then.owner ? quote_identifier(*then.owner) : bootstrap_superuser()));
    if (word == "ROUTINE") alter_routine(then, now, object);
    if (then.kind == "text search dictionary" && then.attributes != now.attributes)
      alter_dictionary(then, now, object);
  }

  /// `then`: null where the source has none.
  void comment(const InventoryObject* then, const std::string& on) {
    if (!nameable().contains(on)) return;
    const InventoryObject& told = then ? *then : InventoryObject{"comment", on, {}, {}, {}};
    run(told,
        fmt::format("COMMENT {} IS {}", on, then ? quote_literal(of(then->attributes, "comment")) : "NULL"));
  }

  std::size_t altered() const { return altered_; }

 private:
  void alter_routine(const InventoryObject& then, const InventoryObject& now, const std::string& object) {
    for (const std::string& clause : clauses(then.attributes, now.attributes))
      run(then, fmt::format("ALTER {} {}", object, clause));
    const std::string settings = of(then.attributes, "settings");
    if (settings == of(now.attributes, "settings") || settings.empty()) return;
    std::vector<std::string> lines;
    try {
      lines = read_json("{\"all\": " + settings + "}", "settings of " + then.identity).texts("all");
    } catch (const Error& error) {
      return lose(then, error.what(), {});
    }
    run(then, fmt::format("ALTER {} RESET ALL", object));
    for (const std::string& line : lines) {
      const std::size_t equals = line.find('=');
      const std::string name = line.substr(0, equals), value = line.substr(equals + 1);
      run(then, fmt::format("ALTER {} SET {} TO {}", object, quoted_setting(name), value_of(name, value)));
    }
  }

  /// A name with dots is quoted part by part.
  static std::string quoted_setting(const std::string& name) {
    const std::size_t dot = name.find('.');
    if (dot == std::string::npos) return quote_identifier(name);
    return quote_identifier(name.substr(0, dot)) + "." + quote_identifier(name.substr(dot + 1));
  }

  /// Lists are kept as SQL would write them (GUC_LIST_QUOTE in guc.h).
  static std::string value_of(const std::string& name, const std::string& value) {
    constexpr std::string_view kLists[] = {"local_preload_libraries",   "search_path",
                                           "session_preload_libraries", "shared_preload_libraries",
                                           "temp_tablespaces",          "unix_socket_directories"};
    if (std::ranges::find(kLists, name) == std::end(kLists)) return quote_literal(value);
    std::vector<std::string> names = list_of_names(value);
    if (names.empty()) return "''";
    for (std::string& one : names) one = quote_literal(one);
    return fmt::to_string(fmt::join(names, ", "));
  }

  void alter_dictionary(const InventoryObject& then, const InventoryObject& now, const std::string& object) {
    const auto wanted = options_of(of(then.attributes, "options")),
               here = options_of(of(now.attributes, "options"));
    if (!wanted || !here) return lose(then, "its options are not understood", {});
    std::vector<std::string> changes;
    for (const auto& [name, value] : *here)
      if (std::ranges::find(*wanted, name, &std::pair<std::string, std::string>::first) == wanted->end())
        changes.push_back(quote_identifier(name));
    for (const auto& [name, value] : *wanted)
      changes.push_back(fmt::format("{} = {}", quote_identifier(name), value));
    run(then, fmt::format("ALTER {} ({})", object, fmt::join(changes, ", ")));
  }

  std::string bootstrap_superuser() {
    return quote_identifier(target_.query("SELECT pg_catalog.pg_get_userbyid(10)").text(0, 0));
  }

  /// "on TYPE IDENTITY" of every member that is there.
  const std::set<std::string>& nameable() {
    if (!nameable_.empty()) return nameable_;
    const Result rows = target_.query(
        "SELECT pg_catalog.format('on %s %s', o.type, o.identity) FROM pg_catalog.pg_depend d,"
        " pg_catalog.pg_identify_object(d.classid, d.objid, 0) o"
        " WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'");
    for (int row = 0; row < rows.rows(); ++row) nameable_.insert(rows.text(row, 0));
    return nameable_;
  }

  void run(const InventoryObject& member, const std::string& sql) {
    try {
      target_.query(sql);
      ++altered_;
    } catch (const ServerError& error) {
      lose(member, error.what(), error.sqlstate());
    }
  }

  void lose(const InventoryObject& member, const std::string& why, const std::string& sqlstate) {
    lost_.push_back(
        {LossKind::object, member.identity, sqlstate,
         fmt::format("{} {}, a member of extension {}, can't be altered as it was in the source: {}",
                     member.kind, member.identity, member.extension, why)});
  }

  Connection& target_;
  std::vector<Loss>& lost_;
  std::set<std::string> nameable_;
  std::size_t altered_ = 0;
};

using ByName = std::map<std::pair<std::string, std::string>, InventoryObject>;

ByName members_of(std::vector<InventoryObject> objects) {
  ByName members;
  for (InventoryObject& object : objects) {
    if (object.extension.empty()) continue;
    const std::pair name(object.kind, object.identity);
    members.emplace(name, std::move(object));
  }
  return members;
}

}  // namespace

std::vector<std::string> list_of_names(const std::string& text) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at < text.size();) {
    std::string name;
    if (text[at] == '"') {
      for (++at; at < text.size(); ++at) {
        if (text[at] == '"' && (at + 1 >= text.size() || text[at + 1] != '"')) break;
        if (text[at] == '"') ++at;
        name += text[at];
      }
      ++at;
    } else {
      while (at < text.size() && text[at] != ',') name += text[at++];
    }
    while (at < text.size() && (text[at] == ',' || text[at] == ' ')) ++at;
    names.push_back(std::move(name));
  }
  return names;
}

void alter_members(const ConnInfo& target, const Place& backup_dir, const Manifest& manifest, bool owners,
                   std::vector<Loss>& lost, std::vector<Note>& notes, std::stop_token stop) {
  const ByName then = members_of(proof::read_stored_inventory(backup_dir));
  if (then.empty()) return;
  Connection connection = Connection::open(target, kRestoreApplication, stop);
  start_reading_session(connection);
  const ByName now = members_of(proof::read_present_inventory(connection, InventoryOf::members));
  std::set<std::pair<std::string, std::string>> versions;
  for (const ExtensionInfo& one : list_extensions(connection)) versions.insert({one.name, one.version});
  std::set<std::string> same;
  for (const ExtensionInfo& one : manifest.extensions)
    if (versions.contains({one.name, one.version})) same.insert(one.name);

  start_loading_session(connection);
  Members members(connection, lost);
  for (const auto& [name, object] : then) {
    if (!same.contains(object.extension)) continue;
    const auto here = now.find(name);
    if (object.kind == "comment") {
      if (here == now.end() || of(here->second.attributes, "comment") != of(object.attributes, "comment"))
        members.comment(&object, object.identity);
    } else if (here != now.end()) {
      members.alter(object, here->second, owners);
    }
  }
  for (const auto& [name, object] : now)
    if (object.kind == "comment" && same.contains(object.extension) && !then.contains(name))
      members.comment(nullptr, object.identity);
  if (members.altered() > 0)
    notes.push_back({NoteKind::made,
                     {},
                     {},
                     fmt::format("members of extensions were altered again, as in the source: {} statements",
                                 members.altered())});
}

}  // namespace pgassay::restore
