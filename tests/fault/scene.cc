#include "tests/fault/scene.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

namespace pgassay::test {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr const char* kSample = R"(
  CREATE SCHEMA shop;
  CREATE TABLE shop.customers (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, born date);
  CREATE TABLE shop.orders (id bigint PRIMARY KEY, customer int REFERENCES shop.customers, body jsonb,
    digest bytea);
  CREATE TABLE shop.years (at date NOT NULL, amount numeric(12,2)) PARTITION BY RANGE (at);
  CREATE TABLE shop.years_2024 PARTITION OF shop.years FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
  CREATE TABLE shop.years_2025 PARTITION OF shop.years FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
  CREATE TABLE empty (note text);
  INSERT INTO shop.customers (name, born)
    SELECT 'customer ' || i, date '1950-01-01' + i FROM generate_series(1, 500) i;
  INSERT INTO shop.orders SELECT i, 1 + i % 500, jsonb_build_object('key', md5(i::text)),
    decode(md5((-i)::text), 'hex') FROM generate_series(1, 20000) i;
  INSERT INTO shop.years SELECT date '2024-01-01' + i % 700, i / 7.0 FROM generate_series(1, 3000) i;
  CREATE MATERIALIZED VIEW shop.totals AS SELECT at, sum(amount) FROM shop.years GROUP BY at;
  SELECT lo_from_bytea(4711, decode(repeat('abcdef0123', 2000), 'hex'));
)";

}  // namespace

std::unique_ptr<LocalServer> Scene::server_;

void Scene::SetUpTestSuite() {
  server_ = std::make_unique<LocalServer>();
  server_->create_database("shop");
  server_->psql("shop", kSample);
}

void Scene::TearDownTestSuite() {
  server_.reset();
}

void Scene::SetUp() {
  repository_ = fs::canonical(dir_.path()) / "repository";
  const Ended backup = run_pgassay(backup_of("nightly"));
  ASSERT_EQ(backup.status, 0) << backup.err << backup.out;
  good_ = json::parse(backup.out).at("backup").at("path");
}

Scene::Arguments Scene::pgassay(Arguments arguments, const Path& repository) {
  arguments.insert(arguments.begin(), PGASSAY_BINARY);
  arguments.insert(arguments.end(), {"--repo", repository.string(), "--json", "--quiet"});
  return arguments;
}

Scene::Arguments Scene::backup_of(const std::string& source, unsigned jobs) {
  return {"backup", "--source", source, "-j", std::to_string(jobs), "-d", server_->conninfo("shop")};
}

std::set<std::string> Scene::listed() const {
  const Ended list = run_pgassay({"list"});
  EXPECT_EQ(list.status, 0) << list.err << list.out;
  std::set<std::string> dirs;
  const json document = json::parse(list.out);
  for (const json& backup : document.at("backups")) {
    dirs.insert(backup.at("path").get<std::string>());
    EXPECT_TRUE(backup.at("problem").is_null()) << backup;
  }
  return dirs;
}

void Scene::expect_sound(const std::string& backup_dir) const {
  const std::string id = fs::path(backup_dir).lexically_relative(repository_).string();
  const Ended verify = run_pgassay({"verify", id});
  EXPECT_EQ(verify.status, 0) << id << ": " << verify.err << verify.out;
}

void Scene::expect_next_backup_is_whole(const std::string& source) const {
  const Ended backup = run_pgassay(backup_of(source));
  ASSERT_EQ(backup.status, 0) << backup.err << backup.out;
  EXPECT_EQ(partial(), std::vector<std::string>());
  const std::string dir = json::parse(backup.out).at("backup").at("path");
  expect_sound(dir);
  fs::remove_all(dir);
}

std::vector<std::string> Scene::partial() const {
  std::vector<std::string> names;
  std::error_code none_at_all;
  for (const auto& entry : fs::recursive_directory_iterator(repository_ / ".partial", none_at_all)) {
    names.push_back(entry.path().lexically_relative(repository_).string());
  }
  return names;
}

std::string Scene::query(const std::string& sql) {
  return server_->value("shop", sql);
}

int Scene::sessions() {
  return std::stoi(query(
      "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
      " AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND application_name <> 'holder'"));
}

bool Scene::sessions_end_within(double seconds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (sessions() > 0) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return true;
}

std::string errors_in(const std::string& document) {
  std::string errors;
  const json parsed = json::parse(document, nullptr, false);
  if (parsed.is_discarded()) return errors;
  for (const json& message : parsed.at("messages")) {
    if (message.at("level") == "error") errors += message.at("text").get<std::string>() + "\n";
  }
  return errors;
}

}  // namespace pgassay::test
