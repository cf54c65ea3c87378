// Passwords: in nobody's argument vector while we run, and in nothing that we write.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <set>
#include <thread>

#include "tests/fixtures/child.h"
#include "tests/fixtures/live_backup.h"

namespace pgassay::test {
namespace {

constexpr const char* kSecret = "s3cret-of-the-test";

/// Every program's arguments on this host, over and over.
class ArgumentWatch {
 public:
  ArgumentWatch()
      : thread_([this](const std::stop_token& stop) {
          while (!stop.stop_requested()) look();
        }) {}
  void end() {
    thread_.request_stop();
    thread_.join();
  }
  bool saw(const std::string& text) const {
    return std::ranges::any_of(seen_,
                               [&](const std::string& one) { return one.find(text) != std::string::npos; });
  }

 private:
  void look() {
    for (const std::string& name : list_names("/proc")) {
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      std::string words;
      try {
        words = read_file("/proc/" + name + "/cmdline");
      } catch (const Error&) {
        continue;  // it has ended
      }
      std::ranges::replace(words, '\0', ' ');
      if (words.find("pg_dump") != std::string::npos || words.find("pg_restore") != std::string::npos ||
          words.find("pgassay") != std::string::npos || words.find(kSecret) != std::string::npos)
        seen_.insert(words);
    }
  }
  std::set<std::string> seen_;
  std::jthread thread_;
};

/// A server that wants the password of its superuser.
class Secrets : public ::testing::Test {
 protected:
  Secrets() : database_("secret", "CREATE TABLE t AS SELECT generate_series(1, 100) AS i;", {}, server()) {
    server().psql("postgres", std::string("ALTER ROLE postgres PASSWORD '") + kSecret + "'");
    const Path hba = server().dir() / "data/pg_hba.conf";
    hba_ = read_file(hba);
    overwrite_hba("local all all scram-sha-256\n");
  }
  ~Secrets() override { overwrite_hba(hba_); }
  static LocalServer& server() {
    static LocalServer server;
    return server;
  }
  static void overwrite_hba(const std::string& text) {
    std::ofstream out(server().dir() / "data/pg_hba.conf", std::ios::trunc);
    out << text;
    out.close();
    // The file is read again without a connection.
    const Path log = server().dir() / "log";
    const std::string pid = read_file(server().dir() / "data/postmaster.pid");
    const std::size_t before = read_file(log).size();
    ::kill(std::stoi(pid.substr(0, pid.find('\n'))), SIGHUP);
    for (int tries = 0; tries < 3000 && read_file(log).find("received SIGHUP", before) == std::string::npos;
         ++tries)
      ::usleep(20'000);
  }
  std::string told(const std::vector<std::string>& arguments, int status) const {
    const Ran ran = vault_.run(arguments, {{"PGPASSWORD", kSecret}});
    EXPECT_EQ(ran.status, status) << ran.out << ran.err;
    return ran.out + ran.err;
  }

  LiveDatabase database_;
  Vault vault_;
  std::string hba_;
};

TEST_F(Secrets, AreInNobodysArgumentsAndInNothingThatIsWritten) {
  ArgumentWatch watch;
  std::string all = told({"backup", "-v", "--source", "test", "-d", database_.conninfo()}, 0);
  all += told({"verify", "-v"}, 0);
  all +=
      told({"restore", "latest", "-v", "--create", "--into", database_.copy(), "-d", server().conninfo()}, 0);
  all += told({"restore", "latest", "-v", "--create", "--into", database_.copy(), "-d", server().conninfo(),
               "--json"},
              6);
  watch.end();
  EXPECT_TRUE(watch.saw("pg_dump ")) << "pg_dump was not caught running";
  EXPECT_TRUE(watch.saw("pg_restore "));
  EXPECT_FALSE(watch.saw(kSecret));
  EXPECT_EQ(all.find(kSecret), std::string::npos) << all;
  const Repository repository = vault_.repository();
  for (const std::string& file : list_files(repository.root()))
    EXPECT_EQ(read_file(repository.root() / file, std::size_t{1} << 30).find(kSecret), std::string::npos)
        << file;
}

TEST_F(Secrets, AreNotRepeatedWhereTheyAreWrong) {
  const std::string wrong = "wrong-" + std::string(kSecret);
  for (const std::string& connection :
       {database_.conninfo() + " password=" + wrong, "postgresql://postgres:" + wrong + "@%2Fnonexistent/x",
        database_.conninfo() + " password=" + wrong + " nonsense=1"}) {
    const Ran ran = vault_.run({"backup", "-v", "--source", "test", "-d", connection});
    EXPECT_NE(ran.status, 0);
    EXPECT_EQ((ran.out + ran.err).find(wrong), std::string::npos) << ran.err;
  }
}

}  // namespace
}  // namespace pgassay::test
