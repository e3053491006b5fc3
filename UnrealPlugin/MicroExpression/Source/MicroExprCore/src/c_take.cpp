// The C border of takes.
#include <algorithm>

#include "border.h"
#include "take.h"

namespace microexpr {
namespace {

constexpr std::size_t kMaxParts = std::size_t{1} << 20;
constexpr std::uint64_t kMaxTakeBytes = std::uint64_t{1} << 32;

Status beyond(const char* what, std::size_t position, std::size_t count) {
  return {MICROEXPR_NOT_FOUND, std::string("there is no ") + what + " at position " + std::to_string(position) +
                                   ": the take has " + std::to_string(count)};
}

Status build(const microexpr_part* parts, std::size_t count, microexpr_take** take) {
  if (take == nullptr) return invalid("take is NULL");
  *take = nullptr;
  if (Status status = check_parts(parts, count); !status.ok()) return status;
  std::unique_ptr<TakeContent> content;
  if (Status status = build_take(parts, count, kMaxTakeBytes, &content); !status.ok()) return status;
  *take = new microexpr_take(std::move(content));
  return {};
}

Status get_info(const TakeContent& take, microexpr_take_info* info) {
  info->frame_rate_num = take.frame_rate_num;
  info->frame_rate_den = take.frame_rate_den;
  info->duration_s = take.duration_s;
  info->start_timecode = take.start_timecode.c_str();
  info->provenance_json = take.provenance_json.c_str();
  info->events = take.events.data();
  info->event_count = take.events.size();
  info->curve_count = take.curves.size();
  info->track_count = take.tracks.size();
  info->no_face_count = take.no_face.size();
  info->part_count = take.parts.size();
  info->content_bytes = take.content_bytes;
  std::copy(take.sha256.begin(), take.sha256.end(), info->sha256);
  return {};
}

Status get_curve(const TakeContent& take, std::size_t position, microexpr_curve* curve) {
  if (position >= take.curves.size()) return beyond("curve", position, take.curves.size());
  const CurveData& found = take.curves[position];
  curve->name = found.name.c_str();
  curve->keys = found.keys.data();
  curve->key_count = found.keys.size();
  curve->pre_infinity = curve->post_infinity = MICROEXPR_RCCE_CONSTANT;
  curve->has_default_value = 0;
  curve->default_value = 0.0f;
  return {};
}

Status get_track(const TakeContent& take, std::size_t position, microexpr_track* track) {
  if (position >= take.tracks.size()) return beyond("track", position, take.tracks.size());
  const TrackData& found = take.tracks[position];
  track->au = found.au;
  track->side = found.side;
  track->times_s = found.times_s.data();
  track->values = found.values.data();
  track->count = found.times_s.size();
  return {};
}

Status find_curve(const TakeContent& take, const char* name, std::size_t* position) {
  std::string text;
  if (Status status = copy_text(name, "name", kMaxText, true, &text); !status.ok()) return status;
  const auto found = take.curve_positions.find(fold_case(text));
  if (found != take.curve_positions.end()) {
    *position = found->second;
    return {};
  }
  return {MICROEXPR_NOT_FOUND, "the take has no curve " + text};
}

}  // namespace

Status check_parts(const microexpr_part* parts, std::size_t count) {
  if (count == 0) return invalid("part_count: a take has a header at least");
  if (count > kMaxParts) return invalid("part_count: expected at most 2^20, got " + std::to_string(count));
  if (parts == nullptr) return invalid("parts is NULL");
  for (std::size_t i = 0; i < count; ++i) {
    if (parts[i].size > kMaxPartBytes || (parts[i].size > 0 && parts[i].data == nullptr)) {
      return invalid("parts[" + std::to_string(i) + "]: expected at most 65536 bytes, and data that is not NULL");
    }
  }
  return {};
}

Status build_take(const microexpr_part* parts, std::size_t count, std::uint64_t max_bytes,
                  std::unique_ptr<TakeContent>* content) {
  TakeBuilder builder(max_bytes);
  for (std::size_t i = 0; i < count; ++i) {
    std::string bytes;
    if (parts[i].size > 0) bytes.assign(static_cast<const char*>(parts[i].data), parts[i].size);
    Status status = i == 0 ? builder.add_header(std::move(bytes)) : builder.add_chunk(std::move(bytes));
    if (!status.ok()) return status;
  }
  return builder.finish(nullptr, content);
}

}  // namespace microexpr

namespace {

// A getter of takes: checks what all of them check, then asks `read`.
template <class Result, class Read>
int read_struct(const microexpr_take* take, Result* result, const char* name, Read read) {
  return microexpr::guarded([&]() -> microexpr::Status {
    if (take == nullptr) return microexpr::invalid("take is NULL");
    if (microexpr::Status status = microexpr::check_struct(result, name); !status.ok()) return status;
    return read(*take->content);
  });
}

}  // namespace

extern "C" {

int microexpr_take_from_parts(const microexpr_part* parts, size_t part_count, microexpr_take** take) {
  return microexpr::guarded([&] { return microexpr::build(parts, part_count, take); });
}

int microexpr_take_retain(microexpr_take* take) {
  if (take == nullptr) return microexpr::report(MICROEXPR_INVALID_ARGUMENT, "take is NULL");
  take->references.fetch_add(1, std::memory_order_relaxed);
  return MICROEXPR_OK;
}

void microexpr_take_release(microexpr_take* take) {
  if (take != nullptr && take->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete take;
}

int microexpr_take_get_info(const microexpr_take* take, microexpr_take_info* info) {
  return read_struct(take, info, "info", [&](const auto& content) { return microexpr::get_info(content, info); });
}

int microexpr_take_get_curve(const microexpr_take* take, size_t position, microexpr_curve* curve) {
  return read_struct(take, curve, "curve",
                     [&](const auto& content) { return microexpr::get_curve(content, position, curve); });
}

int microexpr_take_get_track(const microexpr_take* take, size_t position, microexpr_track* track) {
  return read_struct(take, track, "track",
                     [&](const auto& content) { return microexpr::get_track(content, position, track); });
}

int microexpr_take_get_no_face(const microexpr_take* take, size_t position, double* start_s, double* end_s) {
  return microexpr::guarded([&]() -> microexpr::Status {
    if (take == nullptr || start_s == nullptr || end_s == nullptr) return microexpr::invalid("an argument is NULL");
    const auto& gaps = take->content->no_face;
    if (position >= gaps.size()) return microexpr::beyond("interval without a face", position, gaps.size());
    *start_s = gaps[position].start_s;
    *end_s = gaps[position].end_s;
    return {};
  });
}

int microexpr_take_get_part(const microexpr_take* take, size_t position, microexpr_part* part) {
  return microexpr::guarded([&]() -> microexpr::Status {
    if (take == nullptr || part == nullptr) return microexpr::invalid("an argument is NULL");
    const auto& parts = take->content->parts;
    if (position >= parts.size()) return microexpr::beyond("part", position, parts.size());
    *part = {parts[position].data(), parts[position].size()};
    return {};
  });
}

int microexpr_take_find_curve(const microexpr_take* take, const char* name, size_t* position) {
  return microexpr::guarded([&]() -> microexpr::Status {
    if (take == nullptr || position == nullptr) return microexpr::invalid("an argument is NULL");
    return microexpr::find_curve(*take->content, name, position);
  });
}

}  // extern "C"
