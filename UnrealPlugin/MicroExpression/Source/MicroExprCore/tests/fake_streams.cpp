#include "fake_stream.h"

#include <algorithm>

#include "from_wire.h"
#include "messages.h"

namespace wire = ::microexpr::v1;
namespace method = ::microexpr::method;
using microexpr::Status;

namespace {

void describe(const std::string& take_id, std::uint64_t sequence, const samples::Parts& parts,
              wire::TakeSummary* summary) {
  summary->set_take_id(take_id);
  summary->set_sequence(sequence);
  summary->set_sha256(samples::digest(parts));
  summary->set_curve_count(2);
  std::uint64_t bytes = 0;
  for (const std::string& part : parts) bytes += part.size();
  summary->set_content_bytes(bytes);
}

template <class Message>
std::string update_of_part(const samples::Parts& parts, std::size_t i, Message wrap) {
  wire::TakePart part;
  if (i == parts.size()) {
    part.mutable_end()->set_sha256(samples::digest(parts));
  } else if (i == 0) {
    part.set_header(parts[0]);
  } else {
    part.set_chunk(parts[i]);
  }
  return wrap(part);
}

}  // namespace

FakeStream::FakeStream(std::shared_ptr<FakeServer> server, std::string method)
    : server_(std::move(server)), method_(std::move(method)) {
  const std::lock_guard<std::mutex> lock(server_->mutex_);
  server_->streams_.insert(this);
  if (method_ == method::kSubscribe) ++server_->subscriptions_;
  if (server_->down_) end({MICROEXPR_UNAVAILABLE, "no server"});
  const auto script = server_->scripts_.find(method_);
  if (script == server_->scripts_.end()) return;
  out_.assign(script->second.messages.begin(), script->second.messages.end());
  end(script->second.status);
}

FakeStream::~FakeStream() {
  const std::lock_guard<std::mutex> lock(server_->mutex_);
  server_->streams_.erase(this);
}

void FakeStream::end(Status status) {
  ended_ = true;
  status_ = std::move(status);
}

bool FakeStream::write(const std::string& message) {
  const std::lock_guard<std::mutex> lock(server_->mutex_);
  if (cancelled_ || (ended_ && server_->scripts_.count(method_) == 0)) return false;
  if (server_->hanging_.count(method_) == 0 && !ended_) answer(message);
  return true;
}

bool FakeStream::writes_done() {
  const std::lock_guard<std::mutex> lock(server_->mutex_);
  return !cancelled_ && !ended_;
}

bool FakeStream::read(std::string* message) {
  std::unique_lock<std::mutex> lock(server_->mutex_);
  for (;;) {
    if (subscribed_ && !ended_) catch_up();
    if (cancelled_) return false;
    if (!out_.empty()) break;
    if (ended_) return false;
    server_->changed_.wait(lock);
  }
  *message = std::move(out_.front());
  out_.pop_front();
  if (subscribed_ && server_->break_after_ != 0 && ++sent_ >= server_->break_after_) {
    ++server_->break_after_;
    out_.clear();
    end({MICROEXPR_UNAVAILABLE, "the server was killed"});
  }
  return true;
}

Status FakeStream::finish() {
  std::unique_lock<std::mutex> lock(server_->mutex_);
  server_->changed_.wait(lock, [this] { return cancelled_ || ended_; });
  return cancelled_ ? Status(MICROEXPR_CANCELLED, "cancelled") : status_;
}

void FakeStream::cancel() {
  const std::lock_guard<std::mutex> lock(server_->mutex_);
  cancelled_ = true;
  server_->changed_.notify_all();
}

void FakeStream::answer(const std::string& request) {
  if (method_ == method::kSubscribe) return answer_subscribe(request);
  if (method_ == method::kPut) return answer_put(request);
  if (method_ == method::kGet) {
    wire::GetTakeRequest get;
    get.ParseFromString(request);
    return send_take(get.take_id());
  }
  if (method_ == method::kRemap) {  // the take as it is: mapping is not what is tested here
    wire::RemapTakeRequest remap;
    remap.ParseFromString(request);
    return send_take(remap.take_id());
  }
  if (method_ == method::kList) return answer_list(request);
  wire::GetServerInfoResponse info;  // all that is left needs a script but this
  info.set_server_version("fake");
  info.set_protocol(1);
  info.set_store_id(server_->store_id_);
  info.set_last_sequence(server_->sequence_);
  info.set_analysis(true);
  info.add_rigs("facs");
  info.add_rigs("arkit");
  info.add_emotions("fear");
  deliver(info.SerializeAsString());
  end({});
}

