// Calls over the fake server: results, damaged answers, cancelling.
#include <cmath>
#include <cstring>
#include <string>

#include "check.h"
#include "fake_server.h"
#include "from_wire.h"
#include "messages.h"

namespace wire = ::microexpr::v1;
namespace method = ::microexpr::method;

namespace {

const double kUnset = std::nan("");

void check_info() {
  const auto server = std::make_shared<FakeServer>();
  const FakeClient client(server);
  microexpr_call* call = nullptr;
  CHECK_EQUAL(microexpr_start_info(client, &call), MICROEXPR_OK);
  CHECK_EQUAL(wait_for(call), MICROEXPR_OK);
  microexpr_server_info info;
  MICROEXPR_INIT(&info);
  CHECK_EQUAL(microexpr_call_get_info(call, &info), MICROEXPR_OK);
  CHECK(info.protocol == 1 && info.analysis == 1 && info.rig_count == 2 && std::string(info.rigs[1]) == "arkit");
  CHECK(std::string(info.store_id) == "store-a" && std::string(info.emotions[0]) == "fear");
  microexpr_take* take = nullptr;
  CHECK_EQUAL(microexpr_call_get_take(call, &take), MICROEXPR_NOT_FOUND);
  microexpr_call_destroy(call);
}

int code_of(microexpr_call* call) {
  const int code = wait_for(call);
  CHECK((code == MICROEXPR_OK) == std::string(microexpr_call_message(call)).empty());
  microexpr_call_destroy(call);
  return code;
}

void check_old_and_odd_servers() {
  const auto server = std::make_shared<FakeServer>();
  const FakeClient client(server);
  microexpr_call* call = nullptr;
  wire::GetServerInfoResponse old;
  old.set_server_version("0.0.1");
  server->script(method::kInfo, {old.SerializeAsString()}, {});
  CHECK_EQUAL(microexpr_start_info(client, &call), MICROEXPR_OK);
  CHECK_EQUAL(code_of(call), MICROEXPR_VERSION_MISMATCH);
  server->script(method::kInfo, {"\xff\xff"}, {});
  CHECK_EQUAL(microexpr_start_info(client, &call), MICROEXPR_OK);
  CHECK_EQUAL(code_of(call), MICROEXPR_DATA_LOSS);
  server->script(method::kInfo, {}, {});
  CHECK_EQUAL(microexpr_start_info(client, &call), MICROEXPR_OK);
  CHECK_EQUAL(code_of(call), MICROEXPR_DATA_LOSS);
  server->script(method::kInfo, {}, {MICROEXPR_UNAUTHENTICATED, "the token is wrong"});
  CHECK_EQUAL(microexpr_start_info(client, &call), MICROEXPR_OK);
  CHECK_EQUAL(code_of(call), MICROEXPR_UNAUTHENTICATED);
}

void check_push_and_fetch() {
  const auto server = std::make_shared<FakeServer>();
  const FakeClient client(server);
  const samples::Parts parts = samples::take(4);
  const auto views = samples::views(parts);
  for (int again = 0; again < 2; ++again) {
    microexpr_call* push = nullptr;
    CHECK_EQUAL(microexpr_start_push(client, "smile", 0, views.data(), views.size(), &push), MICROEXPR_OK);
    CHECK_EQUAL(wait_for(push), MICROEXPR_OK);
    int already = -1;
    CHECK_EQUAL(microexpr_call_get_already_stored(push, &already), MICROEXPR_OK);
    CHECK_EQUAL(already, again);
    microexpr_call_destroy(push);
  }
  microexpr_call* fetch = nullptr;
  CHECK_EQUAL(microexpr_start_fetch(client, "smile", &fetch), MICROEXPR_OK);
  microexpr_take* take = nullptr;
  CHECK_EQUAL(wait_for(fetch), MICROEXPR_OK);
  CHECK_EQUAL(microexpr_call_get_take(fetch, &take), MICROEXPR_OK);
  microexpr_take_summary summary;
  MICROEXPR_INIT(&summary);
  CHECK_EQUAL(microexpr_call_get_summary(fetch, 0, &summary), MICROEXPR_OK);
  CHECK(std::string(summary.take_id) == "smile" && std::memcmp(summary.sha256, samples::digest(parts).data(), 32) == 0);
  CHECK_EQUAL(microexpr_call_get_summary(fetch, 1, &summary), MICROEXPR_NOT_FOUND);
  microexpr_progress progress;
  MICROEXPR_INIT(&progress);
  CHECK_EQUAL(microexpr_call_poll(fetch, &progress), MICROEXPR_OK);
  CHECK(std::string(progress.stage) == "receive" && progress.done == progress.total && progress.total > 0);
  microexpr_call_destroy(fetch);
  microexpr_take_info info;
  MICROEXPR_INIT(&info);
  CHECK_EQUAL(microexpr_take_get_info(take, &info), MICROEXPR_OK);  // the take outlives its call
  CHECK_EQUAL(info.part_count, 5);
  microexpr_take_release(take);
  CHECK_EQUAL(microexpr_start_fetch(client, "frown", &fetch), MICROEXPR_OK);
  CHECK_EQUAL(code_of(fetch), MICROEXPR_NOT_FOUND);
}

std::string end_part(const std::string& digest) {
  wire::TakePart part;
  part.mutable_end()->set_sha256(digest);
  return part.SerializeAsString();
}

std::string header_part(const samples::Parts& parts) {
  wire::TakePart part;
  part.set_header(parts[0]);
  return part.SerializeAsString();
}

int code_of_fetch(const std::vector<std::string>& messages, std::uint64_t max_take_bytes = 1 << 20) {
  const auto server = std::make_shared<FakeServer>();
  server->script(method::kGet, messages, {});
  microexpr::ClientSettings settings;
  settings.max_take_bytes = max_take_bytes;
  const FakeClient client(server, settings);
  microexpr_call* call = nullptr;
  CHECK_EQUAL(microexpr_start_fetch(client, "take", &call), MICROEXPR_OK);
  return code_of(call);
}

void check_damaged_streams() {
  const samples::Parts parts = samples::take(0);
  const std::string header = header_part(parts), end = end_part(samples::digest(parts));
  CHECK_EQUAL(code_of_fetch({header, end}), MICROEXPR_OK);
  CHECK_EQUAL(code_of_fetch({header}), MICROEXPR_DATA_LOSS);
  CHECK_EQUAL(code_of_fetch({end}), MICROEXPR_DATA_LOSS);
  CHECK_EQUAL(code_of_fetch({header, header, end}), MICROEXPR_DATA_LOSS);
  CHECK_EQUAL(code_of_fetch({header, end, end}), MICROEXPR_DATA_LOSS);
  CHECK_EQUAL(code_of_fetch({header, end_part(std::string(32, 'x'))}), MICROEXPR_DATA_LOSS);
  CHECK_EQUAL(code_of_fetch({header, end_part("short")}), MICROEXPR_DATA_LOSS);
  CHECK_EQUAL(code_of_fetch({"\xff"}), MICROEXPR_DATA_LOSS);
  CHECK_EQUAL(code_of_fetch({header, end}, 16), MICROEXPR_RESOURCE_EXHAUSTED);
}

void check_analysis() {
  const auto server = std::make_shared<FakeServer>();
  wire::AnalyzeResponse queued, progress, take;
  queued.mutable_queued()->set_ahead(2);
  progress.mutable_progress()->set_stage("motion");
  progress.mutable_progress()->set_done(3);
  progress.mutable_progress()->set_total(9);
  take.mutable_take()->set_take_id("clip");
  server->script(method::kAnalyze, {queued.SerializeAsString(), progress.SerializeAsString(), take.SerializeAsString()},
                 {});
  const FakeClient client(server);
  microexpr_mapping mapping;
  MICROEXPR_INIT(&mapping);
  mapping.rig = "arkit";
  mapping.intensity = mapping.gain = mapping.tolerance = kUnset;
  microexpr_analyze_options options;
  MICROEXPR_INIT(&options);
  options.server_path = "clips/clip.mp4";
  options.mapping = &mapping;
  microexpr_call* call = nullptr;
  CHECK_EQUAL(microexpr_start_analyze(client, &options, &call), MICROEXPR_OK);
  CHECK_EQUAL(wait_for(call), MICROEXPR_OK);
  microexpr_progress polled;
  MICROEXPR_INIT(&polled);
  CHECK_EQUAL(microexpr_call_poll(call, &polled), MICROEXPR_OK);
  CHECK(std::string(polled.stage) == "motion" && polled.done == 3 && polled.total == 9);
  microexpr_take_summary summary;
  MICROEXPR_INIT(&summary);
  CHECK_EQUAL(microexpr_call_get_summary(call, 0, &summary), MICROEXPR_OK);
  CHECK(std::string(summary.take_id) == "clip");
  microexpr_call_destroy(call);
  options.server_path = nullptr;
  options.upload_path = "no/such/file.mp4";
  CHECK_EQUAL(microexpr_start_analyze(client, &options, &call), MICROEXPR_OK);
  CHECK_EQUAL(code_of(call), MICROEXPR_NOT_FOUND);
  server->script(method::kAnalyze, {progress.SerializeAsString()}, {});
  options.server_path = "clips/clip.mp4";
  options.upload_path = nullptr;
  CHECK_EQUAL(microexpr_start_analyze(client, &options, &call), MICROEXPR_OK);
  CHECK_EQUAL(code_of(call), MICROEXPR_DATA_LOSS);  // no take at the end
}

void check_cancelling() {
  const auto server = std::make_shared<FakeServer>();
  server->hang(method::kAnalyze);
  const FakeClient client(server);
  microexpr_analyze_options options;
  MICROEXPR_INIT(&options);
  options.server_path = "long.mp4";
  microexpr_call* call = nullptr;
  CHECK_EQUAL(microexpr_start_analyze(client, &options, &call), MICROEXPR_OK);
  CHECK_EQUAL(microexpr_call_poll(call, nullptr), MICROEXPR_PENDING);
  microexpr_take_summary summary;
  MICROEXPR_INIT(&summary);
  CHECK_EQUAL(microexpr_call_get_summary(call, 0, &summary), MICROEXPR_PENDING);
  CHECK_EQUAL(microexpr_call_cancel(call), MICROEXPR_OK);
  CHECK_EQUAL(wait_for(call), MICROEXPR_CANCELLED);
  CHECK_EQUAL(microexpr_call_get_summary(call, 0, &summary), MICROEXPR_CANCELLED);
  microexpr_call_destroy(call);
  CHECK_EQUAL(server->open_streams(), 0);
}

void check_too_many() {
  const auto server = std::make_shared<FakeServer>();
  server->hang(method::kGet);
  const FakeClient client(server);
  std::vector<microexpr_call*> calls(65, nullptr);
  for (std::size_t i = 0; i < 64; ++i) CHECK_EQUAL(microexpr_start_fetch(client, "take", &calls[i]), MICROEXPR_OK);
  CHECK_EQUAL(microexpr_start_fetch(client, "take", &calls[64]), MICROEXPR_RESOURCE_EXHAUSTED);
  for (microexpr_call* call : calls) microexpr_call_destroy(call);
}

}  // namespace

int main() {
  check_info();
  check_old_and_odd_servers();
  check_push_and_fetch();
  check_damaged_streams();
  check_analysis();
  check_cancelling();
  check_too_many();
  return report_checks();
}
