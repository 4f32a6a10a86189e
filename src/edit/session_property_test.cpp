// Random scripts, valid, nearly valid and broken ones, on models with bodies and functions: a
// session applies each whole or not at all, takes back what it applied to the byte, and writes a
// script that makes the same bytes of the original.
#include <filesystem>
#include <random>

#include <gtest/gtest.h>

#include "base/text.h"
#include "edit/address.h"
#include "edit/test_support.h"
#include "rewrite/pass.h"
#include "shape/infer.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;

class ScriptGenerator {
 public:
  explicit ScriptGenerator(unsigned seed) : random_(seed) {}

  size_t below(size_t count) { return count == 0 ? 0 : random_() % count; }

  std::string script(const Model& model) {
    std::string out;
    for (size_t lines = 1 + below(3); lines > 0; --lines) out += line(model) + "\n";
    if (below(6) == 0) damage(out);
    return out;
  }

 private:
  // Any change of a few bytes.
  void damage(std::string& text) {
    constexpr std::string_view kBytes = "\"[]\\ \n#:@x0\t,-\xFF";
    for (size_t count = 1 + below(3); count > 0 && !text.empty(); --count) {
      const size_t at = below(text.size());
      const char byte = below(8) == 0 ? '\0' : kBytes[below(kBytes.size())];
      switch (below(3)) {
        case 0:
          text[at] = byte;
          break;
        case 1:
          text.insert(at, 1, byte);
          break;
        default:
          text.erase(at, 1 + below(3));
      }
    }
  }

  const Graph& graph(const Model& model) {
    const auto graphs = model.all_graphs();
    return *graphs[below(2) == 0 ? 0 : below(graphs.size())];
  }

  const Node* node(const Model& model) {
    const auto nodes = graph(model).nodes();
    return nodes.empty() ? nullptr : nodes[below(nodes.size())];
  }

  std::string node_text(const Node* node) { return node ? node_path(*node) : "none"; }

  std::string value_text(const Model& model) {
    const auto values = graph(model).values();
    return values.empty() ? "none" : value_path(*values[below(values.size())]);
  }

  std::string literal() {
    constexpr const char* kLiterals[] = {
        "0",     "1",         "-1", "2.5", "[1, 1]", "[0.5]", "[]", "text", "99999999999999999999",
        "1e400", "[[1], [2]]"};
    return kLiterals[below(std::size(kLiterals))];
  }

  std::string dim() {
    constexpr const char* kDims[] = {"1", "2", "8", "640", "n", "?", "0", "-3", "4294967296"};
    return kDims[below(std::size(kDims))];
  }

  std::string line(const Model& model) {
    const auto command = [](std::string_view name, std::vector<std::string> arguments) {
      return format_command(name, arguments);
    };
    const Node* chosen = node(model);
    const std::string at = node_text(chosen);
    const std::string name = "n" + std::to_string(below(50));
    switch (below(14)) {
      case 0:
        return command("rename-node", {at, name});
      case 1:
        return command("rename-value", {value_text(model), name});
      case 2:
        return command("delete-node", {at});
      case 3:
        return below(4) == 0 ? command("delete-node", {at, "--with-children"})
                             : command("bypass-node", {at});
      case 4: {
        if (chosen == nullptr || chosen->attributes().empty())
          return command("set-attr", {at, name}) + " " + literal();
        const auto& attributes = chosen->attributes();
        const std::string attribute(attributes[below(attributes.size())].name);
        return below(3) == 0 ? command("remove-attr", {at, attribute})
                             : command("set-attr", {at, attribute}) + " " + literal();
      }
      case 5:
        return command("add-output", {value_text(model)});
      case 6:
        return command("remove-output", {value_text(model)});
      case 7:
        return command("set-dim", {name, dim()});
      case 8: {
        const auto& inputs = model.graph().inputs();
        if (inputs.empty()) return "set-shape none 1";
        const Value& input = *inputs[below(inputs.size())];
        std::vector<std::string> words{value_path(input)};
        const size_t rank = input.type.shape ? input.type.shape->size() : 1;
        for (size_t i = 0; i < rank; ++i)
          words.push_back(below(2) == 0 ? (*input.type.shape)[i].text() : dim());
        return command("set-shape", words);
      }
      case 9:
        return command("set-initializer", {value_text(model)}) + " " + literal();
      case 10:
        return command("set-metadata", {name, at});
      default: {
        if (below(3) != 0) return command("rename-value", {value_text(model), name});
        const auto& all = passes().all();
        return command("apply", {to_kebab_case(all[below(all.size())].id)});
      }
    }
  }

  std::mt19937 random_;
};

EditContext full_context() {
  EditContext context;
  context.infer = true;
  context.apply_pass = [](Model& model, std::string_view id,
                          ShapeInference* shapes) -> Result<std::string> {
    const auto pass = passes().find(id, "pass");
    if (!pass) return pass.error();
    const auto outcome = run_pass(**pass, model, {.evaluate = {}, .shapes = shapes});
    if (!outcome) return outcome.error();
    return fmt::format("applied {} times", outcome->applied);
  };
  return context;
}

struct Tally {
  size_t applied = 0, refused = 0;
};

