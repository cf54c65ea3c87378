#include "core/repository/source_names.h"

#include <fmt/format.h>

#include "core/repository/json_fields.h"
#include "core/repository/json_text.h"
#include "core/repository/names.h"
#include "core/system/error.h"
#include "core/system/subprocess.h"

namespace pgassay {
namespace {

constexpr const char *kNamesDir = ".sources", *kNameSuffix = ".json";
constexpr int kNamesFormat = 1;
constexpr std::size_t kLongestName = 64 * 1024;

Place file_of_name(const Place& root, const std::string& name) {
  return entry_for(root / kNamesDir, name, kNameSuffix);
}

/// `of`: empty for one that is forgotten.
void store_name(const Place& root, const std::string& name, const std::string& of) {
  JsonText json;
  json.object(JsonText::Layout::block);
  json.number({"format"}, kNamesFormat);
  json.text({"name"}, name);
  json.flag({"forgotten"}, of.empty());
  if (!of.empty()) json.text({"alias_of"}, of);
  json.end();
  make_private_dirs(root / kNamesDir);
  replace_file(file_of_name(root, name), json.take() + "\n");
}

void read_name(const Place& file, SourceNames& names) {
  const JsonFields json = read_json(read_file(file, kLongestName), file.path());
  if (json.small_integer("format") > kNamesFormat)
    throw Error(file.string() + ": written by a newer pgassay", "use that one, or a newer one");
  const std::string name = json.text("name");
  const std::string entry = file.filename();
  if (!stands_for(entry.substr(0, entry.size() - std::string_view(kNameSuffix).size()), name))
    json.bad("name", "is not the file's");
  if (json.flag("forgotten"))
    names.forgotten.insert(name);
  else
    names.aliases[name] = json.text("alias_of");
}

}  // namespace

const std::string& SourceNames::owner_of(const std::string& name) const {
  const auto alias = aliases.find(name);
  return alias == aliases.end() ? name : alias->second;
}

std::vector<std::string> SourceNames::names_of(const std::string& source) const {
  std::vector<std::string> names = {owner_of(source)};
  for (const auto& [name, of] : aliases)
    if (of == names[0]) names.push_back(name);
  return names;
}

SourceNames read_source_names(const Place& root) {
  SourceNames names;
  for (const std::string& entry : list_names(root / kNamesDir)) {
    // Others are what a run that was killed left: FILE.tmp.
    if (!entry.ends_with(kNameSuffix)) continue;
    const Place file = root / kNamesDir / entry;
    try {
      read_name(file, names);
    } catch (const BadBackup& error) {
      throw BadBackup(error.what(),
                      fmt::format("rm {}, and say again whose name it is: pgassay source alias NAME --of "
                                  "SOURCE, or pgassay source forget NAME",
                                  shell_word(file.string())));
    }
  }
  return names;
}

void make_alias(const Place& root, const std::string& name, const std::string& source) {
  store_name(root, name, source);
}

void forget_source(const Place& root, const std::string& name) {
  store_name(root, name, "");
}

bool reset_source_name(const Place& root, const std::string& name) {
  const Place file = file_of_name(root, name);
  if (!exists(file)) return false;
  remove_tree(file);
  fsync_path(file.parent_path());
  return true;
}

}  // namespace pgassay
