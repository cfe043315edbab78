// The command that introduces a client: IDENTIFY.

#include <fmt/core.h>

#include "common/wire/identify.hpp"
#include "nsqd/session/protocol.hpp"

namespace nsqd {

namespace wire = nsq::wire;

Protocol::Step Protocol::identify(std::string_view rest) {
  // A second one over a layer could ask for that layer again.
  if (state_ != State::init || layered_) return fail(wire::wrong_state("IDENTIFY"));
  const Step body = read_body(Command::identify, rest, context_.options.max_body_size);
  if (body != Step::done) return body;
  const auto request = wire::parse_identify_request(body_);
  if (!request) return fail(wire::bad_body("IDENTIFY failed to decode JSON body"));
  return apply(*request);
}

Protocol::Step Protocol::apply(const wire::IdentifyRequest& request) {
  auto negotiated = negotiate(request, settings_, context_.options);
  if (!negotiated) return fail(negotiated.error());
  negotiated->response.auth_required = context_.authority != nullptr;
  settings_ = negotiated->settings;
  layers_ = negotiated->layers;
  layered_ = layers_.any();
  ClientIdentity& identity = identity_;
  identity.client_id = request.client_id;
  identity.hostname = request.hostname;
  identity.user_agent = request.user_agent;
  identity.sample_rate = settings_.sample_rate;
  identity.topology_zone = request.topology_zone;
  identity.topology_region = request.topology_region;
  identity.snappy = layers_.snappy;
  identity.deflate = layers_.deflate_level > 0;
  client_->set_identity(identity);
  locality_ = locality_of(request, context_.options);
  context_.log.info("[{}] IDENTIFY: client_id={} hostname={} user_agent={}", remote_address_,
                    request.client_id, request.hostname, request.user_agent);
  if (request.feature_negotiation) {
    replies_.add_frame(wire::FrameType::response,
                       wire::encode_identify_response(negotiated->response));
  } else {
    replies_.add_frame(wire::FrameType::response, wire::kOk);
  }
  return Step::done;
}

/// --tls-required: a client may introduce itself in plain text, and nothing else.
bool Protocol::lacks_tls() const noexcept {
  return !tls_peer_ && context_.options.tls_required != TlsRequired::no;
}

void Protocol::tls_started(nsq::net::TlsPeer peer) {
  layers_.tls = false;
  identity_.tls = true;
  identity_.tls_version = peer.version;
  identity_.tls_cipher_suite = peer.cipher_suite;
  identity_.tls_negotiated_protocol_is_mutual = true;
  client_->set_identity(identity_);
  tls_peer_ = std::move(peer);
  replies_.add_frame(wire::FrameType::response, wire::kOk);
}

void Protocol::tls_refused(std::string_view why) {
  layers_ = {};
  fail(wire::fatal_error("E_IDENTIFY_FAILED", fmt::format("IDENTIFY failed {}", why)));
  ended_ = true;
}

void Protocol::compression_started() {
  layers_.snappy = false;
  layers_.deflate_level = 0;
  replies_.add_frame(wire::FrameType::response, wire::kOk);
}

}  // namespace nsqd