// What the session knows against an inference of the same bytes; they tell of no inner types.
void expect_fresh_types(const Model& model, const std::string& after) {
  const auto bytes = std::make_shared<const std::string>(bytes_of(model));
  const auto fresh = import_model(as_bytes(*bytes), bytes, {});
  ASSERT_TRUE(fresh) << fresh.error().message;
  infer_shapes(**fresh);
  const auto mine = model.all_graphs(), theirs = (*fresh)->all_graphs();
  ASSERT_EQ(mine.size(), theirs.size());
  for (size_t i = 0; i < mine.size(); ++i) {
    if (mine[i]->function() != nullptr) continue;
    for (const Value* value : mine[i]->values()) {
      if (value->producer == nullptr) continue;
      const Value* twin = theirs[i]->find(value->name);
      ASSERT_NE(twin, nullptr) << value->name;
      EXPECT_EQ(value->type.text(), twin->type.text()) << value_path(*value) << " after\n" << after;
    }
  }
}

void hold(const Model& model, unsigned seed, size_t rounds, Tally& tally) {
  const EditContext context = full_context();
  EditSession session(model.clone(), context);
  ScriptGenerator generator(seed);
  std::vector<std::string> states{bytes_of(session.model())};  // after each step
  const std::string text = to_text(session.model());
  for (size_t round = 0; round < rounds; ++round) {
    if (session.can_undo() && generator.below(6) == 0) {
      ASSERT_TRUE(session.undo());
      states.pop_back();
    } else {
      const std::string script = generator.script(session.model());
      const size_t entries = session.journal().size();
      const auto ran = session.run(script);
      if (!ran) {
        ++tally.refused;
        EXPECT_EQ(session.journal().size(), entries);
      } else if (!ran->empty()) {
        ++tally.applied;
        states.push_back(bytes_of(session.model()));
      }
      if (session.has_inferred_types()) expect_fresh_types(session.model(), session.script());
      ASSERT_TRUE(bytes_of(session.model()) == states.back())
          << "not as before after " << script << "\n"
          << (ran ? "" : ran.error().message);
    }
    ASSERT_TRUE(bytes_of(session.model()) == states.back()) << "seed " << seed;
  }
  const auto replayed = apply_script(model, session.script(), context);
  ASSERT_TRUE(replayed) << replayed.error().message << "\n" << session.script();
  ASSERT_TRUE(bytes_of(**replayed) == states.back()) << "replay of\n" << session.script();
  while (session.can_undo()) {
    ASSERT_TRUE(session.undo());
    states.pop_back();
    ASSERT_TRUE(bytes_of(session.model()) == states.back()) << "seed " << seed;
  }
  check_invariants(session.model());
  EXPECT_EQ(to_text(session.model()), text);
}

TEST(EditSessionProperty, HoldsOnBodiesAndFunctions) {
  const auto model = text_model(R"(
    agraph (float[batch, 4] x, bool c) => (float[batch, 4] y, float[batch, 4] z)
      <float[4] w = {1, 2, 3, 4}, int64[1] axes = {0}, float[batch, 4] r> {
      r = Relu (x)
      k = Constant <value = float[1] {5.0}> ()
      s = Mul (r, k)
      t = Identity (s)
      u = Add (t, w)
      y = If (c) <
        then_branch = tb () => (float[batch, 4] p) {
          v = Neg (u)
          p = If (c) <
            then_branch = tt () => (float[batch, 4] pp) { pp = Exp (v) },
            else_branch = te () => (float[batch, 4] pe) { pe = Mul (v, w) }> },
        else_branch = eb () => (float[batch, 4] q) { q = Identity (r) }>
      e = local.f (u)
      z = Softmax <axis = 1> (e)
    }
    <domain: "local", opset_import: ["" : 17]>
    f (i) => (o) { m = Neg (i)  n = Identity (m)  o = Elu <alpha = 0.5> (n) })");
  Tally tally;
  for (unsigned seed = 0; seed < 60; ++seed) {
    hold(*model, seed, 25, tally);
    if (testing::Test::HasFatalFailure()) return;
  }
  std::printf("%zu steps applied, %zu refused\n", tally.applied, tally.refused);
  EXPECT_GT(tally.applied, 200U);
  EXPECT_GT(tally.refused, 200U);
}

TEST(EditSessionProperty, HoldsOnRealModels) {
  Tally tally;
  unsigned seed = 100;
  for (const char* name : {"ppocr_cls.onnx", "silero_vad.onnx", "silero_vad_v5.onnx",
                           "ppocr_v4_det.onnx", "magika.onnx"}) {
    const fs::path path = fs::path(ACUATE_FIXTURES) / name;
    if (!fs::exists(path)) GTEST_SKIP() << path << " is missing";
    const auto model = import_model(path);
    ASSERT_TRUE(model) << model.error().message;
    hold(**model, seed++, 15, tally);
    if (testing::Test::HasFatalFailure()) return;
  }
  std::printf("%zu steps applied, %zu refused\n", tally.applied, tally.refused);
  EXPECT_GT(tally.applied, 10U);
}

}  // namespace
}  // namespace acuate
