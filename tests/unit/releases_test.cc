#include "core/postgres/releases.h"

#include <gtest/gtest.h>

namespace pgassay {
namespace {

TEST(Releases, AFeatureIsThereFromItsReleaseOn) {
  EXPECT_FALSE(server_has(139999, Feature::sql_bodies));
  EXPECT_TRUE(server_has(140000, Feature::sql_bodies));
  EXPECT_TRUE(server_has(190001, Feature::sql_bodies));
}

TEST(Releases, WhatALaterOneTookAwayIsThereInBetween) {
  EXPECT_FALSE(server_has(140020, Feature::icu_locale_column));
  EXPECT_TRUE(server_has(160009, Feature::icu_locale_column));
  EXPECT_FALSE(server_has(170000, Feature::icu_locale_column));
  EXPECT_TRUE(server_has(170000, Feature::locale_column));
}

TEST(Releases, EachFeatureSaysWhatItIs) {
  for (const FeatureOfReleases& row : features_of_releases()) {
    EXPECT_FALSE(row.what.empty());
    EXPECT_TRUE(row.since > kOldestMajor && row.since <= kNewestMajor) << row.what;
  }
}

}  // namespace
}  // namespace pgassay
