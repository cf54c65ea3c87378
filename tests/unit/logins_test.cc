#include "stack/model/logins.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/fixtures/stack_facts.h"

namespace pgassay::test {
namespace {

std::string shown(const std::vector<stack::DatabaseLogin>& logins) {
  std::string text;
  for (const stack::DatabaseLogin& one : logins)
    text += one.service + " " + one.variable + " " + one.user + " " + one.password +
            (one.first_user ? " first" : "") + "\n";
  return text;
}

TEST(DatabaseLogins, AreOfTheImageAndOfUrlsThatNameItsService) {
  for (const Shape shape : {Shape::v1, Shape::v2}) {
    stack::ComposeModel model = recorded_model("prod", shape);
    for (auto& [name, service] : model.services) service.environment.clear();
    model.services.at("postgres").environment = {{"POSTGRES_USER", "app"}, {"POSTGRES_PASSWORD", "pw"}};
    model.services.at("postgres").networks.begin()->second.insert("db");
    model.services.at("bot").environment = {
        {"A_URL", "postgresql+asyncpg://bot:p%40ss@db:5432/app?ssl=disable"},
        {"B_URL", "postgres://bot:p%40ss@postgres/app"},
        {"C_URL", "postgres://bot:other@elsewhere/app"},
        {"D_URL", "redis://:secret@postgres/0"},
        {"E_URL", "postgres://postgres/app"},
        {"F_URL", "postgres://bot:%zz@db/app"}};
    model.services.at("api-prod").environment = {{"PGHOST", "db"}, {"PGUSER", "app"}, {"PGPASSWORD", "pw2"}};
    EXPECT_EQ(
        shown(logins_of(model, "postgres")),
        "postgres POSTGRES_PASSWORD app pw first\napi-prod PGPASSWORD app pw2 first\nbot A_URL bot p@ss\n");
    EXPECT_TRUE(logins_of(model, "no such").empty());
  }
}

}  // namespace
}  // namespace pgassay::test
