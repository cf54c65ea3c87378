// What code of a backup can do to this host from a local throwaway server: it is a superuser there, and loads
// libraries of its own; where Landlock does not forbid it, it also starts programs.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include "core/container/container_cli.h"
#include "core/system/error.h"
#include "drill/drill.h"
#include "drill/server/leftovers.h"
#include "drill/server/throwaway_dir.h"
#include "drill/server/throwaway_server.h"
#include "drill/server/whom.h"
#include "tests/fixtures/as_user.h"
#include "tests/fixtures/child.h"
#include "tests/fixtures/live_backup.h"
#include "tests/fixtures/loopback.h"
#include "tests/fixtures/outside.h"
#include "tests/fixtures/sample_backup.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay::test {
namespace {

/// Who runs pgassay. The server's user is another one as root, and the same one otherwise.
enum class Who { ourselves, postgres };

std::string as(Who who, const std::function<std::string()>& body) {
  return as_user(who == Who::postgres ? "postgres" : "", body);
}

/// Server programs are found in /usr/lib/postgresql all the same; one of the tests' own is in PATH.
class WithoutBwrap {
 public:
  WithoutBwrap() : path_(std::getenv("PATH")) {
    const char* server = std::getenv("PGASSAY_TEST_SERVER");
    ::setenv("PATH", server != nullptr ? server : empty_.path().c_str(), 1);
  }
  ~WithoutBwrap() { ::setenv("PATH", path_.c_str(), 1); }

 private:
  TemporaryDir empty_;
  std::string path_;
};

class LocalSandbox : public testing::TestWithParam<Who> {
 protected:
  void SetUp() override {
    if (GetParam() == Who::postgres && (::geteuid() != 0 || ::getpwnam("postgres") == nullptr))
      GTEST_SKIP() << "only root can become postgres";
    set_mode(outside_.path(), 0755);
    for (const Path& dir : {work(), outside_.path() / "repository"}) {
      make_private_dirs(dir);
      if (const passwd* user = ::getpwnam("postgres"); GetParam() == Who::postgres)
        give_to(dir, user->pw_uid, user->pw_gid);
    }
    if (GetParam() == Who::ourselves) set_mode(work(), 0711);
    write_new_file(outside_.path() / "repository" / "manifest", "precious");
    set_mode(outside_.path() / "repository", 0777);
    set_mode(outside_.path() / "repository" / "manifest", 0666);
  }

  Path work() const { return outside_.path() / "work"; }
  Path repository() const { return outside_.path() / "repository"; }

  /// Without Landlock, so that there are programs to try with, and what else keeps them in is seen to.
  drill::ThrowawayRequest request() const {
    drill::ThrowawayRequest request;
    request.landlock = 0;
    request.source_version = 150000;
    request.backup_dir = repository();
    request.work_dir = work();
    request.memory_bytes = std::uint64_t{256} << 20;
    return request;
  }

  /// What a server says to a shell script that it is told to run, all lines of it.
  static std::string run_inside(Connection& connection, const std::string& script) {
    connection.query("CREATE TEMP TABLE IF NOT EXISTS said (line text); TRUNCATE said");
    connection.query("COPY said FROM PROGRAM " +
                     quote_literal("{ " + script + "; } 2>&1 | tr '\\000\\011' '  '"));
    return connection.query("SELECT coalesce(string_agg(line, E'\n'), '') FROM said").text(0, 0);
  }
  std::string inside(const std::string& script) const {
    return as(GetParam(), [&] {
      Observer silent;
      const auto server = start_throwaway_server(drill::Engine::local, request(), silent, {});
      Connection connection = Connection::open(server->conninfo(), "test", {});
      return run_inside(connection, script);
    });
  }

