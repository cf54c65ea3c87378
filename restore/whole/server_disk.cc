#include "restore/whole/server_disk.h"

#include "core/system/files.h"

#include <fmt/format.h>

#include <array>
#include <cstring>

namespace pgassay::restore {
namespace {

/// Its first eight bytes, in the server's byte order:
/// https://www.postgresql.org/docs/current/app-pgcontroldata.html
std::string identifier_in(const Path& control_file) {
  std::array<std::byte, sizeof(std::uint64_t)> bytes{};
  const Fd file = open_for_reading(control_file);
  std::uint64_t identifier = 0;
  if (read_some(file.get(), bytes, control_file) == bytes.size())
    std::memcpy(&identifier, bytes.data(), bytes.size());
  return fmt::format("{}", identifier);
}

/// pg_default's location is empty.
Path directory_of(Connection& connection, const Path& data_directory, const std::string& tablespace) {
  const Result location = connection.query(
      "SELECT pg_catalog.pg_tablespace_location(oid) FROM pg_catalog.pg_tablespace WHERE spcname = $1",
      {tablespace});
  return location.rows() == 0 || location.text(0, 0).empty() ? data_directory : Path(location.text(0, 0));
}

}  // namespace

ServerDisk look_at_server_disk(Connection& connection, const std::string& tablespace) {
  ServerDisk disk;
  try {
    const Result facts = connection.query(
        "SELECT pg_catalog.current_setting('data_directory'), system_identifier FROM "
        "pg_catalog.pg_control_system()");
    const Path data_directory = facts.text(0, 0);
    disk.dir = data_directory;
    if (identifier_in(data_directory / "global/pg_control") != facts.text(0, 1)) {
      disk.why = "it is the directory of another server on this host";
      return disk;
    }
    disk.dir = directory_of(connection, data_directory, tablespace);
    disk.free = free_bytes(disk.dir);
  } catch (const ServerError& error) {
    disk.why = error.what();
  } catch (const SystemError& error) {
    disk.why = error.what();
  }
  return disk;
}

}  // namespace pgassay::restore
