// A take as the core holds it, and how it is built of parts.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "sha256.h"
#include "status.h"

namespace microexpr {

constexpr std::size_t kMaxPartBytes = 65536;

struct EventData {
  microexpr_event numbers{};  // its pointers are set by EventList
  std::string emotion;
  std::vector<std::string> labels;
  std::vector<microexpr_probability> probabilities;  // pointers as above
  std::vector<microexpr_activation> activations;
};

// Events with the C structs that point into them. Moving keeps those pointers, so copying is not offered.
class EventList {
 public:
  EventList() = default;
  void add(std::vector<EventData> events);
  EventList(EventList&&) = default;
  EventList& operator=(EventList&&) = default;
  const microexpr_event* data() const { return views_.data(); }
  std::size_t size() const { return views_.size(); }

 private:
  std::vector<EventData> events_;
  std::vector<microexpr_event> views_;
};

struct Summary {
  std::string take_id;
  std::string emotion;
  std::string source_name;
  Digest sha256{};
  std::uint64_t sequence = 0;
  std::uint64_t content_bytes = 0;
  double duration_s = 0.0;
  double committed_unix_s = 0.0;
  std::uint32_t curve_count = 0;
  EventList events;
};

struct NoFace {
  double start_s;
  double end_s;
};

struct CurveData {
  std::string name;
  std::vector<microexpr_key> keys;
};

struct TrackData {
  std::uint32_t au;
  std::int32_t side;
  std::vector<double> times_s;
  std::vector<double> values;
};

struct TakeContent {
  std::uint32_t frame_rate_num = 0;
  std::uint32_t frame_rate_den = 0;
  double duration_s = 0.0;
  std::string start_timecode;
  std::string provenance_json;
  EventList events;
  std::vector<NoFace> no_face;
  std::vector<CurveData> curves;
  std::vector<TrackData> tracks;
  std::unordered_map<std::string, std::size_t> curve_positions;  // by name, in small letters
  std::unordered_set<std::uint64_t> track_identities;
  bool has_arrays = false;         // a chunk with keys or samples came: the header is complete
  std::vector<std::string> parts;  // as they came
  std::uint64_t content_bytes = 0;
  Digest sha256{};
};

// Parts in, take out; whatever breaks the rules of a take (bridge.proto) is DATA_LOSS with a sentence.
class TakeBuilder {
 public:
  explicit TakeBuilder(std::uint64_t max_bytes);
  Status add_header(std::string part);
  Status add_chunk(std::string part);
  // The take, if its digest is the expected one (nullptr: any). The builder is empty afterwards.
  Status finish(const Digest* expected, std::unique_ptr<TakeContent>* take);
  bool has_header() const { return content_ != nullptr && !content_->parts.empty(); }
  std::uint64_t bytes() const { return content_ == nullptr ? 0 : content_->content_bytes; }

 private:
  Status keep(std::string part);

  std::uint64_t max_bytes_;
  std::unique_ptr<TakeContent> content_;
  Sha256 digest_;
};

// What the parts say (take_decode.cpp).
Status decode_header(const std::string& part, TakeContent* take);
Status decode_chunk(const std::string& part, TakeContent* take);

// Parts that a host hands over: whether they can be read at all, and the take they make.
Status check_parts(const microexpr_part* parts, std::size_t count);
Status build_take(const microexpr_part* parts, std::size_t count, std::uint64_t max_bytes,
                  std::unique_ptr<TakeContent>* content);

std::string fold_case(std::string_view name);  // ASCII letters

void fill(const Summary& summary, microexpr_take_summary* result);

}  // namespace microexpr

// The handle of the C border: a take counted by references.
struct microexpr_take {
  explicit microexpr_take(std::unique_ptr<microexpr::TakeContent> taken) : content(std::move(taken)) {}
  std::atomic<std::uint32_t> references{1};
  const std::unique_ptr<const microexpr::TakeContent> content;
};

namespace microexpr {

struct ReleaseTake {
  void operator()(microexpr_take* take) const { microexpr_take_release(take); }
};
using TakeHandle = std::unique_ptr<microexpr_take, ReleaseTake>;

}  // namespace microexpr
