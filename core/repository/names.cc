#include "core/repository/names.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>

#include "core/system/utf8.h"

namespace pgassay {
namespace {

constexpr std::size_t kDigest = 17;  // "~" and 16 digits
constexpr std::size_t kLongest = 200;

std::string with_digest(std::string encoded, std::string_view of) {
  const std::string digest = fmt::format("~{:016x}", XXH3_64bits(of.data(), of.size()));
  std::size_t end = std::min(encoded.size(), kLongest - kDigest);
  // Not inside an escape.
  const std::size_t escape = encoded.substr(0, end).rfind('%');
  if (end < encoded.size() && escape != std::string::npos && escape + 3 > end) end = escape;
  encoded.resize(end);
  return encoded + digest;
}

/// Until names were made portable, all but these stood as it was.
std::string old_name(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    const std::size_t character = utf8_character(name);
    const auto byte = static_cast<unsigned char>(name[0]);
    const bool escape = character == 0 || byte < 0x20 || byte == 0x7f ||
                        std::string_view("/\\.%~").find(name[0]) != std::string_view::npos;
    const std::size_t length = std::max<std::size_t>(character, 1);
    out += escape ? fmt::format("%{:02X}", byte) : std::string(name.substr(0, length));
    name.remove_prefix(length);
  }
  return out;
}

bool has_digest(std::string_view entry) {
  return entry.size() > kDigest && entry[entry.size() - kDigest] == '~';
}

}  // namespace

std::vector<std::string> names_on_disk(std::string_view name) {
  std::vector<std::string> names = {encode_name(name)};
  names.push_back(with_digest(names[0], name));
  // A longer one was cut as it is now, before characters: its digest is of another text.
  if (std::string old = old_name(name); old != names[0]) names.push_back(cut_name(std::move(old)));
  return names;
}

bool stands_for(std::string_view entry, std::string_view name) {
  const std::vector<std::string> names = names_on_disk(name);
  return std::ranges::find(names, entry) != names.end();
}

std::string name_of_entry(std::string_view entry) {
  if (has_digest(entry)) {
    std::string name = decode_name(entry.substr(0, entry.size() - kDigest));
    if (stands_for(entry, name)) return name;
  }
  return decode_name(entry);
}

Place entry_for(const Place& dir, std::string_view name, std::string_view suffix) {
  const std::vector<std::string> there = list_names(dir), possible = names_on_disk(name);
  const auto with_suffix = [&](const std::string& one) { return one + std::string(suffix); };
  for (const std::string& one : possible)
    if (std::ranges::find(there, with_suffix(one)) != there.end()) return dir / with_suffix(one);
  const std::string folds = folded(with_suffix(possible[0]));
  const bool taken = std::ranges::any_of(there, [&](const std::string& one) { return folded(one) == folds; });
  return dir / with_suffix(possible[taken ? 1 : 0]);
}

Place home_of(const Place& root, std::string_view source, std::string_view database) {
  return entry_for(entry_for(root, source), database);
}

std::string part_file_apart(const QualifiedName& name, unsigned index, RowFormat format) {
  const std::string file = part_file(name, index, format);
  const std::size_t begin = kDataDir.size() + 1, end = file.find('.', file.find('.') + 1);
  return std::string(kDataDir) + "/" + with_digest(file.substr(begin, end - begin), name.shown()) +
         file.substr(end);
}

std::string folded(std::string_view file) {
  std::string text(file);
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

}  // namespace pgassay
