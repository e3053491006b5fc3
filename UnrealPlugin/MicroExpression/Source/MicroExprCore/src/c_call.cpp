// The C border of running and finished calls.
#include "border.h"
#include "c_handles.h"

namespace microexpr {
namespace {

Status no_such(const char* what) { return {MICROEXPR_NOT_FOUND, std::string("this call has no ") + what}; }

int poll(microexpr_call* call, microexpr_progress* progress) {
  const int code = call->call->poll(&call->polled, &call->message);
  if (progress != nullptr) {
    progress->stage = call->polled.stage.c_str();
    progress->done = call->polled.done;
    progress->total = call->polled.total;
  }
  return code < 0 ? report(code, call->message.c_str()) : code;
}

Status get_info(const CallResult& result, microexpr_server_info* info) {
  if (!result.has_info) return no_such("server information");
  info->server_version = result.info.server_version.c_str();
  info->store_id = result.info.store_id.c_str();
  info->last_sequence = result.info.last_sequence;
  info->max_take_bytes = result.info.max_take_bytes;
  info->protocol = result.info.protocol;
  info->analysis = result.info.analysis ? 1 : 0;
  info->rigs = result.rigs.data();
  info->rig_count = result.rigs.size();
  info->emotions = result.emotions.data();
  info->emotion_count = result.emotions.size();
  return {};
}

// Reads a result: PENDING before the call is done, its own error if it failed.
template <class Read>
int read_result(const microexpr_call* call, const void* result, Read read) {
  if (call == nullptr || result == nullptr) return report(MICROEXPR_INVALID_ARGUMENT, "an argument is NULL");
  return guarded([&]() -> Status {
    std::string message;
    const int code = call->call->poll(nullptr, &message);
    if (code == MICROEXPR_PENDING) return {MICROEXPR_PENDING, "the call is not done yet"};
    if (code != MICROEXPR_OK) return {code, message};
    return read(call->call->result());
  });
}

}  // namespace
}  // namespace microexpr

using microexpr::CallResult;
using microexpr::Status;

extern "C" {

int microexpr_call_poll(microexpr_call* call, microexpr_progress* progress) {
  if (call == nullptr) return microexpr::report(MICROEXPR_INVALID_ARGUMENT, "call is NULL");
  if (progress != nullptr) {
    const Status status = microexpr::check_struct(progress, "progress");
    if (!status.ok()) return microexpr::report(status);
  }
  int code = MICROEXPR_PENDING;
  const int failed = microexpr::guarded([&] {
    code = microexpr::poll(call, progress);
    return Status();
  });
  return failed != MICROEXPR_OK ? failed : code;
}

const char* microexpr_call_message(const microexpr_call* call) { return call == nullptr ? "" : call->message.c_str(); }

int microexpr_call_cancel(microexpr_call* call) {
  if (call == nullptr) return microexpr::report(MICROEXPR_INVALID_ARGUMENT, "call is NULL");
  return microexpr::guarded([&]() -> Status {
    call->call->cancel();
    return {};
  });
}

void microexpr_call_destroy(microexpr_call* call) {
  if (call == nullptr) return;
  (void)microexpr::guarded([&]() -> Status {
    call->call->cancel();
    call->call->join();
    delete call;
    return {};
  });
}

int microexpr_call_get_info(const microexpr_call* call, microexpr_server_info* info) {
  return microexpr::read_result(call, info, [&](const CallResult& result) {
    const Status status = microexpr::check_struct(info, "info");
    return status.ok() ? microexpr::get_info(result, info) : status;
  });
}

int microexpr_call_get_summary(const microexpr_call* call, size_t position, microexpr_take_summary* summary) {
  return microexpr::read_result(call, summary, [&](const CallResult& result) {
    Status status = microexpr::check_struct(summary, "summary");
    if (!status.ok()) return status;
    if (position >= result.summaries.size()) return microexpr::no_such("summary at this position");
    microexpr::fill(result.summaries[position], summary);
    return status;
  });
}

int microexpr_call_get_page_token(const microexpr_call* call, const char** page_token) {
  return microexpr::read_result(call, page_token, [&](const CallResult& result) {
    if (!result.has_page_token) return microexpr::no_such("page token");
    *page_token = result.page_token.c_str();
    return Status();
  });
}

int microexpr_call_get_already_stored(const microexpr_call* call, int* already_stored) {
  return microexpr::read_result(call, already_stored, [&](const CallResult& result) {
    if (!result.has_already_stored) return microexpr::no_such("answer to a push");
    *already_stored = result.already_stored ? 1 : 0;
    return Status();
  });
}

int microexpr_call_get_take(const microexpr_call* call, microexpr_take** take) {
  return microexpr::read_result(call, take, [&](const CallResult& result) {
    *take = nullptr;
    if (result.take == nullptr) return microexpr::no_such("take");
    (void)microexpr_take_retain(result.take.get());
    *take = result.take.get();
    return Status();
  });
}

}  // extern "C"
