// Private to connection.cc, query.cc and copy.cc: the PGconn and the waits on it.
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>

#include "core/postgres/connection.h"
#include "core/system/cancellation.h"
#include "core/system/trace.h"

namespace pgassay {

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, ClearResult>;

struct FinishConnection {
  void operator()(PGconn* conn) const { PQfinish(conn); }
};

/// The system's words on one line.
std::string one_line(const char* text);

struct Connection::Impl {
  Impl(const SilenceLimits& limits, std::stop_token stop_token)
      : silence(limits), stop(stop_token), stop_fd(stop_token) {}

  const SilenceLimits silence;
  bool copying_out = false;  ///< rows are due: the stricter limit holds
  std::chrono::steady_clock::duration silent{};

  std::stop_token stop;
  StopFd stop_fd;
  std::unique_ptr<PGconn, FinishConnection> conn;
  /// Of copy_out(); made with the first, kept for the next.
  std::unique_ptr<char[]> copy_chunk;
  class Traced;
  Traced* running = nullptr;  ///< null: no statement runs
  bool deaf = false;          ///< nobody heard the last cancel(): another would take as long, and be as vain

  PGconn* pg() const { return conn.get(); }
  void connect();
  void connect_traced();  ///< the trace says where to, and how long it took
  /// That statements are written in.
  const char* own_client_encoding() const;
  /// Sets client_encoding to it, where it is another.
  void match_client_encoding();
  /// Polls the socket. On stop the running query is cancelled and Stopped thrown. Throws ServerSilent.
  void wait(short events);
  void cancel();
  bool encrypted() const;
  /// Gives the statement to the server, whole.
  void send(const std::string& sql);
  void flush();
  /// The next result of the running statement; null when it is over. Never throws for a server's error.
  ResultPtr next_result();
  /// Reads what is left of the statement, then throws the error that `failed` holds.
  [[noreturn]] void fail(ResultPtr failed);
  [[noreturn]] void throw_lost(const std::string& words) const;
  /// Results to the end; the last one.
  Result last_rows();
  /// Results up to the COPY that the statement is expected to start.
  void await_copy(ExecStatusType direction);
  /// Results after the COPY's data; its row count.
  std::uint64_t finish_copy();
  /// COPY's output to its end. Returns how many rows that was.
  std::uint64_t stream_rows(ChunkSink& sink, RowFormat format);
  class CopyInSink;
  bool error_is_waiting() const;
  void end_copy_in(const char* error);
  void abandon_copy_in() noexcept;
  std::string described() const;
};

/// The trace's event of a statement, while it runs.
class Connection::Impl::Traced {
 public:
  using Parameters = std::vector<std::optional<std::string>>;
  Traced(Impl& impl, const std::string& sql, const Parameters& parameters = {});
  Traced(const Traced&) = delete;
  ~Traced() { impl_.running = outer_; }
  void failed(const std::string& sqlstate) { event_.text("sqlstate", sqlstate); }

 private:
  Impl& impl_;
  Traced* const outer_;
  TraceEvent event_{"statement"};
};

}  // namespace pgassay
