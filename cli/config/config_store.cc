#include "cli/config/config_store.h"

namespace pgassay::cli {
namespace {

StoreConfig read_store(Section section, const toml::node& node, const std::string& name, const Path& file) {
  StoreConfig store;
  const auto url = section.text("url");
  if (!url)
    fail(file, node.source(), fmt::format("[store.{}] needs a url", name), "as in s3://BUCKET/PREFIX");
  try {
    check_store_url(*url);
  } catch (const Error& error) {
    section.reject("url", error.what(), error.hint());
  }
  store.at.url = *url;
  store.at.endpoint = section.text("endpoint").value_or("");
  store.at.region = section.text("region").value_or("");
  store.at.path_style = section.boolean("path_style");
  const bool is_s3 = url->starts_with("s3://");
  for (const char* key : {"endpoint", "region", "path_style", "credentials_file", "ca_file"})
    if (!is_s3 && section.has(key))
      section.reject(key, fmt::format("{} is for a url that begins with s3://", key));
  if (const auto credentials = section.text("credentials_file"))
    store.at.credentials_file = file.parent_path() / *credentials;
  if (const auto ca = section.text("ca_file")) store.at.ca_file = file.parent_path() / *ca;
  store.recipients = section.texts("recipients");
  for (const std::string& recipient : store.recipients)
    if (recipient.starts_with("AGE-SECRET-KEY-") || recipient.starts_with('-') ||
        recipient.find('\n') != std::string::npos)
      section.reject("recipients", "recipients holds what is no public key",
                     "a secret key belongs to whoever restores; age-keygen -y prints its public half");
  if (const auto identity = section.text("identity_file"))
    store.identity_file = file.parent_path() / *identity;
  if (const auto key = section.text("sign_key")) store.sign_key = file.parent_path() / *key;
  if (const auto signers = section.text("allowed_signers"))
    store.allowed_signers = file.parent_path() / *signers;
  section.finish();
  return store;
}

}  // namespace

std::map<std::string, StoreConfig> read_stores(const toml::node& node, const Path& file) {
  std::map<std::string, StoreConfig> stores;
  read_named_tables(node, "store", file,
                    [&](Section section, const toml::node& child, const std::string& name) {
                      stores[name] = read_store(std::move(section), child, name, file);
                    });
  return stores;
}

}  // namespace pgassay::cli