  TemporaryDir outside_;
};
INSTANTIATE_TEST_SUITE_P(As, LocalSandbox, testing::Values(Who::ourselves, Who::postgres),
                         [](const auto& info) {
                           return info.param == Who::ourselves ? "ourselves" : "postgres";
                         });

TEST_P(LocalSandbox, WritesNothingOutside) {
  const std::string outside = outside_.path();
  const std::string said = inside(fmt::format(
      "echo x > {0}/repository/manifest; echo x > {0}/repository/more; rm -rf {0}/repository; "
      "echo x > /tmp/pgassay-sandbox-test; echo x > /var/tmp/pgassay-sandbox-test; echo x > "
      "/usr/pgassay-sandbox-test; "
      "echo x > /etc/pgassay-sandbox-test; echo x > ../conf/pg_hba.conf; echo x > ../marker; echo done",
      outside));
  EXPECT_NE(said.find("done"), std::string::npos) << said;
  EXPECT_EQ(read_file(repository() / "manifest"), "precious");
  EXPECT_EQ(list_names(repository()), std::vector<std::string>{"manifest"});
  for (const char* dir : {"/tmp", "/var/tmp", "/usr", "/etc"})
    EXPECT_FALSE(exists(status_of(Path(dir) / "pgassay-sandbox-test"))) << dir;
}

TEST_P(LocalSandbox, ReadsNeitherTheRepositoryNorOtherClusters) {
  const std::string said = inside(fmt::format(
      "cat {0}/manifest; ls {0} /var/lib/postgresql /etc/postgresql /root /home /var/backups /run; echo done",
      repository().string()));
  EXPECT_EQ(said.find("precious"), std::string::npos) << said;
  for (const char* dir : {"/var/lib/postgresql", "/etc/postgresql", "/root", "/home", "/var/backups", "/run"})
    EXPECT_NE(said.find(fmt::format("cannot access '{}': No such file", dir)), std::string::npos) << said;
}

TEST_P(LocalSandbox, SeesNoProcessAndNoEnvironmentOfOthers) {
  ::setenv("PGASSAY_TEST_SECRET", "secret", 1);
  const std::string said = inside(fmt::format(
      "ls -d /proc/{0} /proc/{1}; cat /proc/[0-9]*/environ; grep -l pgassay_tests /proc/[0-9]*/cmdline; "
      "cat /proc/[0-9]*/comm | sort -u | tr '\\n' ' '",
      ::getpid(), ::getppid()));
  ::unsetenv("PGASSAY_TEST_SECRET");
  EXPECT_EQ(said.find("secret"), std::string::npos) << said;
  EXPECT_NE(said.find("bwrap cat postgres sh"), std::string::npos) << said;
}

TEST_P(LocalSandbox, IsAUserThatOwnsNothingAndMayDoNothing) {
  const std::string said = inside(
      "id -u; grep -E 'CapEff|CapBnd|NoNewPrivs|Seccomp:' /proc/self/status; ulimit -c; stat -c %u /usr "
      "/proc/1");
  const std::string uid = said.substr(0, said.find('\n'));
  EXPECT_NE(said.find("CapEff: 0000000000000000\nCapBnd: 0000000000000000\nNoNewPrivs: 1\nSeccomp: 2\n0\n"),
            std::string::npos)
      << said;
  if (GetParam() == Who::postgres) {
    EXPECT_EQ(uid, std::to_string(::getpwnam("postgres")->pw_uid));
  } else if (::geteuid() == 0) {
    EXPECT_EQ(::getpwuid(static_cast<uid_t>(std::stoul(uid))), nullptr) << "somebody has that user: " << uid;
  }
}

TEST_P(LocalSandbox, MakesNoNamespacesMountsNothingAndTracesNobody) {
  const std::string said = inside(
      "unshare --user true && echo UNSHARED; mount -t tmpfs none /tmp && echo MOUNTED; "
      "unshare --mount true && echo UNSHARED; nsenter -t 1 -m true && echo ENTERED; "
      "bwrap --ro-bind / / true && echo WRAPPED; chroot / true && echo ROOTED; echo done");
  EXPECT_NE(said.find("done"), std::string::npos) << said;
  for (const char* done : {"UNSHARED", "MOUNTED", "ENTERED", "WRAPPED", "ROOTED"})
    EXPECT_EQ(said.find(done), std::string::npos) << said;
}

TEST_P(LocalSandbox, KillsNobodyOutside) {
  const pid_t bystander = ::fork();
  if (bystander == 0) {
    if (const passwd* user = ::getpwnam("postgres");
        GetParam() == Who::postgres && ::setuid(user->pw_uid) != 0)
      ::_exit(1);
    ::pause();
    ::_exit(0);
  }
  const std::string said = inside(fmt::format(
      "kill -9 {0} && echo KILLED; kill -9 {1} && echo KILLED; echo done", bystander, ::getpid()));
  EXPECT_EQ(said.find("KILLED"), std::string::npos) << said;
  // All that it sees: the server itself.
  const std::string ended = inside("kill -9 -1");
  EXPECT_TRUE(ended.starts_with("threw: ")) << ended;
  EXPECT_EQ(::waitpid(bystander, nullptr, WNOHANG), 0) << "it was killed";
  ::kill(bystander, SIGKILL);
  ::waitpid(bystander, nullptr, 0);
}

TEST_P(LocalSandbox, FillsNeitherMemoryByFilesNorTheTableOfProcesses) {
  const std::string said = inside(
      "head -c 200000000 /dev/zero > /tmp/full; stat -c 'tmp %s' /tmp/full; rm /tmp/full; "
      "head -c 500000000 /dev/zero > /dev/shm/full; stat -c 'shm %s' /dev/shm/full; rm /dev/shm/full; "
      "(ulimit -u) 2>/dev/null; bash -c 'ulimit -u; ulimit -n; ulimit -f'; "
      "bash -c 'for i in $(seq 5000); do sleep 1000 & done; jobs -p | wc -l' 2>&1 | grep -m 1 -o 'Resource "
      "temporarily unavailable'");
  EXPECT_NE(said.find("tmp 67108864"), std::string::npos) << said;
  EXPECT_NE(said.find("shm 26"), std::string::npos) << said;
  EXPECT_NE(said.find("Resource temporarily unavailable"), std::string::npos) << said;
}

TEST_P(LocalSandbox, FillsNoFileSystem) {
  if (::geteuid() != 0 || ::mount("tmpfs", work().c_str(), "tmpfs", 0, "size=400m,mode=0755") != 0)
    GTEST_SKIP() << "only root can mount a small file system";
  if (const passwd* user = ::getpwnam("postgres"); GetParam() == Who::postgres)
    give_to(work(), user->pw_uid, user->pw_gid);
  const std::string said =
      inside("while echo x >> more; do head -c 1000000 /dev/zero >> filler || sleep 0.3; done");
  ::umount(work().c_str());
  EXPECT_TRUE(said.starts_with("threw: ")) << said;
}

TEST_P(LocalSandbox, LeavesNoProcessWhenItsRunIsKilled) {
  for (const int delay_ms : {20, 60, 120, 200, 300, 400, 600, 900, 1200}) {
    const pid_t drill = ::fork();
    if (drill == 0) {
      const pid_t ours = ::getpid();
      as(GetParam(), [&]() -> std::string {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != ours) return {};
        Observer silent;
        const auto server = start_throwaway_server(drill::Engine::local, request(), silent, {});
        ::pause();
        return {};
      });
      ::_exit(0);
    }
    ::usleep(static_cast<unsigned>(delay_ms) * 1000);
    ::kill(drill, SIGKILL);
    ::waitpid(drill, nullptr, 0);
    // Until then its run may still end.
    const auto collected = [&] {
      as(GetParam(), [&]() -> std::string {
        Observer silent;
        drill::collect_garbage(work(), silent, {});
        return {};
      });
      return list_names(work()).empty();
    };
    bool gone = collected();
    for (int tries = 0; !gone && tries < 600; ++tries) {
      ::usleep(50'000);
      gone = collected();
    }
    EXPECT_TRUE(gone) << delay_ms;
    EXPECT_EQ(drill::processes_in(work()), std::vector<pid_t>()) << delay_ms;
  }
}

/// bwrap waits for ever when what started it is killed between its two halves.
TEST(AbandonedTrial, IsEndedByTheNextRunAndNoOther) {
  const auto trial_of = [](pid_t whose) {
    return std::make_unique<Child>(std::vector<std::string>{"bwrap", "--setenv", drill::kTrialOf,
                                                            std::to_string(whose), "--die-with-parent",
                                                            "--ro-bind", "/", "/", "sleep", "600"});
  };
  Child dead({"true"});
  const pid_t dead_pid = dead.pid();
  dead.wait();
  const auto abandoned = trial_of(dead_pid), under_way = trial_of(::getpid());
  for (const auto* child : {&abandoned, &under_way})
    while (read_file(fmt::format("/proc/{}/comm", (*child)->pid())) != "bwrap\n") ::usleep(1000);
  const TemporaryDir work;
  Observer silent;
  drill::collect_garbage(work.path(), silent, {});
  EXPECT_EQ(abandoned->wait().status, 137);
  EXPECT_TRUE(under_way->running_after(std::chrono::milliseconds(0)));
}

TEST_P(LocalSandbox, IsReachedThroughADirectoryThatTheServerDoesNotSee) {
  const std::string said = as(GetParam(), [&] {
    Observer silent;
    const auto server = start_throwaway_server(drill::Engine::local, request(), silent, {});
    Connection connection = Connection::open(server->conninfo(), "test", {});
    const Path socket_dir = server->conninfo().parameters.at("host");
    const std::string tried = run_inside(
        connection,
        fmt::format("ls {0}; ln -sf /var/run/postgresql/.s.PGSQL.5432 ../run/.s.PGSQL.5432 && echo SWAPPED; "
                    "ln -sf /elsewhere {0}/.s.PGSQL.5432 && echo KEPT SWAPPED",
                    socket_dir.string()));
    // Whoever connects afterwards is with the same server all the same.
    return tried + "\n" +
           Connection::open(server->conninfo(), "test", {}).query("SELECT 'still there'").text(0, 0);
  });
  EXPECT_NE(said.find("\nSWAPPED\nln: "), std::string::npos) << said;
  EXPECT_EQ(said.find("KEPT"), std::string::npos) << said;
  EXPECT_NE(said.find("still there"), std::string::npos) << said;
}

/// Which of the walls there are: with namespaces or without, and by which Landlock.
struct Kept {
  Who who;
  bool namespaces;
  unsigned landlock;
};

class Sandbox : public testing::TestWithParam<Kept> {
 protected:
  void SetUp() override {
    if (GetParam().who == Who::postgres && (::geteuid() != 0 || ::getpwnam("postgres") == nullptr))
      GTEST_SKIP() << "only root can become postgres";
    if (landlock_release() < GetParam().landlock)
      GTEST_SKIP() << "this kernel has Landlock " << landlock_release();
    set_mode(dir_.path(), 0755);
    make_private_dirs(work());
    if (GetParam().who == Who::postgres) give_tree_to("postgres", work());
    set_mode(work(), 0711);
    if (!GetParam().namespaces) without_bwrap_.emplace();
    // Where the server has no user of its own, the bystander has the same one.
    outside_.emplace(dir_.path() / "outside", GetParam().who == Who::postgres ? "postgres" : "nobody");
  }

