#include "pcap/atomic_file.hh"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "pcap/pcap_file.hh"
#include "pcap/read_capture.hh"
#include "tests/unit/pcap/real_tools.hh"
#include "tests/unit/pcap/scratch_folder.hh"

using namespace ekspath;
using namespace ekspath::literals;

namespace {

void write_text(AtomicFile& file, const std::string& text) {
  file.write({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

/// Runs `body` in a child, which may enter namespaces, and gives its exit status.
template <class Body>
int in_child(Body body) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace

TEST_CASE("a file has its name only when it is whole") {
  const ScratchFolder folder;
  OutputBudget budget;
  AtomicFile file(folder / "a", budget);
  write_text(file, "one ");
  file.flush();
  CHECK(folder.has("a.part"));
  CHECK(!folder.has("a"));
  write_text(file, "two");
  file.commit();
  CHECK(!file.error());
  CHECK(folder.read("a") == "one two");
  CHECK(!folder.has("a.part"));
}

TEST_CASE("an older file stays as it is until the new one is whole") {
  const ScratchFolder folder;
  std::ofstream(folder / "a") << "old";
  OutputBudget budget;
  {
    AtomicFile file(folder / "a", budget);
    write_text(file, "half");
  }
  CHECK(folder.read("a") == "old");
  CHECK(folder.read("a.part") == "half");
  AtomicFile again(folder / "a", budget);
  write_text(again, "new");
  again.commit();
  CHECK(folder.read("a") == "new");
  CHECK(!folder.has("a.part"));
}

TEST_CASE("a link is followed: what it leads to is replaced") {
  const ScratchFolder folder;
  std::ofstream(folder / "target") << "old";
  REQUIRE(::symlink("target", (folder / "link").c_str()) == 0);
  OutputBudget budget;
  AtomicFile file(folder / "link", budget);
  write_text(file, "new");
  file.commit();
  CHECK(folder.read("target") == "new");
  CHECK(std::filesystem::is_symlink(folder / "link"));
}

TEST_CASE("text of any size arrives whole, in pieces smaller and larger than the buffer") {
  const ScratchFolder folder;
  OutputBudget budget;
  AtomicFile file(folder / "a", budget);
  std::string expected;
  for (std::size_t size : {std::size_t{1}, std::size_t{511}, std::size_t{1}, std::size_t{70000},
                           std::size_t{3}, std::size_t{400000}, std::size_t{5000}}) {
    const std::string piece(size, static_cast<char>('a' + expected.size() % 26));
    write_text(file, piece);
    expected += piece;
  }
  file.commit();
  CHECK(folder.read("a") == expected);
}

TEST_CASE("thousands of files share a bounded number of descriptors and lose nothing") {
  const ScratchFolder folder;
  OutputBudget budget(std::size_t{4} << 20, 20);
  std::vector<AtomicFile> files;
  for (int i = 0; i < 1000; ++i) files.emplace_back(folder / std::to_string(i), budget);
  CHECK(budget.descriptors_in_use() == 20);
  CHECK(budget.buffer_share() == 4096);
  const std::string line(100, 'x');
  for (int round = 0; round < 60; ++round) {
    for (AtomicFile& file : files) write_text(file, line);
  }
  for (AtomicFile& file : files) file.commit();
  CHECK(budget.descriptors_in_use() == 0);
  CHECK(!budget.first_error());
  CHECK(folder.read("0").size() == 6000);
  CHECK(folder.read("999").size() == 6000);
}

TEST_CASE(
    "a folder that is missing, a folder in the place of the file and a folder without permission are "
    "errors") {
  const ScratchFolder folder;
  OutputBudget budget;
  AtomicFile missing(folder / "none/a", budget);
  REQUIRE(missing.error());
  CHECK(missing.error()->error_number == ENOENT);
  CHECK(to_string(*missing.error()) ==
        "cannot open for writing " + folder / "none/a" + ": No such file or directory");
  std::filesystem::create_directory(folder / "d");
  AtomicFile directory(folder / "d", budget);
  REQUIRE(directory.error());
  CHECK(directory.error()->error_number == EISDIR);
  write_text(directory, "is thrown away");
  directory.commit();
  CHECK(budget.first_error()->path == folder / "none/a");
}

TEST_CASE("without permission to write in the folder nothing is written, and it is said") {
  const ScratchFolder folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0555));
  const int status = in_child([&] {
    if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) return 9;
    OutputBudget budget;
    AtomicFile file(folder / "a", budget);
    return file.error() && file.error()->error_number == EACCES ? 0 : 1;
  });
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
  CHECK(status == 0);
}

TEST_CASE("a device that is full is an error, kept from the first failed write") {
  OutputBudget budget;
  AtomicFile file("/dev/full", budget);
  CHECK(file.is_live());
  write_text(file, "x");
  CHECK(!file.error());
  file.flush();
  REQUIRE(file.error());
  CHECK(file.error()->error_number == ENOSPC);
  write_text(file, "y");
  file.commit();
  CHECK(file.error()->what == "cannot write");
}

TEST_CASE("a disk that fills leaves a part of whole records, and no file under the final name") {
  const ScratchFolder folder;
  const std::string mount = "unshare -m sh -c 'mount -t tmpfs -o size=64k tmpfs " + folder.path() + "'";
  if (std::system((mount + " 2>/dev/null").c_str()) != 0) {
    MESSAGE("skipped: no permission to mount a tmpfs in a namespace of its own");
    return;
  }
  const int status = in_child([&] {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=64k") != 0) {
      return 9;
    }
    OutputBudget budget;
    PcapFile file(AtomicFile(folder / "f.pcap", budget), pcap_header(LinkType::ethernet), 0_s);
    const std::vector<std::uint8_t> frame(98);
    for (int i = 0; i < 2000; ++i) file.record(i * 1_ms, frame);
    file.file().commit();
    if (!file.file().error() || file.file().error()->error_number != ENOSPC) return 1;
    if (folder.has("f.pcap") || !folder.has("f.pcap.part")) return 2;
    CaptureReader reader = CaptureReader::from_file(folder / "f.pcap.part");
    int count = 0;
    while (reader.next()) ++count;
    return reader.error().empty() && count > 200 ? 0 : 3;
  });
  CHECK(status == 0);
}

