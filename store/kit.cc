#include "store/kit.h"

#include <fmt/format.h>

#include "core/repository/layout.h"
#include "store/names.h"
#include "store/target.h"

namespace pgassay::store {
namespace {

constexpr std::size_t kLongestWrapped = 64 * 1024;

std::string keys_text(Store& store, const std::string& repository, const std::stop_token& stop) {
  std::string text;
  for (const WrappedKey& key : wrapped_keys(store, repository, stop)) {
    const std::string name = key_name(repository, key);
    const auto wrapped = get_text(store, name, kLongestWrapped, stop);
    if (wrapped) text += fmt::format("### {}\n\n{}\n", name, *wrapped);
  }
  return text;
}

std::string setting(const char* name, const std::string& value) {
  return value.empty() ? "" : fmt::format("- {}: {}\n", name, value);
}

}  // namespace

const char* const kFetchScript = R"sh(set -euo pipefail
cd "$1"
backup=$2 identity=$3 to=$4 repository=${2%%/*}
mkdir "$to"
key=$(jq -r .key "$backup/commit.json")
opened=cat
if [ "$key" != 0 ]; then
  for wrapped in "$repository/keys/$key.age" "$repository/keys/$key".*.age; do
    age -d -i "$identity" "$wrapped" > "$to/.key" && break
  done
  opened="age -d -i $to/.key"
fi
jq -r '.files, .parts[] | .sha256 + "  " + .name' "$backup/commit.json" | sha256sum --quiet --check
$opened "$(jq -r .files.name "$backup/commit.json")" | tar -x -C "$to"
jq -r '.files[] | [.object, .offset, .bytes, .file] | @tsv' "$to/index.json" |
  while IFS=$'\t' read -r object offset bytes file; do
    mkdir -p "$to/$(dirname "$file")"
    $opened "$object" > "$to/.object"
    tail -c "+$((offset + 1))" "$to/.object" | head -c "$bytes" > "$to/$file" || [ $? = 141 ]
  done
rm -f "$to/.key" "$to/.object" "$to/index.json"
cd "$to" && sha256sum --quiet --check SHA256SUMS)sh";

std::string recovery_kit(Store& store, const StoreAt& at, const std::vector<std::string>& recipients,
                         const Repository& repository, const std::string& tool_version,
                         const std::stop_token& stop) {
  const std::string& uuid = repository.uuid();
  const auto marker = read_marker(store, uuid, stop);
  if (!marker)
    throw UsageError(store.where() + " is not set up for this repository", "pgassay store init NAME");
  std::string text = fmt::format(
      "# Recovery kit of {}\n\n"
      "Made {} by pgassay {}. Print it, and keep it where the server is not. It holds no secret in "
      "clear: to read the\n"
      "copies one needs the secret key (identity) of a recipient below, and, for S3, the bucket's access "
      "keys. Keep\n"
      "those elsewhere, and more than once. Make a new kit after `pgassay store rekey NAME`.\n\n"
      "- url: {}\n{}{}- repository: {}\n",
      store.where(), to_rfc3339(now()), tool_version, at.url, setting("endpoint", at.endpoint),
      setting("region", at.region), uuid);
  for (const std::string& recipient : recipients) text += setting("recipient", recipient);
  const std::string identity = marker->encrypted ? " --identity FILE_WITH_THE_SECRET_KEY" : "";
  text += fmt::format(
      "\n## With pgassay\n\n{}"
      "    pgassay list --store {}{}\n"
      "    pgassay restore latest --database NAME --store {}{} --create\n"
      "    pgassay restore --all --store {}{}\n",
      at.endpoint.empty() ? "" : fmt::format("    export AWS_ENDPOINT_URL={}\n", at.endpoint), at.url,
      identity, at.url, identity, at.url, identity);
  text += fmt::format(
      "\n## Without pgassay\n\n"
      "Copy the objects with any S3 client (`aws s3 sync {} copy`). Then this script, fetch.sh, gives "
      "one backup's\n"
      "directory back; pg_restore, zstd and psql restore it (docs/restore-without-pgassay.md in "
      "pgassay's sources):\n\n"
      "    bash fetch.sh COPY {}/backups/SOURCE/DATABASE/STAMP IDENTITY NEW_DIRECTORY\n\n"
      "It needs jq, tar, sha256sum, and age: the package age of Debian, Ubuntu, Fedora and Homebrew, or\n"
      "https://age-encryption.org, where the format is described, too; rage is another program for "
      "it.\n\n"
      "```bash\n{}\n```\n",
      at.url, uuid, kFetchScript);
  if (marker->encrypted)
    text +=
        "\n## The store keys\n\nThey lie in the store, too. Were they lost there, each block below would "
        "be put back under its name.\n\n" +
        keys_text(store, uuid, stop);
  return text;
}

}  // namespace pgassay::store
