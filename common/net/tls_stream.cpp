#include "common/net/tls_stream.hpp"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include <boost/asio/steady_timer.hpp>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "common/net/tls_text.hpp"

namespace nsq::net {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// The most that a record holds.
constexpr std::size_t kRecordBytes = 16 * 1024;
/// What one write_some() encrypts before the socket has its say.
constexpr std::size_t kBatchBytes = 256 * 1024;

struct FreeSsl {
  void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
};

/// Encrypted bytes on their way down. All connections of a thread share it, since it is empty again
/// when a call ends.
std::string& records() {
  thread_local std::string bytes;
  return bytes;
}

bool is_ip(const std::string& name) {
  ASN1_OCTET_STRING* address = a2i_IPADDRESS(name.c_str());
  ASN1_OCTET_STRING_free(address);
  return address != nullptr;
}

}  // namespace

/// What OpenSSL's callbacks see. Its address stays, the stream's own would too.
struct TlsStream::State {
  TlsContext::Ptr context;
  std::unique_ptr<SSL, FreeSsl> ssl;
  ByteStream* below = nullptr;
  std::string received;  // read before there was TLS
  IoResult last_read;    // what the socket said last
  TlsPeer peer;
  bool established = false;
  bool renegotiating = false;
  bool broken = false;  // after an error nothing more may be sent

  static State& of(BIO* bio) { return *static_cast<State*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* into, std::size_t size, std::size_t* bytes) {
    State& state = of(bio);
    BIO_clear_retry_flags(bio);
    if (!state.received.empty()) {
      *bytes = std::min(size, state.received.size());
      std::memcpy(into, state.received.data(), *bytes);
      state.received.erase(0, *bytes);
      if (state.received.empty()) std::string().swap(state.received);
      return 1;
    }
    state.last_read = state.below->read_some({into, size});
    *bytes = state.last_read.bytes;
    if (state.last_read.status == IoStatus::ok) return 1;
    if (state.last_read.status == IoStatus::would_block) BIO_set_retry_read(bio);
    return 0;
  }

  static int write(BIO*, const char* bytes, std::size_t size, std::size_t* written) {
    records().append(bytes, size);
    *written = size;
    return 1;
  }

  static long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_FLUSH) return 1;
    if (command == BIO_CTRL_EOF) return of(bio).last_read.status == IoStatus::eof;
    return 0;
  }

  /// OpenSSL answers a renegotiation with a warning and would go on.
  static void watch(const SSL* ssl, int where, int value) {
    if ((where & SSL_CB_WRITE_ALERT) != 0 && (value & 0xff) == SSL_AD_NO_RENEGOTIATION) {
      static_cast<State*>(SSL_get_app_data(ssl))->renegotiating = true;
    }
  }

  static BIO_METHOD* bio_method() {
    static BIO_METHOD* const method = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "nsq stream");
      BIO_meth_set_read_ex(made, read);
      BIO_meth_set_write_ex(made, write);
      BIO_meth_set_ctrl(made, control);
      return made;  // for the process's life
    }();
    return method;
  }

  void attach() {
    BIO* bio = BIO_new(bio_method());
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl.get(), bio, bio);
    SSL_set_app_data(ssl.get(), this);
    SSL_set_info_callback(ssl.get(), watch);
  }

  void expect(const std::string& server_name) {
    if (server_name.empty()) return;
    if (is_ip(server_name)) {
      if (context->verifies()) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), server_name.c_str());
      }
      return;
    }
    SSL_set_tlsext_host_name(ssl.get(), server_name.c_str());
    if (context->verifies()) SSL_set1_host(ssl.get(), server_name.c_str());
  }
};

