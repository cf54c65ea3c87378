#include "core/postgres/connection.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "core/postgres/connection_impl.h"
#include "core/postgres/connection_refused.h"
#include "core/postgres/conninfo_text.h"
#include "core/postgres/releases.h"

namespace pgassay {

using namespace std::chrono_literals;
namespace {

using Options = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

/// The parameters that the connection was really made with: environment, service file and defaults resolved.
Options resolved_options(PGconn* conn) {
  return Options(PQconninfo(conn), PQconninfoFree);
}

void ignore_notice(void*, const PGresult*) {}

/// What connect_timeout means to libpq: seconds, none or 0 and less for ever. PQconnectPoll leaves it to its
/// caller.
std::chrono::milliseconds connect_timeout(PGconn* conn) {
  const Options options = resolved_options(conn);
  for (const PQconninfoOption* option = options.get(); option != nullptr && option->keyword != nullptr;
       ++option) {
    if (std::strcmp(option->keyword, "connect_timeout") != 0 || option->val == nullptr ||
        *option->val == '\0') {
      continue;
    }
    const long seconds = std::strtol(option->val, nullptr, 10);
    return seconds > 0 ? std::chrono::seconds(seconds) : std::chrono::milliseconds::max();
  }
  return std::chrono::seconds(15);
}

std::string connect_hint(PGconn* conn) {
  // libpq keeps no errno: is there a descriptor left for a socket?
  if (const Fd one(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0));
      one.get() < 0 && (errno == EMFILE || errno == ENFILE))
    return hint_of(errno);
  if (PQconnectionNeedsPassword(conn) != 0) return "put the password in ~/.pgpass, or in PGPASSWORD";
  if (PQconnectionUsedPassword(conn) != 0)
    return "look at the user name and the password in ~/.pgpass or PGPASSWORD";
  return "look at host, port, user and database (-d, PGHOST, PGSERVICE) and whether the server is up";
}

/// ALTER ROLE … SET role, or of the database, would make the session somebody whom nobody asked for. Before
/// the user's own options, which may ask.
constexpr std::string_view kNobodyElse = "-c role=none";
/// A role's or a database's own time-outs of a millisecond would end the session before the statement that
/// lifts them. In the startup packet ours outrank them. Newest first: what a server does not know, it
/// refuses. transaction_timeout (17) is lifted by the first statement, for most servers do not know it, and
/// each refusal is a line of their log.
constexpr std::string_view kLifted[] = {"-c statement_timeout=0 -c idle_session_timeout=0",
                                        "-c statement_timeout=0"};

/// What a service file says of options is left as it is: naming ours would hide it.
bool may_have_options(const std::map<std::string, std::string>& parameters) {
  return !parameters.contains("service") && std::getenv("PGSERVICE") == nullptr;
}

/// The server does not know it, or a pooler passes none on; through_pooler() finds that out, and it is said
/// in plainer words. Poolers need not have an SQLSTATE for it: then their words tell.
bool refuses_parameter(const ConnectionLost& error) {
  constexpr std::string_view kUndefinedObject = "42704", kProtocolViolation = "08P01";
  if (error.sqlstate() == kUndefinedObject || error.sqlstate() == kProtocolViolation) return true;
  return std::string_view(error.what()).find("unsupported startup parameter") != std::string_view::npos;
}

std::map<std::string, std::string> with_options(std::map<std::string, std::string> parameters,
                                                std::string_view lifted) {
  const char* environment = std::getenv("PGOPTIONS");
  std::string& options = parameters.insert({"options", environment ? environment : ""}).first->second;
  options = fmt::format("{}{}{} {}", kNobodyElse, options.empty() ? "" : " ", options, lifted);
  return parameters;
}

std::map<std::string, std::string> with_defaults(const ConnInfo& info, std::string_view application_name) {
  std::map<std::string, std::string> parameters = info.parameters;
  // A dead network must not leave a leader waiting, and its locks held, for hours.
  parameters.insert({{"keepalives_idle", "30"}, {"keepalives_interval", "10"}, {"keepalives_count", "3"}});
  parameters.insert({"application_name", std::string(application_name)});
  // In the startup packet it outranks the role's, the database's and PGCLIENTENCODING's.
  parameters["client_encoding"] = "UTF8";
  return parameters;
}

/// Parameters that a child must not get: secrets and where they lie; what child_options() says better; what
/// chose the server, now that it is chosen.
bool left_out_for_children(std::string_view keyword) {
  static constexpr std::array<std::string_view, 16> kLeftOut = {"password",
                                                                "passfile",
                                                                "sslpassword",
                                                                "service",
                                                                "servicefile",
                                                                "options",
                                                                "target_session_attrs",
                                                                "load_balance_hosts",
                                                                "client_encoding",
                                                                "application_name",
                                                                "fallback_application_name",
                                                                "replication",
                                                                "authtype",
                                                                "tty",
                                                                "oauth_client_secret",
                                                                "scram_client_key"};
  return std::find(kLeftOut.begin(), kLeftOut.end(), keyword) != kLeftOut.end() ||
         keyword == "scram_server_key";
}

/// A default needs no mention, and a program with an older libpq may not know the word; but where the
/// environment speaks too, what we connected with must outrank it.
bool worth_passing_on(const PQconninfoOption& option) {
  if (option.val == nullptr || *option.val == '\0' || left_out_for_children(option.keyword)) return false;
  if (option.envvar != nullptr && std::getenv(option.envvar) != nullptr) return true;
  return option.compiled == nullptr || std::strcmp(option.val, option.compiled) != 0;
}

}  // namespace

