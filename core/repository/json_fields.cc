#include "core/repository/json_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/system/error.h"

namespace pgassay {
namespace {

using nlohmann::json;

constexpr std::size_t kDeepest = 32;

[[noreturn]] void throw_bad(const Path& file, const std::string& pointer, std::string_view what) {
  throw BadBackup(fmt::format("{}: {}: {}", file.string(), pointer.empty() ? "/" : pointer, what));
}

/// Builds the document, apart from the streamed arrays: their elements go to the reader as they end.
class Builder : public nlohmann::json_sax<json> {
 public:
  Builder(const Path& file, const JsonReading& reading)
      : file_(std::make_shared<Path>(file)), reading_(reading), root_(std::make_shared<json>()) {}

  bool null() override { return value(nullptr); }
  bool boolean(bool v) override { return value(v); }
  bool number_integer(number_integer_t v) override { return value(v); }
  bool number_unsigned(number_unsigned_t v) override { return value(v); }
  bool number_float(number_float_t v, const string_t&) override { return value(v); }
  bool string(string_t& v) override { return value(std::move(v)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& v) override {
    if (stack_.size() == 1) {
      if (v == reading_.stop_at) {
        stopped_ = true;
        return false;
      }
      top_ = v;
      streaming_ =
          std::find(reading_.streamed.begin(), reading_.streamed.end(), v) != reading_.streamed.end();
      index_ = 0;
    }
    if (stack_.back()->contains(v)) throw_bad(*file_, "/" + v, "is there twice");
    key_ = std::move(v);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    throw BadBackup(fmt::format("{}: not valid JSON at byte {}", file_->string(), position));
  }

  JsonFields result() const {
    if (!root_->is_object()) throw_bad(*file_, "", "is not an object");
    return JsonFields(root_, "", file_);
  }
  bool stopped() const { return stopped_; }

 private:
  bool value(json v) {
    place(std::move(v));
    return true;
  }

  json* place(json v) {
    if (stack_.empty()) return &(*root_ = std::move(v));
    json& parent = *stack_.back();
    if (parent.is_object()) return &(parent[key_] = std::move(v));
    if (streaming_ && stack_.size() == 2 && !v.is_object()) {
      throw_bad(*file_, fmt::format("/{}/{}", top_, index_), "is not an object");
    }
    parent.push_back(std::move(v));
    return &parent.back();
  }

  bool open(json container) {
    if (stack_.size() == kDeepest) throw_bad(*file_, "/" + top_, "is nested too deeply");
    stack_.push_back(place(std::move(container)));
    return true;
  }

  bool close() {
    stack_.pop_back();
    if (streaming_ && stack_.size() == 2 && stack_.back()->is_array()) hand_over();
    return true;
  }

  void hand_over() {
    json& array = *stack_.back();
    const auto element = std::make_shared<json>(std::move(array.back()));
    array.clear();
    reading_.element(top_, JsonFields(element, fmt::format("/{}/{}", top_, index_++), file_));
  }

  std::shared_ptr<const Path> file_;
  const JsonReading& reading_;
  std::shared_ptr<json> root_;
  std::vector<json*> stack_;
  std::string key_, top_;
  std::size_t index_ = 0;
  bool streaming_ = false, stopped_ = false;
};

/// A string, or {"hex": "…"}; nothing when it is neither.
std::optional<std::string> text_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_object() || value.size() != 1 || !value.contains("hex") || !value["hex"].is_string())
    return {};
  const auto& hex = value["hex"].get_ref<const std::string&>();
  if (hex.size() % 2 != 0 || hex.find_first_not_of("0123456789abcdef") != std::string::npos) return {};
  std::string out;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return out;
}

}  // namespace

JsonFields::JsonFields(std::shared_ptr<const json> object, std::string pointer,
                       std::shared_ptr<const Path> file)
    : object_(std::move(object)), pointer_(std::move(pointer)), file_(std::move(file)) {}

void JsonFields::bad(const char* key, std::string_view what) const {
  throw_bad(*file_, pointer_ + "/" + key, what);
}

bool JsonFields::has(const char* key) const {
  return object_->contains(key);
}

bool JsonFields::null(const char* key) const {
  return at(key).is_null();
}