std::unique_ptr<TlsStream> TlsStream::make(std::unique_ptr<ByteStream> below,
                                           TlsContext::Ptr context, std::string received,
                                           const std::string& server_name) {
  auto state = std::make_unique<State>();
  state->ssl.reset(SSL_new(context->native()));
  if (!state->ssl) throw std::bad_alloc();
  state->context = std::move(context);
  state->below = below.get();
  state->received = std::move(received);
  state->attach();
  if (state->context->is_server()) {
    SSL_set_accept_state(state->ssl.get());
  } else {
    SSL_set_connect_state(state->ssl.get());
    state->expect(server_name);
  }
  return std::unique_ptr<TlsStream>(new TlsStream(std::move(below), std::move(state)));
}

TlsStream::TlsStream(std::unique_ptr<ByteStream> below, std::unique_ptr<State> state) noexcept
    : StreamLayer(std::move(below)), state_(std::move(state)) {}

TlsStream::~TlsStream() = default;

const TlsPeer* TlsStream::tls_peer() const noexcept {
  return state_->established ? &state_->peer : nullptr;
}

// ---- handshake

asio::awaitable<Result<void>> TlsStream::handshake(Nanoseconds limit) {
  const auto expired = std::make_shared<bool>(false);
  asio::steady_timer timer(executor(), limit);
  // The handler may run after this frame is gone; the flag goes with it.
  timer.async_wait([this, flag = std::weak_ptr<bool>(expired)](error_code error) {
    const auto waiting = flag.lock();
    if (error || !waiting) return;
    *waiting = true;
    cancel();
  });
  auto result = co_await shake_hands(*expired);
  if (!result && *expired) co_return fail(Errc::timed_out, "i/o timeout");
  co_return result;
}

asio::awaitable<Result<void>> TlsStream::shake_hands(const bool& expired) {
  SSL* ssl = state_->ssl.get();
  for (;;) {
    ERR_clear_error();
    const int done = SSL_do_handshake(ssl);
    const bool again = done != 1 && SSL_get_error(ssl, done) == SSL_ERROR_WANT_READ;
    const Error why = done == 1 || again ? Error() : handshake_error(done);
    const IoResult sent = push_records();
    if (sent.status == IoStatus::error) co_return fail(sent.error, sent.error.message());
    if (done == 1) break;
    if (!again) co_return std::unexpected(why);
    const error_code ended = expired ? asio::error::operation_aborted : co_await wait_for_peer();
    if (ended) co_return fail(ended, ended.message());
  }
  state_->established = true;
  state_->peer = describe_peer(ssl);
  holds_input_ = SSL_has_pending(ssl) == 1 || !state_->received.empty();
  co_return Result<void>();
}

/// Until there is something to read, everything of ours being sent.
asio::awaitable<error_code> TlsStream::wait_for_peer() {
  for (;;) {
    const IoResult done = flush();
    if (done.status == IoStatus::error) co_return done.error;
    if (done.status == IoStatus::ok) break;
    const error_code ended = co_await wait_writable();
    if (ended) co_return ended;
  }
  co_return co_await below().wait_readable();
}

Error TlsStream::handshake_error(int result) const {
  const int kind = SSL_get_error(state_->ssl.get(), result);
  const IoResult& read = state_->last_read;
  if (kind != SSL_ERROR_SSL) {
    if (read.status == IoStatus::error) return {read.error, read.error.message()};
    return {make_error_code(Errc::closed), "EOF"};
  }
  return {make_error_code(Errc::rejected), tls_error_text(state_->ssl.get())};
}

// ---- reading and writing

IoResult TlsStream::read_some(std::span<char> into) {
  SSL* ssl = state_->ssl.get();
  std::size_t total = 0;
  int result = 1;
  ERR_clear_error();
  do {
    std::size_t bytes = 0;
    result = SSL_read_ex(ssl, into.data() + total, into.size() - total, &bytes);
    if (result != 1) break;
    total += bytes;
  } while (total < into.size() && SSL_has_pending(ssl) == 1);
  holds_input_ = result == 1 && SSL_has_pending(ssl) == 1;
  IoResult outcome{.bytes = total};
  if (result != 1) {
    outcome = failed_io(result);
    // What came before the end is told first; the end is found again by the next call.
    if (total > 0) {
      holds_input_ = outcome.status != IoStatus::would_block;
      outcome = {.bytes = total};
    }
  }
  // Answers to alerts and key updates.
  const IoResult sent = push_records();
  return sent.status == IoStatus::error ? sent : outcome;
}

