// Live frames: in order, newest kept when the host is slow, losses counted.
#include <chrono>
#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include "check.h"
#include "fake_server.h"
#include "from_wire.h"
#include "messages.h"

namespace wire = ::microexpr::v1;

namespace {

microexpr_subscription* subscribe(microexpr_client* client, std::uint32_t live_queue) {
  microexpr_subscribe_options options;
  MICROEXPR_INIT(&options);
  options.live = 1;
  options.live_queue = live_queue;
  microexpr_subscription* subscription = nullptr;
  CHECK_EQUAL(microexpr_subscribe(client, &options, &subscription), MICROEXPR_OK);
  microexpr_update update;
  CHECK_EQUAL(wait_for(subscription, &update), MICROEXPR_OK);
  CHECK_EQUAL(update.kind, MICROEXPR_UPDATE_WELCOME);
  return subscription;
}

void check_frames() {
  const auto server = std::make_shared<FakeServer>();
  const FakeClient client(server);
  microexpr_subscription* const subscription = subscribe(client, 0);
  server->live_header(7, "clip", {"browDownL", "jawOpen"});
  microexpr_update update;
  CHECK_EQUAL(wait_for(subscription, &update), MICROEXPR_OK);
  CHECK(update.kind == MICROEXPR_UPDATE_LIVE_HEADER && std::string(update.subject) == "clip");
  CHECK(update.subject_id == 7 && update.name_count == 2 && std::string(update.names[1]) == "jawOpen");
  for (int i = 0; i < 10; ++i) {
    server->live_frame(7, 0.5 * i, {0.25f, 0.125f * static_cast<float>(i)});
    CHECK_EQUAL(wait_for(subscription, &update), MICROEXPR_OK);
    CHECK(update.kind == MICROEXPR_UPDATE_LIVE_FRAME && update.time_s == 0.5 * i && update.dropped == 0);
    CHECK(update.value_count == 2 && update.values[1] == 0.125f * static_cast<float>(i));
    CHECK_EQUAL(update.resume_sequence, 0);
  }
  server->live_end(7);
  CHECK_EQUAL(wait_for(subscription, &update), MICROEXPR_OK);
  CHECK(update.kind == MICROEXPR_UPDATE_LIVE_END && update.subject_id == 7);
  microexpr_subscription_destroy(subscription);
}

// 100 frames of two subjects while the host sleeps: the newest four of each stay; with what was dropped all are
// counted.
void check_slow_host() {
  const auto server = std::make_shared<FakeServer>();
  const FakeClient client(server);
  microexpr_subscription* const subscription = subscribe(client, 4);
  for (const std::uint64_t subject : {1u, 2u}) server->live_header(subject, "s" + std::to_string(subject), {"a"});
  for (int i = 0; i < 100; ++i) {
    for (const std::uint64_t subject : {1u, 2u}) server->live_frame(subject, i, {static_cast<float>(i)});
  }
  server->commit("marker", samples::take(0));  // behind the frames: once it is here, they are
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  std::uint64_t counted[3] = {0, 0, 0};
  double last[3] = {-1.0, -1.0, -1.0};
  int frames = 0;
  microexpr_update update;
  while (wait_for(subscription, &update, 100) == MICROEXPR_OK) {
    if (update.kind != MICROEXPR_UPDATE_LIVE_FRAME) continue;
    ++frames;
    counted[update.subject_id] += 1 + update.dropped;
    CHECK(update.time_s > last[update.subject_id]);
    last[update.subject_id] = update.time_s;
  }
  CHECK_EQUAL(frames, 8);
  CHECK(counted[1] == 100 && counted[2] == 100);
  CHECK(last[1] == 99.0 && last[2] == 99.0);
  microexpr_subscription_destroy(subscription);
}

int end_after(const std::vector<wire::Update>& updates) {
  const auto server = std::make_shared<FakeServer>();
  wire::Update welcome;
  welcome.mutable_welcome()->set_store_id("store");
  std::vector<std::string> messages{welcome.SerializeAsString()};
  for (const wire::Update& update : updates) messages.push_back(update.SerializeAsString());
  server->script(microexpr::method::kSubscribe, messages, {});
  const FakeClient client(server);
  microexpr_subscribe_options options;
  MICROEXPR_INIT(&options);
  options.live = 1;
  microexpr_subscription* subscription = nullptr;
  CHECK_EQUAL(microexpr_subscribe(client, &options, &subscription), MICROEXPR_OK);
  microexpr_update update;
  int code = MICROEXPR_OK;
  while (code == MICROEXPR_OK) {
    code = wait_for(subscription, &update);
    if (update.kind == MICROEXPR_UPDATE_LOST) code = MICROEXPR_PENDING;
  }
  microexpr_subscription_destroy(subscription);
  return code;
}

void check_damaged() {
  wire::Update header, frame, end;
  header.mutable_live()->mutable_header()->add_names("a");
  frame.mutable_live()->mutable_frame()->add_values(0.5f);
  end.mutable_live()->mutable_end();
  wire::Update two = frame, odd = frame;
  two.mutable_live()->mutable_frame()->add_values(0.5f);
  odd.mutable_live()->mutable_frame()->set_values(0, HUGE_VALF);
  CHECK_EQUAL(end_after({header, frame, end}), MICROEXPR_PENDING);  // in order; the fake then ends, and it reconnects
  CHECK_EQUAL(end_after({frame}), MICROEXPR_DATA_LOSS);
  CHECK_EQUAL(end_after({header, two}), MICROEXPR_DATA_LOSS);
  CHECK_EQUAL(end_after({header, odd}), MICROEXPR_DATA_LOSS);
  CHECK_EQUAL(end_after({header, end, frame}), MICROEXPR_DATA_LOSS);
  CHECK_EQUAL(end_after({end}), MICROEXPR_DATA_LOSS);
}

}  // namespace

int main() {
  check_frames();
  check_slow_host();
  check_damaged();
  return report_checks();
}
