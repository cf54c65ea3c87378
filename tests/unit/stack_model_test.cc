// What compose says, in the words of both versions; and env files.
#include <gtest/gtest.h>

#include "core/system/error.h"
#include "stack/model/compose.h"
#include "stack/model/traefik_labels.h"
#include "tests/fixtures/stack_facts.h"

namespace pgassay::test {
namespace {

class ComposeModels : public ::testing::TestWithParam<Shape> {};
INSTANTIATE_TEST_SUITE_P(Shapes, ComposeModels, ::testing::Values(Shape::v1, Shape::v2),
                         [](const auto& shape) { return shape.param == Shape::v1 ? "v1" : "v2"; });

TEST_P(ComposeModels, HoldWhatTheChecksGoBy) {
  const stack::ComposeModel model = recorded_model("prod", GetParam());
  EXPECT_EQ(model.project, "recyclic-prod");
  ASSERT_EQ(model.services.size(), 6u);
  const stack::ComposeService& api = model.services.at("api-prod");
  EXPECT_EQ(api.image, "recyclic/api:1.4.0");
  EXPECT_EQ(api.restart, "unless-stopped");
  EXPECT_TRUE(api.has_healthcheck);
  EXPECT_FALSE(api.runs_once);
  EXPECT_TRUE(model.services.at("migrations").runs_once);
  EXPECT_EQ(api.environment.at("SECRET_KEY"), "sk.production0123456789");
  EXPECT_EQ(api.networks.at("recyclic-prod-network"), std::set<std::string>{"api"});
  EXPECT_TRUE(api.networks.at("traefik-public").empty());
  EXPECT_EQ(hosts_of(api), std::set<std::string>{"recyclic.jarvos.eu"});
  EXPECT_EQ(traefik_names(api),
            (std::set<std::string>{"http.routers.recyclic-prod-api", "http.services.recyclic-prod-api"}));
  const stack::Mount& data = model.services.at("postgres").mounts.at(0);
  EXPECT_EQ(data.kind, stack::Mount::Kind::volume);
  EXPECT_EQ(data.source, "prod_postgres_data");
  EXPECT_EQ(data.target, "/var/lib/postgresql/data");
  EXPECT_EQ(model.volumes.at("prod_postgres_data").name, "recyclic-prod_prod_postgres_data");
  EXPECT_EQ(model.networks.at("recyclic-prod-network").name, "recyclic-prod-network");
  EXPECT_FALSE(model.networks.at("recyclic-prod-network").external);
  EXPECT_EQ(model.networks.at("traefik-public").name, "traefik-public");
  EXPECT_TRUE(model.networks.at("traefik-public").external);
}

TEST_P(ComposeModels, HavePortsAndTheNetworkThatNobodyNamed) {
  const stack::ComposeModel model = recorded_model("dev", GetParam());
  ASSERT_EQ(model.services.at("postgres").ports.size(), 1u);
  EXPECT_EQ(shown(model.services.at("postgres").ports[0]), "127.0.0.1:5432/tcp");
  EXPECT_EQ(model.networks.at("default").name, "recyclic-dev_default");
}

TEST(ComposeModel, LeavesOutProfilesThatAreOffWhere129DoesNot) {
  const std::string text =
      "services:\n  a: {image: x}\n  b: {image: y, profiles: [prod]}\nvolumes: {v: {}}\n";
  EXPECT_EQ(stack::parse_model(text, "p", {}).services.size(), 1u);
  EXPECT_EQ(stack::parse_model(text, "p", {"prod"}).services.size(), 2u);
  EXPECT_TRUE(stack::parse_model(text, "p", {}).volumes.empty());
}

TEST(ComposeModel, ReadsPortsAndMountsInEveryForm) {
  const stack::ComposeModel model = stack::parse_model(
      "services:\n  a:\n    ports: ['8000:80', '127.0.0.1:7000-7002:7000-7002/udp', {target: 1, published: "
      "443, "
      "protocol: tcp}, {target: 2}, '9000']\n    volumes: ['d:/d:ro', '/h:/i:rw', /anon, {type: bind, "
      "source: /x, "
      "target: /y, read_only: true}, {type: volume, target: /z}, {type: tmpfs, target: /t}]\n",
      "p", {});
  std::string ports;
  for (const stack::PublishedPort& port : model.services.at("a").ports) ports += shown(port) + " ";
  EXPECT_EQ(ports, "8000/tcp 127.0.0.1:7000-7002/udp 443/tcp ");
  const std::vector<stack::Mount>& mounts = model.services.at("a").mounts;
  ASSERT_EQ(mounts.size(), 6u);
  using Kind = stack::Mount::Kind;
  const Kind kinds[] = {Kind::volume, Kind::bind, Kind::anonymous, Kind::bind, Kind::anonymous, Kind::other};
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(mounts[i].kind, kinds[i]) << i;
  EXPECT_TRUE(mounts[0].read_only && !mounts[1].read_only && mounts[3].read_only);
}

TEST(ComposeModel, IsRefusedWithoutRepeatingWhatItHolds) {
  for (const char* text : {"", "hunter2", "[hunter2", "services: hunter2", "a: b: hunter2"}) {
    try {
      stack::parse_model(text, "p", {});
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()).find("hunter2"), std::string::npos);
    }
  }
}

