// What each call says to the server and what it makes of the answer. All of it runs on the call's own thread.
#include <filesystem>
#include <fstream>
#include <utility>

#include "call.h"

namespace microexpr {
namespace {

// The status of an RPC whose answer was read and understood, or why it was not.
Status conclude(Stream* stream, Status decoded) {
  if (!decoded.ok()) stream->cancel();
  Status finished = stream->finish();
  return decoded.ok() ? finished : decoded;
}

// One message out, one in.
Status ask(Call& call, const char* method, const std::string& request, std::string* answer) {
  Stream* const stream = call.open(method, call.settings().deadline_ms);
  if (stream->write(request)) stream->writes_done();
  const bool answered = stream->read(answer);
  Status status = stream->finish();
  if (status.ok() && !answered) return damaged("the server ended the call without an answer");
  return status;
}

// The parts of one take, as GetTake and RemapTake stream them.
class TakeReader {
 public:
  explicit TakeReader(Call& call) : call_(call), builder_(call.settings().max_take_bytes) {}

  Status read(Stream* stream) {
    std::string bytes;
    while (stream->read(&bytes)) {
      Update part;
      if (Status status = decode_part(bytes, &part); !status.ok()) return status;
      if (Status status = add(&part); !status.ok()) return status;
    }
    return {};
  }

  // After the RPC ended well: without an end something is missing.
  Status finish() {
    if (!ended_) return damaged("the take ended before its last part: fetch it again");
    call_.answer().take.reset(new microexpr_take(std::move(content_)));
    return {};
  }

 private:
  Status add(Update* part) {
    if (ended_) return damaged("a part came after the end of its take");
    Status status;
    switch (part->kind) {
      case Update::Kind::kSummary:
        total_ = part->summary.content_bytes;
        call_.answer().summaries.push_back(std::move(part->summary));
        return {};
      case Update::Kind::kHeader:
        status = builder_.add_header(std::move(part->text));
        break;
      case Update::Kind::kChunk:
        status = builder_.add_chunk(std::move(part->text));
        break;
      case Update::Kind::kEnd:
        ended_ = true;
        return builder_.finish(&part->sha256, &content_);
      default:
        return {};
    }
    call_.set_progress("receive", builder_.bytes(), total_);
    return status;
  }

