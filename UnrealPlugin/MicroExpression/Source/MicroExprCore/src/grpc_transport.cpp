// The only file that knows gRPC. Generic calls over bytes, so that no generated service is needed; each stream has its
// own completion queue and waits on it, which makes the asynchronous interface a plain blocking one.
#include <grpc/grpc.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "transport.h"

namespace microexpr {
namespace {

constexpr int kMaxMessageBytes = 16 << 20;  // a list of 500 summaries with many events; parts are far smaller
constexpr int kKeepaliveMs = 30000;
constexpr int kKeepaliveTimeoutMs = 10000;

int to_status(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::OK:
      return MICROEXPR_OK;
    case grpc::StatusCode::CANCELLED:
      return MICROEXPR_CANCELLED;
    case grpc::StatusCode::INVALID_ARGUMENT:
      return MICROEXPR_INVALID_ARGUMENT;
    case grpc::StatusCode::OUT_OF_RANGE:
      return MICROEXPR_INVALID_ARGUMENT;
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return MICROEXPR_DEADLINE_EXCEEDED;
    case grpc::StatusCode::NOT_FOUND:
      return MICROEXPR_NOT_FOUND;
    case grpc::StatusCode::ALREADY_EXISTS:
      return MICROEXPR_ALREADY_EXISTS;
    case grpc::StatusCode::PERMISSION_DENIED:
      return MICROEXPR_PERMISSION_DENIED;
    case grpc::StatusCode::UNAUTHENTICATED:
      return MICROEXPR_UNAUTHENTICATED;
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return MICROEXPR_RESOURCE_EXHAUSTED;
    case grpc::StatusCode::FAILED_PRECONDITION:
      return MICROEXPR_FAILED_PRECONDITION;
    case grpc::StatusCode::ABORTED:
      return MICROEXPR_ABORTED;
    case grpc::StatusCode::UNIMPLEMENTED:
      return MICROEXPR_UNIMPLEMENTED;
    case grpc::StatusCode::UNAVAILABLE:
      return MICROEXPR_UNAVAILABLE;
    case grpc::StatusCode::DATA_LOSS:
      return MICROEXPR_DATA_LOSS;
    default:
      return MICROEXPR_INTERNAL;
  }
}

grpc::ByteBuffer to_buffer(const std::string& message) {
  const grpc::Slice slice(message);
  return grpc::ByteBuffer(&slice, 1);
}

bool to_bytes(const grpc::ByteBuffer& buffer, std::string* message) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return false;
  message->clear();
  message->reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) {
    message->append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return true;
}

class GrpcStream final : public Stream {
 public:
  GrpcStream(grpc::GenericStub& stub, const char* method, std::uint32_t deadline_ms, const TransportOptions& options)
      : address_(options.address) {
    if (deadline_ms > 0) {
      context_.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(deadline_ms));
    }
    if (!options.token.empty()) context_.AddMetadata("authorization", "Bearer " + options.token);
    call_ = stub.PrepareCall(&context_, method, &queue_);
    call_->StartCall(this);  // waited for in the first operation, so that a stream that never connects can be cancelled
  }

  ~GrpcStream() override {
    if (!finished_) {
      context_.TryCancel();
      (void)finish();
    }
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
  }

  bool write(const std::string& message) override {
    if (!is_alive()) return false;
    call_->Write(to_buffer(message), this);
    return alive_ = wait();
  }

  bool writes_done() override {
    if (!is_alive()) return false;
    call_->WritesDone(this);
    return alive_ = wait();
  }

  bool read(std::string* message) override {
    (void)is_alive();  // also after a failed write: what the server sent before is still there
    grpc::ByteBuffer buffer;
    call_->Read(&buffer, this);
    return wait() && to_bytes(buffer, message);
  }

  Status finish() override {
    (void)is_alive();
    grpc::Status status;
    call_->Finish(&status, this);
    (void)wait();
    finished_ = true;
    if (status.ok()) return {};
    std::string sentence = status.error_message();
    if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
      sentence = "no microexpr server answers at " + address_ + ": start one with: microexpr serve (" + sentence + ")";
    }
    return {to_status(status.error_code()), std::move(sentence)};
  }

  void cancel() override { context_.TryCancel(); }

 private:
  bool is_alive() {
    if (!started_) alive_ = wait();
    started_ = true;
    return alive_;
  }

  // One operation is under way at a time, so the next event is its end.
  bool wait() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  const std::string address_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  bool started_ = false;
  bool alive_ = false;
  bool finished_ = false;
};

std::shared_ptr<grpc::ChannelCredentials> make_credentials(const TransportOptions& options) {
  if (options.tls_root_pem.empty()) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = options.tls_root_pem;
  tls.pem_private_key = options.tls_key_pem;
  tls.pem_cert_chain = options.tls_cert_pem;
  return grpc::SslCredentials(tls);
}

grpc::ChannelArguments make_arguments(const TransportOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // a quiet subscription is pinged as long as it lasts
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // clients share no connections
  // Without TLS the address is this machine: a proxy of the environment has nothing to do with it.
  if (options.tls_root_pem.empty()) arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  if (!options.tls_server_name.empty()) arguments.SetSslTargetNameOverride(options.tls_server_name);
  return arguments;
}

class GrpcTransport final : public Transport {
 public:
  explicit GrpcTransport(const TransportOptions& options) : options_(options) {
    grpc_init();
    channel_ = grpc::CreateCustomChannel(options.address, make_credentials(options), make_arguments(options));
    stub_ = std::make_unique<grpc::GenericStub>(channel_);
  }

  // Waits for gRPC's own threads when this was the last client: the library may be unloaded afterwards.
  ~GrpcTransport() override {
    stub_.reset();
    channel_.reset();
    grpc_shutdown_blocking();
  }

  std::unique_ptr<Stream> open(const char* method, std::uint32_t deadline_ms) override {
    return std::make_unique<GrpcStream>(*stub_, method, deadline_ms, options_);
  }

 private:
  const TransportOptions options_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<grpc::GenericStub> stub_;
};

}  // namespace

std::shared_ptr<Transport> make_grpc_transport(const TransportOptions& options) {
  return std::make_shared<GrpcTransport>(options);
}

}  // namespace microexpr
