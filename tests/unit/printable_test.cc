#include "core/system/printable.h"

#include <gtest/gtest.h>

#include "cli/render/text/xml_text.h"
#include "nightly/metrics.h"
#include "nightly/notify.h"

namespace pgassay {
namespace {

constexpr char kForged[] = "app\nbackup   done\x1b[2J \u202egnp.exe\u2069\xff";
constexpr char kShown[] = "app\\x0abackup   done\\x1b[2J \\xe2\\x80\\xaegnp.exe\\xe2\\x81\\xa9\\xff";

TEST(Printable, ControlsBidiAndBrokenBytesAreShownAndTheRestIsLeftAlone) {
  EXPECT_EQ(printable(kForged), kShown);
  EXPECT_EQ(printable(printable(kForged)), kShown);
  EXPECT_EQ(printable("caf\u00e9 \u00a0 \u4e2d \U0001f418"), "caf\u00e9 \u00a0 \u4e2d \U0001f418");
  EXPECT_EQ(printable("\u009b2J\u2028\x7f"), "\\xc2\\x9b2J\\xe2\\x80\\xa8\\x7f");
  EXPECT_EQ(printable("a\n\tb\r", "\n\t"), "a\n\tb\\x0d");
}

TEST(Printable, IsWhatXmlMailPingAndMetricsGet) {
  EXPECT_EQ(cli::xml_escaped("<\x1b\n\u202e>"), "&lt;\\x1b&#10;\\xe2\\x80\\xae&gt;");

  nightly::NightRecord record;
  nightly::NightStep step;
  step.name = "backup";
  step.database = step.text = step.hint = kForged;
  record.steps = {step};
  const std::string text = nightly::night_text(record);
  EXPECT_EQ(std::ranges::count(text, '\n'), 2) << text;
  EXPECT_EQ(printable(text, "\n"), text);

  nightly::DatabaseStatus status;
  status.watched = true;
  status.source = "prod";
  status.database = kForged;
  const std::string metrics = nightly::metrics_text({&status, 1}, std::nullopt, now());
  EXPECT_NE(metrics.find("database=\"app\\\\x0abackup"), std::string::npos) << metrics;
  EXPECT_EQ(printable(metrics, "\n"), metrics);
}

}  // namespace
}  // namespace pgassay
