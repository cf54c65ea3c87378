#include "core/postgres/pg_tool.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <set>

#include "core/system/error.h"
#include "core/system/files.h"
#include "core/system/spool.h"

namespace pgassay {
namespace {

std::string shown_version(int version) {
  return std::to_string(version / 10000) + "." + std::to_string(version % 10000);
}

std::vector<Path> tool_directories() {
  std::vector<Path> directories;
  std::string path = std::getenv("PATH") == nullptr ? "" : std::getenv("PATH");
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find(':', start), path.size());
    if (end > start) directories.emplace_back(path.substr(start, end - start));
    start = end + 1;
  }
  const Path packages = "/usr/lib/postgresql";
  for (const std::string& major : list_names(packages)) directories.push_back(packages / major / "bin");
  return directories;
}

std::string install_hint(int server_version) {
  const std::string package = "postgresql-client-" + std::to_string(server_version / 10000);
  return "install " + package + " (Debian, Ubuntu: apt install " + package +
         "; other releases are at apt.postgresql.org), in at least the server's minor release";
}

std::string listed(const std::vector<PgTool>& tools) {
  if (tools.empty()) return "none was found in PATH and /usr/lib/postgresql/*/bin";
  std::string list = "found only";
  for (const PgTool& tool : tools) {
    list += std::string(&tool == &tools.front() ? " " : ", ") + tool.shown() + " " + tool.version_text;
  }
  return list;
}

void newest_first(std::vector<PgTool>& tools) {
  std::stable_sort(tools.begin(), tools.end(),
                   [](const PgTool& a, const PgTool& b) { return a.version > b.version; });
}

/// Tools are newest first, so the last that is newer is the lowest newer major; of that the newest.
std::optional<PgTool> lowest_newer_major(int major, const std::vector<PgTool>& tools) {
  std::optional<PgTool> lowest;
  for (const PgTool& tool : tools) {
    if (tool.major() > major && (!lowest || tool.major() < lowest->major())) lowest = tool;
  }
  return lowest;
}

/// Programs that say no version are none of PostgreSQL's; but with so few descriptors none says anything.
void throw_if_for_want_of_descriptors(const std::string& tool, const Completed& failed) {
  constexpr rlim_t kFew = 64;
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= kFew) return;
  throw SystemError(fmt::format("{} --version failed, and {} files may be open: {}", tool, files.rlim_cur,
                                failed.complaint()),
                    "raise `ulimit -n`", EMFILE);
}

}  // namespace

Fd append_archive(Command& command, const PgTool& tool, const Place& archive) {
  Fd opened = open_for_reading(archive);
  if (!tool.place.empty()) {
    command.argv.push_back(archive.string());
    return opened;
  }
  command.argv.push_back(path_of_inherited(opened).string());
  command.inherited.push_back(opened.get());
  return opened;
}

std::string PgTool::shown() const {
  return argv.empty() ? "" : argv.back() + (place.empty() ? "" : " of " + place);
}

PgTool examine_pg_tool(PgTool tool, const std::string& program, std::stop_token stop) {
  tool.version = 0;
  Command command;
  command.argv = tool.argv;
  command.argv.push_back("--version");
  try {
    const Completed completed = run(command, stop);
    if (completed.ok()) {
      tool.version = parse_tool_version(completed.out, program);
      if (tool.version != 0) tool.version_text = version_text(completed.out);
    } else {
      throw_if_for_want_of_descriptors(tool.shown(), completed);
    }
  } catch (const Error& error) {
    error.raise_if(ErrorKind::stopped);
    for (const int out_of : {EMFILE, ENFILE, EAGAIN, ENOMEM})
      if (error.number() == out_of) error.raise();
    // Not executable, not for this machine: no tool.
  }
  return tool;
}

std::string version_text(std::string_view output) {
  const auto start = output.find(") ");
  if (start == std::string_view::npos) return {};
  const std::string_view rest = output.substr(start + 2);
  return std::string(rest.substr(0, rest.find_first_of(" \n\r")));
}

int parse_tool_version(std::string_view output, std::string_view program) {
  // "pg_dump (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)", "... 18beta1", "... 19devel", "... 9.6.24"
  if (!output.starts_with(std::string(program) + " (")) return 0;
  const std::string text = version_text(output);
  int numbers[3] = {0, 0, 0};
  std::size_t at = 0;
  for (int& number : numbers) {
    const std::size_t start = at;
    while (at < text.size() && at - start < 4 && text[at] >= '0' && text[at] <= '9') {
      number = number * 10 + (text[at++] - '0');
    }
    if (at == start || at >= text.size() || text[at] != '.') break;
    ++at;
  }
  if (numbers[0] >= 10) return numbers[0] * 10000 + numbers[1];
  return numbers[0] * 10000 + numbers[1] * 100 + numbers[2];
}

