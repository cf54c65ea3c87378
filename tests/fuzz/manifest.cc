#include "core/repository/manifest.h"

#include "tests/fuzz/expect.h"
#include "tests/fuzz/targets.h"

namespace pgassay::fuzz {
namespace {

std::string written(const Manifest& manifest) {
  std::string text;
  write_manifest(manifest, [&](std::string_view piece) { text += piece; });
  return text;
}

}  // namespace

/// What was read is written and read again as the same; the summary agrees with the whole.
void manifest(std::string_view input) {
  try {
    parse_manifest_summary(input, "manifest.json");
  } catch (const BadBackup&) {
  }
  try {
    const Manifest manifest = parse_manifest(input, "manifest.json");
    const std::string text = written(manifest);
    PGASSAY_EXPECT(written(parse_manifest(text, "manifest.json")) == text);
    PGASSAY_EXPECT(parse_manifest_summary(text, "manifest.json").id == manifest.summary.id);
    sha256sums(manifest, {});
  } catch (const BadBackup&) {
  }
}

}  // namespace pgassay::fuzz
