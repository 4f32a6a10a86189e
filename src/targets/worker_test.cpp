#include "targets/worker.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace acuate {
namespace {

using testing::HasSubstr;

// A worker whose methods are Python text.
Worker worker(const std::string& methods) {
  return Worker({.id = "made_up",
                 .source = "import os, sys, time\n"
                           "class WORKER:\n"
                           "    METHODS = ('do',)\n"
                           "    def hello(self):\n"
                           "        return {'product': 'a test'}\n" +
                           methods,
                 .interpreter = find_worker_python("ACUATE_MADE_UP_PYTHON")});
}

std::string error_of(const Result<Worker::Answer>& answer) {
  return answer ? "no error" : answer.error().message;
}

TEST(Worker, AnswersWithJsonAndBuffers) {
  Worker made = worker(
      "    def do(self, text, numbers):\n"
      "        print('vendors print on stdout')\n"
      "        return {'text': text + '!', 'back': bytes(numbers)[::-1], 'empty': b''}\n");
  const std::string bytes = "abc";
  for (int call = 0; call < 3; ++call) {
    const auto answer =
        made.call("do", {{"text", "hi"}, {"numbers", {{"$blob", 0}}}}, {std::string_view(bytes)});
    ASSERT_TRUE(answer) << error_of(answer);
    EXPECT_EQ(answer->result["text"], "hi!");
    EXPECT_EQ(*answer->blobs.at(answer->result["back"]["$blob"].get<size_t>()), "cba");
    EXPECT_EQ(*answer->blobs.at(answer->result["empty"]["$blob"].get<size_t>()), "");
  }
}

TEST(Worker, LongTextsPassBothWays) {
  Worker made = worker("    def do(self, text):\n        return {'text': text * 3}\n");
  const std::string text(200'000, 'x');
  const auto answer = made.call("do", {{"text", text}});
  ASSERT_TRUE(answer) << error_of(answer);
  EXPECT_EQ(answer->result["text"].get<std::string>().size(), 3 * text.size());
}

TEST(Worker, TellsWhatWasRaisedAndGoesOn) {
  Worker made = worker(
      "    def do(self, fail):\n"
      "        if fail: raise ValueError('no such layer')\n"
      "        return 1\n");
  const std::string error = error_of(made.call("do", {{"fail", true}}));
  EXPECT_THAT(error, HasSubstr("worker made_up: ValueError: no such layer"));
  EXPECT_TRUE(made.call("do", {{"fail", false}}));
  EXPECT_THAT(error_of(made.call("undo", {})), HasSubstr("no method 'undo'"));
}

// The file remembers the first life.
TEST(Worker, IsStartedAnewOnceWhereItDies) {
  const std::string mark = testing::TempDir() + "acuate_worker_died";
  std::remove(mark.c_str());
  const std::string body =
      "    def do(self, always):\n"
      "        if always or not os.path.exists('" +
      mark +
      "'):\n"
      "            open('" +
      mark +
      "', 'w').close()\n"
      "            print('out of luck', file=sys.stderr, flush=True)\n"
      "            os.abort()\n"
      "        return 'alive'\n";
  Worker made = worker(body);
  const auto second = made.call("do", {{"always", false}});
  ASSERT_TRUE(second) << error_of(second);
  EXPECT_EQ(second->result, "alive");
  const std::string error = error_of(made.call("do", {{"always", true}}));
  EXPECT_THAT(error, HasSubstr("ended with signal 6"));
  EXPECT_THAT(error, HasSubstr("out of luck"));
  EXPECT_THAT(error, HasSubstr("started anew once"));
  EXPECT_TRUE(made.died());
  EXPECT_TRUE(made.call("do", {{"always", false}}));
  EXPECT_FALSE(made.died());
  std::remove(mark.c_str());
}

TEST(Worker, KeepsToTheDeadline) {
  Worker made =
      worker("    def do(self, seconds):\n        time.sleep(seconds)\n        return 1\n");
  EXPECT_THAT(error_of(made.call("do", {{"seconds", 60}}, {}, std::chrono::seconds(1))),
              HasSubstr("'do' took longer than 1 s"));
  EXPECT_TRUE(made.call("do", {{"seconds", 0}}));
}

TEST(Worker, SaysWhyItDoesNotStart) {
  EXPECT_THAT(
      error_of(
          Worker({.id = "none", .source = "", .interpreter = "/no/such/python"}).call("do", {})),
      HasSubstr("cannot start /no/such/python"));
  Worker broken({.id = "broken",
                 .source = "import no_such_toolchain",
                 .interpreter = find_worker_python("ACUATE_MADE_UP_PYTHON")});
  const std::string error = error_of(broken.call("do", {}));
  EXPECT_THAT(error, HasSubstr("ended with status 1"));
  EXPECT_THAT(error, HasSubstr("no_such_toolchain"));
}

TEST(Worker, TheVariableNamesThePython) {
  ::setenv("ACUATE_MADE_UP_PYTHON", "/opt/vendor/python", 1);
  EXPECT_EQ(find_worker_python("ACUATE_MADE_UP_PYTHON"), "/opt/vendor/python");
  ::unsetenv("ACUATE_MADE_UP_PYTHON");
  EXPECT_NE(find_worker_python("ACUATE_MADE_UP_PYTHON"), "/opt/vendor/python");
}

}  // namespace
}  // namespace acuate
