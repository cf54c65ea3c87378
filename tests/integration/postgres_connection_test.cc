#include "core/postgres/connection.h"
#include "core/postgres/connection_refused.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "core/stream/row_digest.h"
#include "core/system/clock.h"
#include "tests/fixtures/local_server.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay {
namespace {

using test::shared_server;

struct CountingSink : ChunkSink {
  void chunk(Bytes chunk) override {
    ++chunks;
    rows += static_cast<std::uint64_t>(std::count(chunk.begin(), chunk.end(), std::byte{'\n'}));
    bytes += chunk.size();
    longest = std::max(longest, chunk.size());
  }
  std::uint64_t chunks = 0, rows = 0, bytes = 0;
  std::size_t longest = 0;
};

Connection connect(std::stop_token stop = {}) {
  return Connection::open(shared_server().connection(), "connection_test", stop);
}

/// Asks `looking` until the query gives the value; throws Error after a minute.
void until(Connection& looking, const std::string& query, const std::string& value) {
  const Stopwatch watch;
  while (looking.query(query).text(0, 0) != value) {
    if (watch.seconds() > 60) throw Error("it did not come about: " + query + " = " + value);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

/// Sets the token once the server sleeps in what work() asked it for. Work that did not heed the stop would
/// take an hour, and ctest's time-out would end it.
void expect_stop(const std::function<void(Connection&)>& work) {
  std::stop_source source;
  Connection connection = connect(source.get_token());
  Connection looking = connect();
  const std::jthread stopper([&] {
    until(looking,
          "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND pid = " +
              std::to_string(connection.backend_pid()),
          "1");
    source.request_stop();
  });
  EXPECT_THROW(work(connection), Stopped);
}

/// The server cancels what nobody waits for any more.
void until_nobody_sleeps() {
  Connection looking = connect();
  until(looking,
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3600)%' "
        "AND state = 'active' AND pid <> pg_backend_pid()",
        "0");
}

TEST(Connection, ReturnsRowsOfTheLastStatement) {
  Connection connection = connect();
  const Result result = connection.query("SELECT 1; SELECT 42, NULL, 'x', true");
  EXPECT_EQ(result.rows(), 1);
  EXPECT_EQ(result.integer(0, 0), 42);
  EXPECT_TRUE(result.null(0, 1));
  EXPECT_EQ(result.text(0, 1), "");
  EXPECT_EQ(result.text(0, 2), "x");
  EXPECT_TRUE(result.boolean(0, 3));
  EXPECT_THROW(result.integer(0, 2), Error);
}

TEST(Connection, PassesParameters) {
  Connection connection = connect();
  const Result result = connection.query("SELECT $1::text, $2::int IS NULL", {{"it's"}, std::nullopt});
  EXPECT_EQ(result.text(0, 0), "it's");
  EXPECT_TRUE(result.boolean(0, 1));
}

TEST(Connection, ThrowsTheServersErrorWithItsStateAndHint) {
  Connection connection = connect();
  try {
    connection.query(
        "DO $$BEGIN RAISE EXCEPTION 'no' USING DETAIL = 'two\nlines', HINT = 'try', ERRCODE = '55P03'; "
        "END$$");
    FAIL();
  } catch (const ServerError& error) {
    EXPECT_EQ(std::string(error.what()), "no: two lines");
    EXPECT_EQ(error.hint(), "try");
    EXPECT_EQ(error.sqlstate(), "55P03");
  }
}

TEST(Connection, IsUsableAfterAServerError) {
  Connection connection = connect();
  EXPECT_THROW(connection.query("SELECT 1/0"), ServerError);
  EXPECT_EQ(connection.query("SELECT 1").integer(0, 0), 1);
}

TEST(Connection, CancelsABlockedQueryOnStop) {
  expect_stop([](Connection& connection) { connection.query("SELECT pg_sleep(3600)"); });
  until_nobody_sleeps();
}

TEST(Connection, StopsACopyThatNeverWaits) {
  std::stop_source source;
  struct StoppingSink : ChunkSink {
    explicit StoppingSink(std::stop_source& the_source) : source(the_source) {}
    void chunk(Bytes) override { source.request_stop(); }
    std::stop_source& source;
  } sink(source);
  Connection connection = connect(source.get_token());
  EXPECT_THROW(connection.copy_out("COPY (SELECT generate_series(1, 1000000000)) TO STDOUT", sink), Stopped);
}

TEST(Connection, GivesUpOnAServerThatGoesSilentWhileRowsAreDue) {
  ConnInfo info = shared_server().connection();
  info.silence.rows = Seconds(1);
  Connection connection = Connection::open(info, "connection_test", {});
  connection.query("SELECT pg_sleep(1.2)");
  CountingSink sink;
  // Slower than the limit in all, but never silent for so long.
  const std::string paced =
      "COPY (SELECT repeat('x', 20000), pg_sleep(0.2) FROM generate_series(1, 8)) TO STDOUT";
  EXPECT_EQ(connection.copy_out(paced, sink), 8U);
  EXPECT_THROW(connection.copy_out("COPY (SELECT pg_sleep(3600)) TO STDOUT", sink), ServerSilent);
  until_nobody_sleeps();
}

TEST(Connection, GivesUpOnAServerThatIsSilentAboutAStatement) {
  ConnInfo info = shared_server().connection();
  info.silence.statement = Seconds(0.3);
  Connection connection = Connection::open(info, "connection_test", {});
  EXPECT_THROW(connection.query("SELECT pg_sleep(3600)"), ServerSilent);
}

TEST(Connection, SaysThatItWasLost) {
  Connection victim = connect(), killer = connect();
  killer.query("SELECT pg_terminate_backend(" + std::to_string(victim.backend_pid()) + ", 5000)");
  EXPECT_THROW(victim.query("SELECT 1"), ConnectionLost);
}

TEST(Connection, GivesUpOnAServerThatDoesNotAnswer) {
  const test::TemporaryDir directory;
  const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = directory.path() / ".s.PGSQL.5432";
  ASSERT_LT(path.size(), sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  ConnInfo info = shared_server().connection();
  info.parameters["host"] = directory.path();
  info.parameters["port"] = "5432";
  info.parameters["connect_timeout"] = "1";
  EXPECT_THROW(Connection::open(info, "test", {}), ConnectionLost);
  ::close(listener);
}

TEST(Connection, NamesTheServerAndTheReasonWhenItCannotConnect) {
  try {
    Connection::open(shared_server().connection("no such db"), "test", {});
    FAIL();
  } catch (const ConnectionLost& error) {
    EXPECT_NE(std::string(error.what()).find("no such db", std::string(error.what()).find("FATAL:")),
              std::string::npos);
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
  }
}

std::string refused_by(const ConnInfo& info) {
  try {
    Connection::open(info, "test", {});
    return "connected";
  } catch (const ConnectionRefused& error) {
    EXPECT_EQ(std::string(error.what()).find("LOCATION"), std::string::npos) << error.what();
    return error.sqlstate() + (error.by_password() ? " by password" : "");
  } catch (const ConnectionLost&) {
    return "no server";
  }
}

TEST(Connection, ThatIsRefusedSaysBySqlstateWhetherItWasThePassword) {
  const test::LocalServer server;
  server.psql("postgres", "CREATE ROLE careful LOGIN PASSWORD 'right';");
  std::ofstream(server.dir() / "data/pg_hba.conf")
      << "local all postgres trust\nhost all careful all scram-sha-256\nlocal all careful scram-sha-256\n";
  server.psql("postgres", "SELECT pg_reload_conf();\nSELECT pg_sleep(0.3);");
  ConnInfo info = server.connection();
  info.parameters["user"] = "careful";
  info.parameters["passfile"] = "/dev/null";
  EXPECT_EQ(refused_by(info), "28P01 by password") << "none is given";
  info.parameters["password"] = "wrong";
  EXPECT_EQ(refused_by(info), "28P01 by password");
  info.parameters["password"] = "right";
  EXPECT_EQ(refused_by(info.with_database("no_such_database")), "3D000");
  info.parameters["host"] = "/nonexistent";
  EXPECT_EQ(refused_by(info), "no server");
}

/// A drill's pg_hba.conf takes no md5, which 13 makes of passwords unless it is told otherwise.
TEST(Connection, EncryptsAPasswordForEveryMethod) {
  Connection connection = Connection::open(test::shared_server().connection(), "test", {});
  connection.query("SET password_encryption = 'md5'");
  EXPECT_TRUE(connection.encrypted_password("secret", "somebody").starts_with("SCRAM-SHA-256$"));
}

TEST(Connection, NeverTellsAPassword) {
  const test::LocalServer server;
  server.psql("postgres", "CREATE ROLE careful LOGIN PASSWORD 'right';");
  std::ofstream(server.dir() / "data/pg_hba.conf")
      << "local all careful scram-sha-256\nlocal all all trust\n";
  server.psql("postgres", "SELECT pg_reload_conf();\nSELECT pg_sleep(0.3);");
  ConnInfo info = server.connection();
  info.parameters["user"] = "careful";
  info.parameters["password"] = "wr0ng-s3cret";
  try {
    Connection::open(info, "test", {});
    FAIL();
  } catch (const ConnectionLost& error) {
    EXPECT_EQ((std::string(error.what()) + error.hint()).find("s3cret"), std::string::npos);
    EXPECT_NE(error.hint().find("PGPASSWORD"), std::string::npos);
    const std::string what = error.what();
    EXPECT_NE(what.find("careful", what.find("FATAL:")), std::string::npos) << what;
  }
  info.parameters["password"] = "right";
  const Connection connection = Connection::open(info, "test", {});
  EXPECT_EQ(connection.child_conninfo().find("right"), std::string::npos);
  EXPECT_EQ(connection.described().find("right"), std::string::npos);
  EXPECT_EQ(connection.child_environment().at("PGPASSWORD"), "right");
}

TEST(Connection, TellsChildrenTheSameServer) {
  Connection connection = connect();
  const ConnInfo child = ConnInfo::parse(connection.child_conninfo());
  EXPECT_EQ(Connection::open(child, "child", {}).query("SELECT pg_postmaster_start_time()").text(0, 0),
            connection.query("SELECT pg_postmaster_start_time()").text(0, 0));
}

TEST(Connection, KnowsThatThereIsNoPooler) {
  EXPECT_FALSE(connect().through_pooler());
}

TEST(Connection, SpeaksUtf8WhateverTheRoleAndTheEnvironmentSay) {
  shared_server().psql(
      "postgres", "CREATE ROLE latin SUPERUSER LOGIN;\nALTER ROLE latin SET client_encoding = 'LATIN1';");
  ConnInfo info = shared_server().connection();
  info.parameters["user"] = "latin";
  ::setenv("PGCLIENTENCODING", "LATIN9", 1);
  Connection connection = Connection::open(info, "test", {});
  ::unsetenv("PGCLIENTENCODING");
  EXPECT_EQ(connection.query("SHOW client_encoding").text(0, 0), "UTF8");
}

TEST(Connection, SpeaksSqlAsciiToAServerThatKnowsNoEncoding) {
  shared_server().create_database("ascii_conn", "TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'");
  Connection connection = Connection::open(shared_server().connection("ascii_conn"), "test", {});
  EXPECT_EQ(connection.query("SHOW client_encoding").text(0, 0), "SQL_ASCII");
  EXPECT_EQ(connection.query("SELECT '\xe9\xff'::text").text(0, 0), "\xe9\xff");
}

TEST(CopyOut, StreamsAMillionRowsAndCountsThem) {
  CountingSink sink;
  EXPECT_EQ(connect().copy_out("COPY (SELECT generate_series(1, 1000000)) TO STDOUT", sink), 1000000U);
  EXPECT_EQ(sink.rows, 1000000U);
}

TEST(CopyOut, PassesManyShortRowsAtOnce) {
  CountingSink sink;
  connect().copy_out("COPY (SELECT generate_series(1, 100000)) TO STDOUT", sink);
  EXPECT_LT(sink.chunks, 10U);
}

/// Rows of lengths around that of a chunk, so that cuts fall before, on and after line feeds.
TEST(CopyOut, LosesNothingWhereItCutsRows) {
  struct Kept : ChunkSink {
    void chunk(Bytes bytes) override { text += as_text(bytes); }
    std::string text;
  } sink;
  connect().copy_out(
      "COPY (SELECT repeat(chr(97 + i % 26), 131072 * (1 + i % 3) - i % 5) FROM generate_series(1, 60) i "
      "UNION ALL SELECT repeat('y', i % 70) FROM generate_series(1, 9000) i UNION ALL SELECT E'a\\nb\\\\') "
      "TO STDOUT",
      sink);
  std::string expected;
  for (std::size_t i = 1; i <= 60; ++i)
    expected += std::string(131072 * (1 + i % 3) - i % 5, static_cast<char>('a' + i % 26)) + '\n';
  for (std::size_t i = 1; i <= 9000; ++i) expected += std::string(i % 70, 'y') + '\n';
  expected += "a\\nb\\\\\n";
  EXPECT_TRUE(sink.text == expected);
}

TEST(CopyOut, StreamsNoRowsAndRowsWithoutColumns) {
  Connection connection = connect();
  CountingSink none, empty;
  EXPECT_EQ(connection.copy_out("COPY (SELECT 1 WHERE false) TO STDOUT", none), 0U);
  EXPECT_EQ(connection.copy_out("COPY (SELECT FROM generate_series(1, 3)) TO STDOUT", empty), 3U);
  EXPECT_EQ(none.rows, 0U);
  EXPECT_EQ(empty.bytes, 3U);
}

TEST(CopyOut, StreamsAFieldOfFiftyMegabytes) {
  CountingSink sink;
  connect().copy_out("COPY (SELECT repeat('x', 50000000)) TO STDOUT", sink);
  EXPECT_EQ(sink.bytes, 50000001U);
  EXPECT_LE(sink.longest, 1U << 20);
}

TEST(CopyOut, RunsTheStatementsBeforeTheCopy) {
  Connection connection = connect();
  CountingSink sink;
  EXPECT_EQ(connection.copy_out("SET work_mem = '5MB'; SELECT 1; COPY (SELECT 1) TO STDOUT", sink), 1U);
  EXPECT_THROW(connection.copy_out("SELECT 1/0; COPY (SELECT 1) TO STDOUT", sink), ServerError);
  EXPECT_THROW(connection.copy_out("SELECT 1", sink), Error);
}

TEST(CopyOut, ThrowsAnErrorThatComesInMidStream) {
  Connection connection = connect();
  CountingSink sink;
  try {
    connection.copy_out("COPY (SELECT 1 / (50000 - i) FROM generate_series(1, 100000) i) TO STDOUT", sink);
    FAIL();
  } catch (const ServerError& error) {
    EXPECT_EQ(error.sqlstate(), "22012");
  }
  EXPECT_EQ(sink.rows, 49999U);
  EXPECT_EQ(connection.query("SELECT 1").integer(0, 0), 1);
}

TEST(CopyOut, LetsTheSinksExceptionThrough) {
  struct Full : ChunkSink {
    void chunk(Bytes) override { throw Error("disk full"); }
  } full;
  Connection connection = connect();
  EXPECT_THROW(connection.copy_out("COPY (SELECT generate_series(1, 100000000)) TO STDOUT", full), Error);
}

TEST(CopyIn, LoadsChunksCutAnywhere) {
  Connection connection = connect();
  connection.query("CREATE TEMP TABLE t (a int, b text)");
  EXPECT_EQ(connection.copy_in("COPY t FROM STDIN",
                               [](ChunkSink& sink) {
                                 for (const char* chunk : {"1\tx", "\n2", "\ty\n", "", "3\tz\n"})
                                   sink.chunk(as_bytes(chunk));
                               }),
            3U);
  EXPECT_EQ(connection.query("SELECT string_agg(b, '' ORDER BY a) FROM t").text(0, 0), "xyz");
}

TEST(CopyIn, TakesRowsOfATableWithoutColumns) {
  Connection connection = connect();
  connection.query("CREATE TEMP TABLE none ()");
  EXPECT_EQ(connection.copy_in("COPY none FROM STDIN", [](ChunkSink& sink) { sink.chunk(as_bytes("\n\n")); }),
            2U);
}

TEST(CopyIn, ReportsTheServersErrorSoonAndInItsWords) {
  Connection connection = connect();
  connection.query("CREATE TEMP TABLE t (a int)");
  std::uint64_t sent = 0;
  try {
    connection.copy_in("COPY t FROM STDIN", [&sent](ChunkSink& sink) {
      sink.chunk(as_bytes("1\nbad\n"));
      const std::string chunk(1 << 20, '1');
      for (; sent < 2000; ++sent) sink.chunk(as_bytes(chunk));
    });
    FAIL();
  } catch (const ServerError& error) {
    EXPECT_EQ(error.sqlstate(), "22P02");
    EXPECT_NE(std::string(error.what()).find("bad"), std::string::npos) << error.what();
    EXPECT_TRUE(std::string(error.what()).ends_with(" (COPY t, line 2, column a)")) << error.what();
  }
  EXPECT_LT(sent, 1000U);
  EXPECT_EQ(connection.query("SELECT count(*) FROM t").integer(0, 0), 0);
}

TEST(CopyIn, LoadsNothingWhenTheFeederThrows) {
  Connection connection = connect();
  connection.query("CREATE TEMP TABLE t (a int)");
  EXPECT_THROW(connection.copy_in("COPY t FROM STDIN",
                                  [](ChunkSink& sink) {
                                    sink.chunk(as_bytes("1\n"));
                                    throw BadBackup("rotten");
                                  }),
               BadBackup);
  EXPECT_EQ(connection.query("SELECT count(*) FROM t").integer(0, 0), 0);
}

TEST(CopyIn, StopsWhileTheServerIsBlocked) {
  shared_server().psql(
      "postgres",
      "CREATE TABLE locked_copy (a text);\nCREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql "
      "AS 'BEGIN PERFORM pg_sleep(3600); RETURN NEW; END';\nCREATE TRIGGER slow BEFORE INSERT ON "
      "locked_copy FOR EACH ROW EXECUTE FUNCTION slow();");
  expect_stop([](Connection& connection) {
    connection.copy_in("COPY locked_copy FROM STDIN", [](ChunkSink& sink) {
      const std::string chunk = std::string(1 << 20, 'x') + "\n";
      for (int i = 0; i < 100; ++i) sink.chunk(as_bytes(chunk));
    });
  });
}

}  // namespace
}  // namespace pgassay
