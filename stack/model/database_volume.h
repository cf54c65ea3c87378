// Where a stack's database has its data, and whether there is any.
#pragma once

#include <optional>
#include <string>

#include "stack/model/compose_model.h"
#include "stack/model/engine_view.h"

namespace pgassay::stack {

/// Where the server has its data, by the service's environment, else the image's, which the engine is asked
/// for; of images that are not here, by what is known of those of the Docker official images and of Bitnami.
/// Nothing: nobody knows.
std::optional<ImageData> database_place(const ComposeService& service,
                                        const std::optional<EngineView>& engine);
/// The mount that PGDATA is in; nullptr: none is, or an anonymous volume of the image lies over it.
const Mount* database_mount(const ComposeService& service, const ImageData& place);

struct DatabaseVolume {
  std::string name;   ///< of the volume on the engine, or the bind mount's directory; empty: no lasting place
  Path on_host;       ///< where its files are; empty: it is not there yet, or nobody knows
  std::string below;  ///< PGDATA in it
};
DatabaseVolume database_volume(const ComposeModel& model, const ComposeService& service,
                               const std::optional<EngineView>& engine);

/// "holds a database of PostgreSQL 15", "is empty", "holds no database", "can't be looked into".
std::string contents_of(const DatabaseVolume& volume);
/// A server was stopped while initdb made its cluster: no server starts from it, and no entrypoint makes it
/// anew. False where it can't be looked into.
bool is_half_made(const DatabaseVolume& volume);
/// Nothing: it can't be looked into.
std::optional<bool> holds_a_database(const DatabaseVolume& volume);

}  // namespace pgassay::stack
