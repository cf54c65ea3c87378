#include "proof/roles_check.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>

namespace pgassay {
namespace {

RoleFacts role(const std::string& name) {
  RoleFacts role;
  role.name = name;
  role.attributes = {"inherit", "login"};
  role.member_of = {{"reader", false, {{"admin", true, true}}}};
  role.settings = {{"work_mem", "8MB"}};
  role.parameters.emplace();
  return role;
}

std::string found(const std::vector<RoleFacts>& then, const proof::RolesThere& now,
                  const std::string& excuse = {}) {
  std::string text;
  for (const Check& check : compare_roles(then, now, excuse))
    text += fmt::format("{} {}: {}\n", to_string(check.verdict), check.name, check.detail);
  return text;
}

TEST(RolesCheck, FindsEveryFactThatIsAnother) {
  const std::pair<std::function<void(RoleFacts&)>, const char*> kPlanted[] = {
      {[](auto& one) { one.attributes.insert(one.attributes.begin(), "superuser"); },
       "superuser instead of none"},
      {[](auto& one) { one.attributes.pop_back(); }, "none instead of login"},
      {[](auto& one) { one.connection_limit = 0; }, "connection limit 0 instead of none"},
      {[](auto& one) { one.valid_until = "infinity"; }, "valid until infinity instead of none"},
      {[](auto& one) { one.comment = "mine"; }, "comment 'mine' instead of none"},
      {[](auto& one) { one.member_of.clear(); }, "none instead of member of reader granted by admin"},
      {[](auto& one) { one.member_of[0].admin = true; },
       "member of reader with admin option granted by admin instead of member of reader granted by admin"},
      {[](auto& one) { one.member_of[0].options->inherit = false; },
       "member of reader without inherit granted by admin instead of member of reader granted by admin"},
      {[](auto& one) { one.member_of[0].options->set = false; },
       "member of reader without set granted by admin instead of member of reader granted by admin"},
      {[](auto& one) { one.member_of[0].options->grantor = "b"; },
       "member of reader granted by b instead of member of reader granted by admin"},
      {[](auto& one) { one.settings[0].value = "9MB"; }, "work_mem = 9MB instead of work_mem = 8MB"},
      {[](auto& one) {
         one.settings.push_back({"role", "x"});
       },
       "role = x instead of none"},
      {[](auto& one) { one.parameters->push_back("SET on work_mem"); },
       "privilege SET on work_mem instead of none"},
  };
  EXPECT_EQ(found({role("app")}, {{role("app"), role("another")}, {"app"}, {}}),
            "PASS roles: 1 as in the source: attributes, memberships, settings, privileges on settings\n");
  for (const auto& [plant, told] : kPlanted) {
    RoleFacts now = role("app");
    plant(now);
    EXPECT_EQ(found({role("app")}, {{now}, {}, {}}), fmt::format("FAIL role app: {}\n", told));
  }
}

TEST(RolesCheck, FindsOneThatIsMissingAndOneTooMany) {
  EXPECT_EQ(found({role("app")}, {{role("other")}, {"other"}, {}}),
            "FAIL role app: it is missing\nFAIL role other: it was none of the source's\n");
  EXPECT_EQ(found({role("app")}, {{}, {}, {}}, "another release"),
            "UNVERIFIED role app: it is missing; another release\n");
}

TEST(RolesCheck, ComparesNoOptionsThatOneOfTheReleasesLacks) {
  RoleFacts old = role("app");
  old.member_of[0].options.reset();
  EXPECT_EQ(found({old}, {{role("app")}, {}, {}}).substr(0, 4), "PASS");
  old.parameters.reset();
  EXPECT_EQ(found({old}, {{role("app")}, {}, {}}).substr(0, 4), "PASS");
  old.member_of[0].admin = true;
  EXPECT_EQ(found({old}, {{role("app")}, {}, {}}),
            "FAIL role app: member of reader instead of member of reader with admin option\n");
}

TEST(RolesCheck, PassesNobodyWhoChangedWhileTheGlobalsWereWritten) {
  RoleFacts doubtful;
  doubtful.name = "app";
  doubtful.in_doubt = true;
  EXPECT_EQ(found({doubtful}, {{role("app")}, {"app"}, {}}),
            "UNVERIFIED role app: it changed while the globals were written\n");
}

TEST(RolesCheck, SaysNothingOfWhomTheRestoreCouldNotMakeAsTheyWere) {
  EXPECT_EQ(found({role("app"), role("other")}, {{role("other")}, {}, {"app"}}),
            "PASS roles: 1 as in the source: attributes, memberships, settings, privileges on settings\n");
}

}  // namespace
}  // namespace pgassay
