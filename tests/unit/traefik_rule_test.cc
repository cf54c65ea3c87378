#include "stack/model/traefik_rule.h"

#include <gtest/gtest.h>

namespace pgassay {
namespace {

stack::Fits fits(std::string_view rule) {
  return stack::fits(rule, "recyclic.jarvos.eu", "/api/health?deep=1");
}

TEST(TraefikRule, FitsByHostAndPath) {
  for (const char* rule :
       {"Host(`recyclic.jarvos.eu`)", "host(\"Recyclic.Jarvos.EU\")",
        "Host(`other.eu`, `recyclic.jarvos.eu`)", "Host(`recyclic.jarvos.eu`) && PathPrefix(`/api`)",
        "Host(`recyclic.jarvos.eu`)&&Path(`/api/health`)", "Host(`other.eu`) || Host(`recyclic.jarvos.eu`)",
        "PathPrefix(`/`)", "!Host(`other.eu`)",
        "Host(`recyclic.jarvos.eu`) && (PathPrefix(`/v2`) || PathPrefix(`/api`)) && Method(`GET`)",
        "Host(`recyclic.jarvos.eu`) || HostRegexp(`x`)"})
    EXPECT_EQ(fits(rule), stack::Fits::yes) << rule;
}

TEST(TraefikRule, DoesNotFitAnotherHostOrPath) {
  for (const char* rule :
       {"Host(`devrecyclic.jarvos.eu`)", "Host(`recyclic.jarvos.eu`) && PathPrefix(`/docs`)",
        "Host(`recyclic.jarvos.eu`) && Path(`/api`)", "Host(`recyclic.jarvos.eu`) && !PathPrefix(`/api`)",
        "Host(`other.eu`) && HostRegexp(`x`)", "Host(`recyclic.jarvos.eu`) && Method(`POST`)",
        // && binds closer than ||
        "Host(`other.eu`) || Host(`recyclic.jarvos.eu`) && Path(`/`)"})
    EXPECT_EQ(fits(rule), stack::Fits::no) << rule;
}

TEST(TraefikRule, IsUnknownWhereSomethingElseDecides) {
  for (const char* rule :
       {"HostRegexp(`.+`)", "Host(`recyclic.jarvos.eu`) && ClientIP(`10.0.0.0/8`)", "!Header(`X`, `y`)",
        "PathPrefix(`/{version:v[0-9]+}`)", "Host(`recyclic.jarvos.eu", "Host(`recyclic.jarvos.eu`))", "",
        "Host(", "Host(`recyclic.jarvos.eu`) Path(`/`)", "&&", "((((("})
    EXPECT_EQ(fits(rule), stack::Fits::unknown) << rule;
  EXPECT_EQ(fits(std::string(100'000, '(')), stack::Fits::unknown);
  EXPECT_EQ(fits(std::string(100'000, '!')), stack::Fits::unknown);
}

}  // namespace
}  // namespace pgassay
