#include "restore/whole/globals_reader.h"

#include "core/system/error.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/targets.h"

namespace pgassay::fuzz {

/// Every statement is read as the same one when it stands alone, and loses nothing but what was asked for.
void globals(std::string_view input) {
  std::vector<restore::GlobalStatement> statements;
  try {
    statements = restore::read_globals(input);
  } catch (const BadBackup&) {
    return;
  }
  bool conforming = true;
  for (const restore::GlobalStatement& one : statements) {
    for (const restore::SqlToken& token : one.statement.tokens)
      PGASSAY_EXPECT(token.begin < token.end && token.end <= one.statement.text.size());
    if (one.kind == restore::GlobalStatement::Kind::session && one.object == "standard_conforming_strings")
      conforming = false;
    if (!conforming) continue;
    PGASSAY_EXPECT(restore::split_statements(one.statement.text + "\n;").size() == 1);
    const std::string plain = without_password(one.statement);
    PGASSAY_EXPECT(plain.size() <= one.statement.text.size());
    without_words(one.statement, {"superuser", "nosuperuser"});
    without_grantor(one.statement);
    has_word(one.statement, "login");
  }
}

}  // namespace pgassay::fuzz
