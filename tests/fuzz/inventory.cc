#include "proof/inventory_check.h"

#include <algorithm>

#include "core/system/error.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/targets.h"

namespace pgassay::fuzz {
namespace {

struct Read {
  std::string refused;
  std::vector<proof::InventoryObject> objects;
};

Read read(std::string_view lines, std::size_t cut) {
  proof::InventoryReader reader("inventory");
  try {
    reader.chunk(as_bytes(lines.substr(0, cut)));
    reader.chunk(as_bytes(lines.substr(cut)));
  } catch (const BadBackup& error) {
    return {error.what(), {}};
  }
  return {{}, reader.take()};
}

}  // namespace

/// The same wherever it is cut; and nothing differs from itself.
void inventory(std::string_view input) {
  const std::size_t cut = input.empty() ? 0 : static_cast<unsigned char>(input[0]) % input.size();
  const Read whole = read(input, 0), halves = read(input, cut);
  PGASSAY_EXPECT(whole.refused == halves.refused && whole.objects.size() == halves.objects.size());
  const proof::InventoryComparison compared = compare_inventories(whole.objects, halves.objects, {}, {});
  PGASSAY_EXPECT(std::ranges::none_of(compared.checks,
                                      [](const Check& check) { return check.verdict == Verdict::fail; }));
}

}  // namespace pgassay::fuzz
