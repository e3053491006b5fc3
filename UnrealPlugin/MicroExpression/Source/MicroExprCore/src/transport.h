// The way to a server, as bytes: every RPC is a stream of messages out and a stream of messages in.
// Filled in by gRPC (grpc_transport.cpp) and, in tests, by a fake.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "status.h"

namespace microexpr {

// One RPC. One thread uses it, except for cancel.
class Stream {
 public:
  virtual ~Stream() = default;
  virtual bool write(const std::string& message) = 0;  // false: the RPC is over, finish tells why
  virtual bool writes_done() = 0;
  virtual bool read(std::string* message) = 0;  // false: no more
  virtual Status finish() = 0;                  // once, after the last read; waits for the server's status
  virtual void cancel() = 0;                    // any thread: what waits returns soon, finish says CANCELLED
};

class Transport {
 public:
  virtual ~Transport() = default;
  // Returns at once; a server that cannot be reached shows in the first read or finish. deadline_ms 0: none.
  virtual std::unique_ptr<Stream> open(const char* method, std::uint32_t deadline_ms) = 0;
};

struct TransportOptions {
  std::string address;
  std::string tls_root_pem;  // empty: no TLS
  std::string tls_cert_pem;
  std::string tls_key_pem;
  std::string tls_server_name;
  std::string token;
};

std::shared_ptr<Transport> make_grpc_transport(const TransportOptions& options);

}  // namespace microexpr
