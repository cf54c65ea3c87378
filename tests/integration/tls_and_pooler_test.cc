// What stands between us and the server: TLS that it insists on, and a pooler.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <unistd.h>

#include "tests/fixtures/child.h"
#include "tests/fixtures/live_backup.h"
#include "tests/fixtures/loopback.h"

namespace pgassay::test {
namespace {

constexpr const char* kTable =
    "CREATE TABLE t AS SELECT g AS a, md5(g::text) AS b FROM generate_series(1, 5000) g;";

void give_to_postgres(const Path& path) {
  if (::geteuid() != 0) return;
  const passwd* postgres = ::getpwnam("postgres");
  ASSERT_NE(postgres, nullptr);
  ASSERT_EQ(::chown(path.c_str(), postgres->pw_uid, postgres->pw_gid), 0);
}

/// A server that takes nothing but TLS over TCP, with a certificate of its own for localhost.
class TlsServer {
 public:
  TlsServer() {
    const Path key = dir_.path() / "key.pem";
    const Ended made =
        run_child({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                   "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                   "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate()});
    if (made.status != 0) throw Error("openssl: " + made.err);
    write_new_file(dir_.path() / "hba", "local all all trust\nhostssl all all 127.0.0.0/8 trust\n");
    std::filesystem::permissions(dir_.path(), std::filesystem::perms(0755));
    for (const Path& file : {key, certificate(), dir_.path() / "hba"}) give_to_postgres(file);
    server_.emplace(LocalServer::Settings{{"ssl", "on"},
                                          {"ssl_key_file", key},
                                          {"ssl_cert_file", certificate()},
                                          {"hba_file", dir_.path() / "hba"},
                                          {"listen_addresses", address_}});
  }
  Path certificate() const { return dir_.path() / "certificate.pem"; }
  std::string conninfo(const std::string& database, const std::string& more) const {
    return fmt::format("host=localhost hostaddr={} port=5432 user=postgres dbname={} {}", address_, database,
                       more);
  }
  const LocalServer& server() const { return *server_; }

 private:
  TemporaryDir dir_;
  /// Of its own, as other servers of this host have that port, too.
  const std::string address_ = fmt::format("127.{}.{}.1", 64 + ::getpid() / 256 % 64, ::getpid() % 256);
  std::optional<LocalServer> server_;
};

TEST(TlsRequired, CarriesBackupAndRestore) {
  const TlsServer tls;
  tls.server().psql("postgres", "CREATE DATABASE app");
  tls.server().psql("app", kTable);
  tls.server().psql("postgres", "CREATE DATABASE back");
  const std::string verified = "sslmode=verify-full sslrootcert=" + tls.certificate().string();
  const Vault vault;
  const Ran backup = vault.run({"backup", "--source", "test", "-d", tls.conninfo("app", verified)});
  ASSERT_EQ(backup.status, 0) << backup.err;
  const Ran restore =
      vault.run({"restore", "latest", "--into", "back", "-d", tls.conninfo("postgres", verified)});
  EXPECT_EQ(restore.status, 0) << restore.err;
  EXPECT_EQ(tls.server().value("back", "SELECT count(*), sum(a) FROM t"), "5000|12502500");
}

TEST(TlsRequired, IsSaidInOneLineWhenItIsNotSpoken) {
  const TlsServer tls;
  const Vault vault;
  const Ran plain =
      vault.run({"backup", "--source", "test", "-d", tls.conninfo("postgres", "sslmode=disable")});
  EXPECT_EQ(plain.status, 1);
  EXPECT_NE(plain.err.find("pg_hba.conf"), std::string::npos) << plain.err;
  EXPECT_NE(plain.err.find("\nhint: "), std::string::npos) << plain.err;
  const Ran unknown = vault.run({"backup", "--source", "test", "-d",
                                 tls.conninfo("postgres", "sslmode=verify-full sslrootcert=/etc/hostname")});
  EXPECT_EQ(unknown.status, 1);
  EXPECT_NE(unknown.err.find("certificate"), std::string::npos) << unknown.err;
  EXPECT_TRUE(vault.repository().list().empty());
}

TEST(TlsRequired, ItsServerIsGivenUpWhenItGoesSilent) {
  const TlsServer tls;
  ConnInfo info = ConnInfo::parse(tls.conninfo("postgres", "sslmode=require"));
  info.silence.statement = Seconds(1);
  Connection connection = Connection::open(info, "test", {});
  connection.query("SELECT repeat('x', 1000000), pg_sleep(0.2)");
  EXPECT_THROW(connection.query("SELECT pg_sleep(77)"), ServerSilent);
}

/// A real pgbouncer before the shared server.
class Pooler {
 public:
  explicit Pooler(const std::string& mode) : port_(Loopback().port) {
    write_new_file(dir_.path() / "users", "\"postgres\" \"\"\n");
    write_new_file(
        dir_.path() / "pgbouncer.ini",
        fmt::format(
            "[databases]\n* = host={} port=5432 user=postgres\n[pgbouncer]\n"
            "listen_addr = 127.0.0.1\nlisten_port = {}\nunix_socket_dir =\nauth_type = any\n"
            "auth_file = {}\npool_mode = {}\nignore_startup_parameters = options,extra_float_digits\n",
            shared_server().dir().string(), port_, (dir_.path() / "users").string(), mode));
    std::filesystem::permissions(dir_.path(), std::filesystem::perms(0755));
    std::filesystem::permissions(dir_.path() / "users", std::filesystem::perms(0644));
    std::filesystem::permissions(dir_.path() / "pgbouncer.ini", std::filesystem::perms(0644));
    std::vector<std::string> argv = {"pgbouncer", (dir_.path() / "pgbouncer.ini").string()};
    if (::geteuid() == 0)
      argv.insert(argv.begin(), {"setpriv", "--reuid", "postgres", "--clear-groups", "--"});
    pgbouncer_.emplace(argv);
    const std::string probe = conninfo("postgres");
    for (int i = 0; i < 200 && run_child({"psql", "-Xqc", "", "-d", probe}).status != 0; ++i)
      ::usleep(50'000);
  }
  std::string conninfo(const std::string& database) const {
    return fmt::format("host=127.0.0.1 port={} user=postgres dbname={}", port_, database);
  }

 private:
  TemporaryDir dir_;
  int port_;
  std::optional<Child> pgbouncer_;
};

TEST(APooler, IsRefusedForABackupWhateverItsMode) {
  const LiveDatabase database("pooled", kTable);
  const Vault vault;
  for (const char* mode : {"transaction", "session"}) {
    const Pooler pooler(mode);
    const Ran ran = vault.run({"backup", "--source", "test", "-d", pooler.conninfo("pooled")});
    EXPECT_EQ(ran.status, 6) << mode << ran.err;
    EXPECT_NE(ran.err.find("through a pooler"), std::string::npos) << mode << ran.err;
    EXPECT_NE(ran.err.find("the server's own port"), std::string::npos) << mode << ran.err;
  }
  EXPECT_TRUE(vault.repository().list().empty());
}

}  // namespace
}  // namespace pgassay::test
