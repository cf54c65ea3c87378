#include "nightly/notify.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/http/http.h"
#include "core/system/error.h"
#include "tests/fixtures/http_server.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay::test {
namespace {

using Lines = std::vector<std::string>;
using Manner = HttpServer::Manner;

nightly::NightRecord night(Exit exit) {
  nightly::NightRecord record;
  record.source = "prod";
  record.host = "db1";
  record.steps = {{"backup", exit == Exit::done ? nightly::Outcome::done : nightly::Outcome::failed, exit, 1,
                   "what came of it", ""}};
  return record;
}

nightly::NotifyOptions once() {
  nightly::NotifyOptions options;
  options.attempts = 1;
  options.timeout = Seconds(0.5);
  return options;
}

/// What could not be delivered to a server that answers so.
std::string ping(const HttpServer& server, nightly::NotifyOptions options = once()) {
  options.ping_url = server.url("/secret-uuid");
  const Lines problems = notify_end(options, night(Exit::done), {});
  return problems.empty() ? "" : problems[0];
}

TEST(Notify, PingsAtTheBeginningAndAtTheEnd) {
  const HttpServer server;
  nightly::NotifyOptions options = once();
  options.ping_url = server.url("/uuid?create=1");
  EXPECT_EQ(notify_start(options, {}), Lines());
  EXPECT_EQ(notify_end(options, night(Exit::done), {}), Lines());
  EXPECT_EQ(notify_end(options, night(Exit::failed), {}), Lines());
  const Lines requests = server.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_TRUE(requests[0].starts_with("POST /uuid/start?create=1 ")) << requests[0];
  EXPECT_TRUE(requests[1].starts_with("POST /uuid?create=1 ")) << requests[1];
  EXPECT_TRUE(requests[2].starts_with("POST /uuid/fail?create=1 ")) << requests[2];
  EXPECT_NE(requests[2].find("what came of it"), std::string::npos) << requests[2];
}

TEST(Notify, SendsTheRecordAsJsonOfFailuresOnlyUnlessToldOtherwise) {
  const HttpServer server;
  nightly::NotifyOptions options = once();
  options.webhook_url = server.url();
  notify_end(options, night(Exit::done), {});
  EXPECT_EQ(server.requests().size(), 0u);
  notify_end(options, night(Exit::unverified), {});
  options.when = nightly::When::always;
  notify_end(options, night(Exit::done), {});
  const Lines requests = server.requests();
  ASSERT_EQ(requests.size(), 2u);
  const nlohmann::json body = nlohmann::json::parse(requests[0].substr(requests[0].find("\r\n\r\n")));
  EXPECT_EQ(body.at("steps").at(0).at("exit"), 4);
}

TEST(Notify, TellsWhatAServerDidWrong) {
  EXPECT_NE(ping(HttpServer("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")).find("HTTP status 500"),
            std::string::npos);
  const std::string moved = ping(
      HttpServer("HTTP/1.1 301 Moved\r\nLocation: https://elsewhere.example/x\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_NE(moved.find("sends us on to https://elsewhere.example (HTTP status 301)"), std::string::npos)
      << moved;
  EXPECT_NE(ping(HttpServer("", Manner::hangs_up)), "");
  EXPECT_NE(ping(HttpServer("This is no HTTP.\r\n\r\n")), "");
  EXPECT_NE(ping(HttpServer("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort")), "")
      << "it promised more";
  const std::string stalled = ping(HttpServer("", Manner::stalls));
  EXPECT_NE(stalled.find("imed out"), std::string::npos) << stalled;
}

TEST(Notify, TellsWhereNobodyListensAndKeepsTheSecretPartOfTheAddress) {
  nightly::NotifyOptions options = once();
  options.ping_url = HttpServer().url("/secret-uuid");  // gone again
  const Lines problems = notify_end(options, night(Exit::done), {});
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].find("secret-uuid"), std::string::npos) << problems[0];
  EXPECT_NE(problems[0].find("http://127.0.0.1:"), std::string::npos) << problems[0];
  EXPECT_EQ(place_of("https://user:word@host:1/path?query"), "https://host:1");
}

TEST(Notify, TriesAgain) {
  const HttpServer server("HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n");
  nightly::NotifyOptions options = once();
  options.attempts = 2;
  EXPECT_NE(ping(server, options).find(", 2 times"), std::string::npos);
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST(Notify, RunsAProgramWithTheRecordOnItsStdin) {
  const TemporaryDir dir;
  nightly::NotifyOptions options = once();
  options.command = {"sh", "-c", "cat > \"$1\"", "sh", (dir.path() / "got it").string()};
  EXPECT_EQ(notify_end(options, night(Exit::failed), {}), Lines());
  EXPECT_EQ(nlohmann::json::parse(read_file(dir.path() / "got it")).at("source"), "prod");
  options.command = {"sh", "-c", "echo no such pager >&2; exit 3"};
  EXPECT_EQ(notify_end(options, night(Exit::failed), {}), Lines{"command: sh: no such pager"});
  options.command = {"/nonexistent/program"};
  EXPECT_EQ(notify_end(options, night(Exit::failed), {}).size(), 1u);
}

/// A sendmail that comes first in PATH and keeps the letter: a real one would hand it to a mail server, and a
/// test must reach nobody. Its interface is sendmail(8)'s: recipients from the header (-t), a lone dot is no
/// end (-i).
class Mail : public testing::Test {
 protected:
  Mail() {
    sendmail("#!/bin/sh\necho \"$@\" > '" + file("words") + "'\ncat > '" + file("letter") + "'\n");
    ::setenv("PATH", (dir_.path().string() + ":" + path_).c_str(), 1);
    options_.mail_to = "ops@example.net";
  }
  ~Mail() override { ::setenv("PATH", path_.c_str(), 1); }
  void sendmail(const std::string& script) const {
    replace_file(file("sendmail"), script);
    set_mode(file("sendmail"), 0700);
  }
  std::string file(const char* name) const { return (dir_.path() / name).string(); }

  TemporaryDir dir_;
  const std::string path_ = std::getenv("PATH");
  nightly::NotifyOptions options_ = once();
};

TEST_F(Mail, IsALetterThatSaysWhatFailed) {
  EXPECT_EQ(notify_end(options_, night(Exit::done), {}), Lines());
  EXPECT_FALSE(std::filesystem::exists(file("letter"))) << "nobody asked for good news";
  nightly::NightRecord failed = night(Exit::unverified);
  failed.steps[0].text = "no engine\n.\nBcc: somebody@example.net";
  EXPECT_EQ(notify_end(options_, failed, {}), Lines());
  EXPECT_EQ(read_file(file("words")), "-i -t\n");
  const std::string letter = read_file(file("letter"));
  const std::string head = letter.substr(0, letter.find("\n\n"));
  EXPECT_EQ(head,
            "To: ops@example.net\nSubject: pgassay prod on db1: FAILED (4)\n"
            "Content-Type: text/plain; charset=utf-8\nAuto-Submitted: auto-generated");
  EXPECT_NE(letter.find("backup   failed"), std::string::npos) << letter;
  EXPECT_NE(letter.find("no engine"), std::string::npos) << letter;
}

TEST_F(Mail, ThatIsNotTakenIsToldOf) {
  sendmail("#!/bin/sh\ncat > /dev/null\necho 'queue is full' >&2\nexit 75\n");
  EXPECT_EQ(notify_end(options_, night(Exit::failed), {}), Lines{"mail: sendmail: queue is full"});
}

TEST(Notify, GivesUpWhenTheRunIsStopped) {
  std::stop_source source;
  source.request_stop();
  const HttpServer server("", Manner::stalls);
  nightly::NotifyOptions options;
  options.ping_url = server.url();
  EXPECT_THROW(notify_start(options, source.get_token()), Stopped);
}

}  // namespace
}  // namespace pgassay::test
