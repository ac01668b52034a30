using System.Text.Json;
using GmailCluster.Keys;
using GmailCluster.Specs;
using GmailCluster.Stages;

namespace GmailCluster.Cluster.Experiments;

/// <summary>
/// A spec's stage graph: pure, so that <c>plan</c> shows exactly what <c>run</c> does. A stage's key is a hash of its part of
/// the spec, its version and the keys of its inputs; points of a sweep and arms that share work share stages.
/// </summary>
public sealed class ExperimentPlanner
{
    private readonly ExperimentSpec _spec;
    private readonly string _folder;
    private readonly InputFacts _facts;
    private readonly Dictionary<ArtifactKey, Stage> _known = [];
    private readonly List<Stage> _stages = [];

    private ExperimentPlanner(ExperimentSpec spec, string folder, InputFacts facts) => (_spec, _folder, _facts) = (spec, folder, facts);

    /// <summary>Plans a validated spec.</summary>
    /// <param name="spec">The spec.</param>
    /// <param name="folder">The spec file's folder, absolute.</param>
    /// <param name="facts">What its files hold.</param>
    /// <returns>Stages, needs before needers.</returns>
    public static IReadOnlyList<Stage> Plan(ExperimentSpec spec, string folder, InputFacts facts)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(facts);
        var planner = new ExperimentPlanner(spec, folder, facts);
        planner.PlanAll();
        return planner._stages;
    }

    /// <summary>The hidden state that LLaVA reads, and that patch terms align.</summary>
    public static int PatchLayer(ExperimentSpec spec) => spec.Llava?.FeatureLayer ?? -2;

    private string Clip => Path(_spec.Models.Clip);

    // Left out where it is the default: keys of runs from before there was a choice stay as they were.
    private WireType? KeyedWireType => _spec.WireType == WireType.Float32 ? null : _spec.WireType;

    private bool NeedsGenerated => _spec.Arms.Any(arm => arm != Arm.Real) || _spec.Sweep is not null;

    private void PlanAll()
    {
        var train = Import(_spec.Data.Train, "train");
        var tests = _spec.Data.Tests.Select(test => (Spec: test, Stage: Import(test, test.Name))).ToArray();
        var patches = _spec.Llava is null ? (int?)null : PatchLayer(_spec);
        var realFeatures = Features(train, "train pictures through CLIP", AlignNeedsPatches() ?? patches, null);
        var testSources = tests
            .Select(test => new NamedSource(test.Spec.Name, test.Stage.Key, Features(test.Stage, $"{test.Spec.Name} pictures through CLIP", patches, null).Key))
            .ToArray();
        var generated = NeedsGenerated ? Generate(train) : null;
        var throughClip = generated is null ? null : Features(generated, "generated pictures through CLIP", patches, null);
        foreach (var seed in _spec.Seeds)
        {
            var genClip = generated is not null && _spec.Align is { } align ? GenClip(train, realFeatures, generated, align, patches, seed) : null;
            if (genClip is not null && testSources.Length > 0)
            {
                Gap(testSources, throughClip!, genClip, seed, _spec.Align!.Preset);
            }

            var real = new FeatureSource(train.Key, realFeatures.Key);
            PlanTasks(new ArmSources(real, Source(generated, throughClip), Source(generated, genClip)), testSources, seed);
        }

        PlanComparedPresets(train, realFeatures, generated, throughClip, testSources);
    }

    private void PlanTasks(ArmSources sources, NamedSource[] tests, int seed)
    {
        var whole = new SweepPoint(1, _spec.Generate?.ImagesPerCaption ?? 1);
        foreach (var (arm, point) in _spec.Arms.Select(arm => (arm, whole)).Concat(SweepPoints()).Distinct())
        {
            foreach (var task in Tasks())
            {
                var trained = Train(task, arm, seed, point, point == whole, sources);
                if (tests.Length > 0)
                {
                    Evaluate(trained, task, tests);
                }
            }
        }
    }

    private IEnumerable<(Arm Arm, SweepPoint Point)> SweepPoints()
    {
        if (_spec.Sweep is not { } sweep)
        {
            return [];
        }

        var images = sweep.ImagesPerCaption ?? [_spec.Generate!.ImagesPerCaption];
        return from fraction in sweep.DataFraction
               from count in images
               from arm in sweep.Arms
               select (arm, new SweepPoint(fraction, count));
    }

    // The presets named in align.compare are aligned and measured, with the first seed, but nothing is trained on them.
    private void PlanComparedPresets(Stage train, Stage realFeatures, Stage? generated, Stage? throughClip, NamedSource[] tests)
    {
        if (_spec.Align is not { } align || generated is null || tests.Length == 0)
        {
            return;
        }

        foreach (var preset in align.Compare.Where(preset => preset != align.Preset))
        {
            var compared = align with { Preset = preset, Loss = new AlignLossSpec() };
            Gap(tests, throughClip!, GenClip(train, realFeatures, generated, compared, null, _spec.Seeds[0]), _spec.Seeds[0], preset);
        }
    }

    private Stage Import(DatasetSpec dataset, string name)
    {
        var facts = _facts.Datasets[dataset];
        return Add(
            StageKind.Import, $"import {name}", new ImportSettings(dataset, _folder), dataset with { Path = "", Images = null },
            [facts.Digest], [], facts.Pictures, "pictures");
    }

    private Stage Generate(Stage train)
    {
        var generate = _spec.Generate!;
        var folder = Path(_spec.Models.Diffusion!);
        var prompts = _spec.Data.Prompts is { } list
            ? Add(StageKind.Prompts, "import prompts", new PromptsSettings(list, _folder, null), list with { Path = "" },
                [_facts.Digests[Path(list.Path)]], [], _facts.PromptCount, "captions")
            : Add(StageKind.Prompts, "captions of train as prompts", new PromptsSettings(null, _folder, train.Key), "captions of a data set",
                [train.Key.Value], [train], _facts.PromptCount, "captions");
        return Add(
            StageKind.Generate, "generate", new GenerateSettings(prompts.Key, generate, folder, _facts.Digests[folder]), generate,
            [prompts.Key.Value, _facts.Digests[folder]], [prompts], (long)_facts.PromptCount * generate.ImagesPerCaption, "images");
    }

    private Stage Features(Stage pictures, string title, int? patchLayer, Stage? adapter, bool text = false)
    {
        var needs = adapter is null ? new[] { pictures } : [pictures, adapter];
        return Add(
            StageKind.Features, title, new FeatureSettings(pictures.Key, Clip, adapter?.Key, patchLayer, text), new { patchLayer, text },
            [pictures.Key.Value, _facts.Digests[Clip], adapter?.Key.Value ?? "plain"], needs, pictures.Size, text ? "captions" : "images", adapter?.Seed);
    }

    private Stage GenClip(Stage train, Stage realFeatures, Stage generated, AlignSpec align, int? patches, int seed)
    {
        var name = Word(align.Preset);
        var text = Features(train, "train captions through CLIP", null, null, text: true);
        var run = new RunSettings(seed, _spec.WorldSize, _spec.Checkpoint, _spec.WireType);
        var needs = new[] { generated, train, realFeatures, text };
        var adapter = Add(
            StageKind.Align, $"align {name} seed {seed}",
            new AlignSettings(generated.Key, train.Key, realFeatures.Key, text.Key, align, PatchLayer(_spec), Clip, run),
            new { align = align with { Compare = [] }, patchLayer = PatchLayer(_spec), seed, _spec.WorldSize, WireType = KeyedWireType },
            needs.Select(need => need.Key.Value), needs, align.Steps, "steps", seed);
        return Features(generated, $"generated pictures through Gen-CLIP {name} seed {seed}", patches, adapter);
    }

    private Stage Train(StageKind task, Arm arm, int seed, SweepPoint point, bool isWhole, ArmSources sources)
    {
        var (real, generated) = sources.For(arm);
        var languageModel = task switch
        {
            StageKind.Caption => Path(_spec.Models.LanguageModel!),
            StageKind.Llava => Path(_spec.Models.LlavaLanguageModel!),
            _ => null,
        };
        var settings = new TrainSettings(
            arm, real, generated, point, Clip, languageModel,
            task == StageKind.Caption ? _spec.Caption : null, task == StageKind.Retrieve ? _spec.Retrieve : null,
            task == StageKind.Long ? _spec.Long : null, task == StageKind.Llava ? _spec.Llava : null,
            new RunSettings(seed, _spec.WorldSize, _spec.Checkpoint, _spec.WireType));
        var needs = new[] { real?.Captions, real?.Features, generated?.Captions, generated?.Features }
            .OfType<ArtifactKey>().Select(key => _known[key]).ToArray();
        var inputs = needs.Select(need => need.Key.Value).Append(_facts.Digests[Clip]);
        if (languageModel is not null)
        {
            inputs = inputs.Append(_facts.Digests[languageModel]);
        }

        var spec = (TaskSpec)((object?)settings.Caption ?? settings.Retrieve ?? (object?)settings.Long ?? settings.Llava!);
        var where = isWhole ? "" : FormattableString.Invariant($" {point.DataFraction:0.###} x {point.ImagesPerCaption}");
        return Add(
            task, $"{Word(task)} {Word(arm)}{where} seed {seed}", settings, new { spec = (object)spec, arm, point, seed, _spec.WorldSize, WireType = KeyedWireType },
            inputs, needs, spec.Steps, "steps", seed, arm, isWhole ? null : point);
    }

    private void Evaluate(Stage trained, StageKind task, NamedSource[] tests)
    {
        var train = trained.SettingsAs<TrainSettings>();
        var settings = new EvaluateSettings(trained.Key, task, tests, _spec.Evaluate, Clip, train.LanguageModelFolder, train);
        var needs = tests.SelectMany(test => new[] { test.Captions, test.Features }).Distinct().Select(key => _known[key]).Prepend(trained).ToArray();
        Add(
            StageKind.Evaluate, $"evaluate {trained.Title}", settings, new { _spec.Evaluate, names = tests.Select(test => test.Name) },
            needs.Select(need => need.Key.Value), needs, _spec.Data.Tests.Sum(test => _facts.Datasets[test].Pictures), "pictures",
            trained.Seed, trained.Arm, trained.Point);
    }

    private void Gap(NamedSource[] tests, Stage before, Stage after, int seed, AlignPreset preset)
    {
        var needs = tests.SelectMany(test => new[] { test.Captions, test.Features }).Select(key => _known[key]).Append(before).Append(after).ToArray();
        Add(
            StageKind.Gap, $"modality gap {Word(preset)} seed {seed}", new GapSettings(tests, before.Key, after.Key, seed), new { seed },
            needs.Select(need => need.Key.Value), needs, 2, "measurements", seed);
    }

    private Stage Add(
        StageKind kind, string title, object settings, object keyed, IEnumerable<string> inputs, IEnumerable<Stage> needs,
        long size, string unit, int? seed = null, Arm? arm = null, SweepPoint? point = null)
    {
        var key = ArtifactKey.Of(Word(kind), StageVersions.Of(kind), keyed, inputs);
        if (!_known.TryGetValue(key, out var stage))
        {
            stage = new Stage
            {
                Key = key,
                Kind = kind,
                Title = title,
                Arm = arm,
                Seed = seed,
                Point = point,
                Needs = [.. needs.Select(need => need.Key).Distinct()],
                Size = size,
                Unit = unit,
                Settings = JsonSerializer.Serialize(settings, settings.GetType(), StageJson.Options),
            };
            _known.Add(key, stage);
            _stages.Add(stage);
        }

        return stage;
    }

    private IEnumerable<StageKind> Tasks() => new (StageKind Kind, object? Spec)[]
    {
        (StageKind.Caption, _spec.Caption), (StageKind.Retrieve, _spec.Retrieve), (StageKind.Long, _spec.Long), (StageKind.Llava, _spec.Llava),
    }.Where(task => task.Spec is not null).Select(task => task.Kind);

    private int? AlignNeedsPatches() =>
        _spec.Align?.Loss.Over(_spec.Align.Preset) is { NeedsPatches: true } ? PatchLayer(_spec) : null;

    private string Path(string relative) => System.IO.Path.GetFullPath(System.IO.Path.Combine(_folder, relative));

    private static FeatureSource? Source(Stage? captions, Stage? features) =>
        captions is null || features is null ? null : new FeatureSource(captions.SettingsAs<GenerateSettings>().Prompts, features.Key);

    private static string Word(Arm arm) => SpecWords.Of(arm);

    private static string Word<T>(T value) where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    private sealed record ArmSources(FeatureSource Real, FeatureSource? ThroughClip, FeatureSource? ThroughGenClip)
    {
        public (FeatureSource? Real, FeatureSource? Generated) For(Arm arm) => arm switch
        {
            Arm.Real => (Real, null),
            Arm.Naive => (null, ThroughClip),
            Arm.Mixed => (Real, ThroughClip),
            Arm.Gmail => (null, ThroughGenClip),
            Arm.GmailReal => (Real, ThroughGenClip),
            _ => throw new ArgumentOutOfRangeException(nameof(arm), arm, null),
        };
    }
}