  Path work() const { return dir_.path() / "work"; }

  /// What loaded code could do, a line for each, and what the evidence says of the walls.
  std::string tried(const std::string& how = "") const {
    return as(GetParam().who, [&] {
      drill::ThrowawayRequest request;
      request.source_version = 150000;
      request.work_dir = work();
      request.memory_bytes = std::uint64_t{256} << 20;
      request.landlock = GetParam().landlock;
      request.allow_weak_sandbox = GetParam().landlock == 0;
      Observer silent;
      const auto server = start_throwaway_server(drill::Engine::local, request, silent, {});
      Connection connection = Connection::open(server->conninfo(), "test", {});
      if (GetParam().landlock != 0) {
        EXPECT_THROW(connection.query("COPY (SELECT 1) TO PROGRAM 'true'"), ServerError);
      }
      return outside_->tried_by(connection, how) + server->facts().sandbox;
    });
  }

  TemporaryDir dir_;
  std::optional<WithoutBwrap> without_bwrap_;
  std::optional<Outside> outside_;
};
INSTANTIATE_TEST_SUITE_P(
    Of, Sandbox,
    testing::Values(Kept{Who::ourselves, true, kLandlockRenames}, Kept{Who::ourselves, true, kNewestLandlock},
                    Kept{Who::ourselves, false, kLandlockScopes},
                    Kept{Who::ourselves, false, kNewestLandlock}, Kept{Who::postgres, true, kLandlockRenames},
                    Kept{Who::postgres, true, kNewestLandlock}, Kept{Who::postgres, false, kLandlockScopes},
                    Kept{Who::postgres, false, kNewestLandlock}),
    [](const auto& info) {
      return fmt::format("{}_{}_landlock_{}", info.param.who == Who::ourselves ? "ourselves" : "postgres",
                         info.param.namespaces ? "namespaces" : "alone", info.param.landlock);
    });

TEST_P(Sandbox, LetsLoadedCodeDoNothingToThisHost) {
  const std::string said = tried();
  EXPECT_TRUE(said.starts_with("ran\n" + std::string(GetParam().namespaces ? "namespaces" : "Landlock")))
      << said;
  EXPECT_NE(said.find(fmt::format("Landlock (release {})", GetParam().landlock)), std::string::npos) << said;
  EXPECT_EQ(outside_->harm(), "");
}

TEST_P(Sandbox, ForksNotWithoutEnd) {
  EXPECT_EQ(tried("fork").find("fork\n"), std::string::npos);
}

using NoSandbox = Sandbox;
INSTANTIATE_TEST_SUITE_P(But, NoSandbox, testing::Values(Kept{Who::postgres, false, 0}),
                         [](const auto&) { return "the_filter"; });

/// That the probe does find what is open.
TEST_P(NoSandbox, LeavesLoadedCodeWhatItsUserMayDoButForWhatTheFilterForbids) {
  const std::string said = "\n" + tried();
  for (const char* done :
       {"read", "list", "write", "truncate", "remove", "make", "environment", "kill", "start"})
    EXPECT_NE(said.find(fmt::format("\n{}\n", done)), std::string::npos) << done << " in " << said;
  for (const char* done : {"chmod", "chown", "trace", "limit", "priority", "connect", "network", "namespace",
                           "mount", "io_uring"})
    EXPECT_EQ(said.find(fmt::format("\n{}\n", done)), std::string::npos) << done << " in " << said;
  EXPECT_NE(said.find("weak, as it was allowed"), std::string::npos) << said;
  EXPECT_NE(outside_->harm(), "");
}

TEST(WeakSandbox, IsRefusedWithExitStatus4NamingWhatWouldDo) {
  const TemporaryDir work;
  set_mode(work.path(), 0711);
  drill::ThrowawayRequest request;
  request.source_version = 150000;
  request.work_dir = work.path();
  request.memory_bytes = std::uint64_t{256} << 20;
  request.landlock = kLandlockScopes - 1;
  Observer silent;
  const WithoutBwrap without_bwrap;
  try {
    start_throwaway_server(drill::Engine::local, request, silent, {});
    ADD_FAILURE() << "started without walls";
  } catch (const Unverified& error) {
    for (const char* word : {"bwrap is not installed", "Landlock"})
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
    for (const char* word : {"apt install bubblewrap", "--engine docker", "--allow-weak-sandbox"})
      EXPECT_NE(error.hint().find(word), std::string::npos) << error.hint();
  }
  request.allow_weak_sandbox = true;
  {
    const auto server = start_throwaway_server(drill::Engine::local, request, silent, {});
    EXPECT_EQ(server->facts().sandbox.substr(0, 4), "weak");
    Connection connection = Connection::open(server->conninfo(), "test", {});
    EXPECT_EQ(connection.query("SELECT 1").text(0, 0), "1");
  }
  EXPECT_EQ(list_names(work.path()), std::vector<std::string>());
}

/// Somebody who listens where a throwaway server should.
class Impostor {
 public:
  explicit Impostor(const Path& socket) : fd_(listen_at(socket)) {}
  /// All that whoever connected has sent until they hung up.
  std::string heard() const {
    const Fd caller(::accept(fd_.get(), nullptr, nullptr));
    char buffer[1024];
    const ssize_t got = ::read(caller.get(), buffer, sizeof buffer);
    return std::string(buffer, got > 0 ? static_cast<std::size_t>(got) : 0);
  }

