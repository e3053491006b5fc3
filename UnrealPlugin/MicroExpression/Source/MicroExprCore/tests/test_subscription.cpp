// Commits and deletions in order: nothing twice, nothing missing, whatever breaks when.
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "check.h"
#include "fake_server.h"
#include "from_wire.h"
#include "messages.h"

namespace wire = ::microexpr::v1;
namespace method = ::microexpr::method;

namespace {

// What a host keeps between two sessions.
struct Kept {
  std::string store_id;
  std::uint64_t sequence = 0;
};

microexpr_subscription* subscribe(microexpr_client* client, const Kept& kept = {}, bool content = true) {
  microexpr_subscribe_options options;
  MICROEXPR_INIT(&options);
  options.store_id = kept.store_id.c_str();
  options.since_sequence = kept.sequence;
  options.takes = 1;
  options.content = content ? 1 : 0;
  microexpr_subscription* subscription = nullptr;
  CHECK_EQUAL(microexpr_subscribe(client, &options, &subscription), MICROEXPR_OK);
  return subscription;
}

void keep(const microexpr_update& update, Kept* kept) {
  if (update.kind == MICROEXPR_UPDATE_WELCOME && kept->store_id != update.store_id) *kept = {update.store_id, 0};
  if (update.resume_sequence != 0) kept->sequence = update.resume_sequence;
}

// The next update that is neither a welcome nor a lost connection; false if none comes.
bool next(microexpr_subscription* subscription, microexpr_update* update, Kept* kept) {
  while (wait_for(subscription, update) == MICROEXPR_OK) {
    keep(*update, kept);
    if (update->kind != MICROEXPR_UPDATE_WELCOME && update->kind != MICROEXPR_UPDATE_LOST) return true;
  }
  return false;
}

std::string id_of(int number) { return "take-" + std::to_string(number); }

void check_content() {
  const auto server = std::make_shared<FakeServer>();
  const samples::Parts parts = samples::take(3);
  server->commit("first", parts);
  const FakeClient client(server);
  microexpr_subscription* const subscription = subscribe(client);
  microexpr_update update;
  CHECK_EQUAL(wait_for(subscription, &update), MICROEXPR_OK);
  CHECK_EQUAL(update.kind, MICROEXPR_UPDATE_WELCOME);
  CHECK(std::string(update.store_id) == "store-a" && update.reset == 0 && update.resume_sequence == 0);
  CHECK_EQUAL(wait_for(subscription, &update), MICROEXPR_OK);
  CHECK_EQUAL(update.kind, MICROEXPR_UPDATE_COMMITTED);
  CHECK(std::string(update.take_id) == "first" && update.resume_sequence == 1 && update.summary.curve_count == 2);
  CHECK(update.take != nullptr && update.take_status == MICROEXPR_OK);
  microexpr_take* const take = update.take;
  CHECK_EQUAL(microexpr_take_retain(take), MICROEXPR_OK);
  CHECK_EQUAL(microexpr_subscription_is_connected(subscription), 1);
  server->remove("first");
  CHECK_EQUAL(wait_for(subscription, &update), MICROEXPR_OK);
  CHECK(update.kind == MICROEXPR_UPDATE_DELETED && std::string(update.take_id) == "first");
  CHECK_EQUAL(update.resume_sequence, 2);
  microexpr_subscription_destroy(subscription);
  microexpr_curve curve;
  MICROEXPR_INIT(&curve);
  CHECK_EQUAL(microexpr_take_get_curve(take, 0, &curve), MICROEXPR_OK);
  CHECK_EQUAL(curve.key_count, 12);
  microexpr_take_release(take);
}

microexpr::ClientSettings impatient() {
  microexpr::ClientSettings settings;
  settings.first_pause = settings.longest_pause = std::chrono::milliseconds(1);
  return settings;
}

// The first stream breaks after every possible number of messages, the next after one more: takes that did not arrive
// whole come again, and each comes to the host exactly once, in order.
void check_every_break(bool content) {
  for (std::size_t messages = 1; messages <= 12; ++messages) {
    const auto server = std::make_shared<FakeServer>();
    for (int i = 0; i < 6; ++i) server->commit(id_of(i), samples::take(2, i));
    server->break_after(messages);
    const FakeClient client(server, impatient());
    microexpr_subscription* const subscription = subscribe(client, {}, content);
    Kept kept;
    microexpr_update update;
    for (int i = 0; i < 6; ++i) {
      CHECK(next(subscription, &update, &kept));
      CHECK(update.kind == MICROEXPR_UPDATE_COMMITTED && std::string(update.take_id) == id_of(i));
      CHECK((update.take != nullptr) == content);
      CHECK_EQUAL(update.resume_sequence, i + 1);
    }
    CHECK(server->subscriptions() > 1 || messages > 6);
    server->break_after(0);
    server->commit("marker", samples::take(1));
    CHECK(next(subscription, &update, &kept));
    CHECK(std::string(update.take_id) == "marker");  // nothing came twice
    microexpr_subscription_destroy(subscription);
  }
}

// The host itself goes away, with updates not polled, and comes back with what it had stored.
void check_restarting_host() {
  const auto server = std::make_shared<FakeServer>();
  for (int i = 0; i < 20; ++i) server->commit(id_of(i), samples::take(1, i));
  const FakeClient client(server);
  Kept kept;
  int seen = 0;
  while (seen < 20) {
    microexpr_subscription* const subscription = subscribe(client, kept);
    microexpr_update update;
    for (int i = 0; i < 3 && seen < 20; ++i, ++seen) {
      CHECK(next(subscription, &update, &kept));
      CHECK(std::string(update.take_id) == id_of(seen));
    }
    microexpr_subscription_destroy(subscription);
  }
  CHECK_EQUAL(kept.sequence, 20);
}

void check_new_store() {
  const auto server = std::make_shared<FakeServer>();
  for (int i = 0; i < 3; ++i) server->commit(id_of(i), samples::take(1));
  const FakeClient client(server);
  microexpr_subscription* const subscription = subscribe(client);
  Kept kept;
  microexpr_update update;
  for (int i = 0; i < 3; ++i) CHECK(next(subscription, &update, &kept));
  server->recreate("store-b");
  server->commit("other", samples::take(1));
  server->break_now();
  CHECK_EQUAL(wait_for(subscription, &update), MICROEXPR_OK);
  CHECK(update.kind == MICROEXPR_UPDATE_LOST && !std::string(update.message).empty());
  CHECK_EQUAL(wait_for(subscription, &update), MICROEXPR_OK);
  CHECK(update.kind == MICROEXPR_UPDATE_WELCOME && update.reset == 1 && std::string(update.store_id) == "store-b");
  CHECK_EQUAL(wait_for(subscription, &update), MICROEXPR_OK);
  CHECK(std::string(update.take_id) == "other" && update.resume_sequence == 1);
  microexpr_subscription_destroy(subscription);
}

void check_server_comes_later() {
  const auto server = std::make_shared<FakeServer>();
  server->set_down(true);
  const FakeClient client(server);
  microexpr_subscription* const subscription = subscribe(client);
  microexpr_update update;
  CHECK_EQUAL(wait_for(subscription, &update, 50), MICROEXPR_PENDING);
  CHECK_EQUAL(microexpr_subscription_is_connected(subscription), 0);
  CHECK(!std::string(microexpr_subscription_message(subscription)).empty());
  server->set_down(false);
  CHECK_EQUAL(wait_for(subscription, &update), MICROEXPR_OK);
  CHECK_EQUAL(update.kind, MICROEXPR_UPDATE_WELCOME);
  CHECK(std::string(microexpr_subscription_message(subscription)).empty());
  microexpr_subscription_destroy(subscription);
}

// A take overtaken while its parts came is passed over; a damaged one is handed out without content.
void check_take_without_content() {
  const auto server = std::make_shared<FakeServer>();
  server->announce_without_content("gone");
  server->commit("next", samples::take(1));
  samples::Parts damaged = samples::take(1);
  damaged[1] = "\xff\xff";
  server->commit("damaged", damaged);
  server->commit("last", samples::take(1));
  const FakeClient client(server);
  microexpr_subscription* const subscription = subscribe(client);
  Kept kept;
  microexpr_update update;
  CHECK(next(subscription, &update, &kept));
  CHECK(std::string(update.take_id) == "next" && update.take != nullptr && update.resume_sequence == 2);
  CHECK(next(subscription, &update, &kept));
  CHECK(std::string(update.take_id) == "damaged" && update.take == nullptr && update.resume_sequence == 3);
  CHECK_EQUAL(update.take_status, MICROEXPR_DATA_LOSS);
  CHECK(next(subscription, &update, &kept));
  CHECK(std::string(update.take_id) == "last" && update.take != nullptr);
  microexpr_subscription_destroy(subscription);
}

int end_of(const std::vector<std::string>& messages, microexpr::Status status) {
  const auto server = std::make_shared<FakeServer>();
  server->script(method::kSubscribe, messages, std::move(status));
  const FakeClient client(server);
  microexpr_subscription* const subscription = subscribe(client);
  microexpr_update update;
  int code = MICROEXPR_OK;
  for (int lost = 0; code == MICROEXPR_OK && lost < 2;) {  // what is tried twice is tried for ever
    code = wait_for(subscription, &update, 300);
    if (update.kind == MICROEXPR_UPDATE_LOST && ++lost == 2) code = MICROEXPR_PENDING;
  }
  if (code < 0) CHECK_EQUAL(wait_for(subscription, &update), code);  // for good
  microexpr_subscription_destroy(subscription);
  return code;
}

void check_ends() {
  wire::Update welcome, part, nameless;
  welcome.mutable_welcome()->set_store_id("store");
  part.mutable_part()->set_chunk("x");
  nameless.mutable_welcome();
  const std::string first = welcome.SerializeAsString();
  CHECK_EQUAL(end_of({}, {MICROEXPR_UNAUTHENTICATED, "wrong token"}), MICROEXPR_UNAUTHENTICATED);
  CHECK_EQUAL(end_of({}, microexpr::invalid("in the future")), MICROEXPR_INVALID_ARGUMENT);
  CHECK_EQUAL(end_of({}, {MICROEXPR_UNAVAILABLE, "down"}), MICROEXPR_PENDING);
  CHECK_EQUAL(end_of({first}, {MICROEXPR_RESOURCE_EXHAUSTED, "too many"}), MICROEXPR_PENDING);
  CHECK_EQUAL(end_of({"\xff\xff"}, {}), MICROEXPR_DATA_LOSS);
  CHECK_EQUAL(end_of({nameless.SerializeAsString()}, {}), MICROEXPR_DATA_LOSS);
  CHECK_EQUAL(end_of({part.SerializeAsString()}, {}), MICROEXPR_DATA_LOSS);
  CHECK_EQUAL(end_of({first, part.SerializeAsString()}, {}), MICROEXPR_DATA_LOSS);
  CHECK_EQUAL(end_of({first, first}, {}), MICROEXPR_DATA_LOSS);
}

// A host that does not poll: the stream pauses, and afterwards everything comes.
void check_pausing() {
  const auto server = std::make_shared<FakeServer>();
  for (int i = 0; i < 500; ++i) server->commit(id_of(i), samples::take(1, i));
  const FakeClient client(server);
  microexpr_subscription* const subscription = subscribe(client);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  Kept kept;
  microexpr_update update;
  for (int i = 0; i < 500; ++i) {
    CHECK(next(subscription, &update, &kept));
    CHECK(std::string(update.take_id) == id_of(i) && update.take != nullptr);
  }
  CHECK_EQUAL(server->subscriptions(), 1);
  microexpr_subscription_destroy(subscription);
}

}  // namespace

int main() {
  check_content();
  check_every_break(true);
  check_every_break(false);
  check_restarting_host();
  check_new_store();
  check_server_comes_later();
  check_take_without_content();
  check_ends();
  check_pausing();
  return report_checks();
}