TEST(ComposeModel, NamesTheEnvFilesOfServices) {
  EXPECT_EQ(
      stack::named_env_files("services:\n  a: {env_file: .env.a}\n  b: {env_file: [b, '${X}', {path: c}]}\n"),
      (std::set<std::string>{".env.a", "b", "c"}));
}

TEST(Ports, OverlapByAddressNumberAndProtocol) {
  const stack::PublishedPort all{"", 80, 90, "tcp"}, local{"127.0.0.1", 85, 85, "tcp"},
      other{"10.0.0.1", 85, 85, "tcp"};
  EXPECT_TRUE(overlap(all, local));
  EXPECT_FALSE(overlap(local, other));
  EXPECT_FALSE(overlap(local, {"127.0.0.1", 85, 85, "udp"}));
  EXPECT_FALSE(overlap(all, {"", 91, 95, "tcp"}));
}

TEST(UrlsWithPasswords, SayWhatIsNotEncodedInThem) {
  using stack::unencoded_in_url;
  for (const char* right : {"postgresql://app:s3cret@db:5432/app", "redis://:p%40ss%2F@redis:6379/0",
                            "http://api:8000/@me", "https://host/a?b=c:d@e", "postgresql://app@db/app",
                            "app:p@ss", "https://u:p@host/path@x", "amqp://a:p%25q@mq//vhost"})
    EXPECT_EQ(unencoded_in_url(right), "") << right;
  EXPECT_EQ(unencoded_in_url("postgresql://app:p@ss@db/app"), "@");
  EXPECT_EQ(unencoded_in_url("postgresql://app:p/ss@db/app"), "/");
  EXPECT_EQ(unencoded_in_url("postgresql://app:p?ss@db/app"), "?");
  EXPECT_EQ(unencoded_in_url("redis://:p#ss@redis"), "#");
  EXPECT_EQ(unencoded_in_url("postgresql://app:100%@db/app"), "%");
  EXPECT_EQ(unencoded_in_url("postgresql://app:a:b@db/app"), ":");
}

TEST(TraefikRules, NameHosts) {
  EXPECT_EQ(stack::hosts_in_rule("Host(`A.example`, \"b.example\") && PathPrefix(`/api`) || Host(`c`)"),
            (std::set<std::string>{"a.example", "b.example", "c"}));
  EXPECT_EQ(stack::hosts_in_rule("!Host(`a`) && !(Host(`b`) || !Host(`c`)) && Host ( `d.`, `e` )"),
            (std::set<std::string>{"c", "d", "e"}));
  EXPECT_TRUE(stack::hosts_in_rule("HostSNI(`x`) || HostRegexp(`y`) || MyHost(`z`)").empty());
}

TEST(EnvFiles, AreReadAsComposeReadsThem) {
  const stack::EnvFile env = stack::EnvFile::parse(
      "\xef\xbb\xbf# c\nexport A = one # two\nB='x # $y'\nC=\"l1\nl2 \\\"q\\\"\"\nD=#e\nno line\nA=last\n "
      "F=a#b\r\n");
  ASSERT_EQ(env.variables().size(), 5u);
  EXPECT_EQ(env.find("A")->value, "last");
  EXPECT_EQ(env.find("B")->value, "x # $y");
  EXPECT_TRUE(env.find("B")->literal);
  EXPECT_EQ(env.find("C")->value, "l1\nl2 \"q\"");
  EXPECT_EQ(env.find("D")->value, "");
  EXPECT_EQ(env.find("F")->value, "a#b");
}

