#include <libpq-fe.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "core/postgres/connection_impl.h"
#include "core/stream/row_counter.h"

namespace pgassay {
namespace {

/// Of COPY's output, handed to the sink at once: short rows come by the thousand.
constexpr std::size_t kChunk = 128 * 1024;
/// Of one CopyData message: the server and our libpq each hold a message whole.
constexpr std::size_t kLargestMessage = 256 * 1024;

/// Thrown through feed() to end it, when the server has failed already.
class ServerGaveUp : public ErrorAs<ServerGaveUp, ErrorKind::server_gave_up> {
 public:
  ServerGaveUp() : ErrorAs("the server refused the data") {}
};

class OnForNow {
 public:
  explicit OnForNow(bool& flag) : flag_(flag) { flag_ = true; }
  OnForNow(const OnForNow&) = delete;
  ~OnForNow() { flag_ = false; }

 private:
  bool& flag_;
};

}  // namespace

void Connection::Impl::await_copy(ExecStatusType direction) {
  while (ResultPtr result = next_result()) {
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == direction) return;
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
      fail(std::move(result));
    }
  }
  throw Error("a statement that should start a COPY did not");
}

std::uint64_t Connection::Impl::finish_copy() {
  std::uint64_t rows = 0;
  bool counted = false;
  while (ResultPtr result = next_result()) {
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail(std::move(result));
    const std::string_view tag = PQcmdTuples(result.get());
    if (counted || status != PGRES_COMMAND_OK) continue;
    counted = std::from_chars(tag.data(), tag.data() + tag.size(), rows).ec == std::errc();
  }
  if (!counted) throw Error("COPY ended without telling how many rows it moved");
  return rows;
}

/// PQgetCopyData would give a copy of every row: one more allocation for each, and twice the memory for the
/// longest. PQgetlineAsync gives a row (a CopyData message, in either format) out of libpq's own buffer, in
/// pieces when it is longer than what is left of the chunk. It knows no error: -1 ends the data, and the next
/// result tells why.
std::uint64_t Connection::Impl::stream_rows(ChunkSink& sink, RowFormat format) {
  if (!copy_chunk) copy_chunk = std::make_unique_for_overwrite<char[]>(kChunk);
  std::size_t filled = 0;
  std::uint64_t rows = 0;
  RowCounter counter(format);
  const auto hand_over = [&] {
    const Bytes chunk = std::as_bytes(std::span(copy_chunk.get(), filled));
    filled = 0;
    const OnFailure end_copy([this] { cancel(); });
    throw_if_stopped(stop);
    if (chunk.empty()) return;
    rows += counter.count(chunk);
    sink.chunk(chunk);
  };
  // Decrypted bytes that poll(2) cannot see are had by asking twice.
  const int looks = encrypted() ? 2 : 1;
  for (int looked = 0;;) {
    const int length = PQgetlineAsync(pg(), copy_chunk.get() + filled, static_cast<int>(kChunk - filled));
    if (length < 0) break;
    if (length > 0) {
      filled += static_cast<std::size_t>(length);
      if (filled == kChunk) hand_over();
      looked = 0;
      continue;
    }
    if (looked >= looks) {
      wait(POLLIN);
      looked = 0;
    }
    ++looked;
    if (PQconsumeInput(pg()) == 0) throw_lost(PQerrorMessage(pg()));
  }
  hand_over();
  return rows;
}

std::uint64_t Connection::copy_out(const std::string& sql, ChunkSink& sink, RowFormat format) {
  const OnForNow rows_are_due(impl_->copying_out);
  const Impl::Traced traced(*impl_, sql);
  impl_->send(sql);
  impl_->await_copy(PGRES_COPY_OUT);
  const std::uint64_t streamed = impl_->stream_rows(sink, format);
  const std::uint64_t counted = impl_->finish_copy();
  if (counted != streamed) {
    throw Error("COPY said " + std::to_string(counted) + " rows, but " + std::to_string(streamed) + " came");
  }
  impl_->match_client_encoding();
  return counted;
}

/// While COPY takes data, libpq keeps an error of the server to itself until the data's end, which may be
/// hours away. So look at the socket: unread bytes that begin as an ErrorResponse does ('E', its length,
/// 'S').
bool Connection::Impl::error_is_waiting() const {
  if (encrypted()) return false;
  char head[6];
  const ssize_t seen = recv(PQsocket(pg()), head, sizeof head, MSG_PEEK | MSG_DONTWAIT);
  return seen == static_cast<ssize_t>(sizeof head) && head[0] == 'E' && head[1] == 0 && head[5] == 'S';
}

class Connection::Impl::CopyInSink : public ChunkSink {
 public:
  explicit CopyInSink(Impl& impl) : impl_(impl) {}
  bool server_gave_up() const { return server_gave_up_; }

  void chunk(Bytes bytes) override {
    throw_if_stopped(impl_.stop);
    for (std::size_t at = 0; at < bytes.size(); at += kLargestMessage) {
      put(bytes.subspan(at, std::min(kLargestMessage, bytes.size() - at)));
    }
  }

 private:
  void put(Bytes message) {
    if (server_gave_up_ || impl_.error_is_waiting()) {
      server_gave_up_ = true;
      throw ServerGaveUp();
    }
    const auto* data = reinterpret_cast<const char*>(message.data());
    if (PQputCopyData(impl_.pg(), data, static_cast<int>(message.size())) != 1) {
      impl_.throw_lost(PQerrorMessage(impl_.pg()));
    }
    // Unsent bytes would pile up in libpq: it never refuses any.
    while (const int left = PQflush(impl_.pg())) {
      if (left < 0) impl_.throw_lost(PQerrorMessage(impl_.pg()));
      impl_.wait(POLLIN | POLLOUT);
      server_gave_up_ = server_gave_up_ || impl_.error_is_waiting();
      PQconsumeInput(impl_.pg());
    }
  }

  Impl& impl_;
  bool server_gave_up_ = false;
};

void Connection::Impl::end_copy_in(const char* error) {
  while (const int done = PQputCopyEnd(pg(), error)) {
    if (done == 1) break;
    if (done < 0) throw_lost(PQerrorMessage(pg()));
    wait(POLLIN | POLLOUT);
  }
  flush();
}

std::uint64_t Connection::copy_in(const std::string& sql, const std::function<void(ChunkSink&)>& feed) {
  const Impl::Traced traced(*impl_, sql);
  impl_->send(sql);
  impl_->await_copy(PGRES_COPY_IN);
  Impl::CopyInSink sink(*impl_);
  {
    const OnFailure abandon([this] { impl_->abandon_copy_in(); });
    try {
      feed(sink);
    } catch (const Error& error) {
      if (sink.server_gave_up()) {
        impl_->end_copy_in("the server has failed before");
        impl_->finish_copy();  // throws why
      }
      error.raise();
    }
  }
  impl_->end_copy_in(nullptr);
  const std::uint64_t rows = impl_->finish_copy();
  impl_->match_client_encoding();
  return rows;
}

void Connection::Impl::abandon_copy_in() noexcept {
  try {
    end_copy_in("the sender gave up");
    while (next_result()) {
    }
  } catch (const std::exception&) {
    // The error that goes on is the one that made us give up.
  }
}

}  // namespace pgassay
