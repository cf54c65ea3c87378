// A repository with a backup, a store, and the configuration that names it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/store/open_store.h"
#include "core/system/subprocess.h"
#include "store/commit.h"
#include "store/names.h"
#include "tests/fixtures/run_pgassay.h"
#include "tests/fixtures/sample_backup.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay::test {

class StoreWorld {
 public:
  enum class Cipher { clear, encrypted };
  /// `url` empty: a directory of its own.
  explicit StoreWorld(Cipher cipher = Cipher::clear, std::string url = {}, const std::string& more = {})
      : cipher_(cipher), url_(std::move(url)), more_(more) {
    if (url_.empty()) {
      make_private_dirs(nas());
      url_ = "file://" + nas().string();
    }
    if (cipher_ == Cipher::encrypted) recipients_ = {make_key("recovery.key")};
    configure();
  }

  /// age-keygen's file below dir(), and its public half.
  std::string make_key(const std::string& file) const {
    run({.argv = {"age-keygen", "-o", dir() / file}, .env = {}, .input = {}}, {});
    std::string text = run({.argv = {"age-keygen", "-y", dir() / file}, .env = {}, .input = {}}, {}).out;
    text.resize(text.find_last_not_of('\n') + 1);
    return text;
  }
  void configure() const {
    std::string list;
    for (const std::string& one : recipients_) list += (list.empty() ? "\"" : ", \"") + one + "\"";
    replace_file(config(), "repository = \"" + repo().string() + "\"\n[store.vault]\nurl = \"" + url_ +
                               "\"\n" + more_ + (list.empty() ? "" : "recipients = [" + list + "]\n"));
  }
  void set_recipients(std::vector<std::string> recipients) {
    recipients_ = std::move(recipients);
    configure();
  }

  const Path& dir() const { return dir_.path(); }
  Path repo() const { return dir() / "repo"; }
  Path nas() const { return dir() / "nas"; }
  Path config() const { return dir() / "pgassay.toml"; }
  Path identity() const { return dir() / "recovery.key"; }
  const std::string& url() const { return url_; }
  Repository repository() const { return Repository::open_or_create(repo()); }

  Ran run_with_config(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--config", config().string()});
    return pgassay(arguments);
  }
  Ran push(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"push", "--store", "vault"});
    return run_with_config(more);
  }
  /// From nothing: no configuration, the URL and the identity alone.
  Ran pull(const std::string& to = "pulled", const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"pull", "latest", "--store", url_, "--repo", (dir() / to).string()};
    if (cipher_ == Cipher::encrypted) arguments.insert(arguments.end(), {"--identity", identity().string()});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return pgassay(arguments, {{"PGASSAY_CONFIG", "/dev/null"}});
  }
  /// Publishes a sample backup, sets the store up and pushes it.
  Backup pushed_sample() const {
    const Backup backup = publish_sample(repository());
    EXPECT_EQ(run_with_config({"store", "init", "vault"}).status, 0);
    const Ran ran = push();
    EXPECT_EQ(ran.status, 0) << ran.err;
    return backup;
  }
  /// What is in the store, as files: of a directory.
  std::vector<std::string> objects() const { return list_files(nas()); }
  Path object(const std::string& part_of_its_name) const {
    for (const std::string& name : objects())
      if (name.find(part_of_its_name) != std::string::npos) return nas() / name;
    throw Error("no object has " + part_of_its_name + " in its name");
  }

 private:
  TemporaryDir dir_;
  Cipher cipher_;
  std::string url_, more_;
  std::vector<std::string> recipients_;
};

/// Every file of a backup but evidence, with its contents.
inline std::map<std::string, std::string> contents_of(const Place& backup) {
  std::map<std::string, std::string> files;
  for (const std::string& name : list_files(backup))
    if (!name.starts_with("evidence/")) files[name] = read_file(backup / name, std::size_t{1} << 30);
  return files;
}

}  // namespace pgassay::test
