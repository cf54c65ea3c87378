#include "cli/command/store_options.h"

#include <fmt/format.h>

#include "cli/basics/units.h"
#include "core/system/printable.h"

namespace pgassay::cli {

void add_store_name(Options& options, std::string& name) {
  options.argument("NAME", &name, "a [store.NAME] of the configuration, or a URL").required();
}

Run run_on_named_store(Options& options, Exit (*run)(Context& context, const std::string& name)) {
  const auto name = std::make_shared<std::string>();
  add_store_name(options, *name);
  return [name, run](Context& context) { return run(context, *name); };
}

Option& add_store(Options& options, StoreArguments& arguments, const char* sentence) {
  return options.value("--store", &arguments.store, "NAME|URL", sentence);
}

void add_identity(Options& options, StoreArguments& arguments) {
  options.value("--identity", &arguments.identity, "FILE",
                "age's secret key that opens an encrypted store (default: identity_file of [store.NAME])");
}

void add_keys(Options& options, StoreArguments& arguments) {
  add_identity(options, arguments);
  options.value(
      "--signers", &arguments.signers, "FILE",
      "SSH keys that may have signed a copy, one of which must (default: allowed_signers of [store.NAME])");
}

void add_store_to_read(Options& options, StoreArguments& arguments) {
  add_store(options, arguments, "from that store, by its name or URL; rows are fetched as they are read");
  add_keys(options, arguments);
}

const StoreConfig& configured_store(const std::string& name, const Config& config) {
  const auto found = config.stores.find(name);
  if (found != config.stores.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [one, settings] : config.stores) known.push_back(one);
  throw UsageError(fmt::format("there is no [store.{}] in the configuration{}", printable(name),
                               did_you_mean(name, known)),
                   "name a store of the configuration, or a URL: s3://BUCKET/PREFIX, file:///mnt/nas");
}

NamedStore open_named_store(const std::string& name, const Config& config) {
  NamedStore named;
  if (name.find("://") != std::string::npos) {
    named.config.at.url = name;
  } else {
    named.config = configured_store(name, config);
  }
  named.store = open_store(named.config.at);
  named.name = name;
  return named;
}

NamedStore open_named_store(const StoreArguments& arguments, const Config& config) {
  if (!arguments.store)
    throw UsageError("no store is named", "--store NAME, where the configuration has [store.NAME], or a URL");
  NamedStore named = open_named_store(*arguments.store, config);
  if (arguments.identity) named.config.identity_file = *arguments.identity;
  if (arguments.signers) named.config.allowed_signers = *arguments.signers;
  return named;
}

StoreReader::StoreReader(const StoreArguments& arguments, Context& context)
    : named_(open_named_store(arguments, context.config)) {
  try {
    local_ = open_repository(context.arguments, context.config);
  } catch (const UsageError&) {
    // From nothing: there is no repository here, and none is needed.
  }
  reader_.emplace(*named_.store,
                  store::ReaderOptions{named_.config.identity_file, named_.config.allowed_signers,
                                       local_ ? &*local_ : nullptr});
}

std::vector<store::Copy> selected_copies(store::Reader& reader, const Selection& selection, bool all,
                                         const std::stop_token& stop) {
  if (all) {
    if (!selection.ids.empty()) throw UsageError("--all and an ID exclude each other");
    std::vector<store::Copy> copies = reader.list(selection.filter(), stop);
    if (copies.empty()) throw Unverified("there is no backup in " + reader.store().where());
    return copies;
  }
  std::vector<std::string> ids = selection.ids;
  if (ids.empty()) ids.emplace_back("latest");
  std::vector<store::Copy> copies;
  for (const std::string& id : ids) copies.push_back(reader.find(id, selection.filter(), stop));
  return copies;
}

void warn_of_unchecked(const store::Copy& copy, Observer& observer) {
  if (copy.is_sealed_by_us) return;
  observer.message(
      Level::warning,
      copy.id.shown() +
          ": nobody here can tell who wrote its commit object: the key of that is in the repository that "
          "pushed it",
      "an encrypted store keeps that key for whoever has an identity");
}

}  // namespace pgassay::cli
