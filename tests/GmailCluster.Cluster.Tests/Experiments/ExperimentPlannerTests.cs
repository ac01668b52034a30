using CsCheck;
using GmailCluster.Cluster.Experiments;
using GmailCluster.Specs;
using GmailCluster.Stages;

namespace GmailCluster.Cluster.Tests.Experiments;

public sealed class ExperimentPlannerTests
{
    private static readonly string[] Files = ["/s/train.tar", "/s/novel.tar", "/s/prompts.jsonl", "/s/clip", "/s/sd", "/s/gpt2", "/s/llama"];

    [Fact]
    public void Every_stage_comes_after_what_it_needs()
    {
        var done = new HashSet<string>();
        foreach (var stage in Plan(Spec()))
        {
            Assert.All(stage.Needs, need => Assert.Contains(need.Value, done));
            Assert.True(done.Add(stage.Key.Value), $"{stage.Title} is planned twice");
        }
    }

    [Fact]
    public void The_plan_has_every_arm_task_and_seed()
    {
        var stages = Plan(Spec());

        Assert.Equal(2 * 5 * 4, stages.Count(stage => stage.Kind is StageKind.Evaluate));
        Assert.Equal(2, stages.Count(stage => stage.Kind is StageKind.Align));
        Assert.Single(stages, stage => stage.Kind is StageKind.Generate);
    }

    [Fact]
    public void Points_of_a_sweep_share_generation_and_alignment_and_the_whole_is_trained_once()
    {
        var sweep = new SweepSpec { DataFraction = [0.5, 1], ImagesPerCaption = [1, 2] };

        var stages = Plan(Spec() with { Sweep = sweep, Arms = [Arm.Naive, Arm.Gmail], Seeds = [0], Retrieve = null, Long = null, Llava = null });

        Assert.Single(stages, stage => stage.Kind is StageKind.Generate);
        Assert.Single(stages, stage => stage.Kind is StageKind.Align);
        Assert.Equal(2 * 4, stages.Count(stage => stage.Kind is StageKind.Caption));
    }

    [Fact]
    public void A_key_depends_on_the_settings_of_its_stage_and_not_on_those_of_others()
    {
        var before = Plan(Spec());

        var after = Plan(Spec() with { Retrieve = new RetrieveSpec { Steps = 999 } });

        Assert.Equal(Keys(before, StageKind.Caption), Keys(after, StageKind.Caption));
        Assert.Equal(Keys(before, StageKind.Align), Keys(after, StageKind.Align));
        Assert.Empty(Keys(before, StageKind.Retrieve).Intersect(Keys(after, StageKind.Retrieve)));
    }

    [Fact]
    public void The_wire_type_belongs_to_the_trained_result_and_the_default_to_no_key()
    {
        var before = Plan(Spec());

        var after = Plan(Spec() with { WireType = WireType.Bfloat16 });

        Assert.Equal(Keys(before, StageKind.Generate), Keys(after, StageKind.Generate));
        Assert.Empty(Keys(before, StageKind.Align).Intersect(Keys(after, StageKind.Align)));
        Assert.Empty(Keys(before, StageKind.Caption).Intersect(Keys(after, StageKind.Caption)));
        Assert.All(after.Where(stage => stage.Kind is StageKind.Retrieve), stage => Assert.Equal(WireType.Bfloat16, stage.SettingsAs<TrainSettings>().Run.WireType));
        Assert.All(before.Where(stage => stage.Kind is StageKind.Retrieve), stage => Assert.Equal(WireType.Float32, stage.SettingsAs<TrainSettings>().Run.WireType));
    }

