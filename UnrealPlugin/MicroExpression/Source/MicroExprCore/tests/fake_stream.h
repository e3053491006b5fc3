// One RPC of the fake server.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "fake_server.h"

class FakeStream : public microexpr::Stream {
 public:
  FakeStream(std::shared_ptr<FakeServer> server, std::string method);
  ~FakeStream() override;
  bool write(const std::string& message) override;
  bool writes_done() override;
  bool read(std::string* message) override;
  microexpr::Status finish() override;
  void cancel() override;

  void end(microexpr::Status status);  // the lock is held
  void deliver(const std::string& message) { out_.push_back(message); }
  bool is_subscription() const { return subscribed_; }

 private:
  void answer(const std::string& request);
  void answer_list(const std::string& bytes);
  void answer_put(const std::string& request);
  void answer_subscribe(const std::string& request);
  void send_take(const std::string& take_id);
  void catch_up();
  void send_entry(const FakeServer::Entry& entry);

  const std::shared_ptr<FakeServer> server_;
  const std::string method_;
  std::deque<std::string> out_;
  std::size_t sent_ = 0;
  bool ended_ = false;
  bool cancelled_ = false;
  microexpr::Status status_;
  // Subscribe:
  bool subscribed_ = false;
  bool content_ = false;
  std::uint64_t cursor_ = 0;
  // PutTake:
  std::string put_id_;
  samples::Parts put_parts_;
};
