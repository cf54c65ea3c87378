// Requests that a proxy of a test passes on to the RGW.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

#include "core/system/fd.h"
#include "tests/store/rgw.h"

namespace pgassay::test {

/// The raw answer of the RGW to a raw request.
inline std::string forwarded(const std::string& request) {
  if (request.empty()) return {};  // a client that went away
  const std::string endpoint = rgw_endpoint();
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1))));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw_errno("can't connect", endpoint);
  std::string sent = request;
  sent.insert(sent.find("\r\n") + 2, "Connection: close\r\n");
  write_all(fd.get(), as_bytes(sent), "RGW");
  std::string answer(1 << 16, '\0'), all;
  while (const std::size_t got = read_some(fd.get(), std::as_writable_bytes(std::span(answer)), "RGW"))
    all += answer.substr(0, got);
  return all;
}

}  // namespace pgassay::test
