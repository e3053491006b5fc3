// The C border of clients, and of starting calls.
#include <memory>
#include <utility>

#include "border.h"
#include "c_handles.h"
#include "client.h"

namespace microexpr {
namespace {

bool is_port(const std::string& text) {
  return !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == std::string::npos &&
         std::stoi(text) > 0 && std::stoi(text) <= 65535;
}

// HOST:PORT; without TLS the host must be this machine, so that neither takes nor the token travel in the open.
Status check_address(const TransportOptions& options) {
  const std::size_t colon = options.address.rfind(':');
  if (colon == std::string::npos || colon == 0 || !is_port(options.address.substr(colon + 1))) {
    return invalid("address: expected host:port, as in 127.0.0.1:50551, got " + options.address);
  }
  const std::string host = options.address.substr(0, colon);
  const bool digits = host.find_first_not_of("0123456789.") == std::string::npos;
  const bool here = host == "localhost" || host == "[::1]" || (host.rfind("127.", 0) == 0 && digits);
  if (options.tls_root_pem.empty() && !here) {
    return invalid("address: " + host +
                   " is another machine, which needs TLS: choose the server's root certificate (a PEM "
                   "file) in the settings, or run the server on this machine and use 127.0.0.1");
  }
  return {};
}

// What may stand in an HTTP header.
Status check_token(const std::string& token) {
  for (const char letter : token) {
    if (letter < 0x21 || letter > 0x7e) return invalid("token: expected printable ASCII without spaces");
  }
  return {};
}

Status read_transport(const microexpr_client_options& given, TransportOptions* options) {
  Status status = copy_text(given.address, "address", kMaxText, true, &options->address);
  if (status.ok()) status = copy_text(given.tls_root_pem, "tls_root_pem", kMaxPem, false, &options->tls_root_pem);
  if (status.ok()) status = copy_text(given.tls_cert_pem, "tls_cert_pem", kMaxPem, false, &options->tls_cert_pem);
  if (status.ok()) status = copy_text(given.tls_key_pem, "tls_key_pem", kMaxPem, false, &options->tls_key_pem);
  if (status.ok()) {
    status = copy_text(given.tls_server_name, "tls_server_name", kMaxText, false, &options->tls_server_name);
  }
  if (status.ok()) status = copy_text(given.token, "token", kMaxText, false, &options->token);
  if (status.ok()) status = check_address(*options);
  if (status.ok()) status = check_token(options->token);
  if (!status.ok()) return status;
  if (options->tls_cert_pem.empty() != options->tls_key_pem.empty()) {
    return invalid("tls_cert_pem, tls_key_pem: expected both or none");
  }
  if (options->tls_root_pem.empty() && !(options->tls_cert_pem.empty() && options->tls_server_name.empty())) {
    return invalid("tls_root_pem is missing, though other TLS options are set");
  }
  return {};
}

Status read_settings(const microexpr_client_options& given, ClientSettings* settings) {
  Status status = copy_text(given.client_name, "client_name", kMaxText, false, &settings->client_name);
  if (status.ok())
    status = copy_text(given.client_version, "client_version", kMaxText, false, &settings->client_version);
  if (settings->client_name.empty()) settings->client_name = "microexpr_core";
  if (settings->client_version.empty()) settings->client_version = MICROEXPR_CORE_VERSION;
  if (given.deadline_ms != 0) settings->deadline_ms = given.deadline_ms;
  if (given.transfer_deadline_ms != 0) settings->transfer_deadline_ms = given.transfer_deadline_ms;
  if (given.max_take_bytes != 0) settings->max_take_bytes = given.max_take_bytes;
  return status;
}

Status create(const microexpr_client_options* given, microexpr_client** client) {
  if (client == nullptr) return invalid("client is NULL");
  *client = nullptr;
  if (Status status = check_struct(given, "options"); !status.ok()) return status;
  TransportOptions options;
  if (Status status = read_transport(*given, &options); !status.ok()) return status;
  ClientSettings settings;
  if (Status status = read_settings(*given, &settings); !status.ok()) return status;
  *client = make_client(std::move(settings), make_grpc_transport(options));
  return {};
}

Status start(microexpr_client* client, microexpr_call** call, Call::Body body) {
  auto handle = std::make_unique<microexpr_call>(std::make_shared<Call>(client->state, std::move(body)));
  if (Status status = handle->call->start(); !status.ok()) return status;
  *call = handle.release();
  return {};
}

Status read_mapping(const microexpr_mapping* given, Mapping* mapping) {
  const double unset = std::nan("");
  mapping->intensity = mapping->gain = mapping->tolerance = unset;
  if (given == nullptr) return {};
  if (Status status = check_struct(given, "mapping"); !status.ok()) return status;
  Status status = copy_text(given->rig, "mapping.rig", kMaxName, false, &mapping->rig);
  if (status.ok()) status = copy_text(given->emotion, "mapping.emotion", kMaxName, false, &mapping->emotion);
  if (!status.ok()) return status;
  if (given->key_mode < MICROEXPR_KEY_MODE_DEFAULT || given->key_mode > MICROEXPR_KEY_MODE_EXACT) {
    return invalid("mapping.key_mode: expected 0 to 2");
  }
  if (std::isinf(given->intensity) || std::isinf(given->gain) || std::isinf(given->tolerance)) {
    return invalid("mapping: expected finite numbers, or NaN for the server's default");
  }
  mapping->intensity = given->intensity;
  mapping->gain = given->gain;
  mapping->tolerance = given->tolerance;
  mapping->key_mode = given->key_mode;
  return {};
}

Status read_analysis(const microexpr_analyze_options* given, Analysis* analysis) {
  if (Status status = check_struct(given, "options"); !status.ok()) return status;
  Status status = copy_text(given->server_path, "server_path", kMaxText, false, &analysis->server_path);
  if (status.ok()) status = copy_text(given->upload_path, "upload_path", kMaxText, false, &analysis->upload_path);
  if (status.ok()) status = copy_text(given->take_id, "take_id", kMaxName, false, &analysis->take_id);
  if (status.ok()) status = read_mapping(given->mapping, &analysis->mapping);
  if (!status.ok()) return status;
  if (analysis->server_path.empty() == analysis->upload_path.empty()) {
    return invalid("server_path, upload_path: expected one of them");
  }
  if (!std::isnan(analysis->mapping.gain)) return invalid("mapping.gain: an analysis has none; set it to NaN");
  analysis->replace = given->replace != 0;
  return {};
}

// What all starting functions do: check both handles, clear the result, keep exceptions in.
template <class Body>
int start_guarded(microexpr_client* client, microexpr_call** call, Body body) {
  return guarded([&]() -> Status {
    if (call == nullptr) return invalid("call is NULL");
    *call = nullptr;
    if (client == nullptr) return invalid("client is NULL");
    return body();
  });
}

}  // namespace
}  // namespace microexpr

