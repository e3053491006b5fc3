#include "take.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace microexpr {

void EventList::add(std::vector<EventData> events) {
  events_.insert(events_.end(), std::make_move_iterator(events.begin()), std::make_move_iterator(events.end()));
  views_.clear();  // the events may have moved
  views_.reserve(events_.size());
  for (EventData& event : events_) {
    for (std::size_t i = 0; i < event.labels.size(); ++i) event.probabilities[i].label = event.labels[i].c_str();
    microexpr_event view = event.numbers;
    view.emotion = event.emotion.c_str();
    view.probabilities = event.probabilities.data();
    view.probability_count = event.probabilities.size();
    view.activations = event.activations.data();
    view.activation_count = event.activations.size();
    views_.push_back(view);
  }
}

std::string fold_case(std::string_view name) {
  std::string folded(name);
  for (char& letter : folded) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return folded;
}

TakeBuilder::TakeBuilder(std::uint64_t max_bytes) : max_bytes_(max_bytes), content_(std::make_unique<TakeContent>()) {}

Status TakeBuilder::keep(std::string part) {
  if (part.size() > kMaxPartBytes) {
    return damaged("a part of " + std::to_string(part.size()) + " bytes: expected at most 65536");
  }
  content_->content_bytes += part.size();
  if (content_->content_bytes > max_bytes_) {
    return {MICROEXPR_RESOURCE_EXHAUSTED, "the take is larger than max_take_bytes of the client"};
  }
  digest_.add(part);
  content_->parts.push_back(std::move(part));
  return {};
}

Status TakeBuilder::add_header(std::string part) {
  if (content_ == nullptr || has_header()) return damaged("a take has exactly one header");
  if (Status status = keep(std::move(part)); !status.ok()) return status;
  return decode_header(content_->parts.back(), content_.get());
}

Status TakeBuilder::add_chunk(std::string part) {
  if (!has_header()) return damaged("a chunk came before the header of its take");
  if (Status status = keep(std::move(part)); !status.ok()) return status;
  return decode_chunk(content_->parts.back(), content_.get());
}

Status TakeBuilder::finish(const Digest* expected, std::unique_ptr<TakeContent>* take) {
  if (!has_header()) return damaged("the take has no header");
  content_->sha256 = digest_.finish();
  if (expected != nullptr && *expected != content_->sha256) {
    return damaged("the digest does not fit what arrived: fetch the take again");
  }
  *take = std::move(content_);
  return {};
}

void fill(const Summary& summary, microexpr_take_summary* result) {
  if (result->struct_size < sizeof *result) result->struct_size = sizeof *result;
  result->version = MICROEXPR_STRUCT_VERSION;
  result->take_id = summary.take_id.c_str();
  result->emotion = summary.emotion.c_str();
  result->source_name = summary.source_name.c_str();
  std::copy(summary.sha256.begin(), summary.sha256.end(), result->sha256);
  result->sequence = summary.sequence;
  result->content_bytes = summary.content_bytes;
  result->duration_s = summary.duration_s;
  result->committed_unix_s = summary.committed_unix_s;
  result->curve_count = summary.curve_count;
  result->reserved = 0;
  result->events = summary.events.data();
  result->event_count = summary.events.size();
}

}  // namespace microexpr
