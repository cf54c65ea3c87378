#include "backup/attempt.h"

#include <string_view>

#include "core/postgres/connection.h"

namespace pgassay {
namespace {

constexpr std::string_view kLockNotAvailable = "55P03", kUndefinedTable = "42P01", kInvalidSchema = "3F000",
                           kDeadlock = "40P01", kSerializationFailure = "40001";

}  // namespace

void rethrow_for(const std::string& object) {
  try {
    throw;
  } catch (const ServerError& error) {
    const std::string what = object + ": " + error.what();
    for (std::string_view state : {kLockNotAvailable, kUndefinedTable, kInvalidSchema, kDeadlock, kSerializationFailure}) {
      if (error.sqlstate() == state) throw TryAgain(what, error.hint());
    }
    throw Error(what, error.hint());
  }
}

}  // namespace pgassay