using microexpr::Call;
using microexpr::copy_text;
using microexpr::kMaxName;
using microexpr::kMaxText;
using microexpr::Status;

extern "C" {

int microexpr_client_create(const microexpr_client_options* options, microexpr_client** client) {
  return microexpr::guarded([&] { return microexpr::create(options, client); });
}

void microexpr_client_destroy(microexpr_client* client) {
  if (client == nullptr) return;
  (void)microexpr::guarded([&]() -> Status {
    client->state->stop_all();
    delete client;
    return {};
  });
}

int microexpr_start_info(microexpr_client* client, microexpr_call** call) {
  return microexpr::start_guarded(client, call, [&] { return microexpr::start(client, call, microexpr::ask_info); });
}

int microexpr_start_list(microexpr_client* client, const microexpr_list_options* options, microexpr_call** call) {
  return microexpr::start_guarded(client, call, [&]() -> Status {
    if (Status status = microexpr::check_struct(options, "options"); !status.ok()) return status;
    std::string token;
    if (Status status = copy_text(options->page_token, "page_token", kMaxText, false, &token); !status.ok()) {
      return status;
    }
    const std::uint32_t size = options->page_size;
    return microexpr::start(client, call, [size, token](Call& c) { return microexpr::ask_list(c, size, token); });
  });
}

int microexpr_start_fetch(microexpr_client* client, const char* take_id, microexpr_call** call) {
  return microexpr::start_guarded(client, call, [&]() -> Status {
    std::string id;
    if (Status status = copy_text(take_id, "take_id", kMaxName, true, &id); !status.ok()) return status;
    return microexpr::start(client, call, [id](Call& c) { return microexpr::fetch_take(c, id); });
  });
}

int microexpr_start_delete(microexpr_client* client, const char* take_id, microexpr_call** call) {
  return microexpr::start_guarded(client, call, [&]() -> Status {
    std::string id;
    if (Status status = copy_text(take_id, "take_id", kMaxName, true, &id); !status.ok()) return status;
    return microexpr::start(client, call, [id](Call& c) { return microexpr::delete_take(c, id); });
  });
}

int microexpr_start_remap(microexpr_client* client, const char* take_id, const microexpr_mapping* mapping,
                          microexpr_call** call) {
  return microexpr::start_guarded(client, call, [&]() -> Status {
    std::string id;
    if (Status status = copy_text(take_id, "take_id", kMaxName, true, &id); !status.ok()) return status;
    microexpr::Mapping chosen;
    if (Status status = microexpr::read_mapping(mapping, &chosen); !status.ok()) return status;
    if (chosen.rig.empty()) return microexpr::invalid("mapping.rig is missing");
    return microexpr::start(client, call, [id, chosen](Call& c) { return microexpr::remap_take(c, id, chosen); });
  });
}

int microexpr_start_push(microexpr_client* client, const char* take_id, int replace, const microexpr_part* parts,
                         size_t part_count, microexpr_call** call) {
  return microexpr::start_guarded(client, call, [&]() -> Status {
    std::string id;
    if (Status status = copy_text(take_id, "take_id", kMaxName, true, &id); !status.ok()) return status;
    if (Status status = microexpr::check_parts(parts, part_count); !status.ok()) return status;
    std::unique_ptr<microexpr::TakeContent> content;
    const std::uint64_t limit = client->state->settings.max_take_bytes;
    if (Status status = microexpr::build_take(parts, part_count, limit, &content); !status.ok()) return status;
    const std::shared_ptr<const microexpr::TakeContent> take = std::move(content);
    return microexpr::start(client, call,
                            [id, replace, take](Call& c) { return microexpr::push_take(c, id, replace != 0, *take); });
  });
}

int microexpr_start_analyze(microexpr_client* client, const microexpr_analyze_options* options, microexpr_call** call) {
  return microexpr::start_guarded(client, call, [&]() -> Status {
    microexpr::Analysis analysis;
    if (Status status = microexpr::read_analysis(options, &analysis); !status.ok()) return status;
    return microexpr::start(client, call, [analysis](Call& c) { return microexpr::analyze_video(c, analysis); });
  });
}

}  // extern "C"