TEST(EnvFiles, KnowSecretsFromSettings) {
  for (const auto& [key, value] : Replacements{{"POSTGRES_PASSWORD", "abcd1"},
                                               {"SECRET_KEY", "k3yk3y"},
                                               {"bot_token", "12:ab"},
                                               {"DATABASE_URL", "postgresql://u:pw@h/d"}})
    EXPECT_TRUE(stack::is_secret(key, value)) << key;
  for (const auto& [key, value] : Replacements{{"POSTGRES_USER", "recyclic"},
                                               {"TOKEN_TTL", "3600"},
                                               {"ACCESS_TOKEN_EXPIRE_MINUTES", "30"},
                                               {"POSTGRES_PASSWORD_FILE", "/run/secrets/pw"},
                                               {"PUBLIC_KEY", "abcdef"},
                                               {"SECRET_KEY", ""},
                                               {"URL", "https://h/path@x"}})
    EXPECT_FALSE(stack::is_secret(key, value)) << key;
}

TEST(EnvFiles, KnowPlaceholders) {
  for (const char* value :
       {"<secret>", "a<b c>d", "ChangeMe", "please-change-me", "your_token", "TODO", "postgres"})
    EXPECT_TRUE(stack::is_placeholder("PASSWORD", value)) << value;
  for (const char* value : {"", "a<b", "s3cr3t", "<>", "mypostgres", "a > b < c"})
    EXPECT_FALSE(stack::is_placeholder("PASSWORD", value)) << value;
  EXPECT_FALSE(stack::is_placeholder("POSTGRES_USER", "postgres"));
}

TEST(ComposeWords, AreToldWithoutSecrets) {
  stack::StackSettings settings;
  settings.compose_files = {"/srv/a.yml"};
  settings.env_file = "/srv/.env.prod";
  const stack::EnvFile env = stack::EnvFile::parse("DB_PASSWORD=hunter2$x7Kq\nSMTP=Zq12345678\n");
  EXPECT_EQ(
      redacted("level=warning msg=\"x\"\nservice \"a\": hunter2 and x7Kq and Zq12345678\n", settings, env),
      "service \"a\": *** and *** and ***");
  EXPECT_EQ(
      redacted("failed to read /srv/.env.prod: line 3: unexpected character \"!\" in hunter3", settings, env),
      "it can't read the env file");
  EXPECT_EQ(
      redacted("invalid interpolation format for services.a.environment.K: \"hunter3$\".", settings, env),
      "invalid interpolation format for services.a.environment.K");
  EXPECT_EQ(
      redacted(
          "invalid interpolation format for services.a.environment.K.\nYou may need to escape any $ with "
          "another $.\nhunter3${\n",
          settings, env),
      "invalid interpolation format for services.a.environment.K.");
  EXPECT_EQ(
      redacted("a.L contains [\"hunter3\"], which is an invalid type\nb contains \"hunter3\", which is wrong",
               settings, env),
      "a.L contains ***, which is an invalid type; b contains ***, which is wrong");
  EXPECT_EQ(redacted("cannot unmarshal !!str `hunter3` into map", settings, env),
            "cannot unmarshal !!str `***` into map");
  EXPECT_EQ(redacted("required variable POSTGRES_PASSWORD is missing a value: set", settings, env),
            "required variable POSTGRES_PASSWORD is missing a value: set");
}

TEST(ComposeWords, NameVariablesThatAreSetNowhere) {
  EXPECT_EQ(stack::unset_variables(
                "time=\"2026\" level=warning msg=\"The \\\"FOO\\\" variable is not set. Defaulting to a "
                "blank string.\"\nWARNING: The BAR variable is not set. Defaulting to a blank string.\n"
                "The BAR variable is not set. Defaulting to a blank string.\n"),
            (std::vector<std::string>{"FOO", "BAR"}));
}

TEST(EngineWords, AreReadLineByLine) {
  EXPECT_EQ(stack::parse_volumes("a\tp\t/m/a\nb\t\t/m/b\n\n").at("a").project, "p");
  EXPECT_EQ(stack::parse_networks("bridge\t\nn\tp\n").at("n"), "p");
  const auto containers = stack::parse_containers(
      "/c\tp\ttrue\t|8000|80/tcp 127.0.0.1|53|53/udp \ttraefik:3\tv3.1\n\n/d\t\tfalse\t\tx\t\n");
  ASSERT_EQ(containers.size(), 2u);
  EXPECT_EQ(containers[0].name, "c");
  EXPECT_EQ(stack::shown(containers[0].ports.at(1)), "127.0.0.1:53/udp");
  EXPECT_EQ(containers[0].image_version, "v3.1");
  EXPECT_FALSE(containers[1].running);
}

}  // namespace
}  // namespace pgassay::test