TEST_CASE("a reader that closes the pipe is the error EPIPE, not a signal") {
  std::array<int, 2> ends{};
  const int status = in_child([&] {
    ::signal(SIGPIPE, SIG_IGN);
    if (::pipe(ends.data()) != 0 || ::dup2(ends[1], STDOUT_FILENO) < 0 || ::close(ends[0]) != 0) return 9;
    OutputBudget budget;
    AtomicFile file("-", budget);
    write_text(file, "x");
    file.flush();
    return file.error() && file.error()->error_number == EPIPE ? 0 : 1;
  });
  CHECK(status == 0);
}

TEST_CASE("a FIFO is written in place, each flush at once, and is not renamed") {
  const ScratchFolder folder;
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  const int reader = ::open((folder / "fifo").c_str(), O_RDONLY | O_NONBLOCK);
  OutputBudget budget;
  AtomicFile file(folder / "fifo", budget);
  CHECK(file.is_live());
  write_text(file, "live");
  file.flush();
  std::array<char, 16> bytes{};
  CHECK(::read(reader, bytes.data(), bytes.size()) == 4);
  file.commit();
  CHECK(!file.error());
  CHECK(std::filesystem::is_fifo(folder / "fifo"));
  ::close(reader);
}

TEST_CASE("standard output that somebody made non-blocking is waited for") {
  const int status = in_child([&] {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_NONBLOCK) != 0 || ::dup2(ends[1], STDOUT_FILENO) < 0) return 9;
    const pid_t writer = ::fork();
    if (writer == 0) {
      OutputBudget budget;
      AtomicFile file("-", budget);
      write_text(file, std::string(300000, 'x'));
      file.commit();
      ::_exit(file.error() ? 1 : 0);
    }
    ::close(ends[1]);
    ::close(STDOUT_FILENO);
    std::size_t total = 0;
    std::vector<char> bytes(4096);
    for (;;) {
      const ssize_t size = ::read(ends[0], bytes.data(), bytes.size());
      if (size == 0) break;
      if (size > 0) total += static_cast<std::size_t>(size);
    }
    int writer_status = 0;
    ::waitpid(writer, &writer_status, 0);
    return total == 300000 && writer_status == 0 ? 0 : 1;
  });
  CHECK(status == 0);
}
