#include "core/system/error.h"
#include "export/psql_filter.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/targets.h"

namespace pgassay::fuzz {
namespace {

struct Text : ChunkSink {
  std::string text;
  void chunk(Bytes bytes) override { text += as_text(bytes); }
};

struct Filtered {
  bool refused = false;
  std::string text;
  friend bool operator==(const Filtered&, const Filtered&) = default;
};

Filtered filtered(std::string_view sql, std::size_t cut) {
  Text out;
  exports::PsqlFilter filter(out);
  try {
    filter.chunk(as_bytes(sql.substr(0, cut)));
    filter.chunk(as_bytes(sql.substr(cut)));
    filter.finish();
    return {false, out.text};
  } catch (const BadBackup&) {
    return {true, {}};
  }
}

}  // namespace

/// The same wherever it is cut; what was let through is let through again as it is; and what ends an open
/// quote does end it.
void psql(std::string_view input) {
  const std::size_t cut = input.empty() ? 0 : static_cast<unsigned char>(input[0]) % input.size();
  const Filtered once = filtered(input, 0);
  PGASSAY_EXPECT(filtered(input, cut) == once);
  if (!once.refused) PGASSAY_EXPECT(filtered(once.text, 0) == once);
  Text out;
  exports::PsqlFilter filter(out);
  try {
    filter.chunk(as_bytes(input));
  } catch (const BadBackup&) {
    return;
  }
  try {
    filter.chunk(as_bytes(filter.closing()));
  } catch (const BadBackup&) {
    return;  // the statement that it ends here may be one that is refused
  }
  try {
    filter.finish();
  } catch (const BadBackup&) {
    PGASSAY_EXPECT(false);
  }
}

}  // namespace pgassay::fuzz
