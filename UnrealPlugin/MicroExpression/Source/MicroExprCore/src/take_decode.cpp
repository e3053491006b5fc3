// TakeHeader and TakeChunk, as they travel, into TakeContent; and the rules they have to keep.
#include <cmath>
#include <limits>

#include "from_wire.h"
#include "take.h"

namespace microexpr {
namespace {

namespace wire = ::microexpr::v1;

bool in_unit(double value) { return value >= 0.0 && value <= 1.0; }  // false for NaN

bool is_name(const std::string& name) { return !name.empty() && name.find('\0') == std::string::npos; }

Status decode_curve_names(const wire::TakeHeader& header, TakeContent* take) {
  for (const std::string& name : header.curve_names()) {
    if (!is_name(name)) return damaged("curve_names: a name is empty or holds a 0");
    const bool added = take->curve_positions.emplace(fold_case(name), take->curves.size()).second;
    if (!added) return damaged("curve_names: " + name + " stands there twice");
    take->curves.push_back({name, {}});
  }
  return {};
}

Status decode_track_names(const wire::TakeHeader& header, TakeContent* take) {
  for (const wire::TrackName& name : header.track_names()) {
    if (!is_side(name.side())) return damaged("track_names: a side is missing or unknown");
    const std::uint64_t identity = (std::uint64_t{name.au()} << 2) | static_cast<std::uint64_t>(name.side());
    if (!take->track_identities.insert(identity).second) {
      return damaged("track_names: AU" + std::to_string(name.au()) + " stands there twice for one side");
    }
    take->tracks.push_back({name.au(), name.side(), {}, {}});
  }
  return {};
}

// A double of the wire as Unreal's float; false if it is not finite there.
bool to_float(double value, float* result) {
  if (!(std::fabs(value) <= static_cast<double>(std::numeric_limits<float>::max()))) return false;
  *result = static_cast<float>(value);
  return true;
}

Status check_lengths(const wire::CurveKeys& keys, const std::string& name) {
  const int count = keys.time_s_size();
  const auto modes = static_cast<std::size_t>(count);
  if (keys.value_size() == count && keys.arrive_tangent_size() == count && keys.leave_tangent_size() == count &&
      keys.interp_mode().size() == modes && keys.tangent_mode().size() == modes) {
    return {};
  }
  return damaged(name + ": the arrays of its keys are not of one length");
}

Status decode_key(const wire::CurveKeys& keys, int i, const std::string& name, microexpr_key* key) {
  *key = microexpr_key{};
  key->interp_mode = static_cast<std::uint8_t>(keys.interp_mode()[static_cast<std::size_t>(i)]);
  key->tangent_mode = static_cast<std::uint8_t>(keys.tangent_mode()[static_cast<std::size_t>(i)]);
  if (key->interp_mode > MICROEXPR_RCIM_NONE || key->tangent_mode > MICROEXPR_RCTM_SMART_AUTO) {
    return damaged(name + ": a key has an unknown mode");
  }
  if (!to_float(keys.time_s(i), &key->time) || !to_float(keys.value(i), &key->value) ||
      !to_float(keys.arrive_tangent(i), &key->arrive_tangent) ||
      !to_float(keys.leave_tangent(i), &key->leave_tangent)) {
    return damaged(name + ": a key has a number that is not finite as a float");
  }
  return {};
}

Status decode_keys(const wire::CurveKeys& keys, TakeContent* take) {
  if (keys.curve() >= take->curves.size()) return damaged("a chunk refers to a curve that the header does not name");
  CurveData& curve = take->curves[keys.curve()];
  if (Status status = check_lengths(keys, curve.name); !status.ok()) return status;
  for (int i = 0; i < keys.time_s_size(); ++i) {
    microexpr_key key;
    if (Status status = decode_key(keys, i, curve.name, &key); !status.ok()) return status;
    if (!curve.keys.empty() && key.time < curve.keys.back().time) {
      return damaged(curve.name + ": its keys are not in time order");
    }
    curve.keys.push_back(key);
  }
  return {};
}

Status decode_samples(const wire::TrackSamples& samples, TakeContent* take) {
  if (samples.track() >= take->tracks.size()) return damaged("a chunk refers to a track that the header does not name");
  TrackData& track = take->tracks[samples.track()];
  const std::string name = "track of AU" + std::to_string(track.au);
  if (samples.time_s_size() != samples.value_size()) return damaged(name + ": expected as many values as times");
  for (int i = 0; i < samples.time_s_size(); ++i) {
    const double time_s = samples.time_s(i);
    if (!std::isfinite(time_s) || (!track.times_s.empty() && time_s <= track.times_s.back())) {
      return damaged(name + ": expected strictly rising times");
    }
    if (!in_unit(samples.value(i))) return damaged(name + ": expected values in 0..1");
    track.times_s.push_back(time_s);
    track.values.push_back(samples.value(i));
  }
  return {};
}

Status decode_scalars(const wire::TakeHeader& header, TakeContent* take) {
  if (header.frame_rate_num() == 0 || header.frame_rate_den() == 0) return damaged("frame_rate: expected above 0");
  if (!(header.duration_s() >= 0.0) || !std::isfinite(header.duration_s()))
    return damaged("duration_s: not a duration");
  take->frame_rate_num = header.frame_rate_num();
  take->frame_rate_den = header.frame_rate_den();
  take->duration_s = header.duration_s();
  take->start_timecode = header.start_timecode();
  return {};
}

// What a header holds any number of, and TakeChunk.more goes on with.
Status decode_lists(const wire::TakeHeader& header, TakeContent* take) {
  take->provenance_json += header.provenance_json();
  for (const wire::Interval& gap : header.no_face()) {
    if (!std::isfinite(gap.start_s()) || !std::isfinite(gap.end_s()) || !(gap.start_s() < gap.end_s())) {
      return damaged("no_face: expected start_s < end_s");
    }
    take->no_face.push_back({gap.start_s(), gap.end_s()});
  }
  if (Status status = decode_events(header.events(), &take->events); !status.ok()) return status;
  if (Status status = decode_curve_names(header, take); !status.ok()) return status;
  return decode_track_names(header, take);
}

Status decode_more(const wire::TakeHeader& more, TakeContent* take) {
  if (take->has_arrays) return damaged("a header goes on after keys or samples");
  if (more.frame_rate_num() != 0 || more.frame_rate_den() != 0 || more.duration_s() != 0.0 ||
      !more.start_timecode().empty()) {
    return damaged("a header that goes on says something twice");
  }
  return decode_lists(more, take);
}

Status decode_event(const wire::Event& event, EventData* result) {
  if (!std::isfinite(event.onset_s()) || !std::isfinite(event.offset_s()) || !(event.onset_s() <= event.apex_s()) ||
      !(event.apex_s() <= event.offset_s()) || !in_unit(event.score())) {
    return damaged("an event: expected onset <= apex <= offset and a score in 0..1");
  }
  result->numbers.onset_s = event.onset_s();
  result->numbers.apex_s = event.apex_s();
  result->numbers.offset_s = event.offset_s();
  result->numbers.score = event.score();
  result->emotion = event.emotion().label();
  for (const auto& [label, probability] : event.emotion().probabilities()) {
    if (!is_name(label) || !in_unit(probability)) return damaged("an event: expected probabilities in 0..1");
    result->labels.push_back(label);
    result->probabilities.push_back({nullptr, probability});
  }
  for (const wire::AUActivation& au : event.aus()) {
    if (!is_side(au.side()) || !in_unit(au.intensity())) return damaged("an event: an AU's side or intensity is wrong");
    result->activations.push_back({au.au(), au.side(), au.intensity()});
  }
  return {};
}

}  // namespace

Status decode_events(const google::protobuf::RepeatedPtrField<wire::Event>& events, EventList* list) {
  std::vector<EventData> decoded(static_cast<std::size_t>(events.size()));
  for (int i = 0; i < events.size(); ++i) {
    if (Status status = decode_event(events[i], &decoded[static_cast<std::size_t>(i)]); !status.ok()) return status;
  }
  list->add(std::move(decoded));
  return {};
}

Status decode_header(const std::string& part, TakeContent* take) {
  wire::TakeHeader header;
  if (!header.ParseFromString(part)) return damaged("the header of a take cannot be decoded");
  if (Status status = decode_scalars(header, take); !status.ok()) return status;
  return decode_lists(header, take);
}

Status decode_chunk(const std::string& part, TakeContent* take) {
  wire::TakeChunk chunk;
  if (!chunk.ParseFromString(part)) return damaged("a chunk of a take cannot be decoded");
  if (chunk.has_more()) {
    if (Status status = decode_more(chunk.more(), take); !status.ok()) return status;
  }
  take->has_arrays = take->has_arrays || chunk.curves_size() > 0 || chunk.tracks_size() > 0;
  for (const wire::CurveKeys& keys : chunk.curves()) {
    if (Status status = decode_keys(keys, take); !status.ok()) return status;
  }
  for (const wire::TrackSamples& samples : chunk.tracks()) {
    if (Status status = decode_samples(samples, take); !status.ok()) return status;
  }
  return {};
}

}  // namespace microexpr
