#include "tests/bench/lab.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <deque>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "core/repository/repository.h"
#include "tests/bench/copy_to_nowhere.h"
#include "tests/bench/cpu_meter.h"

namespace pgassay::bench {

namespace fs = std::filesystem;
using test::Ended;

namespace {

const std::map<std::string, std::string> kServerSettings = {{"shared_buffers", "256MB"},
                                                            {"max_locks_per_transaction", "1024"},
                                                            {"fsync", "off"},
                                                            {"autovacuum", "off"},
                                                            {"max_wal_size", "8GB"},
                                                            {"wal_level", "minimal"},
                                                            {"max_wal_senders", "0"}};

const Ended& checked(const Ended& ended, const std::string& program) {
  if (ended.status != 0) {
    throw std::runtime_error(
        fmt::format("{}: exit status {}: {}{}", program, ended.status, ended.err, ended.out));
  }
  return ended;
}

std::string first_line_with(const fs::path& file, const std::string& start) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(start)) return line.substr(line.find(':') + 1);
  }
  return " unknown";
}

fs::path make_directory(const fs::path& below) {
  std::string name = (below / "pgassay-bench-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr)
    throw std::runtime_error("cannot make a directory below " + below.string());
  return name;
}

}  // namespace

ScratchDir::ScratchDir(const fs::path& below) : path_(make_directory(below)) {}

ScratchDir::~ScratchDir() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string Lab::value(const std::string& database, const std::string& sql) const {
  std::string text = checked(test::run_child({tool("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-d",
                                              conninfo(database), "-c", sql}),
                             "psql")
                         .out;
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

Lab::Lab(const Options& options) : options_(options), server_(kServerSettings) {}

std::string Lab::conninfo(const std::string& database) const {
  return server_.conninfo(database);
}

std::string Lab::tool(const std::string& name) const {
  return (server_.bin_dir() / name).string();
}

/// Whatever the last program left to be written is not this one's to wait for.
Ran Lab::run(const std::vector<std::string>& argv) const {
  ::sync();
  const CpuMeter meter(postmaster());
  Ran ran{checked(test::run_child(argv), argv[0]), {}};
  ran.cost = {ran.seconds, meter.seconds(), meter.server_seconds()};
  return ran;
}

Cost Lab::nowhere(const std::string& database, const Manifest& manifest) const {
  constexpr unsigned kConnections = 2;
  const CpuMeter meter(postmaster());
  const double seconds = copy_to_nowhere(conninfo(database), manifest, kConnections);
  return {seconds, meter.seconds(), meter.server_seconds()};
}

pid_t Lab::postmaster() const {
  pid_t pid = 0;
  std::ifstream(server_.dir() / "data" / "postmaster.pid") >> pid;
  return pid;
}

std::string Lab::facts() const {
  utsname kernel{};
  uname(&kernel);
  std::string versions;
  for (const auto& argv : {std::vector<std::string>{options_.pgassay, "--version"},
                           {tool("pg_dump"), "--version"},
                           {tool("postgres"), "--version"},
                           {"zstd", "--version"}}) {
    versions += "  " + checked(test::run_child(argv), argv[0]).out;
  }
  return fmt::format("{} cores,{}\n  memory{}\n  {} {}\n{}  runs {}, scale {}\n",
                     std::thread::hardware_concurrency(), first_line_with("/proc/cpuinfo", "model name"),
                     first_line_with("/proc/meminfo", "MemTotal"), kernel.sysname, kernel.release, versions,
                     options_.runs, options_.scale);
}

void Lab::create(const DataSet& set) {
  const auto psql = [&](const std::string& database, const std::string& sql) {
    return std::vector<std::string>{tool("psql"),       "-Xq", "-v", "ON_ERROR_STOP=1", "-d",
                                    conninfo(database), "-c",  sql};
  };
  run(psql("postgres", "CREATE DATABASE " + set.name));
  std::deque<test::Child> creators;
  for (const std::string& sql : set.creates) creators.emplace_back(psql(set.name, sql));
  for (test::Child& creator : creators) checked(creator.wait(), set.name);
  for (const std::string& sql : set.then) run(psql(set.name, sql));
  const Ended size = run({tool("psql"), "-XAt", "-d", conninfo(set.name), "-c",
                          "SELECT pg_size_pretty(sum(pg_table_size(oid))) FROM pg_class WHERE relkind = 'r'"
                          " AND relnamespace = 'public'::regnamespace"});
  fmt::print("\ndata set {}: {}, heap {}", set.name, set.what, size.out);
}

void Lab::drop(const std::string& database) {
  run({tool("dropdb"), "--if-exists", "--force", "--maintenance-db", conninfo("postgres"), database});
}

Taken Lab::backup(const std::string& database, const std::string& repository,
                  const std::vector<std::string>& more) const {
  Taken taken;
  std::vector<std::string> argv = {options_.pgassay, "backup",  "--repo", repository,
                                   "--source",       "bench",   "-j",     "2",
                                   "--json",         "--quiet", "-d",     conninfo(database)};
  argv.insert(argv.end(), more.begin(), more.end());
  taken.ran = run(argv);
  taken.dir = nlohmann::json::parse(taken.ran.out).at("backup").at("path").get<std::string>();
  taken.place = Place(repository) / fs::relative(taken.dir, repository).string();
  return taken;
}

Ran Lab::verify(const std::string& repository) const {
  return run({options_.pgassay, "verify", "--repo", repository, "-j", "2", "--quiet", "latest"});
}

Ran Lab::restore(const std::string& repository, const std::string& into,
                 const std::vector<std::string>& more) const {
  std::vector<std::string> argv = {options_.pgassay,
                                   "restore",
                                   "--repo",
                                   repository,
                                   "-j",
                                   "2",
                                   "--quiet",
                                   "--json",
                                   "--create",
                                   "--into",
                                   into,
                                   "-d",
                                   conninfo("postgres"),
                                   "latest"};
  argv.insert(argv.end(), more.begin(), more.end());
  return run(argv);
}

Ran Lab::dump(const std::string& database, const std::string& dir, std::optional<int> compression) const {
  std::vector<std::string> argv = {tool("pg_dump"), "-Fd", "-j2", "-f", dir, "-d", conninfo(database)};
  if (compression) argv.push_back("-Z" + std::to_string(*compression));
  return run(argv);
}

Ran Lab::pg_restore(const std::string& dir, const std::string& into, const test::LocalServer& server) const {
  run({tool("createdb"), "--maintenance-db", server.conninfo("postgres"), "-T", "template0", into});
  return run({tool("pg_restore"), "-j2", "-d", server.conninfo(into), dir});
}

Ran Lab::drill(const std::string& repository) const {
  return run({options_.pgassay, "drill", "--repo", repository, "-j", "2", "--quiet", "--json", "--engine",
              "local", "--work-dir", "/tmp", "latest"});
}

Ran Lab::zstd_test(const std::string& backup_dir, unsigned processes) const {
  return run({"sh", "-c",
              "find \"$1\" -name '*.zst' -print0 | xargs -0 -n " +
                  std::string(processes == 1 ? "100000" : "1") + " -P " + std::to_string(processes) +
                  " zstd -qt",
              "sh", backup_dir});
}

}  // namespace pgassay::bench
