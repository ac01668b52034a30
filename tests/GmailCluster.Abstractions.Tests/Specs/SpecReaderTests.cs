using CsCheck;
using GmailCluster.Errors;
using GmailCluster.Specs;

namespace GmailCluster.Tests.Specs;

public sealed class SpecReaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gmailcluster-spec-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("quick.yaml")]
    [InlineData("full.yaml")]
    [InlineData("scaling.yaml")]
    public void The_samples_are_valid(string name)
    {
        var loaded = SpecReader.Read(RepositoryRoot.At("samples", "emoji", name));

        Assert.Equal(RepositoryRoot.At("samples", "emoji"), loaded.Folder);
        Assert.True(File.Exists(loaded.Resolve(loaded.Spec.Data.Train.Path)));
    }

    [Fact]
    public void Keys_left_out_have_the_records_defaults_and_written_ones_their_value()
    {
        var spec = SpecText.Read($$"""
            {{SpecText.Valid}}
            seeds: [3, 1]
            arms: [gmail+real, mixed]
            evaluate:
              recall_at: [1]
              zero_shot:
                test: novel
                where: { tone: 0 }
            checkpoint: { every_steps: 7 }
            """);

        Assert.Equal("coco", spec.Name);
        Assert.Equal([3, 1], spec.Seeds);
        Assert.Equal(4, spec.WorldSize);
        Assert.Equal([Arm.GmailReal, Arm.Mixed], spec.Arms);
        Assert.Equal([1], spec.Evaluate.RecallAt);
        Assert.Equal("0", spec.Evaluate.ZeroShot!.Where["tone"]);
        Assert.Equal(7, spec.Checkpoint.EverySteps);
        Assert.Equal(2, spec.Checkpoint.Keep);
        Assert.Equal(new CaptionSpec(), spec.Caption);
        Assert.Null(spec.Llava);
    }

    [Fact]
    public void A_section_given_in_part_keeps_its_own_defaults_for_the_rest()
    {
        var spec = SpecText.Read(SpecText.With("align: {}", "align:\n  optimizer:\n    weight_decay: 0.5"));

        Assert.Equal(new OptimizerSpec { LearningRate = 3e-3, WarmupSteps = 10, WeightDecay = 0.5 }, spec.Align!.Optimizer);
    }

    [Fact]
    public void Numbers_are_read_whatever_the_machines_language()
    {
        var before = Thread.CurrentThread.CurrentCulture;
        Thread.CurrentThread.CurrentCulture = new System.Globalization.CultureInfo("de-DE");
        try
        {
            var spec = SpecText.Read(SpecText.With("generate: {}", "generate:\n  guidance_scale: 3.5"));

            Assert.Equal(3.5, spec.Generate!.GuidanceScale);
        }
        finally
        {
            Thread.CurrentThread.CurrentCulture = before;
        }
    }

    [Fact]
    public void All_problems_are_told_at_once_with_line_key_and_remedy()
    {
        var problems = SpecText.ProblemsOf("""
            name: my coco
            world_size: 3
            models:
              clip: clip
              diffusion: sd
              language_model: gpt2
            data:
              train:
                path: train.tar
              tests:
                - name: novel
                  path: novel.tar
            generate: {}
            align:
              lora:
                rank: 0
              optimiser:
                warmup_steps: 3
            caption:
              steps: "100"
              batch_size: 64
            """);

        Assert.Equal(
            [
                "coco.yaml:1: name is 'my coco', which does not match ^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$. Begin with a letter or digit, go on with letters, digits, '-', '_' or '.', 64 at most.",
                "coco.yaml:14: align.batch_size is 128, which 3 ranks (world_size) cannot share evenly. Set a multiple of 3 such as 126.",
                "coco.yaml:16: align.lora.rank is 0, outside 1..4096. Set a value such as 4.",
                "coco.yaml:17: align.optimiser is not a key of a spec. Did you mean align.optimizer?",
                "coco.yaml:20: caption.steps is the quoted text '100', not a whole number. Write it without quotes.",
                "coco.yaml:21: caption.batch_size is 64, which 3 ranks (world_size) cannot share evenly. Set a multiple of 3 such as 63.",
            ],
            problems);
    }

    [Fact]
    public void The_message_is_one_line_for_one_problem_and_a_list_for_more()
    {
        var one = Assert.Throws<SpecException>(() => SpecText.Read($"{SpecText.Valid}\nworld_size: 0"));
        var two = Assert.Throws<SpecException>(() => SpecText.Read($"{SpecText.Valid}\nworld_size: 0\nseeds: [-1]"));

        Assert.Equal("coco.yaml:16: world_size is 0, outside 1..4096. Set a value such as 4.", one.Message);
        Assert.Equal(
            """
            coco.yaml: 2 problems.
            coco.yaml:16: world_size is 0, outside 1..4096. Set a value such as 4.
            coco.yaml:17: seeds[0] is -1, below 0. Set seeds of 0 or more.
            """,
            two.Message);
        Assert.Equal(2, one.ExitCode);
    }

    [Theory]
    [InlineData("seeds: 0", "coco.yaml:16: seeds is '0', not a list. Write [0] for a list of one.")]
    [InlineData("seeds: []", "coco.yaml:16: seeds is empty. Set a value such as [0].")]
    [InlineData("seeds:\n  - 0\n  - 1.5", "coco.yaml:18: seeds[1] is '1.5', not a whole number. Write digits only, such as 4.")]
    [InlineData("seeds: [0, 99999999999]", "coco.yaml:16: seeds[1] is 99999999999, outside -2147483648..2147483647. Set a smaller number.")]
    [InlineData("seeds:", "coco.yaml:16: seeds has no value. Write a value behind it, or leave the key out.")]
    [InlineData("seeds: [~]", "coco.yaml:16: seeds[0] has no value. Write a value, or remove the item.")]
    [InlineData("seeds: null", "coco.yaml:16: seeds is null. Write a value, or leave the key out for its default.")]
    [InlineData("seeds: { a: 1 }", "coco.yaml:16: seeds is a group of keys, not a list. Begin each item with '- '.")]
    [InlineData("world_size: four", "coco.yaml:16: world_size is 'four', not a whole number. Write digits only, such as 4.")]
    [InlineData("world_size: 4.0", "coco.yaml:16: world_size is '4.0', not a whole number. Write digits only, such as 4.")]
    [InlineData("world_size: 1_0", "coco.yaml:16: world_size is '1_0', not a whole number. Write digits only, such as 4.")]
    [InlineData("world_size: [4]", "coco.yaml:16: world_size is a list, not a whole number. Write one value behind the key.")]
    [InlineData("arms: [gmial, real]", "coco.yaml:16: arms[0] is 'gmial', none of real, naive, mixed, gmail, gmail+real. Did you mean gmail?")]
    [InlineData("evaluate:", "coco.yaml:16: evaluate has no value. Write 'evaluate: {}' for all defaults, or leave the key out.")]
    [InlineData("evaluate: yes", "coco.yaml:16: evaluate is 'yes', not a group of keys. Put its keys on lines of their own below it, such as 'recall_at:'.")]
    [InlineData("name: again", "coco.yaml:16: name is given twice, first on line 1. Keep one of them.")]
    [InlineData("rank: 4", "coco.yaml:16: rank is not a key of a spec. Did you mean align.lora.rank?")]
    [InlineData("learning_rate: 4", "coco.yaml:16: learning_rate is not a key of a spec. Did you mean align.optimizer.learning_rate?")]
    public void A_value_of_the_wrong_kind_is_refused(string line, string problem) => Assert.Equal(problem, SpecText.ProblemOf(line));

    [Theory]
    [InlineData("caption: { tune_language_model: yes }", "caption.tune_language_model is 'yes', not true or false. Write true or false.")]
    [InlineData("caption: { optimizer: { learning_rate: 0 } }", "caption.optimizer.learning_rate is 0, not above 0, at most 10. Set a value such as 0.001.")]
    [InlineData("caption: { optimizer: { learning_rate: .inf } }", "caption.optimizer.learning_rate is '.inf', not a number. Write it such as 0.5 or 3e-4.")]
    [InlineData("caption: { optimizer: { learning_rate: 1e999 } }", "caption.optimizer.learning_rate is 1e999, too large for a number. Set a smaller number.")]
    [InlineData("caption: { optimizer: { clip_norm: 0 } }", "caption.optimizer.clip_norm is 0, outside 1e-6..1000000. Set a value in the range, or leave the key out.")]
    public void A_scalar_of_the_wrong_kind_is_refused(string section, string problem) =>
        Assert.Equal($"coco.yaml:14: {problem}", Assert.Single(SpecText.ProblemsOf(SpecText.With("caption: {}", section))));

    [Fact]
    public void Missing_keys_are_told_at_the_section_that_lacks_them()
    {
        var problems = SpecText.ProblemsOf("models: {}\ndata:\n  train: {}\ngenerate: {}\narms: [naive]\nretrieve: {}");

        Assert.Equal(
            [
                "coco.yaml:1: models.clip is missing. Add 'clip:' with a value here.",
                "coco.yaml:1: name is missing. Add 'name:' with a value here.",
                "coco.yaml:1: models.diffusion is missing, and generate needs it. Name a Stable Diffusion pipeline folder, or remove the generate section.",
                "coco.yaml:2: data.tests is missing. Add this section; docs/spec.md describes its keys.",
                "coco.yaml:3: data.train.path is missing. Add 'path:' with a value here.",
            ],
            problems);
    }

    [Fact]
    public void A_mistyped_required_key_is_one_problem_not_two()
    {
        var problem = Assert.Single(SpecText.ProblemsOf(SpecText.With("  clip: clip", "  clpi: clip")));

        Assert.Equal("coco.yaml:3: models.clpi is not a key of a spec. Did you mean models.clip?", problem);
    }

    [Fact]
    public void Null_means_left_out_where_leaving_out_has_a_meaning()
    {
        var spec = SpecText.Read($"{SpecText.Valid}\nllava: null\nsweep: ~");

        Assert.Null(spec.Llava);
        Assert.Null(spec.Sweep);
    }

    [Theory]
    [InlineData("name: 'x", "coco.yaml:1: is not valid YAML at column 7")]
    [InlineData("name: x\n\tworld_size: 4", "coco.yaml:1: is not valid YAML at column")]
    [InlineData("a: [1, 2", "coco.yaml:2: is not valid YAML at column")]
    [InlineData("a: b: c", "coco.yaml:1: is not valid YAML at column")]
    [InlineData("a: [1 # one\nb: 2", "coco.yaml:1: is not valid YAML")]
    [InlineData("name: x\nseeds: [0]\0", "coco.yaml:2: has the control character U+0000.")]
    [InlineData("name: x\nworld_size\nseeds: [0]", "coco.yaml:2: is not valid YAML")]
    [InlineData("name: x\nmodels:\n  clip: a\n  diffusion\nseeds: [0]", "coco.yaml:4: is not valid YAML")]
    [InlineData("", "coco.yaml: is empty.")]
    [InlineData("# only a comment", "coco.yaml: is empty.")]
    [InlineData("---\nname: x\n---\nname: y", "coco.yaml:3: begins a second document.")]
    [InlineData("name: !!binary aGk=", "coco.yaml:1: uses the tag tag:yaml.org,2002:binary.")]
    [InlineData("name: *other", "coco.yaml:1: refers to *other, which is not defined above.")]
    [InlineData("a: &a [*a]", "coco.yaml:1: refers to *a, which is not defined above.")]
    [InlineData("a: &a {}\nb:\n  <<: *a", "coco.yaml:3: uses a merge key (<<).")]
    [InlineData("[a]: b", "coco.yaml:1: has a key that is not a plain word.")]
    public void Text_that_is_no_spec_is_refused_with_its_line(string text, string start)
    {
        var problem = Assert.Single(SpecText.ProblemsOf(text));

        Assert.StartsWith(start, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_at_the_root_is_refused() =>
        Assert.Contains("is a list, not a group of keys.", SpecText.ProblemsOf("- a")[0], StringComparison.Ordinal);

    [Fact]
    public void An_alias_stands_for_its_value()
    {
        var spec = SpecText.Read(SpecText.With("caption: {}\nretrieve: {}", "caption:\n  optimizer: &o { beta2: 0.98 }\nretrieve:\n  optimizer: *o"));

        Assert.Equal(0.98, spec.Retrieve!.Optimizer.Beta2);
    }

    [Fact]
    public void Aliases_of_aliases_do_not_grow_without_bound()
    {
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + string.Concat(
            Enumerable.Range(1, 12).Select(i => $"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n"));

        Assert.Contains("has more than 20000 values", Assert.Single(SpecText.ProblemsOf(bomb)), StringComparison.Ordinal);
    }

    [Fact]
    public void Deep_nesting_does_not_exhaust_the_stack() =>
        Assert.Contains("is nested more than 32 levels deep.", Assert.Single(SpecText.ProblemsOf(new string('[', 100_000))), StringComparison.Ordinal);

    [Fact]
    public void A_file_that_is_missing_a_folder_too_large_or_no_text_is_refused()
    {
        var large = Path.Combine(_folder, "large.yaml");
        File.WriteAllText(large, new string('#', SpecReader.MaxFileSizeBytes + 1));
        var binary = Path.Combine(_folder, "binary.yaml");
        File.WriteAllBytes(binary, [.. "name: "u8, 0xff, 0xfe]);
        var missing = Path.Combine(_folder, "missing.yaml");

        Assert.Equal($"{missing}: is not there. Name an existing spec, such as samples/emoji/quick.yaml.", MessageOf(missing));
        Assert.Equal($"{_folder}: is a folder, not a spec. Name the YAML file in it.", MessageOf(_folder));
        Assert.StartsWith($"{large}: is larger than 1048576 bytes.", MessageOf(large), StringComparison.Ordinal);
        Assert.StartsWith($"{binary}: is not UTF-8 text: byte 6 cannot be read.", MessageOf(binary), StringComparison.Ordinal);
    }

    [Fact]
    public void A_byte_order_mark_and_windows_line_ends_are_read()
    {
        var path = Path.Combine(_folder, "windows.yaml");
        File.WriteAllBytes(path, [0xef, 0xbb, 0xbf, .. System.Text.Encoding.UTF8.GetBytes(SpecText.Valid.ReplaceLineEndings("\r\n"))]);

        var e = Assert.Throws<SpecException>(() => SpecReader.Read(path));

        Assert.All(e.Problems, problem => Assert.Contains("which is not there", problem.Problem, StringComparison.Ordinal));
    }

    /// <summary>Whatever is done to a spec, the reader answers with a spec or a list of problems.</summary>
    [Fact]
    public void A_damaged_spec_is_read_or_refused_never_a_crash()
    {
        var text = File.ReadAllText(RepositoryRoot.At("samples", "emoji", "full.yaml"));
        var damage = Gen.Select(Gen.Int[0, text.Length - 1], Gen.Int[0, 20], Gen.OneOf(":", "-", "[", "{", "}", "&a ", "*a", "\t", "\n", "!", "'", "\"", "|", "%", "\0", "😀", "? ", "null", ""));

        Check.Sample(damage.Array[1, 4], changes =>
        {
            var damaged = text;
            foreach (var (at, length, piece) in changes)
            {
                var start = Math.Min(at, damaged.Length);
                damaged = damaged.Remove(start, Math.Min(length, damaged.Length - start)).Insert(start, piece);
            }

            try
            {
                Assert.NotNull(SpecText.Read(damaged));
            }
            catch (SpecException e)
            {
                Assert.All(e.Problems, problem => Assert.True(problem.Problem.Length > 0 && problem.Remedy.Length > 0));
            }
        }, iter: 4_000);
    }

    private static string MessageOf(string path) => Assert.ThrowsAny<InputException>(() => SpecReader.Read(path)).Message;
}
