// Between here and the store, and in it, goes wrong what can: one line, a hint, an exit status; nothing half
// sent is listed, and the backup in the repository stays as it was. A proxy of ours stands for what the RGW
// can't be made to say.
#include <sys/resource.h>

#include <atomic>

#include "tests/fixtures/http_server.h"
#include "tests/store/forwarded.h"
#include "tests/store/rgw.h"
#include "tests/store/store_fixture.h"

namespace pgassay::test {
namespace {

std::string s3_error(int status, const std::string& code, const std::string& more = {}) {
  return http_answer(status, "<Error><Code>" + code + "</Code>" + more + "</Error>");
}

class BadWorld : public testing::Test {
 protected:
  using Answerer = HttpServer::Answerer;

  /// A world whose endpoint is a proxy of ours.
  void begin(const Answerer& answerer) {
    rgw_endpoint();  // its keys
    proxy_.emplace(answerer);
    std::string endpoint = proxy_->url("");
    world_.emplace(StoreWorld::Cipher::clear,
                   "s3://pgassay-test/bad-" + TemporaryDir().path().filename().string(),
                   "endpoint = \"" + endpoint + "\"\n");
    backup_ = publish_sample(world_->repository());
    before_ = contents_of(backup_->dir);
  }
  /// Passes on until so many objects were put; then what is asked is answered so.
  Answerer after(std::size_t puts, const std::string& answer) {
    return [this, puts, answer](const std::string& request) {
      if (is_broken_ && seen_ >= puts) return answer;
      if (request.starts_with("PUT ")) ++seen_;
      return forwarded(request);
    };
  }
  void expect_failure(const Ran& ran, int status, const std::string& word) const {
    EXPECT_EQ(ran.status, status) << ran.err;
    EXPECT_NE(ran.err.find(word), std::string::npos) << ran.err;
    EXPECT_NE(ran.err.find("hint: "), std::string::npos) << ran.err;
    EXPECT_TRUE(contents_of(backup_->dir) == before_);
  }
  /// What was broken works again: nothing was listed, and the push goes on.
  void expect_that_it_goes_on() {
    is_broken_ = false;
    EXPECT_EQ(world_->run_with_config({"list", "--store", "vault"}).out, "no backups\n");
    const Ran again = world_->push();
    EXPECT_EQ(again.status, 0) << again.err;
    EXPECT_NE(again.out.find("were there already"), std::string::npos) << again.out;
    EXPECT_EQ(world_->run_with_config({"verify", "--store", "vault", "--bytes"}).status, 0);
  }
  void init() {
    const Ran ran = world_->run_with_config({"store", "init", "vault"});
    ASSERT_EQ(ran.status, 0) << ran.err;
    seen_ = 0;
    is_broken_ = true;
  }