IoResult TlsStream::failed_io(int result) {
  if (state_->renegotiating) {
    state_->broken = true;
    return {.status = IoStatus::error, .error = make_error_code(Errc::bad_frame)};
  }
  switch (SSL_get_error(state_->ssl.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return {.status = IoStatus::would_block};
    case SSL_ERROR_ZERO_RETURN:
      return {.status = IoStatus::eof};
    case SSL_ERROR_SYSCALL:
      state_->broken = true;
      if (state_->last_read.status == IoStatus::error) return state_->last_read;
      return {.status = IoStatus::eof};
    default:
      state_->broken = true;
      // With TLS 1.3 a server's verdict on our certificate comes behind the handshake.
      if (const error_code alert = tls_alert()) return {.status = IoStatus::error, .error = alert};
      return {.status = IoStatus::error, .error = make_error_code(Errc::bad_frame)};
  }
}

IoResult TlsStream::write_some(std::span<const iovec> parts) {
  if (const IoResult clear = push_pending(); clear.status != IoStatus::ok) return clear;
  thread_local std::vector<char> gathered(kRecordBytes);
  SSL* ssl = state_->ssl.get();
  std::size_t held = 0;  // of gathered
  std::size_t accepted = 0;
  bool fine = !state_->broken;
  ERR_clear_error();
  const auto encrypt = [&](const char* data, std::size_t bytes) {
    std::size_t written = 0;
    fine = fine && SSL_write_ex(ssl, data, bytes, &written) == 1;
  };
  const auto add = [&](const char* data, std::size_t bytes) {
    while (bytes > 0) {
      // Whole records straight from where they are, the rest gathered.
      if (held == 0 && bytes >= kRecordBytes) {
        const std::size_t whole = bytes - bytes % kRecordBytes;
        encrypt(data, whole);
        data += whole;
        bytes -= whole;
        continue;
      }
      const std::size_t some = std::min(bytes, kRecordBytes - held);
      std::memcpy(gathered.data() + held, data, some);
      held += some;
      data += some;
      bytes -= some;
      if (held == kRecordBytes) encrypt(gathered.data(), std::exchange(held, 0));
    }
  };
  for (const iovec& part : parts) {
    if (accepted == kBatchBytes) break;
    const std::size_t some = std::min(part.iov_len, kBatchBytes - accepted);
    add(static_cast<const char*>(part.iov_base), some);
    accepted += some;
  }
  if (held > 0) encrypt(gathered.data(), held);
  if (!fine) {
    records().clear();
    return {.status = IoStatus::error, .error = make_error_code(Errc::closed)};
  }
  const IoResult sent = push_records();
  return sent.status == IoStatus::ok ? IoResult{.bytes = accepted} : sent;
}

IoResult TlsStream::push_records() {
  std::string& bytes = records();
  if (bytes.empty()) return {};
  const IoResult sent = push(bytes);
  bytes.clear();
  return sent;
}

// ---- the end

void TlsStream::shutdown_send() noexcept {
  if (state_->established && !state_->broken) {
    ERR_clear_error();
    SSL_shutdown(state_->ssl.get());
    (void)push_records();  // the connection ends in any case
    (void)flush();
  }
  StreamLayer::shutdown_send();
}

void TlsStream::close() noexcept {
  const bool open = native_handle() != -1;
  if (open && state_->established && !state_->broken &&
      (SSL_get_shutdown(state_->ssl.get()) & SSL_SENT_SHUTDOWN) == 0 && !has_pending()) {
    ERR_clear_error();
    SSL_shutdown(state_->ssl.get());
    (void)push_records();  // likewise
  }
  StreamLayer::close();
}

}  // namespace nsq::net
