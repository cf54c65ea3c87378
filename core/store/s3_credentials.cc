#include "core/store/s3_credentials.h"

#include <fmt/format.h>

#include <cstdlib>

#include "core/system/error.h"
#include "core/system/files.h"
#include "core/system/split.h"

namespace pgassay {
namespace {

constexpr std::size_t kLongestCredentials = 1 << 20;

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value ? value : "";
}

std::string trimmed(std::string text) {
  text.erase(0, std::min(text.size(), text.find_first_not_of(" \t\r")));
  text.resize(text.find_last_not_of(" \t\r") + 1);
  return text;
}

}  // namespace

Credentials parse_credentials(std::string_view text, const std::string& profile,
                              const Path& name_for_errors) {
  Credentials found;
  bool here = false;
  for (const std::string& raw_line : split(text, '\n')) {
    const std::string line = trimmed(raw_line);
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (line[0] == '[') {
      here = line == "[" + profile + "]";
      continue;
    }
    const std::size_t equals = line.find('=');
    if (!here || equals == std::string::npos) continue;
    const std::string key = trimmed(line.substr(0, equals)), value = trimmed(line.substr(equals + 1));
    if (key == "aws_access_key_id") found.key_id = value;
    if (key == "aws_secret_access_key") found.secret = value;
    if (key == "aws_session_token") found.session_token = value;
  }
  if (found.key_id.empty() || found.secret.empty())
    throw UsageError(
        fmt::format("{}: it has no section [{}] with aws_access_key_id and aws_secret_access_key",
                    name_for_errors.string(), profile),
        "write it as 'aws configure' does, or name another section by AWS_PROFILE");
  return found;
}

Credentials read_credentials(const CredentialsFrom& from) {
  Path file = from.file;
  if (file.empty()) {
    Credentials found{variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"),
                      variable("AWS_SESSION_TOKEN")};
    if (!found.key_id.empty() && !found.secret.empty()) return found;
    const std::string named = variable("AWS_SHARED_CREDENTIALS_FILE"), home = variable("HOME");
    if (!named.empty()) {
      file = named;
    } else if (!home.empty()) {
      file = Path(home) / ".aws" / "credentials";
      if (status_of(file).type() == std::filesystem::file_type::not_found) file.clear();
    }
  }
  if (file.empty())
    throw UsageError(
        "no credentials for the S3 store",
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, have a ~/.aws/credentials, or name a file "
        "by credentials_file in [store.NAME]");
  const std::string profile = variable("AWS_PROFILE");
  return parse_credentials(read_file(file, kLongestCredentials), profile.empty() ? "default" : profile, file);
}

}  // namespace pgassay
