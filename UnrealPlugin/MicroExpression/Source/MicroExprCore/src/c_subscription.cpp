// The C border of subscriptions.
#include "border.h"
#include "c_handles.h"

namespace microexpr {
namespace {

constexpr std::uint32_t kMaxLiveFrames = 4096;

Status subscribe(microexpr_client* client, const microexpr_subscribe_options* options,
                 microexpr_subscription** subscription) {
  if (subscription == nullptr) return invalid("subscription is NULL");
  *subscription = nullptr;
  if (client == nullptr) return invalid("client is NULL");
  if (Status status = check_struct(options, "options"); !status.ok()) return status;
  Subscribing from;
  Status status = copy_text(options->store_id, "store_id", kMaxText, false, &from.store_id);
  if (status.ok()) status = copy_text(options->take_id_prefix, "take_id_prefix", kMaxName, false, &from.take_id_prefix);
  if (!status.ok()) return status;
  if (from.store_id.empty() && options->since_sequence != 0) {
    return invalid("since_sequence counts only together with the store_id it was stored with");
  }
  if (options->takes == 0 && options->live == 0) return invalid("takes, live: expected at least one of them");
  if (options->live_queue > kMaxLiveFrames) return invalid("live_queue: expected at most 4096");
  from.since_sequence = options->since_sequence;
  from.takes = options->takes != 0;
  from.live = options->live != 0;
  from.content = options->content != 0;
  SubscriptionLimits limits;
  if (options->live_queue != 0) limits.live_frames = options->live_queue;
  auto handle =
      std::make_unique<microexpr_subscription>(std::make_shared<Subscription>(client->state, std::move(from), limits));
  status = handle->subscription->start();
  if (status.ok()) *subscription = handle.release();
  return status;
}

void fill_live(const Update& update, const std::vector<const char*>& names, microexpr_update* result) {
  result->subject_id = update.subject_id;
  if (update.kind == Update::Kind::kLiveHeader) result->subject = update.text.c_str();
  result->names = names.data();
  result->name_count = names.size();
  result->values = update.values.data();
  result->value_count = update.values.size();
  result->time_s = update.time_s;
  result->sent_unix_s = update.sent_unix_s;
  result->dropped = update.dropped;
}

// What the host sees of the event that its subscription holds until the next poll.
void fill_update(const Event& event, const std::vector<const char*>& names, microexpr_update* result) {
  const Update& update = event.update;
  const std::uint32_t size = result->struct_size;  // a newer host's may be larger than ours
  MICROEXPR_INIT(result);
  result->struct_size = size;
  result->kind = event.kind;
  result->reset = update.reset ? 1 : 0;
  result->store_id = event.store_id.c_str();
  result->resume_sequence = update.resume_sequence;
  result->take_id = result->subject = "";
  if (event.kind == MICROEXPR_UPDATE_COMMITTED) result->take_id = update.summary.take_id.c_str();
  if (event.kind == MICROEXPR_UPDATE_DELETED) result->take_id = update.text.c_str();
  fill(update.summary, &result->summary);
  result->take = event.take.get();
  result->take_status = event.take_status.code;
  result->message = event.take_status.message.c_str();
  fill_live(update, names, result);
}

int poll(microexpr_subscription* subscription, microexpr_update* update) {
  Event event;
  const int code = subscription->subscription->poll(&event);
  if (code < 0) return report(code, subscription->subscription->message().c_str());
  if (code != MICROEXPR_OK) return code;
  subscription->polled = std::move(event);
  subscription->names.clear();
  for (const std::string& name : subscription->polled.update.names) subscription->names.push_back(name.c_str());
  fill_update(subscription->polled, subscription->names, update);
  return MICROEXPR_OK;
}

}  // namespace
}  // namespace microexpr

using microexpr::Status;

extern "C" {

int microexpr_subscribe(microexpr_client* client, const microexpr_subscribe_options* options,
                        microexpr_subscription** subscription) {
  return microexpr::guarded([&] { return microexpr::subscribe(client, options, subscription); });
}

int microexpr_subscription_poll(microexpr_subscription* subscription, microexpr_update* update) {
  if (subscription == nullptr) return microexpr::report(MICROEXPR_INVALID_ARGUMENT, "subscription is NULL");
  int code = MICROEXPR_PENDING;
  const int failed = microexpr::guarded([&] {
    const Status status = microexpr::check_struct(update, "update");
    if (status.ok()) code = microexpr::poll(subscription, update);
    return status;
  });
  return failed != MICROEXPR_OK ? failed : code;
}

const char* microexpr_subscription_message(microexpr_subscription* subscription) {
  if (subscription == nullptr) return "";
  (void)microexpr::guarded([&]() -> Status {
    subscription->message = subscription->subscription->message();
    return {};
  });
  return subscription->message.c_str();
}

int microexpr_subscription_is_connected(const microexpr_subscription* subscription) {
  return subscription != nullptr && subscription->subscription->is_connected() ? 1 : 0;
}

int microexpr_subscription_cancel(microexpr_subscription* subscription) {
  if (subscription == nullptr) return microexpr::report(MICROEXPR_INVALID_ARGUMENT, "subscription is NULL");
  return microexpr::guarded([&]() -> Status {
    subscription->subscription->cancel();
    return {};
  });
}

void microexpr_subscription_destroy(microexpr_subscription* subscription) {
  if (subscription == nullptr) return;
  (void)microexpr::guarded([&]() -> Status {
    subscription->subscription->cancel();
    subscription->subscription->join();
    delete subscription;
    return {};
  });
}

}  // extern "C"