// Newest first, two a page; the token is the sequence to go on below.
void FakeStream::answer_list(const std::string& bytes) {
  wire::ListTakesRequest request;
  request.ParseFromString(bytes);
  std::uint64_t below = request.page_token().empty() ? ~std::uint64_t{0} : std::stoull(request.page_token());
  wire::ListTakesResponse response;
  std::set<std::string> seen;
  for (auto entry = server_->log_.rbegin(); entry != server_->log_.rend(); ++entry) {
    const bool newest = seen.insert(entry->take_id).second;
    if (!newest || entry->deleted || entry->sequence >= below) continue;
    if (response.takes_size() == 2) {
      response.set_next_page_token(std::to_string(below));
      break;
    }
    below = response.takes_size() == 1 ? entry->sequence : below;
    describe(entry->take_id, entry->sequence, entry->parts, response.add_takes());
  }
  deliver(response.SerializeAsString());
  end({});
}

void FakeStream::answer_put(const std::string& bytes) {
  wire::PutTakeRequest request;
  request.ParseFromString(bytes);
  if (request.has_open()) put_id_ = request.open().take_id();
  if (!request.header().empty()) put_parts_.push_back(request.header());
  if (!request.chunk().empty()) put_parts_.push_back(request.chunk());
  if (!request.has_commit()) return;
  if (request.commit().sha256() != samples::digest(put_parts_)) return end(microexpr::damaged("the digest is wrong"));
  const auto stored = server_->takes_.find(put_id_);
  const bool already = stored != server_->takes_.end() && stored->second == put_parts_;
  if (stored != server_->takes_.end() && !already) return end({MICROEXPR_ALREADY_EXISTS, "another take has this id"});
  server_->takes_[put_id_] = put_parts_;
  if (!already) server_->log_.push_back({++server_->sequence_, put_id_, false, put_parts_});
  wire::PutTakeResponse response;
  describe(put_id_, server_->sequence_, put_parts_, response.mutable_take());
  response.set_already_stored(already);
  deliver(response.SerializeAsString());
  end({});
  server_->changed_.notify_all();
}

void FakeStream::send_take(const std::string& take_id) {
  const auto stored = server_->takes_.find(take_id);
  if (stored == server_->takes_.end()) return end({MICROEXPR_NOT_FOUND, "there is no take " + take_id});
  wire::TakePart summary;
  describe(take_id, 1, stored->second, summary.mutable_summary());
  deliver(summary.SerializeAsString());
  const auto wrap = [](const wire::TakePart& part) { return part.SerializeAsString(); };
  for (std::size_t i = 0; i <= stored->second.size(); ++i) deliver(update_of_part(stored->second, i, wrap));
  end({});
}

void FakeStream::answer_subscribe(const std::string& bytes) {
  wire::SubscribeRequest request;
  request.ParseFromString(bytes);
  const bool same = request.store_id() == server_->store_id_ && request.since_sequence() <= server_->sequence_;
  cursor_ = same ? request.since_sequence() : 0;
  content_ = request.filter().content();
  wire::Update welcome;
  welcome.mutable_welcome()->set_store_id(server_->store_id_);
  welcome.mutable_welcome()->set_last_sequence(server_->sequence_);
  welcome.mutable_welcome()->set_reset(!same && !request.store_id().empty());
  if (cursor_ == server_->sequence_) welcome.set_resume_sequence(server_->sequence_);
  deliver(welcome.SerializeAsString());
  for (const auto& [subject, header] : server_->live_headers_) deliver(header);
  subscribed_ = true;
}

void FakeStream::catch_up() {
  for (const FakeServer::Entry& entry : server_->log_) {
    if (entry.sequence <= cursor_) continue;
    cursor_ = entry.sequence;
    send_entry(entry);
  }
}

void FakeStream::send_entry(const FakeServer::Entry& entry) {
  wire::Update update;
  if (entry.deleted) {
    update.mutable_deleted()->set_take_id(entry.take_id);
    update.set_resume_sequence(entry.sequence);
    return deliver(update.SerializeAsString());
  }
  describe(entry.take_id, entry.sequence, entry.parts, update.mutable_committed());
  if (!content_) update.set_resume_sequence(entry.sequence);
  deliver(update.SerializeAsString());
  if (!content_ || entry.parts.empty()) return;
  for (std::size_t i = 0; i <= entry.parts.size(); ++i) {
    deliver(update_of_part(entry.parts, i, [&](const wire::TakePart& part) {
      wire::Update message;
      *message.mutable_part() = part;
      if (i == entry.parts.size()) message.set_resume_sequence(entry.sequence);
      return message.SerializeAsString();
    }));
  }
}
