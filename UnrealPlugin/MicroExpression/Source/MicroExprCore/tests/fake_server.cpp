#include "fake_server.h"

#include <chrono>
#include <thread>

#include "fake_stream.h"
#include "from_wire.h"

namespace wire = ::microexpr::v1;

std::unique_ptr<microexpr::Stream> FakeServer::open(const char* method, std::uint32_t) {
  return std::make_unique<FakeStream>(shared_from_this(), method);
}

void FakeServer::commit(const std::string& take_id, const samples::Parts& parts) {
  const std::lock_guard<std::mutex> lock(mutex_);
  takes_[take_id] = parts;
  log_.push_back({++sequence_, take_id, false, parts});
  changed_.notify_all();
}

void FakeServer::announce_without_content(const std::string& take_id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  log_.push_back({++sequence_, take_id, false, {}});
  changed_.notify_all();
}

void FakeServer::remove(const std::string& take_id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  takes_.erase(take_id);
  log_.push_back({++sequence_, take_id, true, {}});
  changed_.notify_all();
}

void FakeServer::recreate(const std::string& store_id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  store_id_ = store_id;
  sequence_ = 0;
  log_.clear();
  takes_.clear();
}

void FakeServer::deliver_live(const std::string& update) {
  for (FakeStream* stream : streams_) {
    if (stream->is_subscription()) stream->deliver(update);
  }
  changed_.notify_all();
}

void FakeServer::live_header(std::uint64_t subject, const std::string& name, const std::vector<std::string>& names) {
  wire::Update update;
  update.mutable_live()->set_subject_id(subject);
  update.mutable_live()->mutable_header()->set_subject(name);
  for (const auto& control : names) update.mutable_live()->mutable_header()->add_names(control);
  const std::lock_guard<std::mutex> lock(mutex_);
  live_headers_[subject] = update.SerializeAsString();
  deliver_live(live_headers_[subject]);
}

void FakeServer::live_frame(std::uint64_t subject, double time_s, const std::vector<float>& values) {
  wire::Update update;
  update.mutable_live()->set_subject_id(subject);
  update.mutable_live()->mutable_frame()->set_time_s(time_s);
  for (const float value : values) update.mutable_live()->mutable_frame()->add_values(value);
  const std::lock_guard<std::mutex> lock(mutex_);
  deliver_live(update.SerializeAsString());
}

void FakeServer::live_end(std::uint64_t subject) {
  wire::Update update;
  update.mutable_live()->set_subject_id(subject);
  update.mutable_live()->mutable_end();
  const std::lock_guard<std::mutex> lock(mutex_);
  live_headers_.erase(subject);
  deliver_live(update.SerializeAsString());
}

void FakeServer::set_down(bool down) {
  const std::lock_guard<std::mutex> lock(mutex_);
  down_ = down;
}

void FakeServer::break_now() {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (FakeStream* stream : streams_) stream->end({MICROEXPR_UNAVAILABLE, "the server was killed"});
  changed_.notify_all();
}

void FakeServer::break_after(std::size_t messages) {
  const std::lock_guard<std::mutex> lock(mutex_);
  break_after_ = messages;
}

void FakeServer::hang(const std::string& method) {
  const std::lock_guard<std::mutex> lock(mutex_);
  hanging_.insert(method);
}

void FakeServer::script(const std::string& method, std::vector<std::string> messages, microexpr::Status status) {
  const std::lock_guard<std::mutex> lock(mutex_);
  scripts_[method] = {std::move(messages), std::move(status)};
}

std::size_t FakeServer::subscriptions() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return subscriptions_;
}

std::size_t FakeServer::open_streams() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return streams_.size();
}

FakeClient::FakeClient(std::shared_ptr<FakeServer> server, microexpr::ClientSettings settings)
    : client_(microexpr::make_client(std::move(settings), std::move(server))) {}

int wait_for(microexpr_call* call) {
  for (int i = 0; i < 10000; ++i) {
    const int code = microexpr_call_poll(call, nullptr);
    if (code != MICROEXPR_PENDING) return code;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return MICROEXPR_PENDING;
}

int wait_for(microexpr_subscription* subscription, microexpr_update* update, int patience_ms) {
  MICROEXPR_INIT(update);
  for (int i = 0; i <= patience_ms; ++i) {
    const int code = microexpr_subscription_poll(subscription, update);
    if (code != MICROEXPR_PENDING) return code;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return MICROEXPR_PENDING;
}

namespace {
std::shared_ptr<FakeServer>& reachable_server() {
  static std::shared_ptr<FakeServer> server;
  return server;
}
}  // namespace

void FakeServer::reachable(std::shared_ptr<FakeServer> server) { reachable_server() = std::move(server); }

// The library's own client_create, where there is no gRPC: a server that does not answer, unless one was named.
std::shared_ptr<microexpr::Transport> microexpr::make_grpc_transport(const TransportOptions&) {
  if (reachable_server() != nullptr) return reachable_server();
  auto server = std::make_shared<FakeServer>();
  server->set_down(true);
  return server;
}
