// Requests into bytes, bytes into plain values: all that the core knows of the wire, apart from the parts of a take.
// Decoding a message that cannot be understood is DATA_LOSS.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "take.h"

namespace microexpr {

// Full method names; a test holds them against bridge.proto.
namespace method {
constexpr const char* kInfo = "/microexpr.v1.InfoService/GetServerInfo";
constexpr const char* kPut = "/microexpr.v1.TakeService/PutTake";
constexpr const char* kGet = "/microexpr.v1.TakeService/GetTake";
constexpr const char* kList = "/microexpr.v1.TakeService/ListTakes";
constexpr const char* kDelete = "/microexpr.v1.TakeService/DeleteTake";
constexpr const char* kRemap = "/microexpr.v1.TakeService/RemapTake";
constexpr const char* kSubscribe = "/microexpr.v1.EditorService/Subscribe";
constexpr const char* kAnalyze = "/microexpr.v1.AnalysisService/Analyze";
}  // namespace method

struct ServerInfo {
  std::string server_version;
  std::string store_id;
  std::uint64_t last_sequence = 0;
  std::uint64_t max_take_bytes = 0;
  std::uint32_t protocol = 0;
  bool analysis = false;
  std::vector<std::string> rigs;
  std::vector<std::string> emotions;
};

struct Page {
  std::vector<Summary> takes;
  std::string next_page_token;
};

struct PutAnswer {
  Summary take;
  bool already_stored = false;
};

// Numbers that are NaN and strings that are empty are left to the server.
struct Mapping {
  std::string rig;
  std::string emotion;
  double intensity = 0.0;
  double gain = 0.0;
  double tolerance = 0.0;
  int key_mode = 0;
};

struct Analysis {
  std::string server_path;  // or
  std::string upload_path;
  std::string take_id;
  bool replace = false;
  Mapping mapping;
};

struct Subscribing {
  std::string store_id;
  std::uint64_t since_sequence = 0;
  bool takes = false;
  bool live = false;
  bool content = false;
  std::string take_id_prefix;
};

// One message of Subscribe, GetTake or RemapTake; which fields count says kind.
struct Update {
  enum class Kind { kNone, kWelcome, kSummary, kHeader, kChunk, kEnd, kDeleted, kLiveHeader, kLiveFrame, kLiveEnd };
  Kind kind = Kind::kNone;  // kNone: of a newer server; to be passed over
  std::string text;         // store id, take id, subject, or the bytes of header or chunk
  std::uint64_t resume_sequence = 0;
  std::uint64_t last_sequence = 0;
  bool reset = false;
  Summary summary;
  Digest sha256{};
  std::uint64_t subject_id = 0;
  std::uint64_t dropped = 0;
  std::vector<std::string> names;
  std::vector<float> values;
  double time_s = 0.0;
  double sent_unix_s = 0.0;
};

struct AnalysisAnswer {
  enum class Kind { kNone, kQueued, kProgress, kTake };
  Kind kind = Kind::kNone;
  std::string stage;
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  Summary take;
};

std::string encode_info_request(const std::string& client_name, const std::string& client_version);
std::string encode_list(std::uint32_t page_size, const std::string& page_token);
std::string encode_get(const std::string& take_id);
std::string encode_delete(const std::string& take_id);
std::string encode_remap(const std::string& take_id, const Mapping& mapping);
std::string encode_subscribe(const Subscribing& subscribing);
std::string encode_put_open(const std::string& take_id, bool replace);
std::string encode_put_header(const std::string& part);
std::string encode_put_chunk(const std::string& part);
std::string encode_put_commit(const Digest& sha256);
std::string encode_analyze_path(const Analysis& analysis);
std::string encode_analyze_upload(const Analysis& analysis, const std::string& file_name, std::uint64_t size);
std::string encode_analyze_chunk(const std::string& bytes);

Status decode_info(const std::string& bytes, ServerInfo* info);
Status decode_page(const std::string& bytes, Page* page);
Status decode_put_answer(const std::string& bytes, PutAnswer* answer);
Status decode_part(const std::string& bytes, Update* part);
Status decode_update(const std::string& bytes, Update* update);
Status decode_analysis_answer(const std::string& bytes, AnalysisAnswer* answer);

}  // namespace microexpr