std::pair<std::string, std::string> without_sqlstate(std::string words) {
  // "FATAL:  28P01: password authentication failed …", and a last line "LOCATION:  …".
  constexpr std::string_view kBefore = ":  ", kAfter = ": ", kLocation = "\nLOCATION:  ";
  constexpr std::size_t kLength = 5;
  const auto in_sqlstate = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); };
  std::string sqlstate;
  for (auto at = words.find(kBefore); at != std::string::npos; at = words.find(kBefore, at + 1)) {
    const std::string_view rest = std::string_view(words).substr(at + kBefore.size());
    const std::string_view state = rest.substr(0, kLength);
    if (state.size() < kLength || !std::ranges::all_of(state, in_sqlstate) ||
        !rest.substr(kLength).starts_with(kAfter))
      continue;
    sqlstate = state;
    words.erase(at + kBefore.size(), kLength + kAfter.size());
  }
  for (auto at = words.find(kLocation); at != std::string::npos; at = words.find(kLocation))
    words.erase(at, words.find('\n', at + 1) - at);
  return {std::move(words), std::move(sqlstate)};
}

std::string one_line(const char* text) {
  std::string line(text == nullptr ? "" : text);
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
  std::erase(line, '\r');
  std::replace(line.begin(), line.end(), '\n', ' ');
  std::erase(line, '\t');  // libpq begins the second line with one
  return line;
}

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Connection Connection::open(const ConnInfo& info, std::string_view application_name, std::stop_token stop) {
  Connection connection = open_as_ourselves(info, application_name, stop);
  if (info.proof) info.proof->check_server(connection);
  if (info.role.empty()) return connection;
  try {
    connection.query("SET ROLE " + quote_identifier(info.role));
  } catch (const ServerError& error) {
    throw Refused(
        fmt::format("{}: cannot become role {}: {}", connection.described(), info.role, error.what()),
        "GRANT it to the user who connects, or connect as another");
  }
  return connection;
}

