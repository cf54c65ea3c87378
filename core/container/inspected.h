// What `inspect` says about a container; docker and podman write the same document.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/system/fd.h"

namespace pgassay {

struct InspectedContainer {
  std::string id, name;
  std::string image;         ///< as it was named when the container was made: "postgres:15"
  std::string status;        ///< "running", "exited", "paused", …
  std::string network_mode;  ///< "host", "none", "container:ID", the name of a network
  std::map<std::string, std::string> environment, labels;

  struct Published {
    unsigned port;        ///< inside
    std::string address;  ///< on the host; empty, "0.0.0.0", "::": all of them
    unsigned host_port;
  };
  std::vector<Published> published;    ///< TCP only
  std::vector<std::string> addresses;  ///< on its networks, those of IPv4 first
  std::map<std::string, std::vector<std::string>>
      networks;                        ///< name → its addresses there; of a stopped one none
  std::string health;                  ///< "healthy", "starting", "unhealthy"; empty: it has no health check
  std::vector<std::string> arguments;  ///< of the program that it runs

  struct Mount {
    Path inside, outside;
  };
  std::vector<Mount> mounts;

  bool running() const { return status == "running"; }
  std::string variable(const std::string& name) const;  ///< of its environment; "" where it is not set
};

/// Throws Error when it is not what inspect writes. The text is not repeated: it holds passwords.
std::vector<InspectedContainer> parse_inspected(std::string_view json);

}  // namespace pgassay
