#pragma once

namespace pgassay::source {

/// The application_name of every session that reads a source, pg_dump's too.
inline constexpr const char* kApplicationName = "pgassay backup";

}  // namespace pgassay::source