Connection Connection::open_as_ourselves(const ConnInfo& info, std::string_view application_name,
                                         std::stop_token stop) {
  const std::map<std::string, std::string> parameters = with_defaults(info, application_name);
  if (may_have_options(parameters)) {
    for (const std::string_view lifted : kLifted) {
      try {
        Connection connection = open(with_options(parameters, lifted), info, stop);
        if (!server_has(connection.server_version(), Feature::transaction_timeout)) return connection;
        try {
          connection.query("SET transaction_timeout = 0");
          return connection;
        } catch (const ConnectionLost&) {
          // It was over before that was read. This server takes it in the startup packet.
          return open(with_options(parameters, fmt::format("{} -c transaction_timeout=0", lifted)), info,
                      stop);
        }
      } catch (const ConnectionLost& error) {
        if (!refuses_parameter(error)) error.raise();
      }
    }
  }
  Connection connection = open(parameters, info, stop);
  try {
    connection.query("SET ROLE NONE");
  } catch (const ServerError& error) {
    if (error.sqlstate() != "57014") error.raise();  // the role's own statement_timeout
  }
  return connection;
}

Connection Connection::open(const std::map<std::string, std::string>& parameters, const ConnInfo& info,
                            std::stop_token stop) {
  auto impl = std::make_unique<Impl>(info.silence, stop);
  throw_if_stopped(stop);
  std::vector<const char*> keywords, values;
  for (const auto& [keyword, value] : parameters) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  // Not expand_dbname: ConnInfo::parse() has done that, and a database's name may hold an equals sign.
  impl->conn.reset(PQconnectStartParams(keywords.data(), values.data(), 0));
  if (!impl->conn) throw std::bad_alloc();
  // To a unix socket it is connected by now; the start-up packet goes with the first PQconnectPoll().
  if (info.proof && PQsocket(impl->pg()) >= 0) info.proof->check_socket(PQsocket(impl->pg()));
  impl->connect_traced();
  PQsetNoticeReceiver(impl->pg(), ignore_notice, nullptr);
  if (PQsetnonblocking(impl->pg(), 1) != 0) impl->throw_lost(PQerrorMessage(impl->pg()));
  impl->match_client_encoding();
  return Connection(std::move(impl));
}

void Connection::Impl::connect() {
  using Clock = std::chrono::steady_clock;
  const auto fail = [this](const std::string& words, const std::string& hint, const std::string& sqlstate) {
    const std::string what = "cannot connect to " + described() + ": " + words;
    if (!sqlstate.empty()) throw ConnectionRefused(what, hint, sqlstate);
    throw ConnectionLost(what, hint);
  };
  PQsetErrorVerbosity(pg(), PQERRORS_VERBOSE);
  const auto limit = connect_timeout(pg());
  const bool limited = limit != std::chrono::milliseconds::max();
  const auto deadline = Clock::now() + (limited ? limit : std::chrono::hours(1));
  PostgresPollingStatusType status = PGRES_POLLING_WRITING;
  while (status != PGRES_POLLING_OK) {
    if (status == PGRES_POLLING_FAILED || PQstatus(pg()) == CONNECTION_BAD) {
      const auto [words, sqlstate] = without_sqlstate(PQerrorMessage(pg()));
      // libpq itself says that there is no password.
      const bool wanted = PQconnectionNeedsPassword(pg()) != 0;
      fail(one_line(words.c_str()), connect_hint(pg()), wanted ? kWrongPassword : sqlstate);
    }
    std::optional<std::chrono::milliseconds> left;
    if (limited)
      left = std::max(0ms, std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()));
    const short events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (!wait_for(PQsocket(pg()), events, stop_fd, left)) {
      fail("no answer within " + std::to_string(limit.count() / 1000) + " s",
           "look at host and port, and firewalls between; connect_timeout or PGCONNECT_TIMEOUT allows more "
           "time",
           {});
    }
    status = PQconnectPoll(pg());
  }
  PQsetErrorVerbosity(pg(), PQERRORS_DEFAULT);
}

void Connection::Impl::connect_traced() {
  TraceEvent event("connect");
  connect();
  if (event) event.text("to", described()).number("session", PQbackendPID(pg()));
}

const char* Connection::Impl::own_client_encoding() const {
  // UTF8 against a SQL_ASCII server would have every name and row checked for UTF-8, which they need not be.
  const char* server = PQparameterStatus(pg(), "server_encoding");
  return server != nullptr && std::strcmp(server, "SQL_ASCII") == 0 ? "SQL_ASCII" : "UTF8";
}

