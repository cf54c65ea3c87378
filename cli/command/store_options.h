// Which store, for every command that takes one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/command/command.h"
#include "cli/command/common.h"
#include "store/reader.h"

namespace pgassay::cli {

struct StoreArguments {
  std::optional<std::string> store;     ///< NAME of [store.NAME], or a URL
  std::optional<std::string> identity;  ///< a file
  std::optional<std::string> signers;   ///< a file
};
void add_store_name(Options& options, std::string& name);  ///< NAME of a command
/// Of a command that takes nothing but that.
Run run_on_named_store(Options& options, Exit (*run)(Context& context, const std::string& name));
Option& add_store(Options& options, StoreArguments& arguments, const char* sentence);  ///< --store
void add_identity(Options& options, StoreArguments& arguments);                        ///< --identity
void add_keys(Options& options, StoreArguments& arguments);  ///< --identity, --signers
void add_store_to_read(Options& options,
                       StoreArguments& arguments);  ///< both, of a command that reads a backup

/// What the flags and the configuration say. A URL takes endpoint, region and credentials from the
/// environment.
struct NamedStore {
  StoreConfig config;
  std::unique_ptr<Store> store;
  std::string name;  ///< as it was asked for: of the configuration, or a URL
};
/// Throws UsageError when the configuration has no such store.
const StoreConfig& configured_store(const std::string& name, const Config& config);
/// Throws UsageError.
NamedStore open_named_store(const StoreArguments& arguments, const Config& config);
NamedStore open_named_store(const std::string& name, const Config& config);

/// Of a command that reads: the repository, where there is one here, knows the naming key of its own copies.
class StoreReader {
 public:
  StoreReader(const StoreArguments& arguments, Context& context);
  StoreReader(const StoreReader&) = delete;
  store::Reader& reader() { return *reader_; }
  const std::string& name() const { return named_.name; }

 private:
  NamedStore named_;
  std::optional<Repository> local_;
  std::optional<store::Reader> reader_;
};

/// The backups that the words of the command line mean; none: the latest.
std::vector<store::Copy> selected_copies(store::Reader& reader, const Selection& selection, bool all,
                                         const std::stop_token& stop);

/// Warns when nobody here could check who wrote its commit object.
void warn_of_unchecked(const store::Copy& copy, Observer& observer);

/// list --store
Exit list_store(Context& context, const Selection& selection, const StoreArguments& arguments);
/// verify --store --bytes
Exit verify_store_bytes(Context& context, const Selection& selection, bool all, unsigned jobs,
                        const StoreArguments& arguments);

}  // namespace pgassay::cli
