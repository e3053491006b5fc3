// Bytes into plain values.
#include <algorithm>
#include <cmath>

#include "from_wire.h"
#include "messages.h"

namespace microexpr {
namespace {

namespace wire = ::microexpr::v1;
using Kind = Update::Kind;

Status not_decodable(const char* what) {
  return damaged(std::string("the server's ") + what + " cannot be decoded: is it a microexpr server of this version?");
}

std::vector<std::string> strings(const google::protobuf::RepeatedPtrField<std::string>& field) {
  return {field.begin(), field.end()};
}

// An absent digest is all zeros; any other length is damage.
Status decode_digest(const std::string& bytes, Digest* digest) {
  digest->fill(0);
  if (bytes.empty()) return {};
  if (bytes.size() != digest->size()) return damaged("a digest of " + std::to_string(bytes.size()) + " bytes");
  std::copy(bytes.begin(), bytes.end(), digest->begin());
  return {};
}

Status decode_summary(const wire::TakeSummary& message, Summary* summary) {
  summary->take_id = message.take_id();
  summary->emotion = message.emotion();
  summary->source_name = message.source_name();
  summary->sequence = message.sequence();
  summary->content_bytes = message.content_bytes();
  summary->duration_s = message.duration_s();
  summary->committed_unix_s = message.committed_unix_s();
  summary->curve_count = message.curve_count();
  if (Status status = decode_digest(message.sha256(), &summary->sha256); !status.ok()) return status;
  return decode_events(message.events(), &summary->events);
}

Status read_part(wire::TakePart* part, Update* update) {
  switch (part->part_case()) {
    case wire::TakePart::kSummary:
      update->kind = Kind::kSummary;
      return decode_summary(part->summary(), &update->summary);
    case wire::TakePart::kHeader:
      update->kind = Kind::kHeader;
      update->text = std::move(*part->mutable_header());
      return {};
    case wire::TakePart::kChunk:
      update->kind = Kind::kChunk;
      update->text = std::move(*part->mutable_chunk());
      return {};
    case wire::TakePart::kEnd:
      update->kind = Kind::kEnd;
      return decode_digest(part->end().sha256(), &update->sha256);
    case wire::TakePart::PART_NOT_SET:
      break;
  }
  return {};
}

Status read_frame(const wire::LiveFrame& frame, Update* update) {
  update->kind = Kind::kLiveFrame;
  update->time_s = frame.time_s();
  update->sent_unix_s = frame.sent_unix_s();
  update->values = {frame.values().begin(), frame.values().end()};
  const bool finite =
      std::all_of(update->values.begin(), update->values.end(), [](float v) { return std::isfinite(v); });
  return finite && std::isfinite(frame.time_s()) ? Status() : damaged("a live frame holds numbers that are not finite");
}

Status read_live(const wire::LiveUpdate& live, Update* update) {
  update->subject_id = live.subject_id();
  update->dropped = live.dropped();
  switch (live.event_case()) {
    case wire::LiveUpdate::kHeader:
      update->kind = Kind::kLiveHeader;
      update->text = live.header().subject();
      update->names = strings(live.header().names());
      return {};
    case wire::LiveUpdate::kFrame:
      return read_frame(live.frame(), update);
    case wire::LiveUpdate::kEnd:
      update->kind = Kind::kLiveEnd;
      return {};
    case wire::LiveUpdate::EVENT_NOT_SET:
      break;
  }
  return {};
}

}  // namespace

Status decode_info(const std::string& bytes, ServerInfo* info) {
  wire::GetServerInfoResponse message;
  if (!message.ParseFromString(bytes)) return not_decodable("information");
  info->server_version = message.server_version();
  info->store_id = message.store_id();
  info->last_sequence = message.last_sequence();
  info->max_take_bytes = message.max_take_bytes();
  info->protocol = message.protocol();
  info->analysis = message.analysis();
  info->rigs = strings(message.rigs());
  info->emotions = strings(message.emotions());
  return {};
}

Status decode_page(const std::string& bytes, Page* page) {
  wire::ListTakesResponse message;
  if (!message.ParseFromString(bytes)) return not_decodable("list of takes");
  page->takes = std::vector<Summary>(static_cast<std::size_t>(message.takes_size()));
  for (int i = 0; i < message.takes_size(); ++i) {
    Status status = decode_summary(message.takes(i), &page->takes[static_cast<std::size_t>(i)]);
    if (!status.ok()) return status;
  }
  page->next_page_token = message.next_page_token();
  return {};
}

Status decode_put_answer(const std::string& bytes, PutAnswer* answer) {
  wire::PutTakeResponse message;
  if (!message.ParseFromString(bytes)) return not_decodable("answer to a push");
  answer->already_stored = message.already_stored();
  return decode_summary(message.take(), &answer->take);
}

Status decode_part(const std::string& bytes, Update* part) {
  wire::TakePart message;
  if (!message.ParseFromString(bytes)) return not_decodable("part of a take");
  return read_part(&message, part);
}

Status decode_update(const std::string& bytes, Update* update) {
  wire::Update message;
  if (!message.ParseFromString(bytes)) return not_decodable("update");
  update->resume_sequence = message.resume_sequence();
  switch (message.event_case()) {
    case wire::Update::kWelcome:
      update->kind = Kind::kWelcome;
      update->text = message.welcome().store_id();
      update->last_sequence = message.welcome().last_sequence();
      update->reset = message.welcome().reset();
      return {};
    case wire::Update::kCommitted:
      update->kind = Kind::kSummary;
      return decode_summary(message.committed(), &update->summary);
    case wire::Update::kPart:
      return read_part(message.mutable_part(), update);
    case wire::Update::kDeleted:
      update->kind = Kind::kDeleted;
      update->text = message.deleted().take_id();
      return {};
    case wire::Update::kLive:
      return read_live(message.live(), update);
    case wire::Update::EVENT_NOT_SET:
      break;
  }
  return {};
}

Status decode_analysis_answer(const std::string& bytes, AnalysisAnswer* answer) {
  wire::AnalyzeResponse message;
  if (!message.ParseFromString(bytes)) return not_decodable("answer to an analysis");
  if (message.has_queued()) {
    answer->kind = AnalysisAnswer::Kind::kQueued;
    answer->stage = "queued";
    answer->done = message.queued().ahead();
  } else if (message.has_progress()) {
    answer->kind = AnalysisAnswer::Kind::kProgress;
    answer->stage = message.progress().stage();
    answer->done = message.progress().done();
    answer->total = message.progress().total();
  } else if (message.has_take()) {
    answer->kind = AnalysisAnswer::Kind::kTake;
    return decode_summary(message.take(), &answer->take);
  }
  return {};
}

}  // namespace microexpr
