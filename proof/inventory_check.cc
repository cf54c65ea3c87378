#include "proof/inventory_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "core/postgres/definition_text.h"
#include "core/postgres/inventory.h"
#include "core/repository/json_fields.h"
#include "core/repository/layout.h"
#include "core/stream/lines.h"

namespace pgassay::proof {
namespace {

constexpr const char* kHashedBefore =
    "that proves nothing: the backup keeps it in an older way, with which nothing is compared";
constexpr const char* kDefinition = "its definition is not what it was";
constexpr const char *kThere = "existence", *kOfDefinition = "definition";  // aspects of checks

/// Which servers before 18 have none of, nor has a backup by a pgassay that did not list them. That a column
/// is NOT NULL is in its table's definition.
bool names_a_not_null(const InventoryObject& object) {
  return object.kind == "not-null constraint";
}

/// As quote_ident() writes the names that extensions have.
std::string quoted_where_needed(const std::string& name) {
  const bool plain = std::ranges::all_of(
      name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
  return plain ? name : quote_identifier(name);
}

auto key(const InventoryObject& object) {
  return std::tie(object.kind, object.identity);
}

void prepare(std::vector<InventoryObject>& objects) {
  std::erase_if(objects, [](const InventoryObject& object) { return !is_compared(object); });
  std::sort(objects.begin(), objects.end(),
            [](const InventoryObject& a, const InventoryObject& b) { return key(a) < key(b); });
}

class Comparer {
 public:
  Comparer(const DrillCircumstances& circumstances, const std::string& in_doubt, const Accepted& accepted)
      : circumstances_(circumstances),
        in_doubt_(in_doubt),
        accepted_(accepted),
        excuse_(circumstances.excuse()) {}

  void missing(const InventoryObject& object) {
    ++result_.answered[object.kind];
    if (!object.extension.empty()) return made_otherwise(object, "is not there");
    add(object, kThere, "it is missing", {});
  }
  /// Another version may bring objects of its own, but never takes any away. The schema public every new
  /// database has, also where the source had dropped it.
  void extra(const InventoryObject& object) {
    if (!object.extension.empty()) return made_otherwise(object, "was not there");
    const bool given = object.kind == "schema"
                           ? object.identity == "public"
                           : object.kind == "comment" && object.identity == "on schema public";
    if (given) return;
    add(object, kThere, "it is there, and the backup's database had none of that name", excuse_);
  }

  void both(const InventoryObject& then, const InventoryObject& now) {
    ++result_.compared;
    ++result_.answered[then.kind];
    ++by_kind_[then.kind];
    if (!then.extension.empty() && another_version(then.extension)) return;
    if (then.owner != now.owner)
      add(then, "owner", fmt::format("its owner is {} instead of {}", shown(now.owner), shown(then.owner)),
          {});
    if (then.acl != now.acl)
      add(then, "privileges", "its privileges are not what they were: " + acl_difference(then.acl, now.acl),
          excuse_);
    if (!then.extension.empty()) return compare_member(then, now);
    const bool told = then.kind == "extension" && circumstances_.other_extensions.contains(then.identity);
    if (then.definition != now.definition && !told) {
      const bool comparable = then.definition.starts_with(kDefinitionHash);
      add(then, kOfDefinition, kDefinition, comparable ? why_it_may_differ(then) : kHashedBefore);
    } else if (const auto altered = other_attributes(then, now); !altered.empty()) {
      add(then, kOfDefinition, fmt::format("{}: {}", kDefinition, fmt::join(altered, ", ")), excuse_);
    }
  }

  InventoryComparison finish(std::size_t expected) && {
    for (const auto& [extension, members] : made_otherwise_) add_extension(extension, members);
    if (expected == 0)
      result_.checks.push_back({"objects", Verdict::unverified, "the backup's inventory names none"});
    else if (std::ranges::all_of(result_.checks,
                                 [](const Check& one) { return one.verdict == Verdict::pass; }))
      result_.checks.push_back({"objects", Verdict::pass, summary()});
    return std::move(result_);
  }

 private:
  void add(const InventoryObject& object, const char* aspect, std::string what, const std::string& excuse) {
    const std::string& why = in_doubt_.empty() ? excuse : in_doubt_;
    if (!why.empty()) what += "; " + why;
    result_.checks.push_back({object.kind + " " + object.identity,
                              why.empty() ? Verdict::fail : Verdict::unverified,
                              std::move(what),
                              {CheckKind::inventory, object.kind + " " + object.identity, aspect}});
  }

  bool another_version(const std::string& extension) const {
    return circumstances_.other_extensions.contains(quoted_where_needed(extension)) ||
           circumstances_.other_extensions.contains(extension);
  }

  static std::vector<std::string> other_attributes(const InventoryObject& then, const InventoryObject& now) {
    std::vector<std::string> altered;
    for (const auto& [what, before] : then.attributes) {
      const auto found = now.attributes.find(what);
      const std::string after = found == now.attributes.end() ? "" : found->second;
      if (after != before) altered.push_back(fmt::format("{} {} instead of {}", what, after, before));
    }
    return altered;
  }

  /// What can be altered, each by its name; then what the extension's script makes of it.
  void compare_member(const InventoryObject& then, const InventoryObject& now) {
    if (const auto altered = other_attributes(then, now); !altered.empty())
      add(then, kOfDefinition,
          fmt::format("a member of extension {}, it is not as it was altered: {}", then.extension,
                      fmt::join(altered, ", ")),
          excuse_);
    else if (then.definition != now.definition)
      made_otherwise(then, "is another");
  }

  void made_otherwise(const InventoryObject& object, const char* how) {
    if (another_version(object.extension)) return;
    made_otherwise_[object.extension].push_back(fmt::format("{} {} {}", object.kind, object.identity, how));
  }

  void add_extension(const std::string& extension, std::vector<std::string> members) {
    constexpr std::size_t kShown = 5;
    const std::size_t count = members.size();
    if (count > kShown) members.resize(kShown);
    const bool accepted = accepted_.contains("extension:" + extension);
    result_.checks.push_back(
        {"extension " + extension,
         accepted ? Verdict::pass : Verdict::unverified,
         fmt::format("{} of its members are not what the script of this host makes of this version: {}{}{}",
                     count, fmt::join(members, ", "), count > kShown ? ", …" : "",
                     accepted
                         ? "; accepted by the configuration"
                         : fmt::format("; if that is of no account: accept = [\"extension:{}\"]", extension)),
         {CheckKind::inventory, "extension " + extension, "members"}});
  }

  /// The definition of a materialized view says whether it is populated, that of an extension its version.
  std::string why_it_may_differ(const InventoryObject& object) const {
    if (object.kind == "materialized view" && circumstances_.cut_off.contains(object.identity))
      return kCutOff;
    return excuse_;
  }

  static std::string shown(const std::optional<std::string>& owner) { return owner.value_or("nobody"); }

  static std::string acl_difference(const std::optional<std::vector<std::string>>& then,
                                    const std::optional<std::vector<std::string>>& now) {
    const std::vector<std::string> none;
    const auto &before = then ? *then : none, &after = now ? *now : none;
    std::vector<std::string> lost, gained;
    std::set_difference(before.begin(), before.end(), after.begin(), after.end(), std::back_inserter(lost));
    std::set_difference(after.begin(), after.end(), before.begin(), before.end(), std::back_inserter(gained));
    return fmt::format("{} instead of {}", gained.empty() ? "none" : fmt::to_string(fmt::join(gained, " ")),
                       lost.empty() ? "none" : fmt::to_string(fmt::join(lost, " ")));
  }

  std::string summary() const {
    std::vector<std::pair<std::size_t, std::string>> counts;
    for (const auto& [kind, count] : by_kind_) counts.emplace_back(count, kind);
    std::stable_sort(counts.begin(), counts.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<std::string> parts;
    for (const auto& [count, kind] : counts) parts.push_back(fmt::format("{} {}", kind, count));
    return fmt::format("{} objects are what they were: {}", result_.compared, fmt::join(parts, ", "));
  }

  const DrillCircumstances& circumstances_;
  const std::string& in_doubt_;
  const Accepted& accepted_;
  const std::string excuse_;
  std::map<std::string, std::vector<std::string>> made_otherwise_;  ///< members, by extension
  std::map<std::string, std::size_t> by_kind_;
  InventoryComparison result_;
};

/// SQL for one line about the object whose identity is $1, as the inventory writes it; empty: no such kind.
std::string definition_sql(std::string_view kind) {
  if (kind == "index") return "SELECT pg_catalog.pg_get_indexdef(pg_catalog.to_regclass($1))";
  if (kind == "constraint")
    return "SELECT pg_catalog.pg_get_constraintdef(k.oid) FROM pg_catalog.pg_constraint k"
           " JOIN pg_catalog.pg_class c ON c.oid = k.conrelid"
           " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
           " WHERE pg_catalog.format('%I on %I.%I', k.conname, n.nspname, c.relname) = $1";
  if (kind == "trigger")
    return "SELECT pg_catalog.pg_get_triggerdef(t.oid) || CASE t.tgenabled WHEN 'D' THEN ' (disabled)'"
           " WHEN 'R' THEN ' (for replicas)' WHEN 'A' THEN ' (always)' ELSE ' (enabled)' END"
           " FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid"
           " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
           " WHERE pg_catalog.format('%I on %I.%I', t.tgname, n.nspname, c.relname) = $1";
  return {};
}

}  // namespace

bool is_compared(const InventoryObject& object) {
  const bool about = (object.kind == "comment" || object.kind == "security label") &&
                     object.identity.find("on subscription ") != std::string::npos;
  return object.kind != "subscription" && !about;
}

void InventoryReader::chunk(Bytes bytes) {
  each_line(as_text(bytes), begun_, [this](std::string_view text) { line(text); });
}

void InventoryReader::line(std::string_view text) {
  const JsonFields json = read_json(text, fmt::format("{}, line {}", file_, objects_.size() + 1));
  InventoryObject object{json.text("kind"), json.text("identity"), {}, {}, json.text("definition")};
  if (!json.null("owner")) object.owner = json.text("owner");
  if (!json.null("acl")) object.acl = json.texts("acl");
  if (json.has("extension")) object.extension = json.text("extension");
  if (json.has("attributes")) object.attributes = json.text_map("attributes");
  objects_.push_back(std::move(object));
}

std::vector<InventoryObject> read_stored_inventory(const Place& backup_dir) {
  const std::string file(kInventoryFile);
  InventoryReader reader(file);
  try {
    read_part(backup_dir, file, reader, kLongestInventory);
  } catch (const DamagedPart& damaged) {
    throw BadBackup(damaged.what(), "another backup may be whole");
  }
  return reader.take();
}

std::vector<InventoryObject> read_present_inventory(Connection& connection, InventoryOf which) {
  InventoryReader reader("the server's answer");
  read_inventory(connection, reader, which);
  return reader.take();
}

InventoryComparison compare_inventories(std::vector<InventoryObject> then, std::vector<InventoryObject> now,
                                        const DrillCircumstances& circumstances, const std::string& in_doubt,
                                        const Accepted& accepted) {
  prepare(then);
  prepare(now);
  if (std::ranges::none_of(then, names_a_not_null)) std::erase_if(now, names_a_not_null);
  Comparer comparer(circumstances, in_doubt, accepted);
  auto here = now.begin();
  for (const InventoryObject& object : then) {
    for (; here != now.end() && key(*here) < key(object); ++here) comparer.extra(*here);
    if (here != now.end() && key(*here) == key(object))
      comparer.both(object, *here++);
    else
      comparer.missing(object);
  }
  for (; here != now.end(); ++here) comparer.extra(*here);
  return std::move(comparer).finish(then.size());
}

std::vector<Check> check_views(const std::vector<InventoryObject>& then,
                               const std::vector<InventoryObject>& now, const std::string& excuse) {
  std::map<std::string, const InventoryObject*> here;
  for (const InventoryObject& object : now)
    if (object.kind == "view") here[object.identity] = &object;
  std::vector<Check> checks;
  for (const InventoryObject& view : then) {
    const auto found = here.find(view.identity);
    if (view.kind != "view" || found == here.end() || found->second->definition == view.definition) continue;
    const bool comparable = view.definition.starts_with(kDefinitionHash);
    const std::string why = comparable ? excuse : kHashedBefore;
    checks.push_back({"view " + view.identity,
                      why.empty() ? Verdict::fail : Verdict::unverified,
                      why.empty() ? kDefinition : fmt::format("{}; {}", kDefinition, why),
                      {CheckKind::inventory, "view " + view.identity, kOfDefinition}});
  }
  return checks;
}

void name_definitions(Connection& connection, std::vector<Check>& checks) {
  for (Check& check : checks) {
    if (check.id.kind != CheckKind::inventory || check.id.aspect != kOfDefinition) continue;
    const std::size_t space = check.id.object.find(' ');
    const std::string sql = definition_sql(std::string_view(check.id.object).substr(0, space));
    if (sql.empty()) continue;
    const Result found = connection.query(sql, {check.id.object.substr(space + 1)});
    if (found.rows() == 1 && !found.null(0, 0))
      check.detail.insert(std::string_view(kDefinition).size(), fmt::format("; here: {}", found.text(0, 0)));
  }
}

}  // namespace pgassay::proof
