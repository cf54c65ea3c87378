// One PGconn, used by one thread at a time. Every wait polls the stop_token it was opened with; on stop the
// running query is cancelled (PQcancel) and Stopped is thrown.
//
// Statement text goes in client_encoding UTF8, or SQL_ASCII when that is the server's encoding. Rows are
// COPYed with ENCODING set to the server's, in binary with client_encoding set to it, so they are never
// converted.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/postgres/types.h"
#include "core/stream/part.h"
#include "core/system/clock.h"
#include "core/system/error.h"

namespace pgassay {

/// What may pass without a byte from the server before it is taken to be stuck (ServerSilent); 0:
/// any.
struct SilenceLimits {
  Seconds rows{0};       ///< in a copy_out()
  Seconds statement{0};  ///< in any other statement, which may have to wait for locks
};

class Connection;

/// By which a connection makes sure whom it talks to. Used from every thread that connects. Throws
/// AnotherServer.
class ServerProof {
 public:
  virtual ~ServerProof() = default;
  virtual void check_socket(int socket) const = 0;  ///< before anything is sent over it
  virtual void check_server(
      Connection& connection) const = 0;  ///< before it is given to whoever asked for it
};

/// libpq connection parameters by keyword. What is absent comes from libpq's own places: PGHOST, PGSERVICE,
/// ~/.pgpass.
struct ConnInfo {
  std::map<std::string, std::string> parameters;
  std::string role =
      {};  ///< that the session becomes once it is connected (SET ROLE); empty: it stays who it is
  SilenceLimits silence = {};
  std::shared_ptr<const ServerProof> proof =
      {};  ///< none: whoever answers is taken for the one that is meant

  /// What -d/--dbname takes: a database name, a conninfo string or a URI; empty: all from the environment.
  /// Throws UsageError, which never repeats the text (it may hold a password).
  static ConnInfo parse(std::string_view text);
  ConnInfo with_database(std::string_view dbname) const;
};

/// An error the server reported, with its SQLSTATE ("55P03") and, where it sent them, detail, hint and
/// context.
/// A function may raise an error with the SQLSTATE of a server in trouble (core/postgres/server_trouble.h):
/// that is P0001 here, as of any error that an application raises.
class ServerError : public ErrorAs<ServerError, ErrorKind::server> {
 public:
  ServerError(std::string what, std::string hint, std::string sqlstate, std::string context = {})
      : ErrorAs(Facts{.what = std::move(what),
                      .hint = std::move(hint),
                      .kind = ErrorKind::server,
                      .sqlstate = std::move(sqlstate)}),
        context_(std::move(context)) {}
  /// Where in the server it happened, a line each: "PL/pgSQL function public.valid(integer) line 1 at
  /// RETURN".
  const std::string& context() const { return context_; }

 private:
  std::string context_;
};

/// The connection could not be made, or was lost.
class ConnectionLost : public ErrorAs<ConnectionLost, ErrorKind::connection_lost> {
 public:
  using ErrorAs::ErrorAs;
};

/// The connection stands, but the server has said nothing for longer than the limit. The connection is then
/// good for nothing but closing.
class ServerSilent : public ErrorAs<ServerSilent, ErrorKind::server_silent> {
 public:
  using ErrorAs::ErrorAs;
};

/// Rows of text; a copy-free view of a PGresult.
class Result {
 public:
  explicit Result(void* pg_result);
  int rows() const;
  bool null(int row, int column) const;
  std::string text(int row, int column) const;  ///< "" for NULL
  bool boolean(int row, int column) const;
  std::int64_t integer(int row, int column) const;  ///< throws Error
  std::uint64_t unsigned_integer(int row, int column) const;
  Oid oid(int row, int column) const;

 private:
  std::shared_ptr<void> result_;
};

class Connection {
 public:
  /// Connects with keepalives on and application_name as given; waits at most connect_timeout (default 15 s
  /// when neither the parameters nor PGCONNECT_TIMEOUT say otherwise).
  static Connection open(const ConnInfo& info, std::string_view application_name, std::stop_token stop);
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  /// One or more statements of which the last one's rows are returned. With parameters: exactly one ($1,
  /// ...).
  Result query(const std::string& sql);
  Result query(const std::string& sql, const std::vector<std::optional<std::string>>& parameters);

  /// Statements that end with one COPY … TO STDOUT in that format. Its output is passed to the sink in chunks
  /// cut anywhere; that which came before an error too. Returns the row count of COPY's own command tag;
  /// throws Error when it differs from the rows that were streamed. An exception of the sink cancels the COPY
  /// and goes on; the connection is then good for nothing but closing, as after a stop. Memory: libpq's input
  /// buffer, about 1 x the longest row as COPY writes it.
  std::uint64_t copy_out(const std::string& sql, ChunkSink& sink, RowFormat format = RowFormat::text);
  /// Statements that end with one COPY … FROM STDIN; feed() is called with a sink for its data, in chunks cut
  /// anywhere. Returns the row count of COPY's tag. When feed throws, the COPY is ended with an error and the
  /// exception goes on.
  /// The statements of either may set client_encoding: it is put back when the COPY has ended well.
  std::uint64_t copy_in(const std::string& sql, const std::function<void(ChunkSink&)>& feed);

  int server_version() const;                     ///< as PQserverVersion: 150013
  std::string parameter(const char* name) const;  ///< PQparameterStatus
  std::string server_encoding() const { return parameter("server_encoding"); }
  std::string database() const;
  std::string user() const;
  /// What CREATE ROLE … PASSWORD takes instead of the password itself, which then is in no log.
  std::string encrypted_password(const std::string& password, const std::string& user);
  bool through_pooler();  ///< our backend's pid is not the one the server greeted us with
  int backend_pid() const;

  /// For a child process (pg_dump, pg_restore): conninfo to the very same server (host, port, user, database,
  /// ssl…), without the password, which is in the environment map (PGPASSWORD) with every other secret, as
  /// are the options that this session was opened with (PGOPTIONS), the user's own among them.
  std::string child_conninfo() const;
  std::map<std::string, std::string> child_environment() const;
  /// Where it is connected to, for messages: user@host:port/database.
  std::string described() const;

 private:
  struct Impl;
  static Connection open_as_ourselves(const ConnInfo& info, std::string_view application_name,
                                      std::stop_token stop);
  static Connection open(const std::map<std::string, std::string>& parameters, const ConnInfo& info,
                         std::stop_token stop);
  explicit Connection(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pgassay
