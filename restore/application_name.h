#pragma once

namespace pgassay::restore {

/// Of every session of a restore, pg_restore's too: --resume knows by it which are left of a dead one.
inline constexpr const char* kRestoreApplication = "pgassay restore";

}  // namespace pgassay::restore
