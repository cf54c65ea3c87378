#include "cli/render/json/replace.h"

#include "cli/basics/json.h"

namespace pgassay::cli {

void set_replaced(Reply& reply, const std::string& database, const restore::Replaced& done) {
  reply.set("replace", {{"database", database},
                        {"replaced", !done.before.empty()},
                        {"old", done.before.empty() ? Json(nullptr) : Json(done.before)},
                        {"sessions_ended", done.sessions},
                        {"dropped", nullptr}});
}

void set_dropped(Reply& reply, const std::string& database, const std::string& dropped) {
  reply.set("replace", {{"database", database},
                        {"replaced", nullptr},
                        {"old", nullptr},
                        {"sessions_ended", nullptr},
                        {"dropped", dropped}});
}

}  // namespace pgassay::cli
