#include "store/commit.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "core/repository/json_fields.h"
#include "core/repository/json_text.h"
#include "core/repository/layout.h"
#include "core/system/split.h"

namespace pgassay::store {
namespace {

constexpr std::string_view kMacBegins = ",\n\"mac\": \"", kMacEnds = "\"}\n",
                           kSignatureBegins = ",\n\"signature\": \"", kSignatureEnds = "\"";
constexpr std::size_t kMacDigits = 64, kKeyBytes = 32;

void write(JsonText& json, const Bound& object) {
  json.text({"name"}, object.name);
  json.number({"bytes"}, object.bytes);
  json.text({"sha256"}, object.sha.hex());
  json.end();
}

Bound read(const JsonFields& json) {
  return {json.text("name"), json.unsigned_integer("bytes"),
          json.parsed("sha256", "is no SHA-256", Sha256::parse)};
}

BackupId read_id(const JsonFields& json) {
  return {json.text("source"), json.text("database"), json.text("stamp")};
}

void write_id(JsonText& json, const BackupId& id) {
  json.object({"id"});
  json.text({"source"}, id.source);
  json.text({"database"}, id.database);
  json.text({"stamp"}, id.stamp);
  json.end();
}

/// Throws what is wrong with the MAC of a commit object.
void check_mac(const std::string& text, const std::string& name, const NamingKey& key) {
  const std::size_t at = text.rfind(kMacBegins);
  const bool is_there = at != std::string::npos &&
                        text.size() == at + kMacBegins.size() + kMacDigits + kMacEnds.size() &&
                        text.ends_with(kMacEnds);
  if (!is_there) throw BadBackup(name + ": the commit object has no MAC at its end");
  const std::string mac = text.substr(at + kMacBegins.size(), kMacDigits),
                    right = hmac_hex(key, text.substr(0, at));
  if (CRYPTO_memcmp(mac.data(), right.data(), kMacDigits) != 0)
    throw BadBackup(
        name +
            ": the commit object's MAC is not of this repository's key: it was not written by this "
            "repository, or was changed",
        "somebody may have written to the store; the backup is not to be trusted");
}

}  // namespace

std::uint64_t Commit::bytes() const {
  std::uint64_t sum = files.bytes;
  for (const Bound& part : parts) sum += part.bytes;
  return sum;
}

std::string NamingKey::hex() const {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

NamingKey NamingKey::parse(std::string_view hex) {
  const Sha256 as_sha = Sha256::parse(hex);  // of the same length
  static_assert(sizeof as_sha.bytes == kKeyBytes);
  return {{reinterpret_cast<const char*>(as_sha.bytes.data()), kKeyBytes}};
}

std::string hmac_hex(const NamingKey& key, std::string_view text) {
  Sha256 mac;
  unsigned length = 0;
  if (HMAC(EVP_sha256(), key.bytes.data(), static_cast<int>(key.bytes.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.bytes.data(),
           &length) == nullptr)
    throw Error("HMAC failed in the OpenSSL library");
  return mac.hex();
}

std::string to_json(const Commit& commit, const NamingKey& key, const Signer& signer) {
  JsonText json;
  json.object(JsonText::Layout::block);
  json.number({"format"}, kStoreFormat);
  json.text({"repository"}, commit.repository);
  write_id(json, commit.id);
  json.time({"taken"}, commit.taken);
  json.time({"pushed"}, commit.pushed);
  json.text({"tool_version"}, commit.tool_version);
  json.number({"key"}, commit.key);
  json.object({"files"});
  write(json, commit.files);
  json.array({"parts"}, JsonText::Layout::block);
  for (const Bound& part : commit.parts) {
    json.object();
    write(json, part);
  }
  json.end();
  json.end();
  std::string text = json.take();
  text.resize(text.find_last_not_of("}\n \t") + 1);  // open again
  if (signer) {
    std::string signature;
    for (const char letter : signer(text)) signature += letter == '\n' ? "\\n" : std::string(1, letter);
    text += std::string(kSignatureBegins) + signature + std::string(kSignatureEnds);
  }
  return text + std::string(kMacBegins) + hmac_hex(key, text) + std::string(kMacEnds);
}

std::optional<Signed> signed_part(const std::string& text) {
  const std::size_t at = text.rfind(kSignatureBegins), begin = at + kSignatureBegins.size(),
                    end = text.rfind(kMacBegins);
  if (at == std::string::npos || end == std::string::npos || end <= begin) return std::nullopt;
  const std::string letters = text.substr(begin, end - kSignatureEnds.size() - begin);
  Signed found{text.substr(0, at), {}};
  for (const std::string& line : split(letters, '\\'))
    found.signature += line.starts_with('n') ? "\n" + line.substr(1) : line;
  return found;
}

Commit parse_commit(const std::string& text, const std::string& name, const NamingKey* key) {
  const JsonFields json = read_json(text, name);
  if (const int format = json.small_integer("format"); format > kStoreFormat)
    throw NewerFormat(fmt::format("{}: written by a newer pgassay: its format is {}, this one reads up to {}",
                                  name, format, kStoreFormat),
                      "use the pgassay that wrote it, or a newer one");
  if (key != nullptr) check_mac(text, name, *key);
  Commit commit;
  commit.repository = json.text("repository");
  commit.id = read_id(json.object("id"));
  commit.taken = json.time("taken");
  commit.pushed = json.time("pushed");
  commit.tool_version = json.text("tool_version");
  commit.key = static_cast<unsigned>(json.small_integer("key"));
  commit.files = read(json.object("files"));
  for (const JsonFields& part : json.objects("parts")) commit.parts.push_back(read(part));
  return commit;
}

std::string index_json(const BackupId& id, const std::vector<Placed>& files) {
  JsonText json;
  json.object(JsonText::Layout::block);
  json.number({"format"}, kStoreFormat);
  write_id(json, id);
  json.array({"files"}, JsonText::Layout::block);
  for (const Placed& one : files) {
    json.object();
    json.text({"file"}, one.file);
    json.number({"bytes"}, one.bytes);
    json.text({"sha256"}, one.sha.hex());
    json.text({"object"}, one.object);
    json.number({"offset"}, one.offset);
    json.end();
  }
  json.end();
  json.end();
  return json.take() + "\n";
}

std::vector<Placed> parse_index(const std::string& text, const std::string& name) {
  std::vector<Placed> files;
  const JsonFields json = read_json(text, name);
  for (const JsonFields& one : json.objects("files")) {
    files.push_back({one.text("file"), one.unsigned_integer("bytes"),
                     one.parsed("sha256", "is no SHA-256", Sha256::parse), one.text("object"),
                     one.unsigned_integer("offset")});
    if (!is_safe_file(files.back().file)) one.bad("file", "leads out of the backup");
  }
  return files;
}

}  // namespace pgassay::store
