// Where the measuring happens: one server of our own, a scratch directory, and the programs that are
// compared.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/repository/manifest.h"
#include "tests/bench/data_sets.h"
#include "tests/bench/results.h"
#include "tests/fixtures/child.h"
#include "tests/fixtures/local_server.h"

namespace pgassay::bench {

struct Options {
  int runs = 5;
  double scale = 1;
  std::string only;
  std::string pgassay = PGASSAY_BINARY;
  std::filesystem::path scratch = std::filesystem::temp_directory_path();
};

/// A directory of its own below the scratch directory, removed with everything in it.
class ScratchDir {
 public:
  explicit ScratchDir(const std::filesystem::path& below);
  ScratchDir(const ScratchDir&) = delete;
  ~ScratchDir();
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

struct Ran : test::Ended {
  Cost cost;
};

struct Taken {
  Ran ran;
  std::string dir;  ///< of the backup
  Place place;      ///< the same, in its repository
};

class Lab {
 public:
  explicit Lab(const Options& options);

  const Options& options() const { return options_; }
  std::string conninfo(const std::string& database) const;
  std::string facts() const;  ///< the machine and the versions, some lines

  void create(const DataSet& set);  ///< as a database of its name
  void drop(const std::string& database);

  std::string value(const std::string& database, const std::string& sql) const;  ///< what psql prints

  Taken backup(const std::string& database, const std::string& repository,
               const std::vector<std::string>& more = {}) const;
  Ran verify(const std::string& repository) const;
  /// Says its JSON document.
  Ran restore(const std::string& repository, const std::string& into,
              const std::vector<std::string>& more = {}) const;
  Ran dump(const std::string& database, const std::string& dir, std::optional<int> compression) const;
  Ran pg_restore(const std::string& dir, const std::string& into) const {
    return pg_restore(dir, into, server_);
  }
  Ran pg_restore(const std::string& dir, const std::string& into, const test::LocalServer& server) const;
  Ran drill(const std::string& repository) const;  ///< on the local engine, as its JSON document
  Ran zstd_test(const std::string& backup_dir, unsigned processes) const;
  /// COPY of the manifest's tables over two connections, and nothing done with the rows.
  Cost nowhere(const std::string& database, const Manifest& manifest) const;

  Ran run(const std::vector<std::string>& argv) const;  ///< throws when its exit status is not 0

 private:
  pid_t postmaster() const;
  std::string tool(const std::string& name) const;

  Options options_;
  test::LocalServer server_;
};

}  // namespace pgassay::bench
