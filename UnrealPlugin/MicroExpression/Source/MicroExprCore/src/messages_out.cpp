// Requests into bytes.
#include <cmath>

#include "from_wire.h"
#include "messages.h"

namespace microexpr {
namespace {

namespace wire = ::microexpr::v1;

void set_options(const Analysis& analysis, wire::AnalyzeOptions* options) {
  options->set_take_id(analysis.take_id);
  options->set_replace(analysis.replace);
  options->set_rig(analysis.mapping.rig);
  options->set_emotion(analysis.mapping.emotion);
  if (!std::isnan(analysis.mapping.intensity)) options->set_intensity(analysis.mapping.intensity);
  if (!std::isnan(analysis.mapping.tolerance)) options->set_tolerance(analysis.mapping.tolerance);
  options->set_key_mode(static_cast<wire::KeyMode>(analysis.mapping.key_mode));
}

}  // namespace

std::string encode_info_request(const std::string& client_name, const std::string& client_version) {
  wire::GetServerInfoRequest request;
  request.set_client_name(client_name);
  request.set_client_version(client_version);
  request.set_protocol(MICROEXPR_PROTOCOL);
  return request.SerializeAsString();
}

std::string encode_list(std::uint32_t page_size, const std::string& page_token) {
  wire::ListTakesRequest request;
  request.set_page_size(page_size);
  request.set_page_token(page_token);
  return request.SerializeAsString();
}

std::string encode_get(const std::string& take_id) {
  wire::GetTakeRequest request;
  request.set_take_id(take_id);
  return request.SerializeAsString();
}

std::string encode_delete(const std::string& take_id) {
  wire::DeleteTakeRequest request;
  request.set_take_id(take_id);
  return request.SerializeAsString();
}

std::string encode_remap(const std::string& take_id, const Mapping& mapping) {
  wire::RemapTakeRequest request;
  request.set_take_id(take_id);
  request.set_rig(mapping.rig);
  request.set_emotion(mapping.emotion);
  if (!std::isnan(mapping.intensity)) request.set_intensity(mapping.intensity);
  if (!std::isnan(mapping.gain)) request.set_gain(mapping.gain);
  if (!std::isnan(mapping.tolerance)) request.set_tolerance(mapping.tolerance);
  request.set_key_mode(static_cast<wire::KeyMode>(mapping.key_mode));
  return request.SerializeAsString();
}

std::string encode_subscribe(const Subscribing& subscribing) {
  wire::SubscribeRequest request;
  request.set_store_id(subscribing.store_id);
  request.set_since_sequence(subscribing.since_sequence);
  wire::UpdateFilter* const filter = request.mutable_filter();
  filter->set_takes(subscribing.takes);
  filter->set_live(subscribing.live);
  filter->set_content(subscribing.content);
  filter->set_take_id_prefix(subscribing.take_id_prefix);
  return request.SerializeAsString();
}

std::string encode_put_open(const std::string& take_id, bool replace) {
  wire::PutTakeRequest request;
  request.mutable_open()->set_take_id(take_id);
  request.mutable_open()->set_replace(replace);
  return request.SerializeAsString();
}

std::string encode_put_header(const std::string& part) {
  wire::PutTakeRequest request;
  request.set_header(part);
  return request.SerializeAsString();
}

std::string encode_put_chunk(const std::string& part) {
  wire::PutTakeRequest request;
  request.set_chunk(part);
  return request.SerializeAsString();
}

std::string encode_put_commit(const Digest& sha256) {
  wire::PutTakeRequest request;
  request.mutable_commit()->set_sha256(sha256.data(), sha256.size());
  return request.SerializeAsString();
}

std::string encode_analyze_path(const Analysis& analysis) {
  wire::AnalyzeRequest request;
  request.mutable_path()->set_path(analysis.server_path);
  set_options(analysis, request.mutable_path()->mutable_options());
  return request.SerializeAsString();
}

std::string encode_analyze_upload(const Analysis& analysis, const std::string& file_name, std::uint64_t size) {
  wire::AnalyzeRequest request;
  request.mutable_upload()->set_file_name(file_name);
  request.mutable_upload()->set_size(size);
  set_options(analysis, request.mutable_upload()->mutable_options());
  return request.SerializeAsString();
}

std::string encode_analyze_chunk(const std::string& bytes) {
  wire::AnalyzeRequest request;
  request.set_chunk(bytes);
  return request.SerializeAsString();
}

}  // namespace microexpr