  std::atomic<bool> is_broken_ = false;
  std::atomic<std::size_t> seen_ = 0;
  std::optional<HttpServer> proxy_;
  std::optional<StoreWorld> world_;
  std::optional<Backup> backup_;
  std::map<std::string, std::string> before_;
};

TEST_F(BadWorld, CredentialsThatExpireWhileItIsPushedAreToldAndItGoesOn) {
  begin(after(1, s3_error(400, "ExpiredToken")));
  init();
  expect_failure(world_->push(), 1, "expired");
  expect_that_it_goes_on();
}

TEST_F(BadWorld, AFullStoreIsToldAndItGoesOn) {
  begin(after(1, s3_error(403, "QuotaExceeded")));
  init();
  expect_failure(world_->push(), 1, "QuotaExceeded");
  expect_that_it_goes_on();
}

TEST_F(BadWorld, AnotherRegionIsNamed) {
  begin([](const std::string&) {
    return s3_error(400, "AuthorizationHeaderMalformed", "<Region>eu-central-1</Region>");
  });
  expect_failure(world_->push(), 2, "eu-central-1");
}

TEST_F(BadWorld, AnEndpointWhoseNameNobodyKnowsIsToldAsThat) {
  begin(after(0, ""));
  const Ran ran =
      pgassay({"list", "--store", world_->url()},
              {{"PGASSAY_CONFIG", "/dev/null"}, {"AWS_ENDPOINT_URL", "http://s3.nowhere.invalid"}});
  expect_failure(ran, 1, "s3.nowhere.invalid");
}

TEST_F(BadWorld, AProxyOfTheEnvironmentIsGoneThrough) {
  // The name is the proxy's to find: here nobody knows it.
  const std::string host = "http://s3.nowhere.invalid";
  std::atomic<int> passed = 0;
  begin([&](const std::string& request) {
    std::string direct = request;
    const std::size_t at = direct.find(host);
    if (at == std::string::npos) return s3_error(500, "NotAProxyRequest");
    ++passed;
    direct.erase(at, host.size());
    return forwarded(direct);
  });
  const std::map<std::string, std::string> environment = {
      {"PGASSAY_CONFIG", "/dev/null"}, {"AWS_ENDPOINT_URL", host}, {"http_proxy", proxy_->url("")}};
  const Ran ran = pgassay({"list", "--store", world_->url()}, environment);
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out, "no backups\n");
  EXPECT_GT(passed, 0);
}

/// A stand-in for a program that keeps what it was given, and then runs the real one.
void write_spy(const Path& dir, const std::string& program, const Path& real) {
  write_new_file(
      dir / program,
      "#!/bin/bash\n{ env; echo \"core files: $(ulimit -c)\"; printf '%s\\n' \"$0\" \"$@\"; } >> '" +
          (dir / "seen").string() + "'\nexec '" + real.string() + "' \"$@\"\n");
  set_mode(dir / program, 0755);
}

TEST_F(BadWorld, SecretsReachNoArgumentNoLogNoChildAndNoCoreFile) {
  ::rlimit limit{};
  ::getrlimit(RLIMIT_CORE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_CORE, &limit);
  rgw_endpoint();
  StoreWorld world(StoreWorld::Cipher::encrypted,
                   "s3://pgassay-test/secrets-" + TemporaryDir().path().filename().string(),
                   "endpoint = \"" + rgw_endpoint() + "\"\n");
  const Path bin = world.dir() / "spies";
  std::filesystem::create_directory(bin);
  for (const char* program : {"age", "age-keygen"}) write_spy(bin, program, Path("/usr/bin") / program);
  const std::string secret = std::getenv("AWS_SECRET_ACCESS_KEY");
  publish_sample(world.repository());
  const Path trace = world.dir() / "trace";
  std::string told;
  const auto spied = [&](std::vector<std::string> words) {
    words.insert(words.end(), {"--config", world.config().string(), "--verbose"});
    const Ran ran =
        pgassay(words, {{"PATH", bin.string() + ":" + std::getenv("PATH")}, {"AWS_SESSION_TOKEN", ""}});
    EXPECT_EQ(ran.status, 0) << words[0] << ran.err;
    told += ran.out + ran.err;
  };
  spied({"store", "init", "vault"});
  spied({"push", "--store", "vault", "--trace", trace.string()});
  spied({"verify", "--store", "vault", "--identity", world.identity().string()});
  spied({"store", "kit", "vault"});
  told += read_file(bin / "seen") + read_file(trace);
  for (const std::string& file : list_files(world.repo())) told += read_file(world.repo() / file);
  EXPECT_EQ(told.find(secret), std::string::npos);
  EXPECT_EQ(told.find("AGE-SECRET-KEY"), std::string::npos);
  EXPECT_NE(told.find("core files: 0\n"), std::string::npos);
  EXPECT_NE(told.find("AWS_ACCESS_KEY_ID"), std::string::npos);  // the spies have seen an environment
}

}  // namespace
}  // namespace pgassay::test