std::vector<PgTool> find_pg_tools(const std::string& program, std::stop_token stop) {
  std::vector<PgTool> tools;
  std::set<Path> seen;
  for (const Path& directory : tool_directories()) {
    std::error_code error;
    const Path file = directory / program;
    const Path real = std::filesystem::canonical(file, error);
    // Debian's pg_wrapper picks a release by the cluster it thinks is meant: the real ones are found beside
    // it.
    if (error || real.filename() == "pg_wrapper" || access(file.c_str(), X_OK) != 0) continue;
    if (!seen.insert(real).second) continue;
    PgTool tool = examine_pg_tool({{file.string()}, 0, {}}, program, stop);
    if (tool.version != 0) tools.push_back(std::move(tool));
  }
  newest_first(tools);
  return tools;
}

std::optional<PgTool> fitting_pg_dump(int server_version, const std::vector<PgTool>& newest_first) {
  const int major = server_version / 10000;
  std::optional<PgTool> same_major;
  for (const PgTool& tool : newest_first) {
    if (tool.version == server_version) return tool;
    if (tool.major() == major && !same_major) same_major = tool;
  }
  return same_major ? same_major : lowest_newer_major(major, newest_first);
}

std::optional<PgTool> fitting_server(int source_version, const std::vector<PgTool>& newest_first) {
  const int major = source_version / 10000;
  for (const PgTool& tool : newest_first) {
    if (tool.major() == major) return tool;
  }
  return lowest_newer_major(major, newest_first);
}

int pg_restore_needed(int pg_dump_version) {
  // The first release of each format of archives (K_VERS in PostgreSQL's pg_backup_archiver.h).
  constexpr int kFormatsSince[] = {17, 16, 12};
  return *std::ranges::find_if(kFormatsSince,
                               [&](int since) { return since <= std::max(12, pg_dump_version / 10000); });
}

std::optional<PgTool> fitting_pg_restore(int server_version, int archive_version,
                                         const std::vector<PgTool>& newest_first) {
  std::vector<PgTool> readers;
  std::copy_if(newest_first.begin(), newest_first.end(), std::back_inserter(readers),
               [&](const PgTool& tool) {
                 return archive_version == 0 || tool.major() >= pg_restore_needed(archive_version);
               });
  return fitting_server(server_version, readers);
}

PgTool choose_pg_dump(int server_version, const std::string& configured, std::stop_token stop,
                      const std::optional<PgTool>& elsewhere) {
  if (configured.empty()) {
    std::vector<PgTool> tools = find_pg_tools("pg_dump", stop);
    if (elsewhere) tools.push_back(*elsewhere);
    newest_first(tools);
    if (const auto tool = fitting_pg_dump(server_version, tools)) return *tool;
    throw Refused(
        "no pg_dump fits a server of version " + shown_version(server_version) + ": " + listed(tools),
        install_hint(server_version));
  }
  PgTool tool = examine_pg_tool({{configured}, 0, {}}, "pg_dump", stop);
  if (tool.version == 0) {
    throw Refused("the configured pg_dump does not run, or is no pg_dump: " + configured,
                  install_hint(server_version));
  }
  if (tool.major() < server_version / 10000) {
    throw Refused("the configured pg_dump is too old for a server of version " +
                      shown_version(server_version) + ": " + configured + " is " + tool.version_text,
                  install_hint(server_version));
  }
  return tool;
}

PgTool sibling(const PgTool& tool, const std::string& program, std::stop_token stop) {
  PgTool other = tool;
  other.argv.back() = Path(tool.argv.back()).replace_filename(program).string();
  PgTool found = examine_pg_tool(std::move(other), program, stop);
  if (found.version == 0) {
    throw Refused("no " + program + " beside " + tool.shown() + ": " + found.shown() + " does not run",
                  install_hint(tool.version));
  }
  return found;
}

PgTool choose_pg_restore(int server_version, int archive_version, std::stop_token stop) {
  const std::vector<PgTool> tools = find_pg_tools("pg_restore", stop);
  if (const auto tool = fitting_pg_restore(server_version, archive_version, tools)) return *tool;
  std::string task = "a server of version " + shown_version(server_version);
  int needed = server_version;
  if (archive_version != 0) {
    const int major = pg_restore_needed(archive_version);
    task += fmt::format(" and an archive of pg_dump {}, which pg_restore {} and newer read",
                        shown_version(archive_version), major);
    needed = std::max(needed, major * 10000);
  }
  throw Refused("no pg_restore fits " + task + ": " + listed(tools), install_hint(needed));
}

std::string misfit(const PgTool& tool, int server_version) {
  const Path file = tool.argv.empty() ? Path() : Path(tool.argv.back());
  const std::string subject = file.filename().string() + " " + tool.version_text;
  if (tool.major() != server_version / 10000) {
    return subject + " is of another major release than the server (" + shown_version(server_version) +
           "): what it writes may not restore into a server of that release; its archives are read by "
           "pg_restore " +
           std::to_string(pg_restore_needed(tool.version)) + " and newer";
  }
  if (tool.version < server_version) {
    return subject + " is older than the server's minor release (" + shown_version(server_version) +
           "): it may write what servers of other minor releases reject";
  }
  return {};
}

}  // namespace pgassay