    [Fact]
    public void A_changed_file_changes_all_that_is_made_from_it()
    {
        var facts = Facts();
        var changed = facts with { Digests = facts.Digests.ToDictionary(p => p.Key, p => p.Key == "/s/sd" ? "other" : p.Value) };

        var before = ExperimentPlanner.Plan(Spec(), "/s", facts);
        var after = ExperimentPlanner.Plan(Spec(), "/s", changed);

        Assert.Equal(Keys(before, StageKind.Import), Keys(after, StageKind.Import));
        Assert.Empty(Keys(before, StageKind.Generate).Intersect(Keys(after, StageKind.Generate)));
        Assert.Empty(Keys(before, StageKind.Align).Intersect(Keys(after, StageKind.Align)));
    }

    [Fact]
    public void Keys_do_not_depend_on_where_the_files_are()
    {
        var moved = Facts() with { Digests = Files.ToDictionary(file => "/t" + file[2..], file => "digest of " + file) };

        Assert.Equal(Plan(Spec()).Select(s => s.Key), ExperimentPlanner.Plan(Spec(), "/t", moved).Select(s => s.Key));
    }

    [Fact]
    public void All_tasks_see_generated_images_through_one_adapter()
    {
        var stages = Plan(Spec() with { Align = new AlignSpec { Loss = new AlignLossSpec { PatchInfoNce = 3 } } });

        Assert.Equal(2, stages.Count(stage => stage.Kind is StageKind.Align));
        Assert.Single(new[] { StageKind.Caption, StageKind.Retrieve, StageKind.Long, StageKind.Llava }.Select(task => Adapter(stages, task)).Distinct());
    }

    [Fact]
    public void Real_alone_needs_no_generation()
    {
        var stages = Plan(Spec() with { Arms = [Arm.Real], Generate = null, Align = null });

        Assert.DoesNotContain(stages, stage => stage.Kind is StageKind.Generate or StageKind.Align or StageKind.Gap);
    }

    [Fact]
    public void Planning_is_a_pure_function() => Gen.Int[1, 5].Array[1, 4].Sample(seeds =>
    {
        var spec = Spec() with { Seeds = [.. seeds.Distinct()] };

        Assert.Equal(Plan(spec).Select(stage => stage.Key), Plan(spec).Select(stage => stage.Key));
    });

    private static string Adapter(IReadOnlyList<Stage> stages, StageKind task)
    {
        var trained = stages.First(stage => stage.Kind == task && stage.Arm is Arm.Gmail && stage.Seed == 0);
        var features = stages.Single(stage => stage.Key == trained.SettingsAs<TrainSettings>().Generated!.Features);
        return features.SettingsAs<FeatureSettings>().Adapter!.Value.Value;
    }

    private static IReadOnlyList<string> Keys(IEnumerable<Stage> stages, StageKind kind) => [.. stages.Where(s => s.Kind == kind).Select(s => s.Key.Value)];

    private static IReadOnlyList<Stage> Plan(ExperimentSpec spec) => ExperimentPlanner.Plan(spec, "/s", Facts());

    private static InputFacts Facts() => new(
        Files.ToDictionary(file => file, file => "digest of " + file),
        new Dictionary<DatasetSpec, DatasetFacts>
        {
            [Spec().Data.Train] = new("digest of the training set", 200),
            [Spec().Data.Tests[0]] = new("digest of the test set", 50),
        },
        300);

    private static ExperimentSpec Spec() => new()
    {
        Name = "planned",
        Seeds = [0, 1],
        Models = new ModelsSpec { Clip = "clip", Diffusion = "sd", LanguageModel = "gpt2", LlavaLanguageModel = "llama" },
        Data = new DataSpec
        {
            Train = new DatasetSpec { Path = "train.tar" },
            Tests = [new TestSetSpec { Name = "novel", Path = "novel.tar" }],
            Prompts = new PromptsSpec { Path = "prompts.jsonl" },
        },
        Generate = new GenerateSpec { ImagesPerCaption = 2 },
        Align = new AlignSpec(),
        Caption = new CaptionSpec(),
        Retrieve = new RetrieveSpec(),
        Long = new LongSpec(),
        Llava = new LlavaSpec(),
    };
}
