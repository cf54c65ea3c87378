// The arrows between the rooms, as docs/architecture.md draws them: every #include of the tree is held
// against them.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/system/files.h"

namespace pgassay {
namespace {

const Path kRoot = PGASSAY_SOURCE_DIR;

using Rooms = std::map<std::string, std::vector<std::string>>;

/// What each room may include, beside itself: the lines of rooms.txt.
Rooms read_rooms() {
  Rooms rooms;
  std::ifstream file(kRoot / "rooms.txt");
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t colon = line.find(':');
    std::istringstream words(line.substr(colon + 1));
    std::vector<std::string>& allowed = rooms[line.substr(0, colon)];
    for (std::string word; words >> word;) allowed.push_back(word);
  }
  return rooms;
}
const Rooms kRooms = read_rooms();

/// "core/" allows every room below core.
bool allows(const std::vector<std::string>& allowed, const std::string& room) {
  return std::ranges::any_of(allowed, [&](const std::string& one) {
    return one.ends_with('/') ? (room + "/").starts_with(one) : room == one;
  });
}

/// Where headers that take long to compile may be included, by the beginning of their names.
const std::map<std::string, std::set<std::string>> kHeavyHeaders = {
    {"CLI/", {"cli/command"}},   {"toml++/", {"cli/config"}},
    {"spdlog/", {"cli/basics"}}, {"nlohmann/", {"cli/basics", "core/repository", "core/container"}},
    {"yaml-cpp/", {"stack"}},
};
constexpr char kLight[] = "nlohmann/json_fwd.hpp";
/// Of the configuration's own files only.
const std::set<std::string> kHeavyDoors = {"cli/config/toml_section.h"};
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
  return Path(path).parent_path().string();
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
  const std::set<std::string> kNoRooms = {"build", "docs", "examples", "scripts", "tests"};
  std::vector<Include> all;
  for (const std::string& folder : list_names(kRoot)) {
    if (folder.starts_with(".") || kNoRooms.contains(folder) ||
        !std::filesystem::is_directory(kRoot / folder))
      continue;
    for (const std::string& name : list_files(kRoot / folder)) {
      if (!name.ends_with(".h") && !name.ends_with(".cc")) continue;
      for (Include& include : includes_in(folder + "/" + name)) all.push_back(std::move(include));
    }
  }
  return all;
}

TEST(Arrows, AreThereToBeRead) {
  EXPECT_GT(all_includes().size(), 100u);
  EXPECT_GT(kRooms.size(), 20u);
}

TEST(Arrows, OfEachRoomAreReadByClangTidy) {
  const std::string settings = read_file(kRoot / ".clang-tidy");
  const std::size_t begin = settings.find("HeaderFilterRegex: '/(");
  ASSERT_NE(begin, std::string::npos);
  const std::string filter = settings.substr(begin, settings.find(")/", begin) - begin) + "|";
  for (const auto& [room, allowed] : kRooms) {
    const std::string top = room.substr(0, room.find('/'));
    EXPECT_NE(filter.find(top + "|"), std::string::npos) << top;
  }
}

TEST(Arrows, StartInARoomOfTheTable) {
  for (const Include& include : all_includes()) {
    const std::string room = room_of(include.file);
    EXPECT_TRUE(kRooms.contains(room) || room == "core") << include.place() << " is in no room of rooms.txt";
  }
}

TEST(Arrows, PointOneWay) {
  for (const Include& include : all_includes()) {
    const std::string from = room_of(include.file), to = room_of(include.header);
    if (!include.ours || !kRooms.contains(from) || from == to) continue;
    EXPECT_TRUE(allows(kRooms.at(from), to))
        << include.place() << ": " << from << " may not include \"" << include.header << "\" (rooms.txt)";
  }
}

