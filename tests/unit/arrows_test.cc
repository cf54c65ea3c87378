// The arrows between the rooms, as docs/architecture.md draws them: every #include of the tree is held
// against them.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/system/files.h"

namespace pgassay {
namespace {

const Path kRoot = PGASSAY_SOURCE_DIR;

/// What each room may include, beside itself.
const std::map<std::string, std::set<std::string>> kArrows = {
    {"core/system", {}},
    {"core/stream", {"core/system"}},
    {"core/postgres", {"core/system", "core/stream"}},
    {"core/repository", {"core/system", "core/stream", "core/postgres"}},
    {"core/container", {"core/system"}},
    {"core/http", {"core/system"}},
    {"restore", {"core"}},
    {"verify", {"core", "restore"}},
    {"backup", {"core"}},
    {"retention", {"core"}},
    {"nightly", {"core", "backup", "restore", "verify", "retention"}},
    {"stack", {"core", "backup", "restore", "verify"}},
    {"cli", {"core", "backup", "restore", "verify", "retention", "nightly", "stack"}},
};

/// Where headers that take long to compile may be included, by the beginning of their names.
const std::map<std::string, std::set<std::string>> kHeavyHeaders = {
    {"CLI/", {"cli"}},
    {"toml++/", {"cli"}},
    {"spdlog/", {"cli"}},
    {"nlohmann/", {"cli", "core/repository", "core/container"}},
    {"yaml-cpp/", {"stack"}},
};
constexpr char kLight[] = "nlohmann/json_fwd.hpp";
/// Of the command line's and the configuration's own files only.
const std::set<std::string> kHeavyDoors = {"cli/declare.h", "cli/toml_section.h"};
constexpr std::size_t kFilesWithJsonInCore = 6;

struct Include {
  std::string file;  ///< relative to the root
  int line;
  std::string header;
  bool ours;  ///< in quotes

  std::string place() const { return file + ":" + std::to_string(line); }
};

/// core/stream of core/stream/part.h, backup of backup/plan.cc.
std::string room_of(const std::string& path) {
  const std::size_t first = path.find('/');
  if (first == std::string::npos) return "";
  return path.starts_with("core/") ? path.substr(0, path.find('/', first + 1)) : path.substr(0, first);
}

std::vector<Include> includes_in(const std::string& file) {
  std::vector<Include> found;
  std::ifstream source(kRoot / file);
  int line = 0;
  for (std::string text; std::getline(source, text);) {
    ++line;
    const std::size_t hash = text.find_first_not_of(" \t");
    if (hash == std::string::npos || text[hash] != '#') continue;
    const std::size_t word = text.find_first_not_of(" \t", hash + 1);
    if (word == std::string::npos || text.compare(word, 7, "include") != 0) continue;
    const std::size_t open = text.find_first_of("\"<", word);
    const std::size_t close = open == std::string::npos ? open : text.find_first_of("\">", open + 1);
    if (close == std::string::npos) continue;
    found.push_back({file, line, text.substr(open + 1, close - open - 1), text[open] == '"'});
  }
  return found;
}

/// Of the rooms, not of the tests, which may include anything.
std::vector<Include> all_includes() {
  std::vector<Include> all;
  for (const std::string& folder : list_names(kRoot)) {
    if (folder != "core" && !kArrows.contains(folder)) continue;
    for (const std::string& name : list_files(kRoot / folder)) {
      if (!name.ends_with(".h") && !name.ends_with(".cc")) continue;
      for (Include& include : includes_in(folder + "/" + name)) all.push_back(std::move(include));
    }
  }
  return all;
}

TEST(Arrows, AreThereToBeRead) {
  EXPECT_GT(all_includes().size(), 100u);
}

TEST(Arrows, StartInARoomOfTheTable) {
  for (const Include& include : all_includes()) {
    EXPECT_TRUE(kArrows.contains(room_of(include.file))) << include.place() << " is in no room";
  }
}

TEST(Arrows, PointOneWay) {
  for (const Include& include : all_includes()) {
    const std::string from = room_of(include.file), to = room_of(include.header);
    if (!include.ours || !kArrows.contains(from) || from == to) continue;
    const std::set<std::string>& allowed = kArrows.at(from);
    EXPECT_TRUE(allowed.contains(to) || (to.starts_with("core/") && allowed.contains("core")))
        << include.place() << ": " << from << " may not include \"" << include.header << '"';
  }
}

TEST(Arrows, NameTheirHeadersFromTheRoot) {
  for (const Include& include : all_includes()) {
    if (!include.ours) continue;
    EXPECT_TRUE(std::filesystem::exists(kRoot / include.header))
        << include.place() << ": no such file from the root: \"" << include.header << '"';
  }
}

TEST(Arrows, KeepHeavyHeadersInTheFace) {
  for (const Include& include : all_includes()) {
    for (const auto& [beginning, rooms] : kHeavyHeaders) {
      if (!include.header.starts_with(beginning) || include.header == kLight) continue;
      EXPECT_TRUE(rooms.contains(room_of(include.file))) << include.place() << ": <" << include.header << '>';
      EXPECT_TRUE(include.file.ends_with(".cc") || kHeavyDoors.contains(include.file))
          << include.place() << ": <" << include.header << "> in a header";
    }
  }
}

TEST(Arrows, KeepJsonInFewFilesOfTheRepository) {
  std::set<std::string> files;
  for (const Include& include : all_includes()) {
    if (include.header == "nlohmann/json.hpp" && include.file.starts_with("core/"))
      files.insert(include.file);
  }
  EXPECT_LE(files.size(), kFilesWithJsonInCore) << testing::PrintToString(files);
}

}  // namespace
}  // namespace pgassay
