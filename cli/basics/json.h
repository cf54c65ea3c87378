// One value of a JSON document. It is built here, and written and read by json.cc alone, for the library
// behind it is slow to compile.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace pgassay::cli {

/// Null, true or false, a number, a text, an array, or an object, whose members keep their order.
class Json {
 public:
  struct Member;
  using Array = std::vector<Json>;
  using Object = std::vector<Member>;
  using Value =
      std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, Array, Object>;

  Json(std::nullptr_t = nullptr) {}
  template <std::same_as<bool> Bool>
  Json(Bool value) : value_(value) {}
  template <std::signed_integral Number>
  Json(Number value) : value_(std::int64_t{value}) {}
  template <std::unsigned_integral Number>
  requires(!std::same_as<Number, bool>) Json(Number value) : value_(std::uint64_t{value}) {}
  Json(double value) : value_(value) {}
  Json(const char* text) : value_(std::string(text)) {}
  Json(std::string_view text) : value_(std::string(text)) {}
  Json(std::string text) : value_(std::move(text)) {}
  Json(std::initializer_list<Member> members);  ///< an object
  template <class Element>
  Json(const std::vector<Element>& elements) : value_(Array(elements.begin(), elements.end())) {}
  template <class Element>
  Json(const std::map<std::string, Element>& members);
  template <class Held>
  Json(const std::optional<Held>& value) : Json(value ? Json(*value) : Json()) {}

  static Json array();
  static Json object();
  /// The value that a text in JSON holds; null when it is none.
  static Json parsed(const std::string& text);

  void push_back(Json value);               ///< to an array; null becomes one
  Json& operator[](std::string_view name);  ///< of an object; null becomes one
  const Array& elements() const;            ///< of an array
  const Object& members() const;            ///< of an object
  Json& last();                             ///< of an array that holds some

  /// Bytes that are no UTF-8 are replaced by U+FFFD. `indent` of -1: on one line.
  std::string text(int indent) const;
  const Value& value() const { return value_; }

 private:
  Value value_ = nullptr;
};

struct Json::Member {
  std::string name;
  Json value;
};

template <class Element>
Json::Json(const std::map<std::string, Element>& members) : value_(Object()) {
  for (const auto& [name, value] : members) (*this)[name] = Json(value);
}

Json text_or_null(const std::string& text);  ///< empty: null

}  // namespace pgassay::cli
