// Reading JSON strictly: whatever is missing or of another type throws BadBackup, naming the file and the
// field (a JSON pointer, RFC 6901).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/system/clock.h"
#include "core/system/fd.h"

namespace pgassay {

/// One JSON object, and where it stands. Unknown keys are nobody's business: a later minor version may add
/// some.
class JsonFields {
 public:
  JsonFields(std::shared_ptr<const nlohmann::json> object, std::string pointer,
             std::shared_ptr<const Path> file);

  bool has(const char* key) const;
  bool null(const char* key) const;         ///< it is there, and null
  std::string text(const char* key) const;  ///< of {"hex": "…"} too
  std::vector<std::string> texts(const char* key) const;
  std::map<std::string, std::string> text_map(const char* key) const;
  std::uint64_t unsigned_integer(const char* key) const;
  std::int64_t integer(const char* key) const;
  int small_integer(const char* key) const;
  double number(const char* key) const;
  bool flag(const char* key) const;
  char letter(const char* key) const;  ///< a string of one character
  Time time(const char* key) const;
  /// [first, end] where end may be null.
  std::pair<std::uint32_t, std::optional<std::uint32_t>> range(const char* key) const;
  JsonFields object(const char* key) const;
  std::vector<JsonFields> objects(const char* key) const;
  /// What `parse` makes of the text; its Error becomes ours.
  template <typename Parse>
  auto parsed(const char* key, const char* what, Parse parse) const {
    const std::string value = text(key);
    try {
      return parse(value);
    } catch (const std::exception&) {
      bad(key, what);
    }
  }
  [[noreturn]] void bad(const char* key, std::string_view what) const;

 private:
  const nlohmann::json& at(const char* key) const;
  const nlohmann::json& array(const char* key) const;
  JsonFields child(const nlohmann::json& value, const std::string& pointer) const;

  std::shared_ptr<const nlohmann::json> object_;
  std::string pointer_;
  std::shared_ptr<const Path> file_;
};

struct JsonReading {
  /// Elements of these top-level arrays are handed over one by one, and not kept: memory does not grow with
  /// them.
  std::vector<std::string_view> streamed;
  std::function<void(std::string_view array, const JsonFields& element)> element;
  /// Reading ends before this top-level key.
  std::string_view stop_at;
};
/// Throws BadBackup when the text is not one JSON object, or when an object has a key twice.
JsonFields read_json(std::string_view text, const Path& file, const JsonReading& reading = {});

}  // namespace pgassay