TEST(Arrows, OfTheTableAreDrawnInTheArchitecture) {
  std::ifstream file(kRoot / "docs/architecture.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  for (const auto& [room, allowed] : kRooms) {
    std::string line = "    " + room + " →";
    for (const std::string& one : allowed) line += " " + one;
    EXPECT_NE(text.find(line + "\n"), std::string::npos) << "docs/architecture.md lacks the line: " << line;
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
      const std::string room = room_of(include.file);
      EXPECT_TRUE(std::ranges::any_of(
          rooms, [&](const std::string& one) { return (room + "/").starts_with(one + "/"); }))
          << include.place() << ": <" << include.header << '>';
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

/// Rooms that read or write the files of a repository, and nothing else but what kOtherFiles names.
const std::vector<std::string> kRoomsOfRepositories = {"core/repository", "core/stream", "backup",
                                                       "verify",          "retention",   "export",
                                                       "proof",           "restore",     "nightly"};
/// Have files of users and servers, too: the path that doctor is given, metrics, rejected rows, pg_control.
const std::set<std::string> kOtherFiles = {"backup/doctor.cc", "nightly/watch.cc",
                                           "restore/load/row_by_row.cc", "restore/whole/server_disk.cc"};

bool is_of_repositories(const std::string& file) {
  return std::ranges::any_of(kRoomsOfRepositories,
                             [&](const auto& room) { return file.starts_with(room + "/"); });
}

/// Every header that a file sees, by way of others too.
void see(const std::string& file, const std::map<std::string, std::vector<std::string>>& headers,
         std::set<std::string>& seen) {
  const auto own = headers.find(file);
  if (own == headers.end()) return;
  for (const std::string& header : own->second)
    if (seen.insert(header).second) see(header, headers, seen);
}

/// The type Place, which has no way to a Path but path() and string(), does the rest when it is compiled.
TEST(Arrows, LeadToARepositorysFilesThroughOneDoor) {
  std::map<std::string, std::vector<std::string>> headers;
  for (const Include& include : all_includes())
    if (include.ours) headers[include.file].push_back(include.header);
  for (const auto& [file, own] : headers) {
    if (!is_of_repositories(file) || kOtherFiles.contains(file)) continue;
    std::set<std::string> seen;
    see(file, headers, seen);
    EXPECT_FALSE(seen.contains("core/system/files.h"))
        << file << " sees core/system/files.h: what lies in a repository is opened by core/system/place.h";
    EXPECT_FALSE(seen.contains("core/system/beneath.h")) << file;
  }
}

TEST(Arrows, OfRepositoriesGoRoundTheDoorByNoCallOfTheSystem) {
  constexpr const char* kWaysRound[] = {" ::open(",
                                        " ::openat(",
                                        " ::unlink(",
                                        "(::unlink(",
                                        " ::rename(",
                                        "(::rename(",
                                        " ::stat(",
                                        "(::stat(",
                                        "(::lstat(",
                                        "(::chmod(",
                                        "(::mkdir(",
                                        "fopen(",
                                        "std::ifstream",
                                        "ofstream",
                                        "std::fstream",
                                        "filesystem::rem",
                                        "filesystem::rename",
                                        "filesystem::cre",
                                        "fs::rem",
                                        "fs::rename",
                                        "filesystem::is",
                                        "filesystem::exi",
                                        "filesystem::symlink",
                                        "filesystem::copy",
                                        "directory_iter"};
  std::set<std::string> files;
  for (const Include& include : all_includes()) files.insert(include.file);
  for (const std::string& file : files) {
    const std::string text = read_file(kRoot / file);
    for (const char* opened :
         {"backup.dir.path())", "backup_.dir.path())", "root().path())", "root().string())"})
      for (const char* by :
           {"read_file(", "open_for_reading(", "list_names(", "remove_tree(", "replace_file(", "Place("})
        EXPECT_EQ(text.find(std::string(by) + opened), std::string::npos) << file << ": " << by << opened;
    if (!is_of_repositories(file) || kOtherFiles.contains(file)) continue;
    for (const char* way : kWaysRound)
      EXPECT_EQ(text.find(way), std::string::npos)
          << file << ": " << way << " is no door to a repository's file";
  }
}

}  // namespace
}  // namespace pgassay
