// Reading takes through the C border, and what a damaged take does.
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <string>

#include "check.h"
#include "from_wire.h"
#include "samples.h"

namespace wire = ::microexpr::v1;

namespace {

microexpr_take* make(const samples::Parts& parts, int expected = MICROEXPR_OK) {
  const auto views = samples::views(parts);
  microexpr_take* take = nullptr;
  CHECK_EQUAL(microexpr_take_from_parts(views.data(), views.size(), &take), expected);
  CHECK((take != nullptr) == (expected == MICROEXPR_OK));
  return take;
}

void check_info(const microexpr_take* take, const samples::Parts& parts) {
  microexpr_take_info info;
  MICROEXPR_INIT(&info);
  CHECK_EQUAL(microexpr_take_get_info(take, &info), MICROEXPR_OK);
  CHECK_EQUAL(info.frame_rate_num, 30000);
  CHECK_EQUAL(info.frame_rate_den, 1001);
  CHECK(info.duration_s == 12.5);
  CHECK(std::string(info.start_timecode) == "01:02:03:04");
  CHECK(std::string(info.provenance_json) == "{\"version\": \"0.1.0\"}");
  CHECK_EQUAL(info.curve_count, 2);
  CHECK_EQUAL(info.track_count, 1);
  CHECK_EQUAL(info.no_face_count, 1);
  CHECK_EQUAL(info.part_count, parts.size());
  CHECK(std::memcmp(info.sha256, samples::digest(parts).data(), 32) == 0);
  CHECK_EQUAL(info.event_count, 1);
  const microexpr_event& event = info.events[0];
  CHECK(event.onset_s == 0.25 && event.apex_s == 0.5 && event.offset_s == 0.75 && event.score == 0.875);
  CHECK(std::string(event.emotion) == "surprise");
  CHECK_EQUAL(event.probability_count, 2);
  for (std::size_t i = 0; i < event.probability_count; ++i) {
    const bool surprised = std::string(event.probabilities[i].label) == "surprise";
    CHECK(event.probabilities[i].probability == (surprised ? 0.75 : 0.25));
  }
  CHECK_EQUAL(event.activation_count, 1);
  CHECK_EQUAL(event.activations[0].au, 4);
  CHECK_EQUAL(event.activations[0].side, MICROEXPR_SIDE_LEFT);
  CHECK(event.activations[0].intensity == 0.125);
}

void check_reading() {
  const samples::Parts parts = samples::take(3);
  microexpr_take* const take = make(parts);
  check_info(take, parts);
  microexpr_curve curve;
  MICROEXPR_INIT(&curve);
  CHECK_EQUAL(microexpr_take_get_curve(take, 1, &curve), MICROEXPR_OK);
  CHECK(std::string(curve.name) == "jawOpen");
  CHECK_EQUAL(curve.key_count, 12);  // of three chunks
  for (std::size_t i = 0; i < curve.key_count; ++i) CHECK(curve.keys[i].time == 0.25f * static_cast<float>(i));
  CHECK_EQUAL(curve.keys[1].interp_mode, MICROEXPR_RCIM_CUBIC);
  CHECK_EQUAL(curve.keys[1].tangent_mode, MICROEXPR_RCTM_BREAK);
  CHECK(curve.keys[1].arrive_tangent == 0.5f && curve.keys[1].leave_tangent == -0.5f);
  CHECK_EQUAL(microexpr_take_get_curve(take, 2, &curve), MICROEXPR_NOT_FOUND);
  microexpr_track track;
  MICROEXPR_INIT(&track);
  CHECK_EQUAL(microexpr_take_get_track(take, 0, &track), MICROEXPR_OK);
  CHECK(track.au == 4 && track.side == MICROEXPR_SIDE_LEFT && track.count == 9 && track.times_s[4] == 1.25);
  double start = 0.0, end = 0.0;
  CHECK_EQUAL(microexpr_take_get_no_face(take, 0, &start, &end), MICROEXPR_OK);
  CHECK(start == 3.0 && end == 4.0);
  CHECK_EQUAL(microexpr_take_get_no_face(take, 1, &start, &end), MICROEXPR_NOT_FOUND);
  std::size_t position = 9;
  CHECK_EQUAL(microexpr_take_find_curve(take, "ctrl_EXPRESSIONS_browdownl", &position), MICROEXPR_OK);
  CHECK_EQUAL(position, 0);
  CHECK_EQUAL(microexpr_take_find_curve(take, "jaw", &position), MICROEXPR_NOT_FOUND);
  microexpr_part part;
  CHECK_EQUAL(microexpr_take_get_part(take, 2, &part), MICROEXPR_OK);
  CHECK(std::string(static_cast<const char*>(part.data), part.size) == parts[2]);
  CHECK_EQUAL(microexpr_take_retain(take), MICROEXPR_OK);
  microexpr_take_release(take);
  CHECK_EQUAL(microexpr_take_get_part(take, 0, &part), MICROEXPR_OK);  // one reference is left
  microexpr_take_release(take);
}

// A change to the header, or to the first chunk, that no take may have.
void refuse_header(const std::function<void(wire::TakeHeader*)>& change) {
  samples::Parts parts = samples::take(1);
  wire::TakeHeader header;
  CHECK(header.ParseFromString(parts[0]));
  change(&header);
  parts[0] = header.SerializeAsString();
  make(parts, MICROEXPR_DATA_LOSS);
}

void refuse_chunk(const std::function<void(wire::TakeChunk*)>& change) {
  samples::Parts parts = samples::take(1);
  wire::TakeChunk chunk;
  CHECK(chunk.ParseFromString(parts[1]));
  change(&chunk);
  parts[1] = chunk.SerializeAsString();
  make(parts, MICROEXPR_DATA_LOSS);
}

void check_damaged_headers() {
  const double nan = std::nan("");
  refuse_header([](auto* h) { h->set_frame_rate_den(0); });
  refuse_header([](auto* h) { h->set_frame_rate_num(0); });
  refuse_header([](auto* h) { h->set_duration_s(-1.0); });
  refuse_header([&](auto* h) { h->set_duration_s(nan); });
  refuse_header([](auto* h) { h->add_curve_names("JAWOPEN"); });
  refuse_header([](auto* h) { h->add_curve_names(""); });
  refuse_header([](auto* h) { h->add_curve_names(std::string("a\0b", 3)); });
  refuse_header([](auto* h) { *h->add_track_names() = h->track_names(0); });
  refuse_header([](auto* h) { h->mutable_track_names(0)->set_side(wire::SIDE_UNSPECIFIED); });
  refuse_header([](auto* h) { h->mutable_no_face(0)->set_end_s(3.0); });
  refuse_header([&](auto* h) { h->mutable_events(0)->set_apex_s(nan); });
  refuse_header([](auto* h) { h->mutable_events(0)->set_onset_s(0.625); });
  refuse_header([](auto* h) { h->mutable_events(0)->set_score(1.5); });
  refuse_header([](auto* h) { h->mutable_events(0)->mutable_aus(0)->set_intensity(-0.5); });
}

void check_damaged_chunks() {
  const double nan = std::nan("");
  refuse_chunk([](auto* c) { c->mutable_curves(0)->set_curve(2); });
  refuse_chunk([](auto* c) { c->mutable_curves(0)->add_value(0.0); });
  refuse_chunk([](auto* c) { c->mutable_curves(0)->mutable_interp_mode()->push_back('\0'); });
  refuse_chunk([](auto* c) { (*c->mutable_curves(0)->mutable_interp_mode())[0] = 4; });
  refuse_chunk([](auto* c) { (*c->mutable_curves(0)->mutable_tangent_mode())[0] = '\xff'; });
  refuse_chunk([&](auto* c) { c->mutable_curves(0)->set_value(1, nan); });
  refuse_chunk([](auto* c) { c->mutable_curves(0)->set_arrive_tangent(1, 1e39); });
  refuse_chunk([](auto* c) { c->mutable_curves(0)->set_time_s(1, 0.75); });
  refuse_chunk([](auto* c) { *c->add_curves() = c->curves(0); });  // its times begin anew
  refuse_chunk([](auto* c) { c->mutable_tracks(0)->set_track(1); });
  refuse_chunk([](auto* c) { c->mutable_tracks(0)->add_value(0.5); });
  refuse_chunk([](auto* c) { c->mutable_tracks(0)->set_value(0, 1.25); });
  refuse_chunk([](auto* c) { c->mutable_tracks(0)->set_time_s(1, 0.0); });
  refuse_chunk([](auto* c) { c->mutable_more()->set_duration_s(1.0); });
  refuse_chunk([](auto* c) { c->mutable_more()->add_curve_names("JAWopen"); });
}

// A header that had no room for everything goes on in chunks, before all keys.
void check_more() {
  samples::Parts parts = samples::take(1);
  wire::TakeHeader header;
  CHECK(header.ParseFromString(parts[0]));
  wire::TakeChunk more;
  more.mutable_more()->add_curve_names("mouthClose");
  more.mutable_more()->set_provenance_json(" ");
  *more.mutable_more()->add_events() = header.events(0);
  microexpr_take* const take = make({parts[0], more.SerializeAsString(), parts[1]});
  microexpr_take_info info;
  MICROEXPR_INIT(&info);
  CHECK_EQUAL(microexpr_take_get_info(take, &info), MICROEXPR_OK);
  CHECK(info.curve_count == 3 && info.event_count == 2);
  CHECK(std::string(info.events[0].emotion) == "surprise" && std::string(info.events[1].emotion) == "surprise");
  CHECK(std::string(info.provenance_json) == "{\"version\": \"0.1.0\"} ");
  std::size_t position = 0;
  CHECK_EQUAL(microexpr_take_find_curve(take, "MouthClose", &position), MICROEXPR_OK);
  CHECK_EQUAL(position, 2);
  microexpr_take_release(take);
  make({parts[0], parts[1], more.SerializeAsString()}, MICROEXPR_DATA_LOSS);
}

}  // namespace

int main() {
  check_reading();
  check_damaged_headers();
  check_damaged_chunks();
  check_more();
  make({samples::take(1)[1], samples::take(1)[0]}, MICROEXPR_DATA_LOSS);  // out of order
  make({"\xff\xff\xff"}, MICROEXPR_DATA_LOSS);
  samples::Parts equal_times = samples::take(1);
  wire::TakeChunk chunk;
  CHECK(chunk.ParseFromString(equal_times[1]));
  chunk.mutable_curves(0)->set_time_s(1, 0.0);
  equal_times[1] = chunk.SerializeAsString();
  microexpr_take_release(make(equal_times));  // a jump: two keys at one time
  return report_checks();
}