  Call& call_;
  TakeBuilder builder_;
  std::unique_ptr<TakeContent> content_;
  std::uint64_t total_ = 0;
  bool ended_ = false;
};

Status read_take(Call& call, const char* method, const std::string& request) {
  Stream* const stream = call.open(method, call.settings().transfer_deadline_ms);
  if (stream->write(request)) stream->writes_done();
  TakeReader reader(call);
  Status status = conclude(stream, reader.read(stream));
  return status.ok() ? reader.finish() : status;
}

bool write_parts(Call& call, Stream* stream, const TakeContent& take) {
  std::uint64_t sent = 0;
  for (std::size_t i = 0; i < take.parts.size(); ++i) {
    const std::string& part = take.parts[i];
    if (!stream->write(i == 0 ? encode_put_header(part) : encode_put_chunk(part))) return false;
    sent += part.size();
    call.set_progress("send", sent, take.content_bytes);
  }
  return true;
}

// Messages until the stream ends or the take comes.
Status read_analysis(Call& call, Stream* stream) {
  std::string bytes;
  while (stream->read(&bytes)) {
    AnalysisAnswer answer;
    if (Status status = decode_analysis_answer(bytes, &answer); !status.ok()) return status;
    if (answer.kind == AnalysisAnswer::Kind::kTake) {
      call.answer().summaries.push_back(std::move(answer.take));
    } else if (answer.kind != AnalysisAnswer::Kind::kNone) {
      call.set_progress(std::move(answer.stage), answer.done, answer.total);
    }
  }
  return {};
}

// Announces the file and sends it. A write that fails is no error here: the server's status says why.
Status upload(Call& call, Stream* stream, const Analysis& analysis) {
  const std::filesystem::path path = std::filesystem::u8path(analysis.upload_path);
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (error || !file) return {MICROEXPR_NOT_FOUND, analysis.upload_path + " cannot be read"};
  if (!stream->write(encode_analyze_upload(analysis, path.filename().u8string(), size))) return {};
  std::string piece(kMaxPartBytes, '\0');
  std::uint64_t sent = 0;
  while (sent < size) {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    const auto count = static_cast<std::size_t>(file.gcount());
    if (count == 0) return {MICROEXPR_DATA_LOSS, analysis.upload_path + " became shorter while it was sent"};
    if (!stream->write(encode_analyze_chunk(piece.substr(0, count)))) return {};
    sent += count;
    call.set_progress("upload", sent, size);
  }
  return {};
}

}  // namespace

Status ask_info(Call& call) {
  std::string bytes;
  const std::string request = encode_info_request(call.settings().client_name, call.settings().client_version);
  if (Status status = ask(call, method::kInfo, request, &bytes); !status.ok()) return status;
  ServerInfo& info = call.answer().info;
  if (Status status = decode_info(bytes, &info); !status.ok()) return status;
  if (info.protocol < MICROEXPR_PROTOCOL) {
    return {MICROEXPR_VERSION_MISMATCH, "the server speaks protocol " + std::to_string(info.protocol) +
                                            ", this library needs 1: update the server"};
  }
  for (const std::string& rig : info.rigs) call.answer().rigs.push_back(rig.c_str());
  for (const std::string& emotion : info.emotions) call.answer().emotions.push_back(emotion.c_str());
  call.answer().has_info = true;
  return {};
}

Status ask_list(Call& call, std::uint32_t page_size, const std::string& page_token) {
  std::string bytes;
  if (Status status = ask(call, method::kList, encode_list(page_size, page_token), &bytes); !status.ok()) return status;
  Page page;
  if (Status status = decode_page(bytes, &page); !status.ok()) return status;
  call.answer().summaries = std::move(page.takes);
  call.answer().page_token = std::move(page.next_page_token);
  call.answer().has_page_token = true;
  return {};
}

Status fetch_take(Call& call, const std::string& take_id) { return read_take(call, method::kGet, encode_get(take_id)); }

Status remap_take(Call& call, const std::string& take_id, const Mapping& mapping) {
  return read_take(call, method::kRemap, encode_remap(take_id, mapping));
}

Status delete_take(Call& call, const std::string& take_id) {
  std::string bytes;
  return ask(call, method::kDelete, encode_delete(take_id), &bytes);
}

Status push_take(Call& call, const std::string& take_id, bool replace, const TakeContent& take) {
  Stream* const stream = call.open(method::kPut, call.settings().transfer_deadline_ms);
  if (stream->write(encode_put_open(take_id, replace)) && write_parts(call, stream, take) &&
      stream->write(encode_put_commit(take.sha256))) {
    stream->writes_done();
  }
  std::string bytes;
  const bool answered = stream->read(&bytes);
  if (Status status = stream->finish(); !status.ok()) return status;
  if (!answered) return damaged("the server ended the push without an answer");
  PutAnswer answer;
  if (Status status = decode_put_answer(bytes, &answer); !status.ok()) return status;
  call.answer().summaries.push_back(std::move(answer.take));
  call.answer().already_stored = answer.already_stored;
  call.answer().has_already_stored = true;
  return {};
}

Status analyze_video(Call& call, const Analysis& analysis) {
  Stream* const stream = call.open(method::kAnalyze, 0);
  Status status;
  if (analysis.server_path.empty()) {
    status = upload(call, stream, analysis);
  } else {
    stream->write(encode_analyze_path(analysis));
  }
  if (status.ok()) {
    stream->writes_done();
    status = read_analysis(call, stream);
  }
  status = conclude(stream, std::move(status));
  if (status.ok() && call.answer().summaries.empty()) return damaged("the analysis ended without a take");
  return status;
}

}  // namespace microexpr
