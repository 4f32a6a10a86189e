#include "targets/worker.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/stop.h"
#include "base/text.h"
#include "targets/embedded_python.h"
#include "targets/library_search.h"

namespace acuate {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int kProtocol = 1;
constexpr size_t kMaxPacket = size_t{64} << 10;
constexpr size_t kMaxDescriptors = 250;
constexpr int kChannel = 3;  // the worker's end, as the process finds it
constexpr size_t kShownWords = 600;
constexpr auto kPollInterval = std::chrono::milliseconds(100);

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { close(); }
  void close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }
  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

std::string why(std::string_view what) { return fmt::format("{}: {}", what, strerror(errno)); }

Result<Descriptor> shared_memory(std::string_view bytes) {
  Descriptor memory(::memfd_create("acuate", MFD_CLOEXEC));
  if (!memory) return fail("{}", why("cannot make shared memory"));
  while (!bytes.empty()) {
    const ssize_t written = ::write(memory.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail("{}", why("cannot fill shared memory"));
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return memory;
}

Result<std::string> read_memory(int descriptor, uint64_t from = 0) {
  const off_t size = ::lseek(descriptor, 0, SEEK_END);
  if (size < 0) return fail("{}", why("cannot read shared memory"));
  std::string bytes(static_cast<size_t>(size) - std::min<size_t>(from, size), '\0');
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t got = ::pread(descriptor, bytes.data() + done, bytes.size() - done,
                                static_cast<off_t>(from + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return fail("{}", why("cannot read shared memory"));
    done += static_cast<size_t>(got);
  }
  return bytes;
}

// One packet and the descriptors that travel with it.
bool send_packet(int channel, std::string_view data, std::span<const Descriptor> descriptors) {
  iovec part{const_cast<char*>(data.data()), data.size()};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  std::vector<char> control(CMSG_SPACE(descriptors.size() * sizeof(int)));
  if (!descriptors.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
    auto* numbers = reinterpret_cast<int*>(CMSG_DATA(header));
    for (const Descriptor& descriptor : descriptors) *numbers++ = descriptor.get();
  }
  ssize_t sent = 0;
  do sent = ::sendmsg(channel, &message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(data.size());
}

// Empty at the end of the stream.
std::string receive_packet(int channel, std::vector<Descriptor>& descriptors) {
  std::string data(kMaxPacket, '\0');
  iovec part{data.data(), data.size()};
  std::vector<char> control(CMSG_SPACE(kMaxDescriptors * sizeof(int)));
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t got = 0;
  do got = ::recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  for (cmsghdr* header = got < 0 ? nullptr : CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const auto* numbers = reinterpret_cast<const int*>(CMSG_DATA(header));
    for (size_t i = 0; i < (header->cmsg_len - CMSG_LEN(0)) / sizeof(int); ++i)
      descriptors.emplace_back(numbers[i]);
  }
  data.resize(got < 0 ? 0 : static_cast<size_t>(got));
  return data;
}

std::string ended_text(int status) {
  if (WIFSIGNALED(status))
    return fmt::format("ended with signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
  return fmt::format("ended with status {}", WEXITSTATUS(status));
}

}  // namespace

class Worker::Process {
 public:
  static Result<std::unique_ptr<Process>> start(const Program& program) {
    auto process = std::unique_ptr<Process>(new Process);
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
      return fail("{}", why("cannot make a socket for a worker"));
    process->channel_ = Descriptor(ends[0]);
    const Descriptor theirs(ends[1]);
    // What vendors print goes here; its end is told where the process dies.
    auto words = shared_memory({});
    if (!words) return words.error();
    process->words_ = std::move(*words);
    const std::string text = fmt::format("{}\n{}\nserve(WORKER(), {})\n",
                                         embedded_python("worker_host"), program.source, kChannel);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, process->words_.get(), 1);
    posix_spawn_file_actions_adddup2(&actions, process->words_.get(), 2);
    posix_spawn_file_actions_adddup2(&actions, theirs.get(), kChannel);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    // A group of its own: Ctrl-C reaches this program, which ends the worker in its own time.
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attributes, 0);
    std::string interpreter = program.interpreter, dash_c = "-c", code = text;
    char* arguments[] = {interpreter.data(), dash_c.data(), code.data(), nullptr};
    const int failed = ::posix_spawnp(&process->pid_, interpreter.c_str(), &actions, &attributes,
                                      arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) {
      process->pid_ = -1;
      return fail("cannot start {}: {}", program.interpreter, strerror(failed));
    }
    return process;
  }

  ~Process() {
    channel_.close();
    if (pid_ > 0) end();
  }

  const Descriptor& channel() const { return channel_; }

  // Ends it where it still runs; its status.
  int end() {
    int status = 0;
    ::kill(-pid_, SIGKILL);
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

  // Of a process whose socket is at its end: it has a moment to say how it ended by itself.
  int wait() {
    int status = 0;
    for (int i = 0; i < 50; ++i) {
      if (::waitpid(pid_, &status, WNOHANG) == pid_) {
        pid_ = -1;
        return status;
      }
      ::usleep(20'000);
    }
    return end();
  }

  std::string last_words() const {
    auto words = read_memory(words_.get());
    if (!words || words->empty()) return {};
    const std::string_view all = trim(*words);
    return to_valid_utf8(all.substr(all.size() - std::min(all.size(), kShownWords)));
  }

 private:
  Process() = default;
  Descriptor channel_, words_;
  pid_t pid_ = -1;
};

struct Worker::State {
  Program program;
  std::mutex mutex;
  std::unique_ptr<Process> process;
  int64_t next_id = 1;
  bool died = false;  // during the last call
};

Worker::Worker(Program program) : state_(std::make_unique<State>()) {
  state_->program = std::move(program);
}

Worker::~Worker() = default;

Result<void> Worker::start() {
  auto process = Process::start(state_->program);
  if (!process) return process.error();
  state_->process = std::move(*process);
  bool died = false;
  auto hello = exchange("hello", nlohmann::json::object(), {}, std::chrono::seconds(120), died);
  if (!hello) return hello.error();
  const auto protocol = hello->result.value("protocol", 0);
  if (protocol == kProtocol) return {};
  state_->process.reset();
  return fail("worker {}: it speaks protocol {}, this program {}", state_->program.id, protocol,
              kProtocol);
}

Result<Worker::Answer> Worker::call(std::string_view method, const nlohmann::json& arguments,
                                    const Blobs& blobs, std::chrono::seconds deadline) {
  const std::lock_guard lock(state_->mutex);
  state_->died = false;
  for (int attempt = 0;; ++attempt) {
    if (state_->process == nullptr)
      if (auto started = start(); !started) return started.error();
    bool died = false;
    auto answer = exchange(method, arguments, blobs, deadline, died);
    if (!died) return answer;
    if (attempt == 0) continue;
    state_->died = true;
    return fail("{}; it was started anew once", answer.error().message);
  }
}

bool Worker::died() const {
  const std::lock_guard lock(state_->mutex);
  return state_->died;
}

Result<Worker::Answer> Worker::exchange(std::string_view method, const nlohmann::json& arguments,
                                        const Blobs& blobs, std::chrono::seconds deadline,
                                        bool& died) {
  Process& process = *state_->process;
  const std::string& who = state_->program.id;
  const auto give_up = [&](std::string text) {
    state_->process.reset();
    return fail("worker {}: {}", who, text);
  };
  const auto mourn = [&] {
    died = true;
    const int status = process.wait();
    const std::string words = process.last_words();
    return give_up(fmt::format("'{}': it {}{}{}", method, ended_text(status),
                               words.empty() ? "" : "; its last words: ", words));
  };
  const int64_t id = state_->next_id++;
  nlohmann::json message = {{"id", id}, {"call", std::string(method)}, {"arguments", arguments}};
  std::string data = message.dump();
  std::vector<Descriptor> descriptors;
  if (data.size() > kMaxPacket) {
    auto body = shared_memory(data);
    if (!body) return body.error();
    descriptors.push_back(std::move(*body));
    data = nlohmann::json{{"id", id}, {"body", true}}.dump();
  }
  if (blobs.size() + descriptors.size() > kMaxDescriptors)
    return fail("worker {}: '{}' has {} buffers; at most {} travel at once", who, method,
                blobs.size(), kMaxDescriptors - 1);
  for (const std::string_view blob : blobs) {
    auto memory = shared_memory(blob);
    if (!memory) return memory.error();
    descriptors.push_back(std::move(*memory));
  }
  if (!send_packet(process.channel().get(), data, descriptors)) return mourn();
  descriptors.clear();

  const auto end = Clock::now() + deadline;
  for (;;) {
    if (stop_requested()) return give_up("interrupted");
    if (Clock::now() > end)
      return give_up(fmt::format("'{}' took longer than {} s", method, deadline.count()));
    pollfd waiting{process.channel().get(), POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(kPollInterval.count()));
    if (ready < 0 && errno != EINTR) return give_up(why("poll"));
    if (ready > 0) break;
  }
  const std::string packet = receive_packet(process.channel().get(), descriptors);
  if (packet.empty()) return mourn();
  auto answer = nlohmann::json::parse(packet, nullptr, false);
  if (answer.is_object() && answer.contains("body") && !descriptors.empty()) {
    auto body = read_memory(descriptors.front().get());
    if (!body) return body.error();
    descriptors.erase(descriptors.begin());
    answer = nlohmann::json::parse(*body, nullptr, false);
  }
  if (!answer.is_object() || answer.value("id", int64_t{0}) != id)
    return give_up(fmt::format("'{}': its answer is not one of the protocol", method));
  if (answer.contains("error") && answer["error"].is_string())
    return fail("worker {}: {}", who, answer["error"].get<std::string>());
  Answer out;
  out.result = answer.value("result", nlohmann::json());
  for (const Descriptor& descriptor : descriptors) {
    auto bytes = read_memory(descriptor.get());
    if (!bytes) return bytes.error();
    out.blobs.push_back(std::make_shared<const std::string>(std::move(*bytes)));
  }
  return out;
}

std::string find_worker_python(const std::string& variable) {
  if (const char* chosen = std::getenv(variable.c_str()); chosen != nullptr && *chosen != '\0')
    return chosen;
  std::error_code code;
  for (const fs::path& site : site_packages_beside_us()) {
    // <prefix>/lib/python3.11/site-packages
    const fs::path python = site.parent_path().parent_path().parent_path() / "bin" / "python";
    if (fs::exists(python, code)) return python.string();
  }
  return "python3";
}

}  // namespace acuate
