#include "samples.h"

#include "from_wire.h"
#include "messages.h"
#include "sha256.h"

namespace samples {
namespace {

namespace wire = ::microexpr::v1;

void add_event(wire::Event* event) {
  event->set_onset_s(0.25);
  event->set_apex_s(0.5);
  event->set_offset_s(0.75);
  event->set_score(0.875);
  event->mutable_emotion()->set_label("surprise");
  (*event->mutable_emotion()->mutable_probabilities())["surprise"] = 0.75;
  (*event->mutable_emotion()->mutable_probabilities())["others"] = 0.25;
  wire::AUActivation* const au = event->add_aus();
  au->set_au(4);
  au->set_side(wire::SIDE_LEFT);
  au->set_intensity(0.125);
}

std::string header() {
  wire::TakeHeader header;
  header.set_frame_rate_num(30000);
  header.set_frame_rate_den(1001);
  header.set_start_timecode("01:02:03:04");
  header.set_duration_s(12.5);
  add_event(header.add_events());
  wire::Interval* const gap = header.add_no_face();
  gap->set_start_s(3.0);
  gap->set_end_s(4.0);
  header.add_curve_names("CTRL_expressions_browDownL");
  header.add_curve_names("jawOpen");
  wire::TrackName* const track = header.add_track_names();
  track->set_au(4);
  track->set_side(wire::SIDE_LEFT);
  header.set_provenance_json("{\"version\": \"0.1.0\"}");
  return header.SerializeAsString();
}

void add_keys(wire::CurveKeys* keys, std::uint32_t curve, int chunk, int seed) {
  keys->set_curve(curve);
  std::string interp, tangent;
  for (int i = 0; i < 4; ++i) {
    keys->add_time_s(0.25 * (4 * chunk + i));
    keys->add_value(0.125 * ((seed + i + static_cast<int>(curve)) % 8));
    keys->add_arrive_tangent(0.5 * i);
    keys->add_leave_tangent(-0.5 * i);
    interp.push_back(MICROEXPR_RCIM_CUBIC);
    tangent.push_back(static_cast<char>(i % 2 == 0 ? MICROEXPR_RCTM_AUTO : MICROEXPR_RCTM_BREAK));
  }
  keys->set_interp_mode(interp);
  keys->set_tangent_mode(tangent);
}

std::string chunk(int number, int seed) {
  wire::TakeChunk chunk;
  for (std::uint32_t curve = 0; curve < 2; ++curve) add_keys(chunk.add_curves(), curve, number, seed);
  wire::TrackSamples* const track = chunk.add_tracks();
  for (int i = 0; i < 3; ++i) {
    track->add_time_s(number + 0.25 * i);
    track->add_value(0.25 * i);
  }
  return chunk.SerializeAsString();
}

}  // namespace

Parts take(int chunks, int seed) {
  Parts parts{header()};
  for (int i = 0; i < chunks; ++i) parts.push_back(chunk(i, seed));
  return parts;
}

std::string digest(const Parts& parts) {
  microexpr::Sha256 sha;
  for (const std::string& part : parts) sha.add(part);
  const microexpr::Digest bytes = sha.finish();
  return {bytes.begin(), bytes.end()};
}

std::vector<microexpr_part> views(const Parts& parts) {
  std::vector<microexpr_part> result;
  for (const std::string& part : parts) result.push_back({part.data(), part.size()});
  return result;
}

std::vector<std::string> messages() {
  std::vector<std::string> result = take(2);
  wire::Update welcome, committed, part, live;
  welcome.mutable_welcome()->set_store_id("store");
  welcome.mutable_welcome()->set_last_sequence(7);
  committed.mutable_committed()->set_take_id("take");
  add_event(committed.mutable_committed()->add_events());
  part.mutable_part()->set_header(take(1)[0]);
  live.mutable_live()->mutable_frame()->add_values(0.5f);
  for (const auto& update : {welcome, committed, part, live}) result.push_back(update.SerializeAsString());
  wire::ListTakesResponse page;
  *page.add_takes() = committed.committed();
  result.push_back(page.SerializeAsString());
  wire::AnalyzeResponse progress;
  progress.mutable_progress()->set_stage("motion");
  result.push_back(progress.SerializeAsString());
  wire::GetServerInfoResponse info;
  info.set_protocol(1);
  info.add_rigs("facs");
  result.push_back(info.SerializeAsString());
  return result;
}

}  // namespace samples
