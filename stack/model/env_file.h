// Env files: KEY=VALUE lines as compose reads them. Values are secrets: they are compared here, and told to
// nobody.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgassay::stack {

struct EnvVariable {
  std::string key, value;  ///< as written, without quotes: variables in it are not resolved
  int line = 0;
  bool literal = false;  ///< in single quotes: compose v2 resolves no variable in it
  std::string raw = {};  ///< what stands behind the =, with its quotes
};

/// Comments, `export`, quotes over several lines. A line that is none of these is passed over: compose itself
/// refuses it. Of a key that is there twice the last one counts, and only that is here.
class EnvFile {
 public:
  static EnvFile parse(std::string_view text);
  const std::vector<EnvVariable>& variables() const { return variables_; }
  const EnvVariable* find(std::string_view key) const;  ///< nullptr: not there

 private:
  std::vector<EnvVariable> variables_;
};

/// "<…>", "changeme" and their kin; of a secret also what everybody guesses.
bool is_placeholder(std::string_view key, std::string_view value);
/// By its name (…PASSWORD, …SECRET, …TOKEN, …KEY), or a URL with a password in it; not a number, not a file's
/// name.
bool is_secret(std::string_view key, std::string_view value);
/// Of a URL with a password in it: the first of @ / ? # % : in the password that should have been
/// percent-encoded (RFC 3986, 3.2.1; a colon may stand there, and not every client knows); else empty.
std::string unencoded_in_url(std::string_view value);
/// `text` with *** where a value of the file stands that may be a secret.
std::string without_values(std::string text, const EnvFile& env);

}  // namespace pgassay::stack
