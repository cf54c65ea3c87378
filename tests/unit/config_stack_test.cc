#include <gtest/gtest.h>

#include "cli/config/config.h"
#include "core/system/error.h"

namespace pgassay::cli {
namespace {

std::string complaint_of_stacks(std::string_view keys) {
  try {
    parse_config("[stack.a]\n" + std::string(keys), "pgassay.toml");
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(StackConfig, TheCompleteExampleHasEveryKey) {
  const Path file = PGASSAY_SOURCE_DIR "/docs/pgassay.toml";
  const stack::StackSettings stack = parse_config(read_file(file), file).stacks.at("prod");
  EXPECT_EQ(stack.name, "prod");
  EXPECT_EQ(stack.project, "app-prod");
  EXPECT_EQ(stack.compose_files, std::vector<Path>{PGASSAY_SOURCE_DIR "/docs/docker-compose.prod.yml"});
  EXPECT_EQ(stack.profiles, std::vector<std::string>{"prod"});
  EXPECT_EQ(stack.env_file, Path(PGASSAY_SOURCE_DIR "/docs/.env.production"));
  EXPECT_EQ(stack.env_template, Path(PGASSAY_SOURCE_DIR "/docs/.env.production.template"));
  EXPECT_EQ(stack.required_variables, (std::vector<std::string>{"POSTGRES_PASSWORD", "SECRET_KEY"}));
  EXPECT_EQ(stack.database_service, "postgres");
  EXPECT_EQ(stack.database, "app");
  EXPECT_EQ(stack.writers, (std::vector<std::string>{"api", "worker"}));
  EXPECT_EQ(stack.external_networks, std::vector<std::string>{"traefik-public"});
  EXPECT_EQ(stack.source, "prod");
  ASSERT_EQ(stack.routes.size(), 2u);
  EXPECT_EQ(stack.routes[0].host, "app.example.net");
  EXPECT_EQ(stack.routes[0].path, "/api/health");
  EXPECT_EQ(stack.routes[0].service, "api");
  EXPECT_EQ(stack.routes[0].expected_status, 200);
  EXPECT_EQ(stack.routes[0].scheme, "https");
  EXPECT_EQ(stack.routes[0].body, "\"status\": ?\"ok\"");
  EXPECT_EQ(stack.routes[1].location, "https://app.example.net/");
  EXPECT_EQ(stack.traefik.api, "http://127.0.0.1:8080");
  EXPECT_EQ(stack.traefik.container, "traefik");
  EXPECT_FALSE(stack.traefik.on_host);
  EXPECT_EQ(stack.traefik.address, "127.0.0.1");
  EXPECT_EQ(stack.traefik.http_port, 80u);
  EXPECT_EQ(stack.traefik.https_port, 443u);
  EXPECT_EQ(stack.traefik.ca_file, Path(PGASSAY_SOURCE_DIR "/docs/traefik-ca.pem"));
  EXPECT_FALSE(stack.traefik.insecure);
  EXPECT_EQ(stack.traefik.wait, Seconds(120));
  EXPECT_EQ(stack.traefik.timeout, Seconds(5));
}

TEST(StackConfig, EveryKeyIsInTheManual) {
  const std::string page = read_file(PGASSAY_SOURCE_DIR "/docs/configuration.md");
  for (const char* key : {"compose_files",
                          "project",
                          "profiles",
                          "env_file",
                          "env_template",
                          "required_variables",
                          "database_service",
                          "database",
                          "writers",
                          "external_networks",
                          "source",
                          "host",
                          "service",
                          "path",
                          "expected_status",
                          "scheme",
                          "location",
                          "body",
                          "api",
                          "container",
                          "on_host",
                          "address",
                          "http_port",
                          "https_port",
                          "ca_file",
                          "insecure",
                          "wait",
                          "timeout"})
    EXPECT_NE(page.find(std::string("`") + key + "`"), std::string::npos) << key;
}

TEST(StackConfig, TheExamplesOfTheManualLoad) {
  const std::string page = read_file(PGASSAY_SOURCE_DIR "/docs/stacks.md");
  const std::size_t begin = page.find("```toml\n") + 8;
  const Config config = parse_config(page.substr(begin, page.find("```", begin) - begin), "stacks.md");
  EXPECT_EQ(config.stacks.at("prod").routes.size(), 1u);
  const Path example = PGASSAY_SOURCE_DIR "/examples/recyclic/pgassay.toml";
  EXPECT_EQ(parse_config(read_file(example), example).stacks.size(), 3u);
}

TEST(StackConfig, IsReadStrictly) {
  const std::string files = "compose_files = [\"c.yml\"]\n";
  EXPECT_EQ(complaint_of_stacks(files), "no error");
  EXPECT_EQ(complaint_of_stacks(files + "profile = [\"x\"]"),
            "pgassay.toml:3: unknown key 'profile' in [stack.a]; did you mean 'profiles'?");
  EXPECT_EQ(complaint_of_stacks("env_file = \"x\""), "pgassay.toml:1: [stack.a] needs compose_files");
  EXPECT_EQ(complaint_of_stacks(files + "writers = \"api\""),
            "pgassay.toml:3: writers must be an array of strings, not a string");
  EXPECT_EQ(complaint_of_stacks(files + "project = \"Prod\""),
            "pgassay.toml:3: project must be of a-z, 0-9, '-' and '_', beginning with a letter or digit");
}

TEST(StackConfig, ReadsRoutesStrictly) {
  const std::string begin = "compose_files = [\"c.yml\"]\n[[stack.a.route]]\n";
  EXPECT_EQ(complaint_of_stacks(begin + "host = \"h\"\nservice = \"s\""), "no error");
  EXPECT_EQ(complaint_of_stacks(begin + "host = \"h\""),
            "pgassay.toml:3: [stack.a.route] needs a host and a service");
  EXPECT_EQ(complaint_of_stacks(begin + "host = \"https://h\"\nservice = \"s\""),
            "pgassay.toml:4: host must be a host's name, without scheme, port and path");
  EXPECT_EQ(complaint_of_stacks(begin + "host = \"h\"\nservice = \"s\"\npath = \"x\""),
            "pgassay.toml:6: path must begin with /");
  EXPECT_EQ(complaint_of_stacks(begin + "host = \"h\"\nservice = \"s\"\nexpected_status = 99"),
            "pgassay.toml:6: expected_status = 99 is out of range: 100 to 599");
  EXPECT_EQ(complaint_of_stacks(begin + "host = \"h\"\nservice = \"s\"\nlocation = \"/x\""),
            "pgassay.toml:6: location needs the expected_status of a redirect, such as 301");
  EXPECT_EQ(complaint_of_stacks(begin + "host = \"h\"\nservice = \"s\"\nbody = \"(\"").substr(0, 52),
            "pgassay.toml:6: body is no regular expression: Unmat");
  EXPECT_EQ(complaint_of_stacks(begin + "host = \"h\"\nservice = \"s\"\nscheme = \"tcp\""),
            "pgassay.toml:6: scheme must be one of \"https\", \"http\"");
}

TEST(StackConfig, AStacksWayToTraefikOverridesThatOfAll) {
  const Config config = parse_config(
      "[traefik]\ncontainer = \"traefik\"\nwait = \"0\"\nhttps_port = 8443\n"
      "[stack.a]\ncompose_files = [\"c.yml\"]\n"
      "[stack.b]\ncompose_files = [\"c.yml\"]\n[stack.b.traefik]\non_host = true\nwait = \"2m\"\n",
      "pgassay.toml");
  const stack::TraefikSettings &a = config.stacks.at("a").traefik, &b = config.stacks.at("b").traefik;
  EXPECT_EQ(a.container, "traefik");
  EXPECT_EQ(a.wait, Seconds(0));
  EXPECT_EQ(b.container, "");
  EXPECT_TRUE(b.on_host);
  EXPECT_EQ(b.wait, Seconds(120));
  EXPECT_EQ(b.https_port, 8443u);
}

TEST(StackConfig, ReadsTraefikStrictly) {
  const std::string begin = "compose_files = [\"c.yml\"]\n[stack.a.traefik]\n";
  EXPECT_EQ(complaint_of_stacks(begin + "api = \"traefik:8080\""),
            "pgassay.toml:4: api must begin with https:// or http://");
  EXPECT_EQ(complaint_of_stacks(begin + "api = \"http://ops:pw@traefik:8080/x\""),
            "pgassay.toml:4: api holds a user");
  EXPECT_EQ(complaint_of_stacks(begin + "address = \"127.0.0.1:80\""),
            "pgassay.toml:4: address must be an IP address or a host's name, without scheme and port");
  EXPECT_EQ(complaint_of_stacks(begin + "address = \"::1\""), "no error");
  EXPECT_EQ(complaint_of_stacks(begin + "container = \"t\"\non_host = true"),
            "pgassay.toml:5: container and on_host exclude each other");
  EXPECT_EQ(complaint_of_stacks(begin + "wait = \"ever\""),
            "pgassay.toml:4: wait must be a duration such as \"30s\" or \"2m\", at most a day, or \"0\"");
  EXPECT_EQ(complaint_of_stacks(begin + "cafile = \"x\""),
            "pgassay.toml:4: unknown key 'cafile' in [stack.a.traefik]; did you mean 'ca_file'?");
}

TEST(StackConfig, StacksAreTablesWithNames) {
  const auto complaint = [](std::string_view text) {
    try {
      parse_config(text, "pgassay.toml");
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(complaint("stack = 1"), "pgassay.toml:1: stack must be tables such as [stack.prod]");
  EXPECT_EQ(complaint("[stack]\nproject = \"x\""),
            "pgassay.toml:2: 'project' stands in [stack]: it needs a stack's name, as in [stack.prod]");
  EXPECT_EQ(complaint("[stack.\"a/b\"]"), "pgassay.toml:1: a stack's name can't be 'a/b'");
}

}  // namespace
}  // namespace pgassay::cli