const json& JsonFields::at(const char* key) const {
  const auto found = object_->find(key);
  if (found == object_->end()) bad(key, "missing");
  return *found;
}

const json& JsonFields::array(const char* key) const {
  const json& value = at(key);
  if (!value.is_array()) bad(key, "is not an array");
  return value;
}

JsonFields JsonFields::child(const json& value, const std::string& pointer) const {
  if (!value.is_object()) throw_bad(*file_, pointer, "is not an object");
  return JsonFields(std::shared_ptr<const json>(object_, &value), pointer, file_);
}

std::string JsonFields::text(const char* key) const {
  auto value = text_of(at(key));
  if (!value) bad(key, "is not a string");
  return *std::move(value);
}

std::vector<std::string> JsonFields::texts(const char* key) const {
  std::vector<std::string> out;
  for (const json& element : array(key)) {
    auto value = text_of(element);
    if (!value) bad(key, fmt::format("element {} is not a string", out.size()));
    out.push_back(*std::move(value));
  }
  return out;
}

std::map<std::string, std::string> JsonFields::text_map(const char* key) const {
  const JsonFields fields = object(key);
  std::map<std::string, std::string> out;
  for (const auto& item : fields.object_->items()) out.emplace(item.key(), fields.text(item.key().c_str()));
  return out;
}

std::uint64_t JsonFields::unsigned_integer(const char* key) const {
  const json& value = at(key);
  if (!value.is_number_unsigned()) bad(key, "is not a whole number of 0 or more");
  return value.get<std::uint64_t>();
}

std::int64_t JsonFields::integer(const char* key) const {
  const json& value = at(key);
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const bool fits =
      value.is_number_unsigned() ? value.get<std::uint64_t>() <= kMost : value.is_number_integer();
  if (!fits) bad(key, "is not a whole number of 64 bits");
  return value.get<std::int64_t>();
}

int JsonFields::small_integer(const char* key) const {
  const std::int64_t value = integer(key);
  if (value < std::numeric_limits<int>::min() || value > std::numeric_limits<int>::max()) {
    bad(key, "is not a whole number of 32 bits");
  }
  return static_cast<int>(value);
}

double JsonFields::number(const char* key) const {
  const json& value = at(key);
  if (!value.is_number()) bad(key, "is not a number");
  return value.get<double>();
}

bool JsonFields::flag(const char* key) const {
  const json& value = at(key);
  if (!value.is_boolean()) bad(key, "is neither true nor false");
  return value.get<bool>();
}

char JsonFields::letter(const char* key) const {
  const std::string value = text(key);
  if (value.size() != 1) bad(key, "is not one letter");
  return value[0];
}

Time JsonFields::time(const char* key) const {
  return parsed(key, "is not a time (RFC 3339, UTC)",
                [](const std::string& value) { return parse_rfc3339(value); });
}

std::pair<std::uint32_t, std::optional<std::uint32_t>> JsonFields::range(const char* key) const {
  const json& value = array(key);
  const auto page = [&](const json& number) -> std::uint32_t {
    const bool fits = number.is_number_unsigned() &&
                      number.get<std::uint64_t>() <= std::numeric_limits<std::uint32_t>::max();
    if (!fits) bad(key, "does not hold page numbers");
    return number.get<std::uint32_t>();
  };
  if (value.size() != 2) bad(key, "is not [first, end]");
  if (value[1].is_null()) return {page(value[0]), std::nullopt};
  return {page(value[0]), page(value[1])};
}

JsonFields JsonFields::object(const char* key) const {
  return child(at(key), pointer_ + "/" + key);
}

std::vector<JsonFields> JsonFields::objects(const char* key) const {
  std::vector<JsonFields> out;
  for (const json& element : array(key)) {
    out.push_back(child(element, fmt::format("{}/{}/{}", pointer_, key, out.size())));
  }
  return out;
}

JsonFields read_json(std::string_view text, const Path& file, const JsonReading& reading) {
  Builder builder(file, reading);
  const bool whole = json::sax_parse(text.begin(), text.end(), &builder);
  if (!whole && !builder.stopped()) throw BadBackup(fmt::format("{}: not valid JSON", file.string()));
  return builder.result();
}

}  // namespace pgassay
