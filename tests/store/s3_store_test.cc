// Against a Ceph RGW (rgw.sh), with a proxy of ours in front where it is to misbehave.
#include <gtest/gtest.h>
#include <atomic>

#include "core/store/open_store.h"
#include "core/store/s3.h"
#include "tests/fixtures/http_server.h"
#include "tests/fixtures/store_suite.h"
#include "tests/store/forwarded.h"
#include "tests/store/rgw.h"

namespace pgassay::test {
namespace {

S3Settings settings_of(const std::string& prefix, const std::string& endpoint = rgw_endpoint()) {
  rgw_endpoint();  // its keys
  S3Settings settings;
  settings.bucket = "pgassay-test";
  settings.prefix = prefix;
  settings.endpoint = endpoint;
  settings.attempts = 4;
  settings.first_pause = Seconds(0.01);
  return settings;
}

std::unique_ptr<Store> in_rgw(const std::string& unique) {
  return std::make_unique<S3Store>(settings_of(unique));
}

INSTANTIATE_TEST_SUITE_P(Rgw, Stores,
                         testing::Values(StoreKind{
                             "rgw", [](const Path&, const std::string& unique) { return in_rgw(unique); },
                             2'100}));

/// In front of the RGW: the n-th request (from 0) is answered by `answer`, with the means to pass it on;
/// what is null is passed on. Objects lie below `prefix`.
class Faulty {
 public:
  using Answer = std::function<std::string(const std::string& request)>;
  explicit Faulty(std::vector<Answer> answers)
      : answers_(std::move(answers)), server_([this](const std::string& request) {
          const std::size_t n = next_++;
          return n < answers_.size() && answers_[n] ? answers_[n](request) : forwarded(request);
        }) {}
  S3Settings settings() const {
    std::string endpoint = server_.url("");
    return settings_of(prefix_, endpoint);
  }
  std::unique_ptr<Store> store() const { return std::make_unique<S3Store>(settings()); }
  std::unique_ptr<Store> behind() const { return in_rgw(prefix_); }
  std::size_t requests() const { return next_; }

 private:
  const std::string prefix_ = "faulty-" + TemporaryDir().path().filename().string();
  std::vector<Answer> answers_;
  std::atomic<std::size_t> next_ = 0;
  HttpServer server_;
};

std::string error_answer(int status, const std::string& code, const std::string& headers = {}) {
  return http_answer(status, "<Error><Code>" + code + "</Code></Error>", headers);
}
std::string slow_down(const std::string&) {
  return error_answer(503, "SlowDown");
}
std::string lost_answer(const std::string& request) {
  forwarded(request);
  return {};
}
std::string lost_request(const std::string&) {
  return {};
}
std::string flipped(const std::string& request) {
  std::string bad = request;
  bad.back() ^= 1;
  return forwarded(bad);
}
/// Some of the body, and then the connection is gone.
std::string cut(const std::string& request) {
  const std::string answer = forwarded(request);
  return answer.substr(0, answer.find("\r\n\r\n") + 4 + 1000);
}

TEST(S3Faults, ThatPassAreWaitedFor) {
  const Faulty faulty(
      {slow_down, lost_request, [](const std::string&) { return error_answer(500, "InternalError"); }});
  EXPECT_EQ(faulty.store()->put_new("a", body_of("text"), {}), Put::stored);
  EXPECT_EQ(get_text(*faulty.behind(), "a", 100, {}), "text");
  EXPECT_EQ(faulty.requests(), 4u);
}

TEST(S3Faults, ThatStayEndItAndSayWhatTheServerSaid) {
  const Faulty faulty({slow_down, slow_down, slow_down, slow_down});
  try {
    faulty.store()->put_new("a", body_of("text"), {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("SlowDown (HTTP status 503)"), std::string::npos)
        << error.what();
  }
  EXPECT_EQ(faulty.behind()->head("a", {}), std::nullopt);
}

TEST(S3Faults, APutWhoseAnswerWasLostIsDone) {
  const Faulty faulty({lost_answer});
  EXPECT_EQ(faulty.store()->put_new("a", body_of("text"), {}), Put::stored);
}

TEST(S3Faults, APutThatSomebodyElseMadeMeanwhileIsNotTakenForOurs) {
  std::function<void()> meanwhile;
  const Faulty faulty({[&](const std::string&) {
    meanwhile();
    return std::string();
  }});
  meanwhile = [&] { faulty.behind()->put_new("a", body_of("of another"), {}); };
  EXPECT_EQ(faulty.store()->put_new("a", body_of("text"), {}), Put::taken);
  EXPECT_EQ(get_text(*faulty.behind(), "a", 100, {}), "of another");
}

TEST(S3Faults, ABodyThatWasDamagedOnTheWayIsSentAgain) {
  const Faulty faulty({flipped});
  EXPECT_EQ(faulty.store()->put_new("a", body_of("text"), {}), Put::stored);
  EXPECT_EQ(get_text(*faulty.behind(), "a", 100, {}), "text");
}

TEST(S3Faults, ABodyThatIsDamagedEachTimeIsNotStored) {
  const Faulty faulty({flipped, flipped, flipped, flipped});
  EXPECT_EQ(faulty.store()->put_new("a", body_of("text"), {}), Put::corrupted);
  EXPECT_EQ(faulty.behind()->head("a", {}), std::nullopt);
}

TEST(S3Faults, ADownloadThatWasCutGoesOnWhereItWas) {
  std::string text;
  for (int n = 0; n < 1000; ++n) text += std::to_string(n) + " ";
  const Faulty faulty({nullptr, cut, slow_down, cut});
  const auto store = faulty.store();
  store->put_new("a", body_of(text), {});
  EXPECT_EQ(get_text(*store, "a", 100'000, {}), text);
  EXPECT_EQ(faulty.requests(), 5u);
}

TEST(S3Faults, AServerThatIsSilentIsGivenUp) {
  const HttpServer server("", HttpServer::Manner::stalls);
  S3Settings settings = settings_of("x", server.url(""));
  settings.stall = Seconds(1);
  settings.attempts = 2;
  S3Store store(settings);
  EXPECT_THROW(store.put_new("a", body_of("text"), {}), Error);
  EXPECT_GE(server.requests().size(), 1u);
}

TEST(S3Faults, AClockThatDiffersIsReckonedWith) {
  std::vector<std::string> dates;
  const HttpServer server(HttpServer::Answerer([&](const std::string& request) {
    dates.push_back(request.substr(request.find("x-amz-date: ") + 12, 8));
    return dates.size() == 1
               ? error_answer(403, "RequestTimeTooSkewed", "Date: Thu, 01 Jan 2037 00:00:00 GMT\r\n")
               : http_answer(200, "");
  }));
  S3Store store(settings_of("x", server.url("")));
  EXPECT_EQ(store.put_new("a", body_of("text"), {}), Put::stored);
  ASSERT_EQ(dates.size(), 2u);
  EXPECT_EQ(dates[1], "20370101");
}

TEST(S3Faults, AListingThatIsCutIsNotTakenForAShortOne) {
  const Faulty faulty({[](const std::string&) { return http_answer(200, "<ListBucketResult><Contents>"); }});
  EXPECT_THROW(faulty.store()->list("", Depth::all, {}), Error);
}

TEST(S3Faults, AServerWithoutConditionsIsAskedFirst) {
  const auto none = [](const std::string&) { return error_answer(501, "NotImplemented"); };
  const Faulty faulty({none, nullptr, nullptr, none, nullptr});
  const auto store = faulty.store();
  EXPECT_EQ(store->put_new("a", body_of("first"), {}), Put::stored);
  EXPECT_EQ(store->put_new("a", body_of("second"), {}), Put::taken);
  EXPECT_EQ(get_text(*faulty.behind(), "a", 100, {}), "first");
}

/// The hint of what opening or asking throws.
Error error_of(const S3Settings& settings) {
  try {
    S3Store(settings).list("", Depth::one, {});
  } catch (const Error& error) {
    return error;
  }
  return Error("nothing failed");
}

TEST(S3Configuration, ThatIsWrongIsNamed) {
  S3Settings no_bucket = settings_of("x");
  no_bucket.bucket = "no-such-bucket";
  EXPECT_EQ(error_of(no_bucket).kind(), ErrorKind::usage);
  for (const char* endpoint :
       {"http://127.0.0.1/path", "127.0.0.1", "ftp://x", "http://", "http://user@host"})
    EXPECT_EQ(error_of(settings_of("x", endpoint)).kind(), ErrorKind::usage) << endpoint;
  S3Settings nobody = settings_of("x", "http://127.0.0.1:1");
  nobody.attempts = 1;
  EXPECT_EQ(error_of(nobody).exit(), Exit::failed);
  EXPECT_NE(error_of(nobody).hint(), "");
}

TEST(S3Configuration, CredentialsThatAreWrongAreRefusedAndNotShown) {
  const TemporaryDir dir;
  write_new_file(dir.path() / "keys", "[default]\naws_access_key_id=AKTEST\naws_secret_access_key=sesame\n");
  S3Settings settings = settings_of("x");
  settings.credentials.file = dir.path() / "keys";
  const Error error = error_of(settings);
  EXPECT_EQ(error.exit(), Exit::failed);
  const std::string words = error.what() + error.hint();
  EXPECT_NE(words.find("SignatureDoesNotMatch"), std::string::npos) << words;
  EXPECT_EQ(words.find("sesame"), std::string::npos);
}

TEST(S3Configuration, CredentialsThatWereRenewedAreReadAgain) {
  const TemporaryDir dir;
  const Path keys = dir.path() / "keys";
  write_new_file(keys, "[default]\naws_access_key_id=EXPIRED\naws_secret_access_key=x\n");
  S3Settings settings = settings_of("renewed-" + dir.path().filename().string());
  settings.credentials.file = keys;
  S3Store store(settings);
  replace_file(keys, "[default]\naws_access_key_id=AKTEST\naws_secret_access_key=" +
                         std::string(std::getenv("AWS_SECRET_ACCESS_KEY")) + "\n");
  EXPECT_EQ(store.put_new("a", body_of("text"), {}), Put::stored);
}

TEST(S3Configuration, AnOwnAuthorityIsBelievedWhenItIsNamed) {
  const TestCertificate certificate({"localhost"});
  const HttpServer server([](const std::string& request) { return forwarded(request); }, &certificate);
  S3Settings settings = settings_of("tls-" + TemporaryDir().path().filename().string(),
                                    "https://localhost:" + std::to_string(server.port()));
  const Error error = error_of(settings);
  EXPECT_NE(error.hint().find("ca_file"), std::string::npos) << error.what();
  settings.ca_file = certificate.ca_file().string();
  EXPECT_EQ(S3Store(settings).put_new("a", body_of("text"), {}), Put::stored);
}

}  // namespace
}  // namespace pgassay::test