 private:
  Fd fd_;
};

TEST(WhomWeTalkTo, IsToldNothingWhenItIsAnotherProcess) {
  const TemporaryDir dir;
  const Path socket = dir.path() / ".s.PGSQL.5432";
  const Impostor impostor(socket);
  ConnInfo info{{{"host", dir.path()},
                 {"port", "5432"},
                 {"user", "u"},
                 {"password", "p"},
                 {"dbname", "d"},
                 {"sslmode", "disable"}}};
  info.proof = std::make_shared<drill::ThrowawayProof>(
      drill::ThrowawayProof::Wanted{socket, ::geteuid(), [](pid_t pid) { return pid == 1; }, {}});
  EXPECT_THROW(Connection::open(info, "test", {}), AnotherServer);
  EXPECT_EQ(impostor.heard(), "");
}

TEST(WhomWeTalkTo, IsToldNothingWhenItIsAnotherUser) {
  const TemporaryDir dir;
  const Path socket = dir.path() / ".s.PGSQL.5432";
  const Impostor impostor(socket);
  ConnInfo info{
      {{"host", dir.path()}, {"port", "5432"}, {"user", "u"}, {"dbname", "d"}, {"sslmode", "disable"}}};
  info.proof = std::make_shared<drill::ThrowawayProof>(
      drill::ThrowawayProof::Wanted{socket, ::geteuid() + 1, [](pid_t) { return true; }, {}});
  EXPECT_THROW(Connection::open(info, "test", {}), AnotherServer);
  EXPECT_EQ(impostor.heard(), "");
}

TEST(WhomWeTalkTo, IsToldNothingThroughALink) {
  const TemporaryDir dir, elsewhere;
  const Impostor impostor(elsewhere.path() / "real");
  const Path socket = dir.path() / ".s.PGSQL.5432";
  std::filesystem::create_symlink(elsewhere.path() / "real", socket);
  ConnInfo info{
      {{"host", dir.path()}, {"port", "5432"}, {"user", "u"}, {"dbname", "d"}, {"sslmode", "disable"}}};
  info.proof = std::make_shared<drill::ThrowawayProof>(
      drill::ThrowawayProof::Wanted{socket, ::geteuid(), [](pid_t) { return true; }, {}});
  EXPECT_THROW(Connection::open(info, "test", {}), AnotherServer);
  EXPECT_EQ(impostor.heard(), "");
}

TEST(WhomWeTalkTo, EndsAWholeDrillThatIsLedElsewhere) {
  const TemporaryDir work;
  set_mode(work.path(), 0711);
  const Vault vault;
  const LiveDatabase database("drill_led", "CREATE TABLE t AS SELECT g AS i FROM generate_series(1, 100) g");
  ASSERT_EQ(vault.back_up(database).status, 0);
  const Repository repository = Repository::open(vault.root());
  const Backup backup = repository.find("latest");
  drill::DrillOptions options;
  options.engine = drill::Engine::local;
  options.work_dir = work.path();
  options.memory_bytes = std::uint64_t{256} << 20;
  std::optional<Impostor> impostor;
  Recorder observer;
  observer.on_phase = [&](const std::string& phase) {
    if (phase != "data") return;
    const Path socket = work.path() / list_names(work.path()).at(0) / "socket/.s.PGSQL.5432";
    std::filesystem::rename(socket, work.path() / list_names(work.path()).at(0) / "socket/real");
    impostor.emplace(socket);
  };
  EXPECT_THROW(drill_backup(repository, backup, options, observer, {}), AnotherServer);
  ASSERT_TRUE(impostor);
  EXPECT_EQ(impostor->heard(), "");
  EXPECT_EQ(list_names(backup.dir.path() / "evidence"), std::vector<std::string>());
  EXPECT_EQ(list_names(work.path()), std::vector<std::string>());
}

TEST(WhomWeTalkTo, HasTheSystemIdentifierThatItWasMadeWith) {
  const ConnInfo server = shared_server().connection();
  const auto proof_of = [&](const std::string& identifier) {
    ConnInfo info = server;
    info.proof = std::make_shared<drill::ThrowawayProof>(drill::ThrowawayProof::Wanted{
        Path(server.parameters.at("host")) / (".s.PGSQL." + server.parameters.at("port")),
        {},
        [](pid_t) { return true; },
        identifier});
    return info;
  };
  EXPECT_THROW(Connection::open(proof_of("1"), "test", {}), AnotherServer);
  const std::string real = drill::system_identifier_of(shared_server().dir() / "data");
  EXPECT_EQ(Connection::open(proof_of(real), "test", {}).query("SELECT 1").text(0, 0), "1");
}

}  // namespace
}  // namespace pgassay::test
