// Every function with NULL, zero and oversized arguments: a status, never a crash.
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "check.h"
#include "fake_server.h"
#include "microexpr_core.h"

namespace {

constexpr int kInvalid = MICROEXPR_INVALID_ARGUMENT;
constexpr std::size_t kHuge = SIZE_MAX;

void check_nulls() {
  microexpr_client_destroy(nullptr);
  microexpr_call_destroy(nullptr);
  microexpr_subscription_destroy(nullptr);
  microexpr_take_release(nullptr);
  CHECK_EQUAL(microexpr_take_retain(nullptr), kInvalid);
  CHECK_EQUAL(microexpr_take_from_parts(nullptr, 0, nullptr), kInvalid);
  CHECK_EQUAL(microexpr_take_get_info(nullptr, nullptr), kInvalid);
  CHECK_EQUAL(microexpr_take_get_curve(nullptr, kHuge, nullptr), kInvalid);
  CHECK_EQUAL(microexpr_take_get_track(nullptr, kHuge, nullptr), kInvalid);
  CHECK_EQUAL(microexpr_take_get_no_face(nullptr, kHuge, nullptr, nullptr), kInvalid);
  CHECK_EQUAL(microexpr_take_get_part(nullptr, kHuge, nullptr), kInvalid);
  CHECK_EQUAL(microexpr_take_find_curve(nullptr, nullptr, nullptr), kInvalid);
  CHECK_EQUAL(microexpr_client_create(nullptr, nullptr), kInvalid);
  CHECK_EQUAL(microexpr_start_info(nullptr, nullptr), kInvalid);
  CHECK_EQUAL(microexpr_start_list(nullptr, nullptr, nullptr), kInvalid);
  CHECK_EQUAL(microexpr_start_fetch(nullptr, nullptr, nullptr), kInvalid);
  CHECK_EQUAL(microexpr_start_remap(nullptr, nullptr, nullptr, nullptr), kInvalid);
  CHECK_EQUAL(microexpr_start_delete(nullptr, nullptr, nullptr), kInvalid);
  CHECK_EQUAL(microexpr_start_push(nullptr, nullptr, 0, nullptr, 0, nullptr), kInvalid);
  CHECK_EQUAL(microexpr_start_analyze(nullptr, nullptr, nullptr), kInvalid);
  CHECK_EQUAL(microexpr_call_poll(nullptr, nullptr), kInvalid);
  CHECK_EQUAL(microexpr_call_cancel(nullptr), kInvalid);
  CHECK(std::string(microexpr_call_message(nullptr)).empty());
  CHECK_EQUAL(microexpr_call_get_info(nullptr, nullptr), kInvalid);
  CHECK_EQUAL(microexpr_call_get_summary(nullptr, 0, nullptr), kInvalid);
  CHECK_EQUAL(microexpr_call_get_page_token(nullptr, nullptr), kInvalid);
  CHECK_EQUAL(microexpr_call_get_already_stored(nullptr, nullptr), kInvalid);
  CHECK_EQUAL(microexpr_call_get_take(nullptr, nullptr), kInvalid);
  CHECK_EQUAL(microexpr_subscribe(nullptr, nullptr, nullptr), kInvalid);
  CHECK_EQUAL(microexpr_subscription_poll(nullptr, nullptr), kInvalid);
  CHECK_EQUAL(microexpr_subscription_cancel(nullptr), kInvalid);
  CHECK_EQUAL(microexpr_subscription_is_connected(nullptr), 0);
  CHECK(std::string(microexpr_subscription_message(nullptr)).empty());
  CHECK_EQUAL(microexpr_curve_evaluate(nullptr, 0.0f, nullptr, nullptr, 1), kInvalid);
  CHECK_EQUAL(microexpr_curve_auto_tangents(nullptr, 1, 0.0f), kInvalid);
  CHECK(!std::string(microexpr_last_message()).empty());
}

void check_curves() {
  microexpr_key keys[2] = {};
  float number = 1.0f;
  microexpr_curve curve;
  MICROEXPR_INIT(&curve);
  const auto evaluate = [&](std::size_t count = 1) {
    return microexpr_curve_evaluate(&curve, 0.0f, &number, &number, count);
  };
  CHECK_EQUAL(evaluate(), MICROEXPR_OK);  // no keys
  CHECK_EQUAL(microexpr_curve_evaluate(&curve, 0.0f, nullptr, nullptr, 0), MICROEXPR_OK);
  CHECK_EQUAL(microexpr_curve_evaluate(&curve, 0.0f, nullptr, &number, 1), kInvalid);
  CHECK_EQUAL(evaluate(kHuge), kInvalid);
  curve.key_count = 2;
  CHECK_EQUAL(evaluate(), kInvalid);
  curve.keys = keys;
  CHECK_EQUAL(evaluate(), MICROEXPR_OK);
  curve.key_count = kHuge;
  CHECK_EQUAL(evaluate(), kInvalid);
  curve.key_count = 2;
  for (const int mode : {-1, 6}) {
    curve.pre_infinity = mode;
    CHECK_EQUAL(evaluate(), kInvalid);
    curve.pre_infinity = 0;
    curve.post_infinity = mode;
    CHECK_EQUAL(evaluate(), kInvalid);
    curve.post_infinity = 0;
  }
  keys[0].time = 1.0f;
  CHECK_EQUAL(evaluate(), kInvalid);  // not in order
  keys[0].time = std::nanf("");
  CHECK_EQUAL(evaluate(), kInvalid);
  keys[0].time = 0.0f;
  keys[0].interp_mode = 4;
  CHECK_EQUAL(evaluate(), kInvalid);
  CHECK_EQUAL(microexpr_curve_auto_tangents(keys, 2, 0.0f), kInvalid);
  keys[0].interp_mode = 0;
  for (const float tension : {-0.5f, 1.5f, std::nanf("")}) {
    CHECK_EQUAL(microexpr_curve_auto_tangents(keys, 2, tension), kInvalid);
  }
  CHECK_EQUAL(microexpr_curve_auto_tangents(keys, kHuge, 0.0f), kInvalid);
  CHECK_EQUAL(microexpr_curve_auto_tangents(nullptr, 0, 0.0f), MICROEXPR_OK);
  curve.struct_size = 8;
  CHECK_EQUAL(evaluate(), kInvalid);
  MICROEXPR_INIT(&curve);
  curve.version = 2;
  CHECK_EQUAL(evaluate(), MICROEXPR_VERSION_MISMATCH);
}

int create(const char* address, const char* root = nullptr, const char* token = nullptr, const char* key = nullptr) {
  microexpr_client_options options;
  MICROEXPR_INIT(&options);
  options.address = address;
  options.tls_root_pem = root;
  options.tls_key_pem = key;
  options.token = token;
  microexpr_client* client = nullptr;
  const int code = microexpr_client_create(&options, &client);
  CHECK((client != nullptr) == (code == MICROEXPR_OK));
  microexpr_client_destroy(client);
  return code;
}

void check_clients() {
  for (const char* address : {"127.0.0.1:1", "localhost:65535", "[::1]:50551", "127.1.2.3:50551"}) {
    CHECK_EQUAL(create(address), MICROEXPR_OK);
  }
  for (const char* address : {"", ":1", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:1x",
                              "10.0.0.1:50551", "example.org:50551", "127.0.0.1.example.org:50551", "0.0.0.0:1"}) {
    CHECK_EQUAL(create(address), kInvalid);
  }
  const std::string root = "-----BEGIN CERTIFICATE-----";
  CHECK_EQUAL(create("example.org:50551", root.c_str(), "token"), MICROEXPR_OK);
  CHECK_EQUAL(create("127.0.0.1:1", nullptr, "to\nken"), kInvalid);
  CHECK_EQUAL(create("127.0.0.1:1", nullptr, std::string(5000, 'x').c_str()), kInvalid);
  CHECK_EQUAL(create("127.0.0.1:1", std::string((1u << 20) + 1, 'x').c_str()), kInvalid);
  CHECK_EQUAL(create((std::string(5000, '1') + ":1").c_str()), kInvalid);
  CHECK_EQUAL(create("127.0.0.1:1", root.c_str(), nullptr, "key without certificate"), kInvalid);
  CHECK_EQUAL(create("127.0.0.1:1", nullptr, nullptr, "key without TLS"), kInvalid);
}

void check_starting() {
  const auto server = std::make_shared<FakeServer>();
  const FakeClient client(server);
  microexpr_call* call = nullptr;
  const std::string name(129, 'x');
  CHECK_EQUAL(microexpr_start_info(client, nullptr), kInvalid);
  CHECK_EQUAL(microexpr_start_fetch(client, "", &call), kInvalid);
  CHECK_EQUAL(microexpr_start_fetch(client, nullptr, &call), kInvalid);
  CHECK_EQUAL(microexpr_start_fetch(client, name.c_str(), &call), kInvalid);
  CHECK_EQUAL(microexpr_start_delete(client, name.c_str(), &call), kInvalid);
  CHECK_EQUAL(microexpr_start_list(client, nullptr, &call), kInvalid);
  microexpr_list_options list;
  MICROEXPR_INIT(&list);
  const std::string page(5000, 'x');
  list.page_token = page.c_str();
  CHECK_EQUAL(microexpr_start_list(client, &list, &call), kInvalid);
  microexpr_mapping mapping;
  MICROEXPR_INIT(&mapping);
  CHECK_EQUAL(microexpr_start_remap(client, "take", nullptr, &call), kInvalid);  // no rig
  CHECK_EQUAL(microexpr_start_remap(client, "take", &mapping, &call), kInvalid);
  mapping.rig = "facs";
  mapping.key_mode = 3;
  CHECK_EQUAL(microexpr_start_remap(client, "take", &mapping, &call), kInvalid);
  mapping.key_mode = 0;
  mapping.gain = HUGE_VAL;
  CHECK_EQUAL(microexpr_start_remap(client, "take", &mapping, &call), kInvalid);
  const std::vector<char> long_part(65537, 'x');
  const microexpr_part too_long{long_part.data(), long_part.size()};
  const microexpr_part nothing{nullptr, 4};
  CHECK_EQUAL(microexpr_start_push(client, "take", 0, nullptr, 1, &call), kInvalid);
  CHECK_EQUAL(microexpr_start_push(client, "take", 0, &too_long, 0, &call), kInvalid);
  CHECK_EQUAL(microexpr_start_push(client, "take", 0, &too_long, kHuge, &call), kInvalid);
  CHECK_EQUAL(microexpr_start_push(client, "take", 0, &too_long, 1, &call), kInvalid);
  CHECK_EQUAL(microexpr_start_push(client, "take", 0, &nothing, 1, &call), kInvalid);
  microexpr_analyze_options analysis;
  MICROEXPR_INIT(&analysis);
  CHECK_EQUAL(microexpr_start_analyze(client, &analysis, &call), kInvalid);  // neither path
  analysis.server_path = analysis.upload_path = "both.mp4";
  CHECK_EQUAL(microexpr_start_analyze(client, &analysis, &call), kInvalid);
  CHECK(call == nullptr);
}

void check_subscribing() {
  const auto server = std::make_shared<FakeServer>();
  const FakeClient client(server);
  microexpr_subscription* subscription = nullptr;
  microexpr_subscribe_options options;
  MICROEXPR_INIT(&options);
  CHECK_EQUAL(microexpr_subscribe(client, &options, nullptr), kInvalid);
  CHECK_EQUAL(microexpr_subscribe(client, nullptr, &subscription), kInvalid);
  CHECK_EQUAL(microexpr_subscribe(client, &options, &subscription), kInvalid);  // neither takes nor live
  options.takes = 1;
  options.since_sequence = 4;
  CHECK_EQUAL(microexpr_subscribe(client, &options, &subscription), kInvalid);  // of no store
  options.since_sequence = 0;
  options.live_queue = 4097;
  CHECK_EQUAL(microexpr_subscribe(client, &options, &subscription), kInvalid);
  options.live_queue = 0;
  const std::string text(5000, 'x');
  options.take_id_prefix = text.c_str();
  CHECK_EQUAL(microexpr_subscribe(client, &options, &subscription), kInvalid);
  options.take_id_prefix = nullptr;
  options.version = 0;
  CHECK_EQUAL(microexpr_subscribe(client, &options, &subscription), MICROEXPR_VERSION_MISMATCH);
  options.version = 1;
  CHECK(subscription == nullptr);
  CHECK_EQUAL(microexpr_subscribe(client, &options, &subscription), MICROEXPR_OK);
  CHECK_EQUAL(microexpr_subscription_poll(subscription, nullptr), kInvalid);
  microexpr_subscription_destroy(subscription);
}

}  // namespace

int main() {
  check_nulls();
  check_curves();
  check_clients();
  check_starting();
  check_subscribing();
  return report_checks();
}
