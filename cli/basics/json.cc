#include "cli/basics/json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace pgassay::cli {
namespace {

using Document = nlohmann::ordered_json;

Document document_of(const Json& json) {
  return std::visit(
      [](const auto& value) -> Document {
        using Kind = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<Kind, Json::Array>) {
          Document array = Document::array();
          for (const Json& one : value) array.push_back(document_of(one));
          return array;
        } else if constexpr (std::is_same_v<Kind, Json::Object>) {
          Document object = Document::object();
          for (const Json::Member& one : value) object[one.name] = document_of(one.value);
          return object;
        } else {
          return value;
        }
      },
      json.value());
}

Json json_of(const Document& document) {
  switch (document.type()) {
    case Document::value_t::boolean:
      return document.get<bool>();
    case Document::value_t::number_integer:
      return document.get<std::int64_t>();
    case Document::value_t::number_unsigned:
      return document.get<std::uint64_t>();
    case Document::value_t::number_float:
      return document.get<double>();
    case Document::value_t::string:
      return document.get<std::string>();
    case Document::value_t::array: {
      Json array = Json::array();
      for (const Document& one : document) array.push_back(json_of(one));
      return array;
    }
    case Document::value_t::object: {
      Json object = Json::object();
      for (const auto& [name, one] : document.items()) object[name] = json_of(one);
      return object;
    }
    default:
      return nullptr;
  }
}

}  // namespace

Json::Json(std::initializer_list<Member> members) : value_(Object(members)) {}

Json Json::array() {
  Json json;
  json.value_ = Array();
  return json;
}

Json Json::object() {
  Json json;
  json.value_ = Object();
  return json;
}

Json Json::parsed(const std::string& text) {
  return json_of(Document::parse(text, nullptr, false));
}

void Json::push_back(Json value) {
  if (std::holds_alternative<std::nullptr_t>(value_)) value_ = Array();
  std::get<Array>(value_).push_back(std::move(value));
}

Json& Json::operator[](std::string_view name) {
  if (std::holds_alternative<std::nullptr_t>(value_)) value_ = Object();
  Object& object = std::get<Object>(value_);
  const auto found = std::ranges::find(object, name, &Member::name);
  if (found != object.end()) return found->value;
  return object.emplace_back(Member{std::string(name), {}}).value;
}

const Json::Array& Json::elements() const {
  return std::get<Array>(value_);
}

const Json::Object& Json::members() const {
  return std::get<Object>(value_);
}

Json& Json::last() {
  return std::get<Array>(value_).back();
}

std::string Json::text(int indent) const {
  return document_of(*this).dump(indent, ' ', false, Document::error_handler_t::replace);
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

}  // namespace pgassay::cli