void Connection::Impl::match_client_encoding() {
  const char* own = own_client_encoding();
  const char* now = PQparameterStatus(pg(), "client_encoding");
  if (now != nullptr && std::strcmp(now, own) == 0) return;
  const std::string sql = std::string("SET client_encoding TO '") + own + "'";
  const Traced traced(*this, sql);
  send(sql);
  while (ResultPtr result = next_result()) {
    if (PQresultStatus(result.get()) == PGRES_FATAL_ERROR) fail(std::move(result));
  }
}

void Connection::Impl::throw_lost(const std::string& words) const {
  throw ConnectionLost("connection to " + described() + " was lost: " + one_line(words.c_str()),
                       "the server's log tells why; is it up?");
}

std::string Connection::Impl::described() const {
  const auto text = [](const char* value) { return std::string(value == nullptr ? "" : value); };
  return text(PQuser(pg())) + "@" + text(PQhost(pg())) + ":" + text(PQport(pg())) + "/" + text(PQdb(pg()));
}

std::string Connection::described() const {
  return impl_->described();
}

int Connection::server_version() const {
  return PQserverVersion(impl_->pg());
}

std::string Connection::parameter(const char* name) const {
  const char* value = PQparameterStatus(impl_->pg(), name);
  return value == nullptr ? "" : value;
}

std::string Connection::database() const {
  return PQdb(impl_->pg());
}
std::string Connection::user() const {
  return PQuser(impl_->pg());
}
int Connection::backend_pid() const {
  return PQbackendPID(impl_->pg());
}

std::string Connection::encrypted_password(const std::string& password, const std::string& user) {
  // Whatever password_encryption says (md5 up to 13): every server knows this one, and whatever pg_hba.conf
  // asks a password by, md5 too, takes it.
  const std::unique_ptr<char, decltype(&PQfreemem)> encrypted(
      PQencryptPasswordConn(impl_->pg(), password.c_str(), user.c_str(), "scram-sha-256"), PQfreemem);
  if (!encrypted)
    throw Error(fmt::format("cannot encrypt a password: {}", one_line(PQerrorMessage(impl_->pg()))));
  return encrypted.get();
}

bool Connection::through_pooler() {
  return query("SELECT pg_catalog.pg_backend_pid()").integer(0, 0) != backend_pid();
}

std::string Connection::child_conninfo() const {
  std::map<std::string, std::string> parameters;
  const Options options = resolved_options(impl_->pg());
  for (const PQconninfoOption* option = options.get(); option != nullptr && option->keyword != nullptr;
       ++option) {
    if (worth_passing_on(*option)) parameters[option->keyword] = option->val;
  }
  // Of several hosts, and of several addresses of one, the one that we are connected to.
  const auto set = [&parameters](const char* keyword, const char* value) {
    parameters.erase(keyword);
    if (value != nullptr && *value != '\0') parameters[keyword] = value;
  };
  set("host", PQhost(impl_->pg()));
  set("hostaddr", PQhostaddr(impl_->pg()));
  set("port", PQport(impl_->pg()));
  set("user", PQuser(impl_->pg()));
  set("dbname", PQdb(impl_->pg()));
  return conninfo_text(parameters);
}

std::map<std::string, std::string> Connection::child_environment() const {
  std::map<std::string, std::string> environment = {{"PGAPPNAME", "pgassay"}};
  const char* password = PQpass(impl_->pg());
  if (password != nullptr && *password != '\0') environment["PGPASSWORD"] = password;
  const char* given = PQoptions(impl_->pg());
  std::string& options = environment["PGOPTIONS"] = given == nullptr ? "" : given;
  if (options.find("role=") == std::string::npos)  // a service file's
    options = std::string(kNobodyElse) + (options.empty() ? "" : " ") + options;
  return environment;
}

}  // namespace pgassay
